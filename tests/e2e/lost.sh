#!/usr/bin/env bash
# What is lost is counted exactly: what gotap prints and what it says it lost are together what
# the program did. The ring overflows because gotap is stopped while the program runs.
. "$(dirname "$0")/lib.sh"
need_tracing
cd "$work"
cp "$(c_program sum)" sum
calls=100000

# number WORD: the first number of the message on stderr that speaks of WORD.
number() { grep -Ei "$1" err | grep -Eo '[0-9]+' | head -1; }

ring_overflow() {
  if ! start_gotap -e 'uprobe:./sum:sum { printf("call %d\n", arg0); @all = count(); }'; then
    fail lost-ring-attach err
    return
  fi
  kill -STOP "$tracer"
  ./sum "$calls" > own
  kill -CONT "$tracer"
  stop_gotap INT
  equal lost-ring-exit 0 "$code" err
  grep '^call ' out > printed || true
  local printed lost
  printed=$(wc -l < printed)
  lost=$(number 'lost|full')
  equal lost-ring-all "@all: $calls" "$(grep '^@all' out || true)" err
  equal lost-ring-sum "$calls" $((printed + ${lost:-0})) err
  if [ "${lost:-0}" -gt 0 ] && [ "$printed" -gt 0 ]; then
    pass lost-ring-overflowed
  else
    fail lost-ring-overflowed "printed $printed, lost ${lost:-none}: the test tests nothing" err
  fi
  # What is there is the beginning, in order: nothing is torn or doubled.
  seq -f 'call %.0f' 0 $((printed - 1)) > expected
  if [ "$printed" -gt 0 ]; then same lost-ring-order expected printed; fi
}

# Nothing lost, nothing said.
no_overflow() {
  code=0
  "$GOTAP" -o out -c './sum 2000' -e 'uprobe:./sum:sum { printf("call %d\n", arg0); }' > own 2> err || code=$?
  seq -f 'call %.0f' 0 1999 > expected
  grep '^call ' out > printed || true
  same lost-nothing expected printed err
  if grep -Eiq 'lost|full' err; then fail lost-nothing-said "something was said to be lost" err; else pass lost-nothing-said; fi
}

map_full() {
  code=0
  BPFTRACE_MAX_MAP_KEYS=100 "$GOTAP" -o out -c './sum 500' \
    -e 'uprobe:./sum:sum { @seen[arg0] = count(); @all = count(); }' > own 2> err || code=$?
  local kept lost
  kept=$(map_lines seen out | wc -l)
  lost=$(number 'full|lost')
  equal lost-map-kept 100 "$kept" out err
  equal lost-map-lost 400 "${lost:-none said}" err
  equal lost-map-all '@all: 500' "$(grep '^@all' out || true)" out
}

# The same for values that are not aggregates, several maps at once, and entries that come and go.
maps_full() {
  code=0
  BPFTRACE_MAX_MAP_KEYS=100 "$GOTAP" -o out -c './sum 500' -e 'uprobe:./sum:sum {
      @set[arg0] = nsecs; @hist[arg0] = hist(arg1); @kept[arg0] = 1; delete(@kept[arg0]); @all = count(); }' \
    > own 2> err || code=$?
  equal lost-maps-set 100 "$(map_lines set out | wc -l)" err
  equal lost-maps-hist 100 "$(grep -c '^@hist' out)" err
  equal lost-maps-set-lost 400 "$(number '@set is full')" err
  equal lost-maps-hist-lost 400 "$(number '@hist is full')" err
  if grep -q '@kept' err; then fail lost-maps-kept "nothing of it was lost" err; else pass lost-maps-kept; fi
}

# More calls under way than can be remembered: those that were timed and those that were not are
# together those that were made.
frames_full() {
  local version=1.24 target
  if ! have_go $version; then
    skip lost-frames "$(no_go $version)"
    return
  fi
  cp "$(go_program $version soak)" soak
  mkfifo commands
  ./soak 1 < commands > own &
  target=$!
  started+=("$target")
  exec 3> commands
  until_line own '^ready' "$target"
  cat > deep.bt << 'END'
uprobe:./soak:"soak/work.Deepen" { @begun = count(); }
uretprobe:./soak:"soak/work.Deepen" { @timed = count(); @ns = sum(duration); }
END
  if start_gotap -p "$target" deep.bt; then
    echo 'deep 69999' >&3
    until_line own '^deep' "$target" || fail lost-frames-own own
    stop_gotap INT
    local timed lost
    timed=$(sed -nE 's/^@timed: //p' out)
    lost=$(number 'not timed')
    holds lost-frames-all out '^@begun: 70000$'
    equal lost-frames-sum 70000 $((timed + ${lost:-0})) out err
    if [ "${lost:-0}" -gt 0 ]; then pass lost-frames-overflowed; else fail lost-frames-overflowed err; fi
  else
    fail lost-frames-attach err
  fi
  exec 3>&-
  ended "$target"
  equal lost-frames-own-exit 0 "$code"
}

ring_overflow
no_overflow
maps_full
frames_full
map_full
finish
