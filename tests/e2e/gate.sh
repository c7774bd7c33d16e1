#!/usr/bin/env bash
# The safety gate: what would harm a program is refused by name and leaves it unharmed; what
# would not, such as another tracer's probe on the same instruction, works.
# shellcheck disable=SC2016 # the scripts' $ are not the shell's
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/steps_lib.sh"
need_tracing
cd "$work"
any_go
cp "$(go_program "$version" steps)" app
probe='uprobe:./app:main.step { @calls = count(); }'

# refused NAME REGEX ARG...: an error that matches, nothing attached.
refused() {
  local name=$1 regex=$2
  shift 2
  code=0
  timeout 30 "$GOTAP" "$@" > out 2> err < /dev/null || code=$?
  if [ "$code" != 1 ] || grep -q '^Attached' err; then
    fail "gate-$name" "exit code $code" err out
  else
    holds "gate-$name" err "^ERROR: .*$regex"
  fi
}

# The address of the site of main.step, and where it is in the process's memory: the same, as the
# program is not position-independent.
site=$("$GOTAP" --dump=plan -e "$probe" | grep -Eo '0x[0-9a-f]+' | head -n 1)
byte_at() { dd if="/proc/$1/mem" bs=1 skip="$((site))" count=1 status=none | od -An -tx1 | tr -d ' '; }
set_byte() { printf %b "\\x$2" | dd of="/proc/$1/mem" bs=1 seek="$((site))" conv=notrunc status=none; }

# Two tracers on one site: both count every call, whichever leaves first. two_tracers NAME
# FIRST_TO_LEAVE LAST [by-path]: then the second one is for every process.
two_tracers() {
  local name=$1 first=$2 second=$3 one two
  start_target ./app
  local which=(-p "$target")
  in_folder one start_gotap "${which[@]}" -e "$probe" || fail "gate-$name-one" one/err
  one=$tracer
  if [ "${4:-}" = by-path ]; then which=(); fi
  in_folder two start_gotap "${which[@]}" -e "$probe" || fail "gate-$name-two" two/err
  two=$tracer
  steps "$target" 100
  if [ "$first" = one ]; then tracer=$one; else tracer=$two; fi
  stop_gotap INT
  steps "$target" 30
  if [ "$second" = one ]; then tracer=$one; else tracer=$two; fi
  stop_gotap INT
  equal "gate-$name-$first" '@calls: 100' "$(grep -h '^@calls' "$first/out")" "$first/err"
  equal "gate-$name-$second" '@calls: 130' "$(grep -h '^@calls' "$second/out")" "$second/err"
  steps "$target" 5
  end_target "gate-$name" "$target"
}

# A probe that another tool made through tracefs, without BPF. Its process holds the mount.
other_tool() {
  local holder offset=$((site - 0x400000))
  start_target ./app
  mkfifo held
  # shellcheck disable=SC2094
  "${apart[@]}" sh -c '
    mount -t tracefs none /sys/kernel/tracing || exit 1
    echo "p:gotap_gate_'$$'/step $1:$2" >> /sys/kernel/tracing/uprobe_events || exit 1
    echo 1 > /sys/kernel/tracing/events/gotap_gate_'$$'/step/enable
    echo probing
    read -r _ < held
    echo 0 > /sys/kernel/tracing/events/gotap_gate_'$$'/step/enable
    echo "-:gotap_gate_'$$'/step" >> /sys/kernel/tracing/uprobe_events
  ' sh "$work/app" "$offset" > holder.out 2>&1 &
  holder=$!
  if ! until_line holder.out '^probing$' "$holder"; then
    skip gate-other-tool "no uprobe through tracefs: $(tail -n 1 holder.out)"
  else
    equal gate-other-tool-is-there cc "$(byte_at "$target")"
    start_gotap -p "$target" -e "$probe" || fail gate-other-tool err
    steps "$target" 70
    stop_gotap INT
    holds gate-other-tool out '^@calls: 70$'
    echo > held
    ended "$holder"
    equal gate-other-tool-is-gone "$own_byte" "$(byte_at "$target")"
  fi
  end_target gate-other-tool "$target"
}

# A breakpoint written into memory kills the program when nobody answers for it: that is what it
# looks like, and gotap must not mistake it for a probe.
foreign_breakpoint() {
  start_target ./app
  set_byte "$target" cc
  refused foreign-breakpoint "breakpoint is at main.step at $site in process $target" -p "$target" -e "$probe"
  refused foreign-breakpoint-by-path "breakpoint is at main.step at $site in process $target" -e "$probe"
  equal gate-foreign-breakpoint-is-left cc "$(byte_at "$target")"
  set_byte "$target" "$own_byte"
  steps "$target" 10
  start_gotap -p "$target" -e "$probe" || fail gate-after-breakpoint err
  steps "$target" 20
  stop_gotap INT
  holds gate-after-breakpoint out '^@calls: 20$'
  end_target gate-foreign-breakpoint "$target"
  # The scenario is real.
  start_target ./app
  set_byte "$target" cc
  steps "$target" 10 || true
  ended "$target"
  if [ "$code" != 0 ]; then pass gate-breakpoint-kills; else fail gate-breakpoint-kills "it lived"; fi
}

changed_code() {
  start_target ./app
  set_byte "$target" 90
  refused changed-code "code at main.step at $site in process $target .*not what its file has" -p "$target" -e "$probe"
  set_byte "$target" "$own_byte"
  end_target gate-changed-code "$target"
}

debugged() {
  start_target ./app
  if debug "$target"; then
    refused debugger "process $target \\(app\\) is being debugged by process $debugger \\(debugger\\)" -p "$target" -e "$probe"
    refused debugger-by-path "process $target .*debugged by" -e "$probe"
  else
    skip gate-debugger "ptrace is not permitted: $(tail -n 1 debugger.out)"
  fi
  undebug
  end_target gate-debugger "$target"
}

# A file that is about to be written is let go of first; the new program runs without a probe of
# the old in it.
written_file() {
  cp app written
  start_gotap -e 'uprobe:./written:main.step { @calls = count(); }' || fail gate-written-attach err
  start_target ./written
  steps "$target" 40
  end_target gate-written "$target"
  cp "$(c_program sum)" new
  cat new > written
  ended "$tracer"
  equal gate-written-exit 0 "$code" err
  holds gate-written-says err '^\./written is about to be written'
  holds gate-written-printed out '^@calls: 40$'
  code=0
  ./written > own || code=$?
  equal gate-written-new-program "$(./new)" "$(cat own)"
}

# Who has the file open for writing already cannot be held up: that is said.
open_file() {
  cp app opened
  exec {writer}>> opened
  if start_gotap -e 'uprobe:./opened:main.step { @calls = count(); }'; then
    holds gate-open-file err '^\./opened is open for writing'
    stop_gotap INT
  else
    fail gate-open-file err
  fi
  exec {writer}>&-
}

# A kernel return probe on a program that may do no other system calls than its own.
seccomp() {
  cp "$(c_program jail)" jail
  start_target ./jail
  if start_gotap -p "$target" -e 'uretprobe:./jail:step { @sum = sum(retval); @calls = count(); }'; then
    steps "$target" 50
    stop_gotap INT
    holds gate-seccomp-calls out '^@calls: 50$'
    holds gate-seccomp-values out '^@sum: 1275$'
  else
    holds gate-seccomp-refused err '^ERROR: .*seccomp'
  fi
  steps "$target" 5
  end_target gate-seccomp "$target"
}

# The copies of the probed pages must fit into what the control group has left.
memory() {
  local group=/sys/fs/cgroup/memory/gotap-gate-$$ wild='uprobe:./app:runtime.* { @ = count(); }'
  if ! mkdir "$group" 2> /dev/null || [ ! -e "$group/memory.limit_in_bytes" ]; then
    skip gate-memory "no memory controller in /sys/fs/cgroup/memory"
    rmdir "$group" 2> /dev/null || true
    return
  fi
  start_target ./app
  echo "$target" > "$group/cgroup.procs"
  echo 512K > "$group/memory.limit_in_bytes"
  refused memory "would take [0-9.]+ MB .*cgroup /gotap-gate-$$ has only [0-9.]+ MB left of 0.5 MB" -p "$target" -e "$wild"
  if start_gotap -p "$target" -e "$probe"; then
    steps "$target" 10
    stop_gotap INT
    holds gate-memory-that-fits out '^@calls: 10$'
  else
    fail gate-memory-that-fits err
  fi
  end_target gate-memory "$target"
  rmdir "$group"
}

# Without -p every process that runs the file is looked at, and those of later are counted too.
everybody() {
  local a b c
  start_target ./app
  a=$target
  start_target ./app
  b=$target
  start_gotap -e 'uprobe:./app:main.step { @calls[pid] = count(); }' || fail gate-everybody err
  start_target ./app
  c=$target
  steps "$a" 11 && steps "$b" 12 && steps "$c" 13
  stop_gotap INT
  map_lines calls out > seen
  printf '%s\n' "$a 11" "$b 12" "$c 13" | sort > expected
  same gate-everybody expected seen err
  for target in "$a" "$b" "$c"; do end_target gate-everybody "$target"; done
}

start_target ./app
own_byte=$(byte_at "$target")
end_target gate-plain "$target"
two_tracers first-leaves one two
two_tracers second-leaves two one
two_tracers by-path one two by-path
other_tool
foreign_breakpoint
changed_code
debugged
written_file
open_file
seccomp
memory
everybody
finish
