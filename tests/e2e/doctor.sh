#!/usr/bin/env bash
# gotap doctor: what it says of this machine and of programs is what tests arranged there; where it
# says that tracing works, it does.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/steps_lib.sh"
need_tracing
cd "$work"
any_go
cp "$(go_program "$version" steps)" app
probe='uprobe:./app:main.step { @calls = count(); }'

# doctor NAME CODE ARG...: its exit code; what it says in `out`.
doctor() {
  local name=$1 wanted=$2
  shift 2
  code=0
  timeout 60 "$GOTAP" doctor "$@" > out 2> err < /dev/null || code=$?
  equal "doctor-$name-code" "$wanted" "$code" out err
}

# says NAME WHAT REGEX: in the line of that name, or those it goes on in.
says() {
  awk -v what="$2" '
    { head = substr($0, 7, length(what)) }
    /^  (ok|--|NO)  / { on = head == what }
    /^[^ ]/ { on = 0 }
    on { gsub(/ +/, " "); line = line $0 }
    END { print line }' out > line
  if grep -Eq -- "$3" line; then pass "doctor-$1"; else fail "doctor-$1" "$2: not $3" out; fi
}

machine() {
  doctor machine 0
  holds doctor-verdict out '^Tracing works'
  says kernel kernel "ok kernel $(uname -r) "
  says multi 'uprobe_multi links' ' (yes|no)'
  for cost in 'an entry, emulated' 'an entry, stepped' 'a return (RET)'; do
    says "cost-${cost%%[, (]*}-${cost##* }" "$cost" ' [1-9][0-9.]*(ns|us|ms) a hit, [0-9.]+ % of a CPU at 10,000 a second'
  done
  equal doctor-width 0 "$(grep -cE '^.{81}' out)" out
  # The same in JSON: a finding a line.
  findings=$(grep -cE '^  (ok|--|NO)  ' out)
  doctor json 0 -f json
  equal doctor-json-findings "$findings" "$(grep -c '^{"type": "finding", "data": {"part": ".*"}}$' out)" out
  equal doctor-json-verdict '{"type": "verdict", "data": {"works": true}}' "$(tail -n 1 out)"
  code=0
  setpriv --reuid 65534 --clear-groups --inh-caps=-all --bounding-set=-all "$GOTAP" doctor > out 2> err || code=$?
  equal doctor-unprivileged-code 1 "$code" out err
  says unprivileged privileges '^ NO .* => run it as root'
  holds doctor-unprivileged-verdict out '^Tracing does not work: privileges, '
}

healthy() {
  start_target ./app
  doctor healthy 0 "$target"
  says go Go "ok Go $version"
  says types types 'ok types DWARF, '
  says calls calls ' a hit, '
  says debugger debugger ' none$'
  says tracers 'other tracers' ' none$'
  says file file 'as it was read'
  # The processes of a file, and of a name.
  doctor by-file 0 --exe ./app
  holds doctor-by-file out "^Process $target \\(app\\)\$"
  doctor by-name 0 -n app
  holds doctor-by-name out "^Process $target \\(app\\)\$"
  # It is as it says.
  start_gotap -p "$target" -e "$probe" || fail doctor-traced err
  doctor traced 0 -p "$target"
  says traced 'other tracers' 'ok other tracers 1 uprobe: no obstacle'
  steps "$target" 20
  stop_gotap INT
  holds doctor-works out '^@calls: 20$'
  rm app
  doctor deleted 0 "$target"
  says deleted file 'replaced or deleted since it started'
  cp "$(go_program "$version" steps)" app
  end_target doctor "$target"
}

ill() {
  start_target ./app
  if debug "$target"; then
    doctor debugged 1 "$target"
    says debugged debugger "^ NO debugger process $debugger \\(debugger\\)"
  else
    skip doctor-debugger "ptrace is not permitted: $(tail -n 1 debugger.out)"
  fi
  undebug
  # A breakpoint that nobody answers for.
  site=$("$GOTAP" --dump=plan -e "$probe" | grep -Eo '0x[0-9a-f]+' | head -n 1)
  own=$(dd if="/proc/$target/mem" bs=1 skip="$((site))" count=1 status=none | od -An -to1 | tr -d ' ')
  printf '\xcc' | dd of="/proc/$target/mem" bs=1 seek="$((site))" conv=notrunc status=none
  doctor foreign 1 "$target"
  says foreign 'other tracers' '^ NO other tracers 1 breakpoint of a debugger'
  # shellcheck disable=SC2059 # an octal byte
  printf "\\$own" | dd of="/proc/$target/mem" bs=1 seek="$((site))" conv=notrunc status=none
  doctor healed 0 "$target"
  end_target doctor-ill "$target"
}

confined() {
  cp "$(c_program jail)" jail
  start_target ./jail
  doctor jail 0 "$target"
  says seccomp seccomp ' a filter'
  says language language ' not Go'
  end_target doctor-jail "$target"
  cp "$(go_program "$version" steps stripped)" bare
  doctor stripped 0 --exe ./bare
  says stripped Go "$version.*, stripped"
  says stripped-types types '^ -- types (the runtime.s|none)'
  says stripped-remedy types '=> --debug-binary FILE'
  doctor debug-binary 0 --exe ./bare --debug-binary ./app
  says debug-binary types 'ok types DWARF'
}

memory() {
  local group=/sys/fs/cgroup/memory/gotap-doctor-$$ limit=memory.limit_in_bytes
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    group=/sys/fs/cgroup/gotap-doctor-$$ limit=memory.max
  fi
  if ! mkdir "$group" 2> /dev/null || [ ! -e "$group/$limit" ]; then
    skip doctor-memory "no memory controller in /sys/fs/cgroup"
    rmdir "$group" 2> /dev/null || true
    return
  fi
  start_target ./app
  echo "$target" > "$group/cgroup.procs"
  echo 512K > "$group/$limit"
  doctor memory 0 "$target"
  says memory memory '^ -- memory 0.[0-9] MB left of 0.5 MB: .* pages of 4 KB .*=> name fewer functions'
  end_target doctor-memory "$target"
  rmdir "$group"
}

machine
healthy
ill
confined
memory
doctor no-process 1 -n no-such-program
holds doctor-no-process err 'no process runs a program called no-such-program'
doctor two-targets 2 1 --exe ./app
doctor no-number 2 99999999999
finish
