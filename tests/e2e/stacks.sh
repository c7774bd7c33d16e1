#!/usr/bin/env bash
# Stacks: ustack and caller against runtime.Stack, which the program calls in the very call that is
# probed (tests/programs/stacks), at the entry and at the return: functions, offsets, lines, inlined
# frames, the go statement. Stripped and position-independent builds; with C between; after the
# program has ended; through deferred calls of a panic; folded.
: "${GOTAP_TEST_VERSIONS=1.15 1.19 1.22 1.24 1.27}"
. "$(dirname "$0")/lib.sh"
need_tracing

# as_runtime FILE: gotap's stacks without what runtime.Stack leaves out: the function itself, whose
# line is another there, the runtime's, and what the compiler made to call others.
as_runtime() {
  awk '
    /^$/ { next }
    /^    main\.probed/ { print "stack"; next }
    /^    runtime\./ || /^    (main\.)?_cgoexp/ || /^    crosscall2\+/ || /-fm\+/ { next }
    { print }' "$1"
}

compare() { # NAME BINARY SCRIPT
  local code=0
  "$GOTAP" -q -o "$work/seen" -c "$2" -e "$3" > "$work/own" 2> "$work/err" || code=$?
  equal "$1-exit" 0 "$code" "$work/err"
  grep -E '^(stack$|    )' "$work/own" > "$work/expected"
  as_runtime "$work/seen" > "$work/actual"
  same "$1" "$work/expected" "$work/actual" "$work/err"
}

# callers NAME BINARY: how often each line called main.probed, two calls in one line together.
callers() {
  local code=0
  "$GOTAP" -q -o "$work/seen" -c "$2" -e "uretprobe:$2:main.probed { @[caller] = count(); }" > "$work/own" 2> "$work/err" || code=$?
  equal "$1-exit" 0 "$code" "$work/err"
  awk '/^stack$/ { getline; sub(/\+[0-9]+ /, " "); sub(/ \[inlined\] /, " "); n[$0]++ }
    END { for (at in n) print "@[" substr(at, 5) "]: " n[at] }' "$work/own" | sort > "$work/expected"
  grep '^@' "$work/seen" | sort > "$work/actual"
  same "$1" "$work/expected" "$work/actual" "$work/err"
}

# folded NAME BINARY: as flame graph tools read it, of all that has no frame that is the runtime's or the compiler's.
folded() {
  local code=0
  "$GOTAP" -q -f folded -o "$work/seen" -c "$2" -e "uprobe:$2:main.probed { @[ustack] = count(); @n = count(); }" \
    > "$work/own" 2> "$work/err" || code=$?
  equal "$1-exit" 0 "$code" "$work/err"
  awk 'function flush() { if (line != "") n[line]++; line = "" }
    /^stack$/ { flush(); line = "main.probed"; next }
    /^    created by/ { next }
    /^    / { sub(/^    /, ""); sub(/(\+[0-9]+| \[inlined\]) \([^)]*\)$/, ""); line = $0 ";" line }
    END { flush(); for (it in n) print it " " n[it] }' "$work/own" | sort > "$work/expected"
  awk '{
      count = $NF; sub(/ [0-9]+$/, ""); parts = split($0, frames, ";"); line = ""
      for (i = 1; i <= parts; i++)
        if (frames[i] !~ /^runtime\./ && frames[i] !~ /-fm$/) line = line (line == "" ? "" : ";") frames[i]
      n[line] += count
    }
    END { for (it in n) print it " " n[it] }' "$work/seen" | sort > "$work/actual"
  same "$1" "$work/expected" "$work/actual" "$work/err"
  # What is no map of counts by stack is said beside them.
  equal "$1-others" "@n: $(grep -c '^stack$' "$work/own")" "$(cat "$work/err")"
}

for version in $versions; do
  if ! have_go "$version"; then
    skip "stacks-$version" "$(no_go "$version")"
    continue
  fi
  binary=$(go_program "$version" stacks)
  compare "entry-$version" "$binary" "uprobe:$binary:main.probed { print(ustack); }"
  compare "return-$version" "$binary" "uretprobe:$binary:main.probed { print(ustack); }"
  callers "caller-$version" "$binary"
  is_sample "$version" || continue
  binary=$(go_program "$version" stacks pie-stripped)
  compare "pie-stripped-$version" "$binary" "uretprobe:$binary:main.probed { print(ustack); }"
  if ! command -v gcc > /dev/null; then
    skip "cgo-$version" "no C compiler"
    continue
  fi
  binary=$(go_program "$version" stacks cgo)
  compare "cgo-$version" "$binary" "uprobe:$binary:main.probed { print(ustack); }"
  compare "cgo-return-$version" "$binary" "uretprobe:$binary:main.probed { print(ustack); }"
done

# Kept in a map and shown when the program has ended; the other ways to show them; inside of a function.
version=1.24
if have_go $version; then
  binary=$(go_program $version stacks)
  folded folded "$binary"
  "$GOTAP" count -q -f folded -o "$work/counted" probed --by ustack -- "$binary" > /dev/null 2> "$work/err" || true
  same folded-count "$work/seen" "$work/counted" "$work/err"
  # Inside of the function, behind a line of gotap log.
  line=$(awk '/^func probed/ { on = 1 } on && /return n \+ 1/ { print NR; exit }' "$programs/stacks/main.go")
  "$GOTAP" log -q --stack -o "$work/lines" "stacks/main.go:$line" 'of {n}' -- "$binary" > "$work/own" 2> "$work/err" || true
  grep -E '^(stack$|    )' "$work/own" > "$work/expected"
  sed '/^[^ ]* goroutine [1-9][0-9]* of [0-9]*$/d' "$work/lines" > "$work/seen"
  as_runtime "$work/seen" > "$work/actual"
  same log-stack "$work/expected" "$work/actual" "$work/err"
  equal log-stack-lines "$(grep -c '^stack$' "$work/own")" "$(grep -c "^    main\.probed+[0-9]* (main\.go:$line)\$" "$work/seen")"
  "$GOTAP" -f folded -e "uprobe:$binary:main.probed { @ = hist(1); }" > "$work/err" 2>&1 || true
  holds folded-refused "$work/err" '^ERROR: -f folded shows maps of counts, sums or integers by stack: the script has none$'
  "$GOTAP" -q -o "$work/seen" -c "$binary" -e "
    uprobe:$binary:main.wide { @map[ustack(2), goid > 0] = count(); @whole[ustack] = count();
      @perf[ustack(perf, 2)] = count(); @raw[ustack(raw, 2)] = count(); }
    uprobe:$binary:main.wide+$(offsets "$binary" main.wide call | head -n 1) { @inside[ustack(3)] = count(); }" > "$work/own" 2> "$work/err" || true
  sed -n '/^@whole/,/^]/p' "$work/seen" | grep '^    ' | grep -v '^    main.wide' > "$work/actual"
  awk '/^stack$/ { on = 0; getline; if (/^    main.wide\+/) { on = 1; next } } on' "$work/own" > "$work/expected"
  same map-at-the-end "$work/expected" "$work/actual" "$work/err"
  holds perf "$work/seen" $'^\t[0-9a-f]+ main\\.main\\.func3\\+[0-9]+ \\(main\\.go:[0-9]+\\)$'
  equal raw 2 "$(sed -n '/^@raw/,/^]/p' "$work/seen" | grep -Ec '^[0-9a-f]+$')"
  equal inside 1 "$(sed -n '/^@inside/,/^]/p' "$work/seen" | grep -A1 '^    main.wide' | grep -c '^    main.main.func3')" "$work/seen"
else
  skip map "$(no_go $version)"
fi
finish
