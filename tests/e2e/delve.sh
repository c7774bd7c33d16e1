#!/usr/bin/env bash
# gotap against delve: Go's own gofmt, built with DWARF, formats a file; at the first call of each of its
# functions delve stops at gotap's very site and shows the parameters and what they lead to, and gotap
# shows them in a run of its own. Every value is equal, or unknown to one of them for a reason that is
# counted. `./dev delve` does the same with the compiler (docs/DELVE.md).
: "${GOTAP_TEST_VERSIONS=1.19 1.24 1.27}"
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/delve_lib.sh
. "$(dirname "$0")/delve_lib.sh"
need_tracing

functions=0 missing=
for version in $versions; do
  reason=$(have_go "$version" || no_go "$version")
  reason=${reason:-$(no_delve "$version")}
  if [ -n "$reason" ]; then
    missing=$reason
    skip "delve-$version" "$reason"
    continue
  fi
  firstcalls=$(go_program "$version" firstcalls)
  program=$(go_command "$version" gofmt)
  seen=$work/$version
  if ! compare_first_calls "$version" '*' "$seen" "$program" -d "$programs/firstcalls/testdata/input.go" > "$work/log" 2>&1; then
    fail "delve-$version" "$work/log"
    continue
  fi
  sed 's/^/# /' "$seen/compared"
  # The program did what it does without anyone looking.
  same "delve-program-$version" "$seen/program.gotap" "$seen/program.delve"
  summary=$(tail -n 1 "$seen/compared")
  counted=${summary%% *}
  functions=$((functions + counted))
  if [ "$counted" -ge 300 ] && [ "${summary##*, }" = "0 differences" ]; then
    pass "delve-$version"
  else
    fail "delve-$version" "$seen/compared" "$seen/unknown"
  fi
done
if [ -n "$missing" ]; then
  skip delve-functions "$missing"
elif [ "$functions" -ge 1000 ]; then
  pass delve-functions
else
  fail delve-functions "$functions functions were compared, 1000 are wanted"
fi
finish
