#!/usr/bin/env bash
# gotap log and probes on lines of source: the program says itself what its variables are at the lines with a
# mark, right before each of them runs; gotap must see the same or say that it does not know, in loops,
# inlined copies, shadowed names, closures, variables on the heap, position-independent and stripped programs.
: "${GOTAP_TEST_VERSIONS=1.15 1.24 1.27}"
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need_tracing
source=$programs/loglines/main.go

# line_of NAME: the number of the line with that mark.
line_of() { awk -v mark="// LOG $1:" 'index($0, mark) { print NR }' "$source"; }

# scripts PROGRAM: what `gotap log` makes of all marks, one script.
scripts() {
  local program=$1 number text
  awk '/\/\/ LOG / { at = index($0, "// LOG "); print NR "\t" substr($0, at + 7) }' "$source" |
    while IFS=$'\t' read -r number text; do
      # The program's lines begin with the name, too.
      "$GOTAP" log "loglines/main.go:$number" "$text" --exe "$program" --for 0s --print-script || exit 1
    done
}

# agree NAME EXPECTED SEEN MOST: the same lines, of whose words gotap does not know MOST percent at most.
agree() {
  sed -E 's/^[^ ]+ goroutine 1 //; /^$/d; s/<(optimized out|not known here|in XMM[0-9]+)>/<?>/g' "$3" > "$work/plain"
  if awk -v most="$4" '
    NR == FNR { expected[FNR] = $0; lines = FNR; next }
    {
      n = split($0, seen, " ")
      m = split(expected[FNR], wanted, " ")
      if (n != m) { print "line " FNR ": " $0 ", not: " expected[FNR]; bad++; next }
      for (i = 1; i <= n; i++) {
        words++
        if (seen[i] == wanted[i]) continue
        at = index(seen[i], "<?>")
        head = substr(seen[i], 1, at - 1)
        if (at && substr(wanted[i], 1, length(head)) == head) { unknown[seen[1]]++; all++; continue }
        print "line " FNR ": " $0 ", not: " expected[FNR]
        bad++
      }
    }
    END {
      if (FNR != lines) { print FNR " lines, " lines " are expected"; bad++ }
      for (name in unknown) print "unknown: " name " " unknown[name]
      print words + 0 " words, " all + 0 " unknown"
      exit bad > 0 || all * 100 > most * words
    }' "$2" "$work/plain" > "$work/agree"; then
    sed 's/^/# /' "$work/agree"
    pass "$1"
  else
    fail "$1" "$work/agree" "$work/plain"
  fi
}

# check VERSION VARIANT: with the script that was made for another program of the same source.
check() {
  local version=$1 variant=$2 program
  program=$(go_program "$version" loglines "$variant") || { fail "log-$version-$variant" "it was not built"; return; }
  local options=()
  if [ "$variant" = stripped ]; then options=(--debug-binary "$(go_program "$version" loglines plain)"); fi
  sed "s|\"[^\"]*\"@|\"$program\"@|" "$work/log.bt" > "$work/this.bt"
  "$program" > "$work/expected"
  "$GOTAP" "${options[@]}" -q -o "$work/seen" -c "$program" "$work/this.bt" > "$work/own" 2> "$work/err" || true
  agree "log-$version-$variant" "$work/expected" "$work/seen" 20
  same "log-program-$version-$variant" "$work/expected" "$work/own" "$work/err"
}

for version in $versions; do
  have_go "$version" || { skip "log-$version" "$(no_go "$version")"; continue; }
  [ -s "$work/log.bt" ] || scripts "$(go_program "$version" loglines)" > "$work/log.bt" 2> "$work/err" || fail log-script "$work/err"
  check "$version" plain
  [ "$version" != 1.24 ] || { check "$version" pie; check "$version" stripped; }
done

have_go 1.24 || { skip log-command "$(no_go 1.24)"; finish; }
program=$(go_program 1.24 loglines)

# The command itself, with a condition and a limit.
"$GOTAP" log "main.go:$(line_of loop)" 'at {i} of {n}: {total + 1}' --when 'i > 0 && n == 4' -q -- "$program" \
  > "$work/out" 2> "$work/err" || true
grep ' goroutine ' "$work/out" | sed -E 's/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+[+-][0-9:]+ goroutine 1 //' > "$work/seen" || true
printf 'at %s of 4: %s\n' 1 2 2 4 3 9 > "$work/expected"
same log-when "$work/expected" "$work/seen" "$work/err"

# A function's first line runs once a call, with its parameters; a loop's, when it begins and for each test.
first=$(grep -n '^func switches' "$source" | cut -d: -f1)
"$GOTAP" log "main.go:$first" 'call {n}' -q -- "$program" > "$work/out" 2> "$work/err" || true
sed -nE 's/^[^ ]+ goroutine 1 (call .*)/\1/p' "$work/out" > "$work/seen"
for _ in 1 2; do printf 'call %s\n' 0 1 2 3 4 5 6 7 8 9; done > "$work/expected"
same log-head "$work/expected" "$work/seen" "$work/err"

# A context at hand: its trace is printed, as the program says it itself.
spans=$(go_program 1.24 spans)
"$GOTAP" log "spans/main.go:$(awk '/ctx.Err\(\) != nil/ { print NR; exit }' "$programs/spans/main.go")" 'called' -q -- "$spans" \
  > "$work/out" 2> "$work/err" || true
sed -nE 's/^Spanned [0-9]+ (<[^>]*>|[^ ]*).*/trace=\1 called/p' "$work/out" > "$work/expected"
sed -nE 's/^[^ ]+ goroutine 1 (trace=.*)/\1/p' "$work/out" > "$work/seen"
same log-trace "$work/expected" "$work/seen" "$work/err"
"$GOTAP" log -f json "spans/main.go:$(awk '/ctx.Err\(\) != nil/ { print NR; exit }' "$programs/spans/main.go")" 'called' -q -- "$spans" \
  > "$work/out" 2> "$work/err" || true
sed -nE 's/^\{"type": "log".*"trace": "([^"]*)", "text": "called"\}\}$/trace=\1 called/p' "$work/out" > "$work/seen"
same log-json-trace "$work/expected" "$work/seen" "$work/out"

# As records: the text is the program's own line, the values are those in it.
"$GOTAP" log -q -f json "main.go:$(line_of cart)" 'cart: {c.ID} {len(c.Items)} {c.At.Y} "{{{last}}}" {main.counter}' -- "$program" \
  > "$work/out" 2> "$work/err" || true
"$program" | sed -nE 's/^(cart: [^ ]+) [^ ]+ (.*) 100% (\{[0-9]+\}) ([0-9]+) .*/\1 \2 \\"\3\\" \4/p' > "$work/expected"
sed -nE 's/^\{"type": "log", "data": \{"time": "20[^"]*", "goroutine": 1, "text": "(.*)", "values": \{.*\}\}\}$/\1/p' "$work/out" > "$work/seen"
same log-json-text "$work/expected" "$work/seen" "$work/out" "$work/err"
"$GOTAP" log -q -f json "main.go:$(line_of loop)" '{i} {total+1} { i == 1 } {i}' --when 'n == 4' -- "$program" > "$work/out" 2> "$work/err" || true
sed -nE 's/^\{"type": "log", "data": .*, "text": "([^"]*)", "values": (\{.*\})\}\}$/\1 \2/p' "$work/out" > "$work/seen"
printf '%s %s %s %s {"i": %s, "total+1": %s, "i == 1": %s}\n' 0 1 false 0 0 1 false 1 2 true 1 1 2 true 2 4 false 2 2 4 false 3 9 false 3 3 9 false \
  > "$work/expected"
same log-json-values "$work/expected" "$work/seen" "$work/out" "$work/err"

# complain ARGUMENT...: what gotap log says that is wrong.
complain() { "$GOTAP" log "$@" --exe "$program" --print-script 2>&1 || true; }

loop=$(line_of loop)
complain main.go:1 x > "$work/err"
holds log-no-code "$work/err" 'line 1 of .*loglines/main.go has no code'
holds log-nearest "$work/err" 'HINT: the nearest that have: [0-9]+'
complain nosuch.go:1 x > "$work/err"
holds log-no-file "$work/err" 'no source file of .* is called nosuch.go'
complain "main.go:$loop" 'sum {totl}' > "$work/err"
holds log-typo "$work/err" '^text:1:6-10: ERROR: there is no variable totl on line [0-9]+$'
holds log-typo-caret "$work/err" '^ +~~~~$'
holds log-typo-hint "$work/err" '^HINT: did you mean total\?'
complain "main.go:$(line_of memory)" '{n} {table[99]}' > "$work/err"
holds log-index "$work/err" '^text:1:[0-9]+-[0-9]+: ERROR: '
complain "main.go:$((loop - 2))" '{i}' > "$work/err"
holds log-not-declared "$work/err" 'i is not declared yet before line'
complain "main.go:$loop" 'a { b' > "$work/err"
holds log-brace "$work/err" "^text:1:3-4: ERROR: this '\{' is not closed"
complain "main.go:$loop" '{}' > "$work/err"
holds log-empty "$work/err" 'there is nothing in these braces'
complain "main.go:$loop" 'x' --when 'i >' > "$work/err"
holds log-when-wrong "$work/err" '^--when:1:'
complain "$loop" 'x' > "$work/err"
holds log-no-line "$work/err" 'is no line of source'
program=$(go_program 1.24 loglines stripped)
complain "main.go:$loop" '{i}' > "$work/err"
holds log-stripped "$work/err" 'HINT: name a build of the same source that has: --debug-binary'

# Without variables a stripped program has its lines, too.
"$GOTAP" log "main.go:$(line_of escaped)" 'here' -q -- "$program" > "$work/out" 2> "$work/err" || true
equal log-stripped-lines 2 "$(grep -c ' goroutine 1 here$' "$work/out")" "$work/err"

# In scripts.
program=$(go_program 1.24 loglines)
"$GOTAP" -q -c "$program" -e "uprobe:$program@main.go:$loop /local.i == 2/ { @[probe, local.n] = sum(local.total); }" \
  > "$work/out" 2> "$work/err" || true
holds line-script "$work/out" "^@\[uprobe:.*@main.go:$loop, 4\]: 3\$"
"$GOTAP" -e "uprobe:$program@main.go:$loop { print(args.n); }" > "$work/err" 2>&1 || true
holds line-args "$work/err" 'what has a name at the line is local.n'
"$GOTAP" -e "uprobe:$program:main.loop { print(local.n); }" > "$work/err" 2>&1 || true
holds line-local "$work/err" 'local: variables are known at lines of source only'
"$GOTAP" -e "uretprobe:$program@main.go:$loop { print(1); }" > "$work/err" 2>&1 || true
holds line-return "$work/err" 'a line of source has no return'
finish
