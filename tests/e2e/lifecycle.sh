#!/usr/bin/env bash
# How a run begins and ends: everything gathered is printed at ^C, SIGTERM, exit() and the
# target's end; -c hands on the command's exit code; a gotap that comes, goes or is killed under
# load leaves the target as it was.
. "$(dirname "$0")/lib.sh"
need_tracing
cd "$work"
cp "$(c_program sum)" sum

# signal SIGNAL: the maps and END's output appear, once, and the exit code is 0.
signal() {
  if ! start_gotap -e 'uprobe:./sum:sum { @calls = count(); @args = sum(arg0); } END { printf("end\n"); }'; then
    fail "lifecycle-$1-attach" err
    return
  fi
  ./sum 1000 > own
  stop_gotap "$1"
  equal "lifecycle-$1-exit" 0 "$code" err
  printf '%s\n' end '@args: 499500' '@calls: 1000' > expected
  grep -v '^$' out > seen || true
  same "lifecycle-$1-output" expected seen err
}

# -p ends with its target.
target_ends() {
  local version=$1 target
  if ! have_go "$version"; then
    skip "lifecycle-target-ends-$version" "$(no_go "$version")"
    return
  fi
  cp "$(go_program "$version" fsm)" fsm
  mkfifo stdin
  ./fsm 2 0 1ms < stdin > own &
  target=$!
  started+=("$target")
  exec 3> stdin
  until_line own '^running$' "$target"
  if start_gotap -p "$target" -e 'uprobe:./fsm:"github.com/hashicorp/nomad/nomad.(*nomadFSM).apply*" { @calls[pid] = count(); }'; then
    exec 3>&-
    ended "$target"
    equal "lifecycle-target-$version-own-exit" 0 "$code" own
    holds "lifecycle-target-$version-own-output" own '^called .* wrong 0 '
    ended "$tracer"
    equal "lifecycle-target-$version-exit" 0 "$code" err
    holds "lifecycle-target-$version-printed" out "^@calls\\[$target\\]: [1-9]"
  else
    fail "lifecycle-target-$version-attach" err
    exec 3>&-
  fi
  rm -f stdin
}

# exits NAME CODE ARG...: that exit code and nothing odd.
exits() {
  local name=$1 wanted=$2
  shift 2
  code=0
  "$GOTAP" "$@" > out 2> err < /dev/null || code=$?
  equal "lifecycle-$name" "$wanted" "$code" out err
}

exit_codes() {
  local probe='uprobe:./sum:sum { @calls = count(); }'
  exits child-code 0 -c ./sum -e "$probe"
  holds lifecycle-child-map out '^@calls: 1$'
  holds lifecycle-child-output out '^sum: 5$'
  exits child-7 7 -c '/bin/sh -c "exit 7"' -e "$probe"
  exits child-killed 137 -c "/bin/sh -c 'kill -KILL \$\$'" -e "$probe"
  exits child-terminated 143 -c "/bin/sh -c 'kill -TERM \$\$'" -e "$probe"
  exits exit-code 5 -e 'BEGIN { exit(5); }'
  exits exit-plain 0 -e 'BEGIN { exit(); }'
  exits exit-over-child 4 -c '/bin/sh -c "sleep 60; exit 7"' -e 'interval:ms:20 { exit(4); }'
  exits exit-in-probe 6 -c './sum 10' -e 'uprobe:./sum:sum /arg0 == 5/ { @last = arg0; exit(6); }'
  holds lifecycle-exit-in-probe-map out '^@last: 5$'
  # A script may come through a pipe, whatever its name.
  exits script-pipe 8 <(echo 'BEGIN { exit(8); }')
  echo 'BEGIN { exit(9); }' | { "$GOTAP" /dev/stdin > out 2> err || echo "code $?" >> err; }
  holds lifecycle-script-stdin err '^code 9$'
  # What follows exit() in the clause does not run; END does.
  exits exit-ends-clause 0 -e 'BEGIN { printf("a\n"); exit(); printf("b\n"); } END { printf("c\n"); }'
  printf 'a\nc\n' > expected
  grep -v '^$' out > seen || true
  same lifecycle-exit-order expected seen err
}

# When we end first the command is asked to end too.
command_is_ended() {
  code=0
  # shellcheck disable=SC2016 # for the inner shell
  "$GOTAP" -c '/bin/sh -c "echo $$; exec sleep 600"' -e 'interval:ms:300 { exit(); }' > out 2> err || code=$?
  local pid
  pid=$(grep -Eo '^[0-9]+' out | head -1)
  # Gone, or a zombie that its new parent has not looked at yet; it may take a moment to die.
  for _ in $(seq 100); do
    case $(sed 's/.*) //' "/proc/${pid:-none}/stat" 2> /dev/null) in Z* | '') break ;; esac
    sleep 0.05
  done
  if [ -n "$pid" ] && ! grep -q '^State:.*[RSD] (' "/proc/$pid/status" 2> /dev/null; then
    pass lifecycle-command-ended
  else
    fail lifecycle-command-ended "the command (${pid:-not seen}) runs on" out err
    [ -z "$pid" ] || kill -9 "$pid" 2> /dev/null || true
  fi
}

closed_output() {
  local n
  n=$({ "$GOTAP" -e 'interval:ms:1 { printf("tick\n"); }' 2> err || true; } | head -n 3 | wc -l)
  equal lifecycle-closed-pipe 3 "$n" err
  code=0
  "$GOTAP" -e 'BEGIN { printf("x\n"); exit(); }' > /dev/full 2> err || code=$?
  if [ "$code" != 0 ] && [ -s err ]; then pass lifecycle-disk-full; else fail lifecycle-disk-full "exit code $code, and:" err; fi
}

# Attached and detached again and again, then killed, while all workers call the probed method
# without a pause: the program ends well and its results are right.
under_load() {
  local version=$1 target i
  if ! have_go "$version"; then
    skip "lifecycle-load-$version" "$(no_go "$version")"
    return
  fi
  cp "$(go_program "$version" fsm)" fsm
  mkfifo stdin
  ./fsm 4 0 < stdin > own 2> own.err &
  target=$!
  started+=("$target")
  exec 3> stdin
  until_line own '^running$' "$target"
  cat > load.bt << 'END'
uprobe:./fsm:"github.com/hashicorp/nomad/nomad.(*nomadFSM).Apply" { @entry = count(); }
uretprobe:./fsm:"github.com/hashicorp/nomad/nomad.(*nomadFSM).Apply" { @usecs = hist(duration / 1000); }
END
  for i in 1 2 3 4 5 6; do
    if start_gotap -p "$target" load.bt; then
      sleep 0.1
      stop_gotap INT
      if [ "$code" != 0 ] || ! grep -q '^@entry: [1-9]' out; then fail "lifecycle-load-$version-round-$i" "exit code $code" out err; fi
    else
      fail "lifecycle-load-$version-attach-$i" err
    fi
  done
  for i in 1 2 3; do
    if start_gotap -p "$target" load.bt; then
      sleep 0.1
      stop_gotap KILL
    else
      fail "lifecycle-load-$version-attach-after-kill-$i" err
    fi
  done
  sleep 0.2
  kill -0 "$target" 2> /dev/null || fail "lifecycle-load-$version-alive" "the target is gone" own.err
  exec 3>&-
  ended "$target"
  equal "lifecycle-load-$version-own-exit" 0 "$code" own own.err
  holds "lifecycle-load-$version-own-results" own '^called .* wrong 0 '
  # shellcheck disable=SC2034 # read from a line
  read -r _ called _ returned _ < <(tail -n 1 own)
  equal "lifecycle-load-$version-own-count" "$called" "$returned" own
  rm -f stdin
}

signal INT
signal TERM
signal HUP
target_ends 1.15
target_ends 1.24
exit_codes
command_is_ended
closed_output
for version in 1.15 1.19 1.24 1.27; do under_load "$version"; done
finish
