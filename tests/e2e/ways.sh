#!/usr/bin/env bash
# Ways to a program: a file deleted, replaced or known by other names, processes in namespaces of
# their own, programs of two Go versions in one script. Every call counted, each target unharmed.
# shellcheck disable=SC2016 # the scripts' $ are not the shell's
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/steps_lib.sh"
need_tracing
cd "$work"
mapfile -t there < <(for version in 1.24 1.19 1.27 1.15; do if have_go "$version"; then echo "$version"; fi; done)
[ "${#there[@]}" -gt 0 ] || skip_all "$(no_go 1.24)"
cp "$(go_program "${there[0]}" steps)" original

# counted NAME N REGEX ARG...: those arguments see N calls, and say REGEX.
counted() {
  local name=ways-$1 n=$2 regex=$3
  shift 3
  if ! start_gotap "$@"; then
    fail "$name" err
    return
  fi
  steps "$target" "$n"
  stop_gotap INT
  holds "$name" out "^@calls: $n\$"
  [ -z "$regex" ] || holds "$name-says" err "$regex"
}

# on PATH: a script that counts.
on() { echo "uprobe:$1:main.step { @calls = count(); }"; }

deleted() {
  cp original gone
  start_target ./gone
  rm gone
  counted deleted 21 '^\./gone was replaced or deleted since process [0-9]+ \(gone\) started' -p "$target" -e "$(on ./gone)"
  counted deleted-exe 22 '' -p "$target" -e "$(on "/proc/$target/exe")"
  counted deleted-absolute 23 'was replaced' -p "$target" -e "$(on "$work/gone")"
  end_target ways-deleted "$target"
}

# After an update the old process runs on: by path only the new one is traced, and that is said;
# with -p each is.
replaced() {
  local old new
  cp original updated
  start_target ./updated
  old=$target
  cp "$(c_program sum)" next && mv next updated
  counted replaced-by-a-stranger 31 'was replaced or deleted' -p "$old" -e "$(on ./updated)"
  cp "$(go_program "${there[-1]}" steps)" next && mv next updated
  start_target ./updated
  new=$target
  start_gotap -e 'uprobe:./updated:main.step { @calls[pid] = count(); }' || fail ways-replaced-by-path err
  steps "$old" 32 && steps "$new" 33
  stop_gotap INT
  equal ways-replaced-by-path "$new 33" "$(map_lines calls out)" err
  holds ways-replaced-by-path-says err "^process $old \\(updated\\) runs a file that was replaced since and is not traced: -p $old traces it"
  target=$new
  counted replaced-new 34 '' -p "$new" -e "$(on ./updated)"
  target=$old
  counted replaced-old 35 'was replaced or deleted' -p "$old" -e "$(on ./updated)"
  code=0
  "$GOTAP" -p "$old" -p "$new" -e "$(on ./updated)" > out 2> err || code=$?
  holds ways-replaced-both err "process $old .* and process $new .* run different files as ./updated"
  end_target ways-replaced-old "$old"
  end_target ways-replaced-new "$new"
}

other_names() {
  cp original named && ln named hard && ln -s named soft
  start_target ./hard
  counted hard-link 41 '' -p "$target" -e "$(on ./named)"
  counted symbolic-link 42 '' -p "$target" -e "$(on ./soft)"
  counted symbolic-link-by-path 43 '' -e "$(on ./soft)"
  PATH=$PATH:$work counted through-path 44 '' -p "$target" -e "$(on named)"
  end_target ways-names "$target"
}

two_versions() {
  local a b version
  start_target ./original
  a=$target
  for version in 1.15 1.19 1.24 1.27; do
    if [ "$version" = "${there[0]}" ] || ! have_go "$version"; then continue; fi
    cp "$(go_program "$version" steps)" "other-$version"
    start_target "./other-$version"
    b=$target
    # Where the argument is depends on the version.
    start_gotap -p "$a" -p "$b" -e "uprobe:./original:main.step, uprobe:./other-$version:main.step { @sum[pid] = sum(arg0); @calls[pid] = count(); }" || fail "ways-versions-$version" err
    steps "$a" 10 && steps "$b" 20
    stop_gotap INT
    printf '%s\n' "$a 10" "$b 20" | sort > expected
    map_lines calls out > seen
    same "ways-versions-$version-calls" expected seen err
    printf '%s\n' "$a 45" "$b 190" | sort > expected
    map_lines sum out > seen
    same "ways-versions-$version-arguments" expected seen err
    end_target "ways-versions-$version" "$b"
  done
  end_target ways-versions "$a"
}

# child_of PID: its first child.
child_of() {
  local children
  children=$(cat "/proc/$1/task/$1/children")
  echo "${children%% *}"
}

# start_contained COMMAND...: `target` becomes the process below that unshare.
start_contained() {
  local outer
  start_target "$@" || return 1
  outer=$target
  target=$(child_of "$outer")
  [ -n "$target" ] || return 1
  step_input[$target]=${step_input[$outer]} step_output[$target]=${step_output[$outer]}
  unset "step_input[$outer]"
  contained_by=$outer
}

# A process with a root, mounts, process ids and users of its own; the path is what it sees, and
# on the outside names nothing, or another program.
containers() {
  mkdir -p root/opt/steps root/proc
  cp original root/opt/steps/app
  ln -s /opt/steps/app root/app
  if ! start_contained "${apart[@]}" -p -U -r --fork --mount-proc="$work/root/proc" chroot root /opt/steps/app; then
    skip ways-container "no namespaces: $(cat "${step_output[$target]}")"
    return
  fi
  counted container 51 '^/opt/steps/app is taken as process [0-9]+ \(app\) sees it' -p "$target" -e "$(on /opt/steps/app)"
  counted container-link 52 'is taken as' -p "$target" -e "$(on /app)"
  counted container-outer-path 53 '' -p "$target" -e "$(on ./root/opt/steps/app)"
  counted container-exe 54 '' -p "$target" -e "$(on "/proc/$target/exe")"
  counted container-by-path 55 '' -e "$(on ./root/opt/steps/app)"
  rm root/opt/steps/app
  counted container-deleted 56 'was replaced or deleted' -p "$target" -e "$(on /opt/steps/app)"
  end_contained container
}

# end_contained NAME: the exit code is that of the process around it.
end_contained() {
  step_input[$contained_by]=${step_input[$target]}
  step_output[$contained_by]=${step_output[$target]}
  unset "step_input[$target]"
  end_target "ways-$1" "$contained_by"
}

# In the process's mount namespace another program is mounted over the path.
mounted_over() {
  cp "$(c_program sum)" over
  if ! start_contained "${apart[@]}" --fork sh -c 'mount --bind original over && ./over'; then
    skip ways-mounted-over "no mount namespaces: $(cat "${step_output[$target]}")"
    return
  fi
  # The shell waits for it.
  local inner
  inner=$(child_of "$target")
  step_input[$inner]=${step_input[$target]} step_output[$inner]=${step_output[$target]}
  unset "step_input[$target]"
  target=$inner
  counted mounted-over 61 'is taken as process' -p "$target" -e "$(on "$work/over")"
  end_contained mounted-over
}

# gotap in a PID namespace of its own, beside its target; and with a /proc of another.
gotap_contained() {
  : > err
  # shellcheck disable=SC2094
  "${apart[@]}" -p --fork --mount-proc bash -c '
    cd "$1" && mkfifo inside.in
    ./original < inside.in > inside.out 2>&1 &
    target=$!
    exec 5> inside.in
    until grep -q running inside.out; do sleep 0.05; done
    "$2" -p $target -e "uprobe:./original:main.step { @calls = count(); }" > out 2> err 5>&- &
    tracer=$!
    for i in $(seq 600); do
      if grep -q ^Attached err || ! kill -0 $tracer 2> /dev/null; then break; fi
      sleep 0.05
    done
    echo 71 >&5
    for i in $(seq 600); do
      if grep -q ^did inside.out; then break; fi
      sleep 0.05
    done
    exec 5>&-
    wait $target
    echo "target $?"
    wait $tracer
    echo "tracer $?"
  ' sh "$work" "$GOTAP" > inside 2>&1 || true
  if ! grep -q '^tracer' inside; then
    skip ways-gotap-contained "no PID namespaces: $(tail -n 1 inside)"
    return
  fi
  if [ "${GOTAP_ATTACH:-}" = event ]; then
    # The programs would compare process ids that mean others to them.
    printf 'target 0\ntracer 1\n' > expected
    same ways-gotap-contained expected inside err
    holds ways-gotap-contained-refused err '^ERROR: gotap runs in a PID namespace of its own'
  else
    printf 'target 0\ntracer 0\n' > expected
    same ways-gotap-contained expected inside err
    holds ways-gotap-contained-calls out '^@calls: 71$'
  fi
  unshare -p --fork "$GOTAP" -p 1 -e "$(on ./original)" > out 2> err || true
  holds ways-other-proc err '^ERROR: (/proc is of another PID namespace than gotap|gotap runs in a PID namespace of its own)'
}

# Two containers of one image: the file below both is one.
overlay() {
  local other it
  mkdir -p lower one/upper one/work one/merged two/upper two/work two/merged
  cp original lower/app
  for it in one two; do
    if ! mount -t overlay overlay -o "lowerdir=lower,upperdir=$it/upper,workdir=$it/work" "$it/merged" 2> overlay.err; then
      skip ways-overlay "no overlayfs: $(tail -n 1 overlay.err)"
      return
    fi
  done
  start_target ./one/merged/app
  counted overlay 81 '' -p "$target" -e "$(on ./one/merged/app)"
  counted overlay-by-path 82 '' -e "$(on ./one/merged/app)"
  counted overlay-other 83 '' -e "$(on ./two/merged/app)"
  counted overlay-below 84 '' -p "$target" -e "$(on ./lower/app)"
  other=$target
  start_target ./two/merged/app
  # Both are looked at, whichever is named.
  if debug "$target"; then
    start_gotap -e "$(on ./one/merged/app)" || true
    holds ways-overlay-everybody err "process $target .*debugged by"
  fi
  undebug
  end_target ways-overlay-two "$target"
  end_target ways-overlay-one "$other"
  umount one/merged two/merged
}

deleted
replaced
other_names
two_versions
containers
mounted_over
gotap_contained
overlay
finish
