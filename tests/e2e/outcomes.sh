#!/usr/bin/env bash
# How calls end and where they come from, in `count --share`, `count --panics`, `count --stack` and `trace --stack`, as
# the program says of itself (tests/programs/outcomes); durations that are the probes' own, in `latency`.
: "${GOTAP_TEST_VERSIONS=1.15 1.24 1.27}"
. "$(dirname "$0")/lib.sh"
need_tracing

# The program's own counts as --share has them: `NAME CALLS ERRORS PANICS`, shares in percent.
own_shares() {
  awk 'NF == 4 { errors = $1 ~ /^main\.(work|steady)$/ ? sprintf("%.1f%%", 100 * $3 / $2) : "-"
    print $1, $2, errors, sprintf("%.1f%%", 100 * $4 / $2) }' "$1" | sort
}

shares() {
  local binary=$1 name=$2
  "$GOTAP" count -o "$work/seen" --share main.work main.plain main.inner main.leave main.steady -- "$binary" \
    > "$work/own" 2> "$work/err" || true
  own_shares "$work/own" > "$work/expected"
  awk '$5 ~ /^main\./ { print $5, $1, $3, $4 }' "$work/seen" | sort > "$work/lines"
  equal "share-program-$name" 5 "$(wc -l < "$work/expected")" "$work/own"
  same "share-$name" "$work/expected" "$work/lines" "$work/seen" "$work/err"
  # A call that is open when the program ends is no panic, and makes no other number less sure.
  "$GOTAP" count -o "$work/seen" --share main.idle main.work main.leave main.main -- "$binary" > "$work/own" 2> "$work/err" || true
  equal "share-open-$name" "main.idle 0.0% main.leave 100.0% main.main 0.0% main.work 10.0%" \
    "$(awk '$5 ~ /^main\./ { print $5, $4 }' "$work/seen" | sort | paste -sd ' ')" "$work/seen" "$work/err"
  holds "share-open-said-$name" "$work/err" '^WARNING: 1 call had not returned when tracing ended$'
  # But those that a panic ends with the program are.
  "$GOTAP" count -o "$work/seen" --share main.idle main.work main.leave main.main -- "$binary" crash > "$work/own" 2> "$work/err" || true
  equal "share-crash-$name" "main.idle 0.0% main.leave 100.0% main.main 100.0% main.work 10.0%" \
    "$(awk '$5 ~ /^main\./ { print $5, $4 }' "$work/seen" | sort | paste -sd ' ')" "$work/seen" "$work/err"
}

# More calls than one hit takes out: that the number is a bound is said, whatever was found of them.
deep() {
  local binary=$1 name=$2
  "$GOTAP" count -o "$work/seen" --panics main.deep -- "$binary" deep > "$work/own" 2> "$work/err" || true
  equal "deep-$name" "<=1000 1000 <=100.0%" "$(awk '$4 == "main.deep" { print $1, $2, $3 }' "$work/seen")" "$work/seen" "$work/err"
  holds "deep-said-$name" "$work/err" 'more than 512 nested calls were ended at once: some may be among those that had not returned'
}

# Only what a panic or Goexit ended, most first.
panicked() {
  local binary=$1 name=$2
  "$GOTAP" count -o "$work/seen" --panics main.work main.plain main.inner main.leave main.steady -- "$binary" \
    > "$work/own" 2> "$work/err" || true
  awk 'NF == 4 && $4 > 0 { print $1, $4, $2, sprintf("%.1f%%", 100 * $4 / $2) }' "$work/own" | sort > "$work/expected"
  equal "count-panics-program-$name" 3 "$(wc -l < "$work/expected")" "$work/own"
  awk '$4 ~ /^main\./ { print $4, $1, $2, $3 }' "$work/seen" > "$work/rows"
  sort "$work/rows" > "$work/lines"
  same "count-panics-$name" "$work/expected" "$work/lines" "$work/seen" "$work/err"
  sort -s -k2,2nr "$work/rows" > "$work/lines"
  same "count-panics-order-$name" "$work/lines" "$work/rows" "$work/seen"
}

# A line for each call that a panic or Goexit ended, with its arguments, and after what time.
traced_panics() {
  local binary=$1 name=$2
  lines() { sed -nE 's/^20[0-9T:.+-]+ goroutine [1-9][0-9]* (main\.[a-z]+\(.*\))  (panicked|Goexit) after [0-9]+\.[0-9]{3}ms$/\2 \1/p' "$1" | sort; }
  own() { sed -nE 's/^ended (main\.(leave)?.*)/\2 \1/p' "$1" | sed -E 's/^ /panicked /; s/^leave/Goexit/' | sort; }
  "$GOTAP" trace -o "$work/seen" --panics main.work main.plain main.inner main.leave main.steady main.nested main.mend main.around \
    main.crash -- "$binary" crash > "$work/own" 2> "$work/err" || true
  own "$work/own" > "$work/expected"
  lines "$work/seen" > "$work/lines"
  equal "trace-panics-program-$name" 29 "$(wc -l < "$work/expected")" "$work/own"
  equal "trace-panics-form-$name" 29 "$(wc -l < "$work/seen")" "$work/seen" "$work/err"
  same "trace-panics-$name" "$work/expected" "$work/lines" "$work/seen" "$work/err"

  # Where events are lost, no call that returned is taken for one that did not.
  BPFTRACE_PERF_RB_PAGES=1 "$GOTAP" trace -q -o "$work/seen" --panics main.work main.plain main.inner main.leave main.steady main.nested \
    main.mend main.around main.again main.crash -- "$binary" crash > "$work/own" 2> "$work/err" || true
  own "$work/own" > "$work/expected"
  lines "$work/seen" > "$work/lines"
  equal "trace-panics-lost-$name" "" "$(comm -13 "$work/expected" "$work/lines")" "$work/seen" "$work/err"

  "$GOTAP" trace -q -o "$work/seen" --panics --filter 'args.n > 50 && args.n < 100' main.work main.inner -- "$binary" \
    > "$work/own" 2> "$work/err" || true
  own "$work/own" | grep -E 'main\.(work|inner)\(n=[6-9]0\)' > "$work/expected"
  lines "$work/seen" > "$work/lines"
  same "trace-panics-filter-$name" "$work/expected" "$work/lines" "$work/seen" "$work/err"

  "$GOTAP" trace -q -o "$work/seen" --panics --limit 3 --stack main.inner -- "$binary" > "$work/own" 2> "$work/err" || true
  grep ' goroutine ' "$work/seen" > "$work/lines.text" || true
  own "$work/own" | grep 'main\.inner(n=[1-3]0)' > "$work/expected"
  lines "$work/lines.text" > "$work/lines"
  same "trace-panics-limit-$name" "$work/expected" "$work/lines" "$work/seen" "$work/err"
  equal "trace-panics-stack-$name" 3 "$(grep -A1 'main\.inner(n=' "$work/seen" | grep -cE '^    main\.inner\+[0-9]+ ')" "$work/seen"
}

stacks() {
  local binary=$1 name=$2
  "$GOTAP" count -q -o "$work/seen" --stack main.steady -- "$binary" > "$work/own" 2> "$work/err" || true
  # A row for each place that it is called from: how often, and the functions up to main.main.
  awk '/ main\.steady$/ { if (row) print row; row = $1; next }
    / in all$/ { print row }
    $1 ~ /^main\./ { sub(/\+.*/, "", $1); row = row " " $1 }' "$work/seen" | sort > "$work/lines"
  printf '%s\n' '100 main.steady main.main' '50 main.steady main.again main.main' > "$work/expected"
  same "count-stack-$name" "$work/expected" "$work/lines" "$work/seen" "$work/err"

  "$GOTAP" trace -q -o "$work/seen" --stack main.again -- "$binary" > "$work/own" 2> "$work/err" || true
  awk '/ goroutine 1 main\.again\(/ { lines++; depth = 0; next }
    /^    main\.again\+[0-9]+ \(main\.go:[0-9]+\)$/ { if (depth == 0) depth = 1 }
    /^    main\.main\+[0-9]+ \(main\.go:[0-9]+\)$/ { if (depth == 1) whole++; depth = 2 }
    END { print lines + 0, whole + 0 }' "$work/seen" > "$work/lines"
  equal "trace-stack-$name" "50 50" "$(cat "$work/lines")" "$work/seen" "$work/err"

  # The same of durations.
  "$GOTAP" latency -q -o "$work/seen" --stack main.steady -- "$binary" > "$work/own" 2> "$work/err" || true
  awk '$1 ~ /^main\./ { sub(/\+.*/, "", $1); row = row " " $1 }
    $1 == "calls" { print $2 row; row = "" }' "$work/seen" | sort > "$work/lines"
  printf '%s\n' '100 main.steady main.main' '50 main.steady main.again main.main' > "$work/expected"
  same "latency-stack-$name" "$work/expected" "$work/lines" "$work/seen" "$work/err"

  # Below a line that is indented the stack is, too.
  "$GOTAP" trace -q -o "$work/seen" --enter --stack --limit 4 main.again main.plain main.work -- "$binary" \
    > "$work/own" 2> "$work/err" || true
  equal "trace-stack-nested-$name" 1 \
    "$(grep -A1 '   > main\.work(' "$work/seen" | head -n 2 | grep -cE '^      main\.work\+[0-9]+ ')" "$work/seen"
}

# The median of calls that do next to nothing is not told apart from the probes.
floor() {
  local binary=$1 name=$2
  "$GOTAP" latency -q -o "$work/seen" main.steady -- "$binary" > "$work/own" 2> "$work/err" || true
  holds "floor-$name" "$work/seen" '^  calls 150  p50 < floor '
  "$GOTAP" latency -q -f json -o "$work/seen" main.steady -- "$binary" > "$work/own" 2> "$work/err" || true
  holds "floor-json-$name" "$work/seen" '^\{"type": "gotap", .*"command": "latency", "floor_ns": [1-9][0-9]*\}\}$'
}

for version in $versions; do
  have_go "$version" || { skip "$version" "$(no_go "$version")"; continue; }
  binary=$(go_program "$version" outcomes)
  shares "$binary" "$version"
  panicked "$binary" "$version"
  deep "$binary" "$version"
  traced_panics "$binary" "$version"
  stacks "$binary" "$version"
  floor "$binary" "$version"
done

[ -n "${binary:-}" ] || finish
code=0
"$GOTAP" count --share --by args.0 main.steady -- "$binary" > "$work/out" 2> "$work/err" || code=$?
equal share-by-exit 2 "$code" "$work/err"
holds share-by "$work/err" 'share is of all calls'
code=0
"$GOTAP" count --panics --errors main.steady -- "$binary" > "$work/out" 2> "$work/err" || code=$?
equal count-panics-errors-exit 2 "$code" "$work/err"
holds count-panics-errors "$work/err" '^ERROR: --panics is of all calls of a function$'
for options in --errors '--slower 1ms' --enter '--filter retval.0>1'; do
  code=0
  # shellcheck disable=SC2086 # the words of options
  "$GOTAP" trace --panics $options main.work -- "$binary" > "$work/out" 2> "$work/err" || code=$?
  equal "trace-panics-${options%% *}-exit" 2 "$code" "$work/err"
  holds "trace-panics-${options%% *}" "$work/err" '^HINT: .*leave out'
done
# What is left out of many is named, with the reason.
"$GOTAP" latency --print-script --exe "$binary" 'runtime.*' > "$work/out" 2> "$work/err" || true
holds left-out "$work/err" '^[0-9]+ functions left out: cannot be probed$'
holds left-out-why "$work/err" '^  runtime\.[^ ]+: [a-z]'
holds left-out-more "$work/err" '^  and [0-9]+ more \(gotap list shows all\)$'
# What there is to say of each of many functions is one line; how a return is seen is said of scripts alone.
"$GOTAP" latency --for 1ms --exe "$binary" 'runtime.*' > "$work/out" 2> "$work/err" || true
holds many-inlined "$work/err" '^[0-9]+ functions are also inlined, at [0-9]+ sites, which these probes do not see'
equal many-lines "0 1" "$(grep -c 'RET site' "$work/err") $(grep -c 'also inlined' "$work/err")" "$work/err"
"$GOTAP" latency --print-script --exe "$binary" 'runtime.g*' > "$work/script.bt" 2> "$work/err" || true
"$GOTAP" --dry-run "$work/script.bt" > "$work/out" 2> "$work/err" || true
equal many-returns 1 "$(grep -cE '^note: uretprobe on Go: [0-9]+ RET sites of [0-9]+ functions$' "$work/out")" "$work/out" "$work/err"
finish
