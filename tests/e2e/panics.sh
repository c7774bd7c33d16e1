#!/usr/bin/env bash
# gotap panics: every panic with its value, and who recovered it, as the program itself says
# (tests/programs/panics); stripped programs, too. The program ends as it does without gotap.
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

for version in $versions; do
  if ! have_go "$version"; then
    skip "panics-$version" "$(no_go "$version")"
    continue
  fi
  compare "panics-$version" "$(go_program "$version" panics)"
  compare "panics-stripped-$version" "$(go_program "$version" panics stripped)"
done
finish
