#!/usr/bin/env bash
# gotap panics: every panic with its value, and who recovered it, as the program itself says
# (tests/programs/panics), runtime errors in the runtime's words; stripped programs, too. The program ends as it
# does without gotap. The same as records, and with a limit.
: "${GOTAP_TEST_VERSIONS=1.15 1.24 1.27}"
. "$(dirname "$0")/lib.sh"
need_tracing

compare() { # NAME BINARY
  local own=0 code=0
  "$2" die > /dev/null 2>&1 || own=$?
  "$GOTAP" panics -q -o "$work/seen" -- "$2" die > "$work/own" 2> "$work/err" || code=$?
  equal "$1-exit" "$own" "$code" "$work/err"
  grep -E '^(panic|recovered|not recovered)' "$work/own" > "$work/expected"
  sed -nE 's/^[^ ]+ goroutine [1-9][0-9]* //p' "$work/seen" > "$work/actual"
  same "$1" "$work/expected" "$work/actual" "$work/err"
  # Behind each the stack that it comes from.
  equal "$1-stacks" "$(grep -c '^panic' "$work/own")" "$(grep -A1 ' panic: ' "$work/seen" | grep -c '^    runtime\.gopanic')" "$work/seen"
  holds "$1-origin" "$work/seen" '^    main\.fail\+[0-9]+ \(main\.go:[0-9]+\)$'
}

# The program's own words as records have them, without what differs from run to run.
as_records() { # NAME BINARY
  "$GOTAP" panics -q -f json -o "$work/seen" -- "$2" die > "$work/own" 2> "$work/err" || true
  grep -E '^(panic|recovered|not recovered)' "$work/own" > "$work/expected"
  sed -nE 's/^\{"type": "panic", "data": \{"time": "20[^"]*", "goroutine": [1-9][0-9]*, "event": "([a-z ]*)"(.*)\}\}$/\1\2/p' "$work/seen" |
    sed -E 's/^panic, "value": "(.*)", "stack": \["runtime\.gopanic.*\]$/panic: \1/; s/^recovered, "by": "(.*)"$/recovered by \1/
      s/^not recovered$/&: the program ends/' > "$work/actual"
  same "$1" "$work/expected" "$work/actual" "$work/seen" "$work/err"
}

# The first panics and what became of them.
limited() { # NAME BINARY [OPTION...]
  local code=0
  "$GOTAP" panics -q --limit 3 -o "$work/seen" "${@:3}" -- "$2" > "$work/own" 2> "$work/err" || code=$?
  equal "$1" "3 3" "$(grep -cE 'panic: |"event": "panic"' "$work/seen") $(grep -cE 'recovered by |"event": "recovered"' "$work/seen")" "$work/seen" "$work/err"
}

# recover() costs nothing where there is no panic: what is probed of it is the one place where GNU objdump
# sees the runtime set g._panic.recovered.
for version in $all_versions; do
  if ! have_go "$version"; then
    skip "panics-site-$version" "$(no_go "$version")"
    continue
  fi
  binary=$(go_program "$version" panics)
  "$GOTAP" panics --print-script -- "$binary" > "$work/script"
  equal "panics-site-$version" "$(offsets "$binary" runtime.gorecover 'movb [$]0x1,')" \
    "$(sed -nE 's/^uprobe:.*:"runtime\.gorecover"\+([0-9]+) .*$/\1/p' "$work/script")" "$work/script"
done

for version in $versions; do
  if ! have_go "$version"; then
    skip "panics-$version" "$(no_go "$version")"
    continue
  fi
  compare "panics-$version" "$(go_program "$version" panics)"
  compare "panics-stripped-$version" "$(go_program "$version" panics stripped)"
  if [ "$version" = 1.24 ]; then
    as_records "panics-json" "$(go_program "$version" panics)"
    limited "panics-limit" "$(go_program "$version" panics)"
    limited "panics-limit-json" "$(go_program "$version" panics)" -f json
  fi
done
finish
