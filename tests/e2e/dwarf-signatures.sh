#!/usr/bin/env bash
# What gotap reads from DWARF, held against other eyes: signatures of all functions and methods of
# a program, and of standard packages in it, against go/types on their source; types against the
# runtime's own descriptors; package variables against `go tool nm`. For each Go version; and of one
# version of each sort of DWARF plain sections, position-independent, unoptimised and cgo programs.
# Runs beside the others: it traces nothing.
# GOTAP_TEST_PACKAGES: of which standard packages signatures are compared. Older versions, with a time
# limit of their own: dwarf-signatures-115.sh, -122.sh.
: "${GOTAP_TEST_VERSIONS=1.25 1.26 1.27}"
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

dump=$BUILD/image_dump
[ -x "$dump" ] || skip_all "no image_dump in $BUILD: build the tests first"
packages=${GOTAP_TEST_PACKAGES:-strings net/url bufio}

# signatures_agree NAME VERSION BINARY DIRECTORY IMPORT-PATH AT-LEAST
signatures_agree() {
  local witness
  witness=$(go_program "$2" typewitness plain)
  "$dump" --signatures "$3" > "$work/signatures"
  if ! go_env "$2" "$witness" "$4" "$5" "${2#1.}" < "$work/signatures" > "$work/differences" 2>&1; then
    fail "$1" "$work/differences"
    return
  fi
  local known
  known=$(tail -n 1 "$work/differences" | sed -n 's/^\([0-9]*\) known, 0 differ, .*/\1/p')
  if [ "${known:-0}" -ge "$6" ] && { [ "$5" != main ] || grep -q ' 0 unknown,' "$work/differences"; } &&
    ! grep -q '^warning' "$work/signatures"; then
    tail -n 1 "$work/differences" | sed "s|^|# $5: |"
    pass "$1"
  else
    fail "$1" "$work/differences"
  fi
}

# types_agree NAME BINARY: a type is what its descriptor says, in all but the name's spelling.
types_agree() {
  printf '%s\n' main.Node '*main.Node' main.Color main.Level main.Shape main.Text main.Pair \
    'map[string]*main.Node' '[]main.Inner' error 'interface {}' time.Time '[3]uint16' \
    'chan<- int' string uint8 complex64 | "$dump" --types "$2" > "$work/types"
  awk '
    /^descriptor / {
      sub(/^descriptor /, "")
      compared++
      if ($0 != type) { print "DWARF: " type; print "rtype: " $0; bad++ }
      next
    }
    /^constant / { constants = constants " " $2 "=" $4; next }
    { type = $0; sub(/ align [0-9]+$/, "", type) }
    END {
      if (constants != " main.Blue=-7 main.Red=1 main.Green=2 main.Low=1 main.High=200") {
        print "constants:" constants; bad++
      }
      print compared " types, " bad + 0 " differences"
    }' "$work/types" > "$work/differences"
  if grep -Eq '^(1[0-9]) types, 0 differences$' "$work/differences"; then
    tail -n 1 "$work/differences" | sed 's/^/# /'
    pass "$1"
  else
    cat "$work/types" >> "$work/differences"
    fail "$1" "$work/differences"
  fi
}

# globals_agree NAME VERSION BINARY
globals_agree() {
  go_env "$2" go tool nm "$3" | awk '$3 ~ /^(main\.Global|main\.counter|io\.EOF|os\.Args|net\/http\.DefaultClient)$/ {
    print $1 " " $3 }' | sort > "$work/expected"
  cut -d' ' -f2 "$work/expected" | "$dump" --globals "$3" | cut -d' ' -f1,2 | sort > "$work/found"
  if [ "$(wc -l < "$work/expected")" -eq 5 ]; then
    same "$1" "$work/expected" "$work/found"
  else
    fail "$1" "$work/expected"
  fi
}

# variant VERSION NAME COMMAND...: the program built by that; prints its path.
variant() {
  local version=$1 binary=$BUILD/programs/$1/signatures-$2
  shift 2
  if [ ! -e "$binary" ] || [ -n "$(find "$programs/signatures" -newer "$binary" -print -quit)" ]; then
    (cd "$programs/signatures" && go_env "$version" "$@" -o "$binary" .) >&2
    touch "$binary"
  fi
  echo "$binary"
}

for version in $versions; do
  if ! have_go "$version"; then
    skip "signatures/$version" "$(no_go "$version")"
    continue
  fi
  source=$programs/signatures
  binary=$(go_program "$version" signatures plain)
  # Of Go <= 1.21 six functions with blank parameters are not known.
  signatures_agree "signatures/$version" "$version" "$binary" "$source" main 28
  types_agree "types/$version" "$binary"
  globals_agree "globals/$version" "$version" "$binary"
  for package in $packages; do
    signatures_agree "signatures/$version/$package" "$version" "$binary" \
      "$GO_ROOT/$version/src/$package" "$package" 5
  done
  # One version of each sort of DWARF: these take long to build.
  case $version in 1.15 | 1.24 | 1.27) ;; *) continue ;; esac
  pie=$(go_program "$version" signatures pie)
  signatures_agree "signatures/$version-pie" "$version" "$pie" "$source" main 28
  types_agree "types/$version-pie" "$pie"
  globals_agree "globals/$version-pie" "$version" "$pie"
  plain=$(variant "$version" uncompressed go build -ldflags=-compressdwarf=false)
  signatures_agree "signatures/$version-uncompressed" "$version" "$plain" "$source" main 28
  unoptimised=$(variant "$version" unoptimised go build -gcflags='-N -l')
  signatures_agree "signatures/$version-unoptimised" "$version" "$unoptimised" "$source" main 28
  # net calls C; the C compiler's linker puts Go's sections and debugging information together.
  modes=exe
  if [ "$version" = 1.15 ]; then modes=pie; fi
  for mode in $modes; do
    cgo=$(variant "$version" "cgo-$mode" env CGO_ENABLED=1 go build -buildmode="$mode")
    signatures_agree "signatures/$version-cgo-$mode" "$version" "$cgo" "$source" main 28
    types_agree "types/$version-cgo-$mode" "$cgo"
    globals_agree "globals/$version-cgo-$mode" "$version" "$cgo"
  done
done
finish
