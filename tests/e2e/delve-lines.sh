#!/usr/bin/env bash
# Variables at lines of source, gotap against delve: Go's own gofmt, built with DWARF, formats a file; where some dozen
# lines of its packages are run first, both show the variables that have names there. Every value is
# equal, or unknown to one of them for a reason that is counted. `./dev delve` does the same with more lines
# (docs/DELVE.md).
: "${GOTAP_TEST_VERSIONS=1.24 1.27}"
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/delve_lib.sh
. "$(dirname "$0")/delve_lib.sh"
need_tracing

for version in $versions; do
  reason=$(have_go "$version" || no_go "$version")
  reason=${reason:-$(no_delve "$version")}
  if [ -n "$reason" ]; then
    skip "delve-lines-$version" "$reason"
    continue
  fi
  firstcalls=$(go_program "$version" firstcalls)
  program=$(go_command "$version" gofmt)
  seen=$work/$version
  if ! compare_lines "$version" /src/go/ 150 "$seen" "$program" -d "$programs/firstcalls/testdata/input.go" > "$work/log" 2>&1; then
    fail "delve-lines-$version" "$work/log"
    continue
  fi
  sed 's/^/# /' "$seen/compared"
  same "delve-lines-program-$version" "$seen/program.gotap" "$seen/program.delve"
  summary=$(tail -n 1 "$seen/compared")
  if [ "${summary%% *}" -ge 40 ] && [ "${summary##*, }" = "0 differences" ]; then
    pass "delve-lines-$version"
  else
    fail "delve-lines-$version" "$seen/compared"
  fi
done
finish
