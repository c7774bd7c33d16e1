#!/usr/bin/env bash
# What stands around a script: its parameters, the formats and options of the output, the
# environment, --info. Expected lines are those of bpftrace 0.27.1 for the same command lines.
# shellcheck disable=SC2016 # the scripts' $ are not the shell's
. "$(dirname "$0")/lib.sh"
need_tracing
cd "$work"
cp "$(c_program sum)" sum

# prints NAME TEXT ARG...: exit code 0 and exactly TEXT on standard output, less its empty lines.
prints() {
  local name=options-$1 text=$2
  shift 2
  code=0
  timeout 20 "$GOTAP" "$@" > out 2> err < /dev/null || code=$?
  equal "$name-code" 0 "$code" err
  equal "$name" "$text" "$(grep -v '^$' out || true)" err
}

# fails NAME CODE REGEX ARG...: that exit code, a message that matches, nothing attached.
fails() {
  local name=options-$1 wanted=$2 regex=$3
  shift 3
  code=0
  timeout 20 "$GOTAP" "$@" > out 2> err < /dev/null || code=$?
  equal "$name-code" "$wanted" "$code" err
  holds "$name" err "$regex"
}

parameters() {
  prints numbers $'12 abc\n2' -e 'BEGIN { printf("%d %s\n", $1, str($2)); print($#); exit(); }' 12 abc
  prints negative $'-5\n-16\n-4' -e 'BEGIN { print($1); print($2); print($1 + 1); exit(); }' -- -5 -0x10
  prints text $'0x10\nbc\nab' -e 'BEGIN { print(str($1)); print(str($2 + 1)); print(str($2, 2)); exit(); }' 0x10 abc
  prints key $'@[a b]: 7' -e 'BEGIN { @[$1] = $2; exit(); }' 'a b' 7
  prints odd $'[a,b]|{}||3' -e 'BEGIN { printf("%s|%s|%s|%d\n", str($1), str($2), str($3), $#); exit(); }' '[a,b]' '{}' ''
  prints absent $'0' -e 'BEGIN { printf("%d%s\n", $1, str($2)); exit(); }'
  holds options-absent-warned err 'WARNING: Positional parameter \$1 is empty or not provided'
  prints quiet-absent $'0' --no-warnings -e 'BEGIN { printf("%d\n", $1); exit(); }'
  equal options-no-warnings 'Attached 1 probe' "$(cat err)"
  fails type 1 "stdin:1:24-26: ERROR" -e 'BEGIN { printf("%d\n", $1); exit(); }' abc
  fails named 2 'named ones \(--name=v\)' -e 'BEGIN { exit(); }' -- --name=v
  fails dash 2 '-5' -e 'BEGIN { exit(); }' -5
  # In probes, and between options as getopt_long(3) has it.
  printf '#!/usr/bin/env gotap\n%s\n' 'uprobe:$1:$2 /arg0 == $3/ { printf("%s %d\n", probe, arg0); }' > script.bt
  code=0
  "$GOTAP" -o file script.bt -c './sum 6' ./sum sum 4 > out 2> err || code=$?
  equal options-script 'uprobe:./sum:sum 4' "$(grep -v '^$' file)" err
  fails probe 1 'positional parameter \$2 is empty or not provided' script.bt ./sum
  chmod +x script.bt
  mkdir -p bin
  ln -sf "$GOTAP" bin/gotap
  code=0
  PATH=$work/bin:$PATH ./script.bt -c './sum 3' ./sum sum 2 > out 2> err || code=$?
  equal options-shebang-code 0 "$code" err
  holds options-shebang out '^uprobe:./sum:sum 2$'
}

json() {
  code=0
  "$GOTAP" -f json -o out -c './sum 5' -e 'uprobe:./sum:sum { @[arg0] = count(); }
    uretprobe:./sum:sum { @h = hist(retval); }' > own 2> err || code=$?
  equal options-json-code 0 "$code" err
  equal options-json-attached '{"type": "attached_probes", "count": 2, "data": {"probes": 2}}' "$(head -n 1 out)" err
  equal options-json-types 'attached_probes hist map' \
    "$(grep -o '^{"type": "[a-z_]*"' out | cut -d'"' -f4 | sort | tr '\n' ' ' | sed 's/ $//')" out
  # Messages stay text on standard error.
  if grep -q '^{' err; then fail options-json-messages "a record on standard error" err; else pass options-json-messages; fi
  # A buffer of one page is full at once; what is lost and what is printed are all there was.
  code=0
  : > out # of the run before: it says that it is attached
  BPFTRACE_PERF_RB_PAGES=1 "$GOTAP" -f json -e 'uprobe:./sum:sum { printf("call %d\n", arg0); }' > out 2> err &
  tracer=$!
  started+=("$tracer")
  if ! until_line out '"attached_probes"' "$tracer"; then
    fail options-json-lost-attach "not attached" err
    return
  fi
  kill -STOP "$tracer"
  until grep -q '^State:.[TZ]' "/proc/$tracer/status"; do sleep 0.01; done
  ./sum 2000 > own
  kill -CONT "$tracer"
  stop_gotap INT
  printed=$(grep -c '^{"type": "printf"' out) || true
  lost=$(sed -n 's/^{"type": "lost_events", "count": \([0-9]*\), "data": {"events": \([0-9]*\)}}$/\1 \2/p' out)
  equal options-json-lost "$((2000 - printed)) $((2000 - printed))" "$lost" err
}

options() {
  fails format 2 'xml' -f xml -e 'BEGIN { exit(); }'
  fails buffering 2 'some' -B some -e 'BEGIN { exit(); }'
  fails k-and-no-warnings 2 'not both' -k --no-warnings -e 'BEGIN { exit(); }'
  for mode in none line full; do
    prints "buffering-$mode" $'1\n@: 2' -B "$mode" -e 'BEGIN { print(1); @ = 2; exit(); }'
  done
  fails full-disk 1 'ERROR: the output cannot be written' -o /dev/full -e 'BEGIN { print(1); exit(); }'
  equal options-full-disk-once 1 "$(grep -c ERROR err)" err
  fails full-disk-json 1 'ERROR: the output cannot be written' -f json -o /dev/full -B none -e 'BEGIN { print(1); print(2); exit(); }'
  equal options-full-disk-json-once 1 "$(grep -c ERROR err)" err
  # With a probe the traced command lives on when the output ends, and the exit code says so.
  fails full-disk-child 1 'ERROR: the output cannot be written' -o /dev/full -c './sum 500' -e 'uprobe:./sum:sum { print(arg0); }'
  prints version "gotap $("$GOTAP" -V | cut -d' ' -f2)" -V
}

environment() {
  BPFTRACE_PRINT_MAPS_ON_EXIT=0 prints maps-on-exit 1 -e 'BEGIN { @ = 2; print(1); exit(); }'
  BPFTRACE_LOG_SIZE=5 BPFTRACE_MAX_STRLENN=5 BPFTRACE_MAX_MAP_KEYS=x prints environment 1 -e 'BEGIN { print(1); exit(); }'
  equal options-environment-warnings \
    $'Attached 1 probe\nWARNING: BPFTRACE_LOG_SIZE has no effect in gotap\nWARNING: BPFTRACE_MAX_MAP_KEYS=x ignored: not a number from 1 to 1000000\nWARNING: BPFTRACE_MAX_STRLENN is unknown and ignored; did you mean BPFTRACE_MAX_STRLEN?' \
    "$(LC_ALL=C sort err)"
  BPFTRACE_MAX_PROBES=1 fails max-probes 1 'has 2 probes, BPFTRACE_MAX_PROBES allows 1' -e 'uprobe:./sum:sum, uprobe:./sum:main { }'
  # The environment decides over the script, as for bpftrace.
  local cut='config = { max_strlen = 4; str_trunc_trailer = "~" }
    uprobe:./sum:main { @[str(*(uint64*)arg1)] = 1; print(str(*(uint64*)arg1)); exit(); }'
  "$GOTAP" -o file -c './sum 1' -e "$cut" > own 2> err || true
  equal options-cut-text $'./su~\n@[./su~]: 1' "$(grep -v '^$' file)" err
  BPFTRACE_STR_TRUNC_TRAILER='' "$GOTAP" -o file -c './sum 1' -e "$cut" > own 2> err || true
  equal options-cut-text-variable $'./su\n@[./su]: 1' "$(grep -v '^$' file)" err
  "$GOTAP" -h > help
  holds options-help help '^  BPFTRACE_PERF_RB_PAGES +pages'
}

# bpftrace's test suite waits for this line on standard output, wherever the script's output goes.
notify() {
  local line=__BPFTRACE_NOTIFY_PROBES_ATTACHED
  code=0
  __BPFTRACE_NOTIFY_PROBES_ATTACHED='' "$GOTAP" -q -o file -e 'BEGIN { print(1); } interval:ms:1 { exit(); }' > out 2> err || code=$?
  equal options-notify "$line" "$(cat out)" err
  equal options-notify-file 1 "$(grep -v '^$' file)" err
}

info() {
  code=0
  "$GOTAP" --info > out 2> err || code=$?
  equal options-info-code 0 "$code" err
  holds options-info-works out '^  programs +yes$'
  holds options-info-multi out '^  uprobe_multi links +(yes$|no)'
  holds options-info-event out '^  uprobe_events +yes$'
  holds options-info-kernel out "^  kernel +$(uname -r) "
  code=0
  setpriv --reuid 65534 --clear-groups --inh-caps=-all --bounding-set=-all "$GOTAP" --info > out 2> err || code=$?
  equal options-info-unprivileged-code 0 "$code" err
  holds options-info-unprivileged out '^  programs +no, '
  holds options-info-unprivileged-event out '^  uprobe_events +no, '
}

parameters
json
options
environment
notify
info
finish
