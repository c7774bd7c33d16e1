#!/usr/bin/env bash
# tools/check-imports finds each kind of breach, in a made-up tree, and passes a clean one.
set -euo pipefail
top=$PWD
work=$(mktemp -d "${TMPDIR:-/tmp}/imports.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/tools" "$work/src/"{base,lang,output,cli}
cp "$top/tools/check-imports" "$work/tools/"
bad=0

# expect NAME CODE REGEX: the checker's exit code, and what it says.
expect() {
  local code=0
  "$work/tools/check-imports" > "$work/out" 2>&1 || code=$?
  if [ "$code" = "$2" ] && grep -Eq -- "$3" "$work/out"; then echo "ok $1"; else
    echo "not ok $1"
    sed 's/^/# /' "$work/out"
    bad=1
  fi
}

# breach NAME FILE TEXT REGEX: a file with a breach, named, then away with it.
breach() {
  printf '%b' "$3" > "$work/src/$2"
  expect "$1" 1 "^src/$2:[0-9]+: $4"
  rm "$work/src/$2"
}
printf '// What it does.\n#include "base/text.h"\n#include "lang/a.h"\n' > "$work/src/cli/a.cc"
printf '// What it does.\n#include "go/image.h"\nvoid f() { g.exit(); }\n' > "$work/src/lang/a.h"
printf '#include "lang/a.h"\n' > "$work/src/lang/a.cc"
if "$work/tools/check-imports" > "$work/out" 2>&1 && [ ! -s "$work/out" ]; then echo "ok clean"; else
  echo "not ok clean"
  bad=1
fi
breach room-not-allowed output/b.cc '// B.\n#include "go/image.h"\n' 'output/ may not include go/image.h'
breach only-the-facade lang/b.cc '// B.\n#include "go/pclntab.h"\n' 'lang/ may not include go/pclntab.h'
breach not-a-room base/b.h '// B.\n#include "fmt/format.h"\n' '.*write <fmt/format.h>'
breach no-opening-comment base/b.h '#pragma once\n' 'the file does not open'
breach exits base/b.cc '// B.\nvoid f() { std::exit(1); }\n' 'only cli/'
breach throws base/b.cc '// B.\nvoid f() { throw 1; }\n' 'no exceptions'
breach too-long base/b.cc "// B.\n$(printf 'int x;\\n%.0s' {1..1000})" 'more than 1000 lines'
exit $bad
