#!/usr/bin/env bash
# The test runner counts what it must: each way a test can end, in a tree of made-up tests.
set -euo pipefail
top=$PWD
work=$(mktemp -d "${TMPDIR:-/tmp}/runner.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/tests/e2e" "$work/build"
cp "$top/tests/run" "$work/tests/run"

# made NAME BODY: a test; body is shell.
made() {
  printf '#!/bin/sh\n%s\n' "$2" > "$work/tests/e2e/$1.sh"
  chmod +x "$work/tests/e2e/$1.sh"
}
made pass 'exit 0'
made fail 'echo why; exit 1'
made skip 'echo no such thing here; exit 77'
made vanished 'echo "vanished: golang-1.99-go is in none of: sid"; exit 77'
made slow 'sleep 60'
made parts 'echo "ok one"; echo "not ok two"; echo "skip three: no kernel"; exit 1'
made parts-lie 'echo "ok one"; exit 3'
made parts-hide 'echo "not ok one"; exit 0'
printf '#!/bin/sh\nexit 1\n' > "$work/tests/e2e/helper.sh" # not executable: not a test
# A made-up GoogleTest program: two pass, one fails, one skips; and one that dies.
cat > "$work/build/room_test" <<'EOT'
#!/bin/sh
cat <<'EOU'
[ RUN      ] A.Skips
/x/room_test.cc:1: Skipped
needs root

[  SKIPPED ] A.Skips (0 ms)
[==========] 4 tests from 1 test suite ran. (0 ms total)
[  PASSED  ] 2 tests.
[  SKIPPED ] 1 test, listed below:
[  SKIPPED ] A.Skips
[  FAILED  ] 1 test, listed below:
[  FAILED  ] A.Fails
EOU
exit 1
EOT
printf '#!/bin/sh\nkill -SEGV $$\n' > "$work/build/dead_test"
chmod +x "$work"/build/*_test

# check NAME CI EXPECTED-LAST-LINE ARGUMENT...
check() {
  local name=$1 ci=$2 expected=$3 code=0
  shift 3
  CI=$ci BUILD=$work/build GOTAP_TEST_LIMIT=2 "$work/tests/run" "$@" > "$work/out" 2>&1 || code=$?
  if [ "$(tail -n 1 "$work/out")" = "$expected" ] && { [ "${expected#*, 0 failed}" = "$expected" ] || [ "$code" = 0 ]; } &&
    { [ "${expected#*, 0 failed}" != "$expected" ] || [ "$code" = 1 ]; }; then
    echo "ok $name"
  else
    echo "not ok $name"
    echo "expected: $expected"
    sed 's/^/# /' "$work/out"
    bad=1
  fi
}
bad=0
# e2e passed: pass, parts/one, parts-lie/one. Failed: fail, slow, parts/two, parts-lie, parts-hide
# with its part. Skipped: skip, vanished, parts/three.
check every-ending "" "3 passed, 6 failed, 3 skipped" --scripts e2e
check skips-fail-in-ci true "3 passed, 8 failed, 1 skipped" --scripts e2e
check one-by-name "" "1 passed, 0 failed, 0 skipped" --scripts e2e pass
check vanished-passes-in-ci true "1 passed, 0 failed, 1 skipped" --scripts e2e pass vanished
# The first waits for the second, which only comes if it need not wait for the first.
mkdir -p "$work/tests/aside"
printf '#!/bin/sh\n# Runs beside the others: it is quiet.\nwhile [ ! -e met ]; do sleep 0.05; done\necho "ok both"\n' > "$work/tests/aside/first.sh"
printf '#!/bin/sh\ntouch met\n' > "$work/tests/aside/second.sh"
printf '#!/bin/sh\n# Runs beside the others: it fails.\nexit 1\n' > "$work/tests/aside/third.sh"
chmod +x "$work"/tests/aside/*.sh
check beside "" "2 passed, 1 failed, 0 skipped" --scripts aside
# --attach reaches a test whatever it includes.
# shellcheck disable=SC2016 # for the test's shell
made way '[ "$("$GOTAP" -q)" = "--attach=event -q" ] && [ "$("$GOTAP" emit x)" = "emit x" ] && echo "ok way"'
printf '#!/bin/sh\necho "$*"\n' > "$work/build/gotap"
chmod +x "$work/build/gotap"
GOTAP='' GOTAP_ATTACH=event check attach "" "1 passed, 0 failed, 0 skipped" --scripts e2e way
rm "$work/tests/e2e/way.sh"
check unknown-name "" "0 passed, 1 failed, 0 skipped" --scripts e2e nothing
check unit "" "2 passed, 2 failed, 1 skipped" --unit build
check unit-in-ci true "2 passed, 3 failed, 0 skipped" --unit build
exit $bad
