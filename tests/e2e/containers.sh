#!/usr/bin/env bash
# --container and --pod: processes in cgroups named as container runtimes and the kubelet name them,
# beside others that run the same file; through new starts; every call counted, and none of others.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/steps_lib.sh"
need_tracing
cd "$work"
any_go
mkdir cgroups
mount -t cgroup2 none cgroups 2> /dev/null || skip_all "no cgroups of version 2"
tree=$work/cgroups/gotap-test-$$
uid=$(cat /proc/sys/kernel/random/uuid)
logs=/var/log/pods/gotaptest_web-0_$uid
had_logs=$(ls -d /var/log/pods 2> /dev/null || true)
# shellcheck disable=SC2317 # called by the trap
clean_containers() {
  kill_started
  wait 2> /dev/null || true
  find "$tree" -depth -type d -exec rmdir {} + 2> /dev/null || true
  umount cgroups
  rmdir "$logs"
  [ -n "$had_logs" ] || rmdir /var/log/pods
  cleanup
}
mkdir -p "$tree" "$logs"
trap clean_containers EXIT
mkdir -p root/opt
cp "$(go_program "$version" steps)" root/opt/app
cp root/opt/app app
id=$(printf '%s' "$uid" | sha256sum | cut -c1-64)

# start_in CGROUP COMMAND...: a target in that cgroup, made anew.
start_in() {
  local group=$tree/$1
  shift
  mkdir -p "$group"
  # shellcheck disable=SC2016 # the $ are that shell's
  start_target bash -c 'echo $BASHPID > "$0/cgroup.procs" && exec "$@"' "$group" "$@"
}
end_in() { # CGROUP PID: as a runtime stops a container
  kill -TERM "$2"
  ended "$2"
  rmdir "$tree/$1"
}
count_line() { grep -E "^ *[0-9]+ .*main\.step\$" out | awk '{ print $1 }' | tail -n 1; }

start_target ./app
outside=$target
docker=docker-$id.scope

# A container: its own root, found by the beginning of its id.
start_in "$docker" chroot root /opt/app
inside=$target
if start_gotap count --max-overhead 0 --container "${id:0:12}" --for 0s main.step; then
  steps "$outside" 100 && steps "$inside" 23
  # It starts anew.
  end_in "$docker" "$inside"
  start_in "$docker" chroot root /opt/app
  inside=$target
  until_line err 'has started anew: what it runs of the same file is traced from here on' || fail containers-anew err
  steps "$outside" 100 && steps "$inside" 19
  stop_gotap INT
  equal containers-count 42 "$(count_line)" out err
else
  fail containers-attach err
fi
# Where another mount hides the first of them, by the next.
first=$(awk '/ - cgroup2 / { print $5; exit }' /proc/self/mountinfo)
if [ "$first" != "$work/cgroups" ]; then
  # shellcheck disable=SC2016 # the $ are that shell's
  "${apart[@]}" sh -c 'mount -t tmpfs none "$1" && exec "$2" list --container "$3" main.step' sh "$first" "$GOTAP" "${id:0:12}" \
    > out 2> err || true
  holds containers-hidden out '^main\.step\('
fi
equal containers-script "@calls: 7" "$(
  if start_gotap --container "${id:0:12}" -e 'uprobe:/opt/app:main.step { @calls = count(); }'; then
    steps "$outside" 100 && steps "$inside" 7
    stop_gotap INT
  fi
  grep '^@' out
)" err

# What there is none of, and what is meant of several.
"$GOTAP" count --container "${id:0:12}" --pod a/b main.step > out 2> err || equal containers-both-exit 2 $?
"$GOTAP" count --container 0123456789abcdef0123 main.step > out 2> err || equal containers-none-exit 1 $?
holds containers-none err "^ERROR: no container 0123456789abcdef0123 runs on this node"
holds containers-none-hint err "HINT: there are .*${id:0:12}"
"$GOTAP" list --container "$id" main.step > out 2> err || fail containers-list err
holds containers-list out '^main\.step\('
"$GOTAP" count --container "$id" -n nothing main.step > out 2> err || equal containers-name-exit 1 $?
holds containers-name err 'runs no program called nothing'
end_in "$docker" "$inside"

# A pod keeps its cgroup while its containers start anew: no call is missed.
pod=kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${uid//-/_}.slice
container=$pod/cri-containerd-$id.scope
start_in "$container" chroot root /opt/app
inside=$target
if start_gotap count --max-overhead 0 --pod gotaptest/web-0 --for 0s main.step; then
  steps "$inside" 11
  end_in "$container" "$inside"
  other=$pod/cri-containerd-$(printf 'another %s' "$uid" | sha256sum | cut -c1-64).scope
  start_in "$other" chroot root /opt/app
  inside=$target
  steps "$inside" 13 && steps "$outside" 100
  end_in "$other" "$inside"
  stop_gotap INT
  equal containers-pod-count 24 "$(count_line)" out err
else
  fail containers-pod-attach err
fi
"$GOTAP" count --pod gotaptest/web-0 main.step > out 2> err || equal containers-pod-gone-exit 1 $?
holds containers-pod-gone err 'has no cgroup now|nothing runs in this container'
"$GOTAP" count --pod gotaptest/web-1 main.step > out 2> err || equal containers-no-pod-exit 1 $?
holds containers-no-pod err 'no pod gotaptest/web-1 on this node'
end_target containers-outside "$outside"
finish
