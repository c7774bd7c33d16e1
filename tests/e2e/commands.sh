#!/usr/bin/env bash
# The commands that need no script: trace, latency, count, list (show: show.sh). What they show is what the programs
# say of the same calls (tests/programs/values, tests/programs/counters).
. "$(dirname "$0")/lib.sh"
need_tracing

# The lines of a trace without what differs from run to run.
plain_lines() { # FILE
  sed -E 's/^[0-9T:.+-]+ goroutine [1-9][0-9]* //; s/  [0-9]+\.[0-9]{3}ms$//; s/0x[0-9a-f]+/0x/g' "$1"
}

# A row `CALLS PER-SECOND NAME` as `NAME CALLS`.
rows() { awk 'NF > 2 && $1 ~ /^[0-9]+$/ && $0 !~ /in all$/ { n = $1; $1 = $2 = ""; sub(/^ +/, ""); print $0, n }' "$1" | sort; }

# ends_with NAME CODE REGEX ARG...: gotap ends with this code and says this.
ends_with() {
  local name=$1 expected=$2 regex=$3 code=0
  shift 3
  "$GOTAP" "$@" > "$work/out" 2> "$work/err" || code=$?
  equal "$name-exit" "$expected" "$code" "$work/err"
  holds "$name" "$work/err" "$regex"
}

trace_values() {
  local binary=$1 name=$2
  # Results of calls in calls: the inner ones return first.
  code=0
  "$GOTAP" trace -o "$work/seen" Fact 'main.(*Owner).Pointer' Many main.Fail -- "$binary" > "$work/own" 2> "$work/err" || code=$?
  equal "trace-exit-$name" 0 "$code" "$work/err"
  {
    awk '/^Fact / { printf "main.Fact(n=%s, label=\"%s\") = %s\n", $2, $3, $4 }' "$work/own"
    awk '/^Many / { call = "main.Many(a=\"" $2 "\", b=\"" $3 "\", c=\"" $4 "\", d=\"" $5 "\", e=\"" $6 "\", f=\"" $7 "\", g=\"" $8 "\", h=\"" $9 "\")" }
      /^ManyResults / { print call " = \"" $2 "\", \"" $3 "\"" }' "$work/own"
    awk '/^Pointer / { print "main.(*Owner).Pointer(o=&main.Owner{Name:\"" $2 "\" ...}, ns=[]int(" $3 ")) = " $3 }' "$work/own"
    sed -nE 's/^Fail ([0-9]) (.*)$/main.Fail(kind=\1) = \2/p' "$work/own"
  } | sort > "$work/expected"
  plain_lines "$work/seen" | sort > "$work/lines"
  same "trace-$name" "$work/expected" "$work/lines" "$work/err"
  equal "trace-form-$name" "$(wc -l < "$work/lines")" \
    "$(grep -cE '^20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\.[0-9]{6}[+-][0-9]{2}:[0-9]{2} goroutine 1 main\..*\) = .*  [0-9]+\.[0-9]{3}ms$' "$work/seen")" "$work/seen"

  "$GOTAP" trace -q -o "$work/seen" --errors --filter 'args.kind > 2' Fail -- "$binary" > "$work/own" 2> "$work/err" || true
  sed -nE 's/^Fail ([3-9]) (.*)$/main.Fail(kind=\1) = \2/p' "$work/own" > "$work/expected"
  plain_lines "$work/seen" > "$work/lines"
  same "trace-errors-$name" "$work/expected" "$work/lines" "$work/err"
  "$GOTAP" trace -q -o "$work/seen" --enter --limit 3 Fact -- "$binary" > /dev/null 2> "$work/err" || true
  printf '> main.Fact(n=5, label="f")\n  > main.Fact(n=4, label="fx")\n    > main.Fact(n=3, label="fxx")\n' > "$work/expected"
  plain_lines "$work/seen" > "$work/lines"
  same "trace-limit-$name" "$work/expected" "$work/lines" "$work/err"
  "$GOTAP" trace -q -o "$work/seen" --slower 1000s Fact -- "$binary" > /dev/null 2> "$work/err" || true
  equal "trace-slower-$name" "" "$(cat "$work/seen")" "$work/err"
}

# Pointers to structs and durations: the program's own lines, and the same as records.
trace_pointers() {
  local binary=$1 name=$2
  "$GOTAP" trace -q -o "$work/seen" Change 'main.(*Wide).Add' -- "$binary" > "$work/expected" 2> "$work/err" || true
  plain_lines "$work/seen" > "$work/lines"
  same "trace-pointers-$name" "$work/expected" "$work/lines" "$work/err"
  "$GOTAP" trace -q -f json -o "$work/seen" Change -- "$binary" > "$work/own" 2> "$work/err" || true
  grep '^main.Change' "$work/own" | sed -E 's/"/\\"/g; s/^main.Change\((a=.*), timeout=([^ ]*)\) = (.*), (<nil>|no account)$/{"a": "\1", "timeout": "\2"}, "results": ["\3", "\4"]/
    s/"a=/"/' > "$work/expected"
  sed -nE 's/.*"args": (.*), "duration_ns": [0-9]+\}\}$/\1/p' "$work/seen" > "$work/lines"
  same "trace-pointers-json-$name" "$work/expected" "$work/lines" "$work/seen" "$work/err"
}

count_values() {
  local binary=$1 name=$2
  "$GOTAP" count -o "$work/seen" 'main.P*' --exclude 'main.P*.func*' -- "$binary" > "$work/own" 2> "$work/err" || true
  # Generic functions have several names.
  awk '$1 == "count" && $2 ~ /^main\.P/ && $2 !~ /[[*]$|\.func/ { print $2, $3 }' "$work/own" | sort > "$work/expected"
  rows "$work/seen" | awk 'FILENAME == ARGV[1] { known[$1]; next } $1 in known' "$work/expected" - > "$work/lines"
  [ -s "$work/expected" ] || fail "count-program-$name" "$work/own"
  same "count-$name" "$work/expected" "$work/lines" "$work/err"
}

# The most frequent functions, and what the others add up to.
count_limit() {
  local binary=$1
  "$GOTAP" count -q -o "$work/all" 'main.P*' -- "$binary" > "$work/own" 2> "$work/err" || true
  "$GOTAP" count -q -o "$work/top" --limit 3 'main.P*' -- "$binary" > "$work/own" 2> "$work/err" || true
  counts() { awk '$1 ~ /^[0-9]+$/ { print $1 }' "$1"; }
  counts "$work/all" | head -n 3 > "$work/expected"
  counts "$work/all" | sed '$d' | tail -n +4 | awk '{ n += $1 } END { print n }' >> "$work/expected"
  counts "$work/all" | tail -n 1 >> "$work/expected"
  counts "$work/top" > "$work/lines"
  same count-limit "$work/expected" "$work/lines" "$work/top"
  holds count-limit-more "$work/top" " in [0-9]+ more\$"
}

latency_values() {
  local binary=$1 name=$2
  "$GOTAP" latency -o "$work/seen" Fact Fail -- "$binary" > "$work/own" 2> "$work/err" || true
  for function in Fact Fail; do
    equal "latency-calls-$function-$name" "$(grep -c "^$function " "$work/own")" \
      "$(grep -A1 "^main.$function\$" "$work/seen" | sed -nE 's/^  calls ([0-9]+) .*/\1/p')" "$work/seen" "$work/err"
  done
  # Rows add up to the calls; parts are in order, and the longest call is in the last row.
  awk 'function ns(text,   unit) {
      unit = text; gsub(/[0-9.]/, "", unit)
      return text * (unit == "s" ? 1e9 : unit == "ms" ? 1e6 : unit == "us" ? 1e3 : 1)
    }
    /^  calls/ { check(); low = 0; calls = $2; p50 = ns($5); p90 = ns($8); p99 = ns($11); most = ns($14); longest = ns($16); sum = 0; n++ }
    /^  < floor/ { sum += $3 }
    /^  \[/ { sub(/^  \[/, ""); sum += $3; low = ns($1) }
    function check() { if (n && (sum != calls || p50 > p90 || p90 > p99 || p99 > most || longest > most || longest < low * 0.99)) print "wrong", n }
    END { check(); print n " parts" }' "$work/seen" > "$work/checked"
  holds "latency-floor-$name" "$work/seen" '^floor [0-9.]+[num]?s, taken by the probes alone; what is below [0-9.]+[num]?s shows as < floor$'
  equal "latency-parts-$name" "2 parts" "$(cat "$work/checked")" "$work/seen"
  "$GOTAP" latency -q -o "$work/seen" Fact --by args.n -- "$binary" > /dev/null 2> "$work/err" || true
  equal "latency-by-$name" "1 2 3 4 5" "$(grep -E '^[0-9]$' "$work/seen" | sort | paste -sd ' ')" "$work/seen" "$work/err"
}

for version in 1.15 1.24 1.27; do
  case " $versions " in *" $version "*) ;; *) continue ;; esac
  have_go "$version" || { skip "$version" "$(no_go "$version")"; continue; }
  trace_values "$(go_program "$version" values)" "$version"
  trace_pointers "$(go_program "$version" accounts)" "$version"
  latency_values "$(go_program "$version" values)" "$version"
  count_values "$(go_program "$version" counters)" "$version"
  if [ "$version" = 1.24 ]; then count_limit "$(go_program "$version" counters)"; fi
done

[ -n "${binary:-}" ] || binary=$(go_program "$version" values)
"$GOTAP" list --exe "$binary" main: > "$work/list"
holds list "$work/list" '^main.Many\(a string, b string, c string, d string, e string, f string, g string, h string\) \(string, string\)$'
holds list-methods "$work/list" '^main.\(\*Owner\).Pointer\(o \*main.Owner, ns \[\]int\) int$'
# A package has two spellings; a misspelt one is answered with packages.
"$GOTAP" list --exe "$binary" pkg:main > "$work/list.pkg"
same list-pkg "$work/list" "$work/list.pkg"
"$GOTAP" list --exe "$binary" pkg:unicode/utf > "$work/out" 2> "$work/err" || true
holds list-no-pkg "$work/err" '^ERROR: no function of .* is in a package unicode/utf$'
holds list-nearest-pkg "$work/err" '^HINT: did you mean .*unicode/utf8:'
# The same in JSON.
"$GOTAP" list -f json --exe "$binary" main: | sed '/^{"type": "gotap"/d' > "$work/list.json"
sed -E 's/^\{"type": "function", "data": \{"name": "(.*)", "copies": ([0-9]+), "signature_unknown": "([^"]*)"\}\}$/\1  [\3]  [inlined everywhere: \2 copies]/
  s/(everywhere: 1 cop)ies\]$/\1y]/; s/\\"/"/g; s/^\{"type": "function", "data": \{"name": "(.*)", "address": "0x[0-9a-f]+"/\1/
  s/^.*, "signature": "(.*)/\1/; s/, "signature_unknown": "([^"]*)"/  [\1]/
  s/"?, "no_uprobe": "([^"]*)"/  [no uprobe: \1]/; s/"?, "no_uretprobe": "([^"]*)"/  [no uretprobe: \1]/; s/"?\}\}$//' \
  "$work/list.json" > "$work/list.text"
same list-json "$work/list" "$work/list.text"
# Of an end that is several functions' all; what is left out is named in the same ways.
"$GOTAP" list --exe "$binary" Error > "$work/out" 2> "$work/err" || true
equal list-several yes "$([ "$(wc -l < "$work/out")" -gt 1 ] && ! grep -vqE '\.Error\(' "$work/out" && echo yes)" "$work/out" "$work/err"
"$GOTAP" list --exe "$binary" main: errors: > "$work/all"
"$GOTAP" list --exe "$binary" main: errors: --exclude pkg:errors > "$work/some"
same list-exclude-package "$work/list" "$work/some"
"$GOTAP" list --exe "$binary" main: --exclude '(*Owner).Pointer' > "$work/some"
grep -v '^main\.(\*Owner)\.Pointer(' "$work/list" > "$work/expected"
same list-exclude-end "$work/expected" "$work/some"
"$GOTAP" count --print-script --exe "$binary" Fact --exclude nosuch > "$work/out" 2> "$work/err"
holds exclude-nothing "$work/err" '^--exclude nosuch: none of the functions is meant by that$'
# Numbers that are addresses, too.
"$GOTAP" trace --print-script --exe "$binary" syscall.RawSyscall6 > "$work/script.bt" 2> "$work/err" || true
code=0
"$GOTAP" --dry-run "$work/script.bt" > "$work/out" 2> "$work/err" || code=$?
equal trace-uintptr 0 "$code" "$work/script.bt" "$work/err"
holds trace-uintptr-script "$work/script.bt" '0x%x'
# A beginning does not know its end.
for option in --errors '--slower 1ms' '--filter retval.0>1'; do
  code=0
  # shellcheck disable=SC2086 # the words of options
  "$GOTAP" trace --enter $option Fact -- "$binary" > "$work/out" 2> "$work/err" || code=$?
  equal "enter-${option%% *}" 2 "$code" "$work/err"
done
"$GOTAP" trace -q --enter --filter 'args.n == 2' -o "$work/seen" Fact -- "$binary" > "$work/own" 2> "$work/err" || true
equal enter-filter "1 1 2" "$(grep -c ' > main.Fact(n=2[,)]' "$work/seen") $(grep -c ' < main.Fact(n=2[,)]' "$work/seen") $(wc -l < "$work/seen")" "$work/seen"
# Words that are no command, times that are none.
"$GOTAP" cuont > "$work/out" 2> "$work/err" || true
holds no-command "$work/err" 'there is no command cuont: did you mean count\?'
"$GOTAP" help trace > "$work/out"
"$GOTAP" trace --help > "$work/expected"
same help-command "$work/expected" "$work/out"
"$GOTAP" count --for 5 --exe "$binary" Fact > "$work/out" 2> "$work/err" || true
holds no-time "$work/err" '5 is no time: 500ms, 30s, 1\.5m'
"$GOTAP" count --for 0.5m --print-script --exe "$binary" Fact > "$work/out"
holds half-a-time "$work/out" '^interval:ms:30000 '
# The script that a command writes is one.
"$GOTAP" count --print-script Fact -- "$binary" > "$work/script.bt"
"$GOTAP" -q -o "$work/seen" -c "$binary" "$work/script.bt" > /dev/null 2> "$work/err" || true
holds script-counts "$work/seen" '^@calls\[main.Fact\]: 5$'
code=0
"$GOTAP" count --exe "$binary" Fact --for 1ms > "$work/out" 2> "$work/err" || code=$?
equal exe-exit 0 "$code" "$work/err"

# A trace of a running program that was forgotten ends; one of a program that is started, with it.
"$GOTAP" count --print-script --exe "$binary" Fact > "$work/script.bt"
holds default-end "$work/script.bt" '^interval:ms:600000 \{ exit\(\); \}$'
"$GOTAP" count --print-script --for 0s --exe "$binary" Fact > "$work/script.bt"
equal no-end 0 "$(grep -c interval "$work/script.bt")" "$work/script.bt"
"$GOTAP" count --print-script Fact -- "$binary" > "$work/script.bt"
equal no-default-end 0 "$(grep -c interval "$work/script.bt")" "$work/script.bt"

# Of a package what cannot be probed is left out; where it is named alone it is refused.
ends_with package 0 '^[0-9]+ functions? left out: cannot be probed' count --for 1ms --exe "$binary" runtime:
ends_with unprobed 1 'goexit cannot be probed' count --for 1ms --exe "$binary" runtime.goexit

ends_with no-target 2 'name one program' count Fact
ends_with two-targets 2 'name one program' count -p 1 --exe "$binary" Fact
ends_with no-function 2 'name a function' latency --exe "$binary"
ends_with several-results 1 '^ERROR: --by retval: main.Many has 2 results' count --by retval --exe "$binary" Many
ends_with unknown 1 'did you mean .*Fact' count --exe "$binary" Fcat
ends_with ambiguous 1 '^ERROR: [0-9]+ functions are called func1' count --exe "$binary" func1
ends_with no-process 1 'no process runs a program called no-such' count -n no-such Fact
ends_with no-error 1 'left out: no error' trace --errors Fact -- "$binary"
ends_with bad-time 2 'no time such as 10ms' trace --slower 10 Fact -- "$binary"
ends_with bad-time-unit 2 '10min is no time such as 10ms: .min. is not a suffix' graph --slower 10min Fact -- "$binary"
ends_with bad-filter 1 '^--filter:1:1-7: ERROR: main.Fact has no parameter m$' trace --filter 'args.m == 1' Fact -- "$binary"
ends_with bad-filter-end 1 '^--filter:1:9-10: ERROR: .*unexpected end' count --filter 'args.n >' --exe "$binary" Fact Many
ends_with bad-filter-waits 1 '^--filter:1:1-15: ERROR: ' waits --filter 'args.label > 3' --exe "$binary" Fact
ends_with bad-filter-graph 1 '^--filter:1:1-7: ERROR: ' graph --filter 'args.m == 1' --exe "$binary" Fact
ends_with bad-by 1 '^--by:1:9-15: ERROR: main.Fact has no parameter m$' latency --by 'args.n, args.m' --exe "$binary" Fact
finish
