#!/usr/bin/env bash
# goid and duration of every call, compared with what the program measured itself
# (tests/programs/counters): the goroutine of each call must be the same, and its duration must
# lie between the inner measurement (inside the function) and the outer one (around the call).
# Recursion 300 deep, stacks that grow, shrink and change threads, panics that throw frames away,
# Goexit, wrappers traced together with their targets. All Go versions.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/counters_lib.sh"
need_tracing

# report NAME EARLY: judges $work/own (the program) against $work/seen (gotap).
report() {
  compare_spans "$work/own" "$work/seen" "$2" > "$work/mismatches"
  if ! grep -q '^facts .* wrong 0$' "$work/own"; then
    fail "$1" "the program did not end well" "$work/own" "$work/err"
  elif [ -s "$work/mismatches" ]; then
    fail "$1" "$(wc -l < "$work/mismatches") mismatches" "$work/mismatches" "$work/err"
  else
    pass "$1"
  fi
}

# From the program's start, under -c.
from_start() {
  local binary
  binary=$(go_program "$1" counters "$2")
  span_script "$1" "$binary" > "$work/frames.bt"
  code=0
  "$GOTAP" -o "$work/seen" -c "$binary" "$work/frames.bt" > "$work/own" 2> "$work/err" || code=$?
  report "frames-$1-$2" no
  equal "frames-$1-$2-exit" 0 "$code" "$work/err"
  # The timed calls that a panic ended are said to be lost, every one of them and no other.
  local lost
  lost=$(awk 'FNR == NR { timed[$2] = $1 == "timed"; next } $1 == "count" && timed[$2] { n += $3 - $4 } END { print n }' \
    <("$binary" -list) "$work/own")
  holds "frames-$1-$2-unwound" "$work/err" "(^|[^0-9])$lost calls never returned"
}

# Attached to the running program with five calls of PInflight in flight: their returns are
# counted, but have no duration, and that is said.
in_flight() {
  local binary target
  binary=$(go_program "$1" counters plain)
  { span_script "$1" "$binary"; echo "uretprobe:$binary:main.PInflight { @returns = count(); }"; } > "$work/frames.bt"
  mkfifo "$work/stdin"
  "$binary" -wait < "$work/stdin" > "$work/own" &
  target=$!
  started+=("$target")
  exec 3> "$work/stdin"
  until_line "$work/own" '^ready$' "$target"
  if start_gotap -o "$work/seen" -p "$target" "$work/frames.bt"; then
    echo go >&3
    until_line "$work/own" '^facts ' "$target" || true
    exec 3>&-
    ended "$target"
    ended "$tracer"
    report "frames-$1-in-flight" yes
    equal "frames-$1-in-flight-returns" '@returns: 10' "$(grep '^@returns' "$work/seen" || true)" "$work/err"
    holds "frames-$1-in-flight-said" "$work/err" '(^|[^0-9])5 (calls|returns) '
  else
    fail "frames-$1-in-flight" "could not attach" "$work/err"
    exec 3>&-
    ended "$target"
  fi
  rm -f "$work/stdin"
}

# Calls of goroutines that end by Goexit, in an iter.Pull, too, never return, and are not taken for
# calls that still run.
goroutine_ends() {
  local binary lost
  binary=$(go_program "$1" counters plain)
  code=0
  "$GOTAP" -o "$work/seen" -c "$binary" -e "uretprobe:$binary:main.PGoexit,uretprobe:$binary:main.PCallsGoexit { @ = sum(duration); }" \
    > "$work/own" 2> "$work/err" || code=$?
  lost=$(awk '$1 == "count" && $2 ~ /Goexit$/ { n += $3 - $4 } END { print n }' "$work/own")
  equal "frames-$1-goexit" 0 "$code" "$work/err"
  holds "frames-$1-goexit-unwound" "$work/err" "(^|[^0-9])$lost calls never returned"
  if grep -q 'had not returned' "$work/err"; then
    fail "frames-$1-goexit-none-left" "calls of goroutines that are gone seem to run" "$work/err"
  else
    pass "frames-$1-goexit-none-left"
  fi
}

# A recovered call is told by its return where defers are open-coded. The program: 9 of 12 rounds of
# 3 goroutines panic, those of PRecoverNil all; PMid has no defers, PDefer and PMidDefer recover
# nothing; PRecoverLoop and PNine have defers that are not open-coded.
recoveries() {
  local binary name list=''
  binary=$(go_program "$1" counters plain)
  for name in PRecover PRecoverNil PRecoverMid PRecoverLoop PNine PDefer PMid PMidDefer; do
    list+="${list:+, }uretprobe:$binary:main.$name"
  done
  "$GOTAP" -o "$work/seen" -c "$binary" -e "$list { @n[func] = count(); }
    $list { @r[func, recovered] = count(); }
    uretprobe:$binary:main.PNine { printf(\"nine %d\n\", recovered); }" > "$work/own" 2> "$work/err" || true
  sed -nE 's/^@r\[main\.(.*), (.*)\]: (.*)$/\1 \2 \3/p' "$work/seen" | sort > "$work/recovered"
  awk '$1 == "count" { sub("main.", "", $2); returns[$2] = $4 }
    END {
      print "PDefer false", returns["PDefer"]
      print "PMid false", returns["PMid"]
      print "PMidDefer false", returns["PMidDefer"]
      for (i = split("PRecover PRecoverMid", name, " "); i > 0; i--) {
        print name[i], "false", returns[name[i]] / 4
        print name[i], "true", returns[name[i]] / 4 * 3
      }
      print "PRecoverNil true", returns["PRecoverNil"]
    }' "$work/own" | sort > "$work/expected"
  same "frames-$1-recovered" "$work/expected" "$work/recovered" "$work/err"
  equal "frames-$1-recovered-unknown" 36 "$(grep -c '^nine <not known: its defers are not open-coded>$' "$work/seen")"
  holds "frames-$1-recovered-undecided" "$work/err" '(^|[^0-9])72 statements'
}

for version in $versions; do
  if ! have_go "$version"; then
    skip "frames-$version" "$(no_go "$version")"
    continue
  fi
  from_start "$version" plain
  in_flight "$version"
  goroutine_ends "$version"
  recoveries "$version"
done
for version in 1.15 1.24; do
  if have_go "$version"; then from_start "$version" pie-stripped; fi
done
finish
