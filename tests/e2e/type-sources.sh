#!/usr/bin/env bash
# What a user adds to a program without DWARF: a debug binary (a build of the same source with DWARF)
# and signatures in Go's syntax. Witnesses: the signatures that DWARF has, `nm` for package variables.
# Runs beside the others: it traces nothing.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

dump=$BUILD/rtype_dump
[ -x "$dump" ] || skip_all "no rtype_dump in $BUILD: build the tests first"
command -v nm > /dev/null || skip_all "no nm (package binutils)"

# build VERSION VARIANT LDFLAGS [OPTION...]: tests/programs/rtypes; prints the path.
build() {
  local version=$1 binary=$BUILD/programs/$1/rtypes-$2 flags=$3
  shift 3
  if [ ! -e "$binary" ] || [ -n "$(find "$programs/rtypes" -newer "$binary" -print -quit)" ]; then
    mkdir -p "${binary%/*}"
    (cd "$programs/rtypes" && go_env "$version" go build -ldflags="$flags" "$@" -o "$binary" .) >&2
    touch "$binary"
  fi
  echo "$binary"
}

# helped NAME BARE DEBUG: BARE with DEBUG says what DEBUG alone says.
helped() {
  "$dump" --signatures "$3" > "$work/expected"
  if ! "$dump" --debug-binary "$3" --signatures "$2" > "$work/seen" 2> "$work/err"; then
    fail "$1: debug binary" "$work/err"
    return
  fi
  # Where DWARF is not sure, the descriptors are asked, of both.
  same "$1: signatures" "$work/expected" "$work/seen"
  nm "$2" | awk '$2 ~ /^[BbDd]$/ && $3 ~ /^(main|net\/http|runtime)\.[A-Za-z]+$/ { print $1, $3 }' |
    sed 's/^0*//' | sort > "$work/nm"
  cut -d' ' -f2 "$work/nm" | "$dump" --debug-binary "$3" --globals "$2" | sort > "$work/globals"
  # Variables that no code names by their address are not known; none is wrong.
  grep -v '^!' "$work/globals" > "$work/known" || true
  comm -13 "$work/nm" "$work/known" > "$work/wrong"
  equal "$1: no global is wrong" "" "$(cat "$work/wrong")"
  if [ "$(wc -l < "$work/known")" -gt 200 ]; then
    pass "$1: globals"
  else
    fail "$1: globals" "only $(wc -l < "$work/known") of $(wc -l < "$work/nm") known" "$work/globals"
  fi
}

# refused NAME REGEX OPTION...: the option is an error.
refused() {
  local name=$1 regex=$2
  shift 2
  if "$dump" "$@" > "$work/out" 2> "$work/err"; then
    fail "$name" "was accepted" "$work/out"
  else
    holds "$name" "$work/err" "$regex"
  fi
}

for version in $versions; do
  if ! have_go "$version"; then
    skip "$version" "$(no_go "$version")"
    continue
  fi
  debug=$(build "$version" plain "")
  bare=$(build "$version" w -w)
  stripped=$(build "$version" stripped "-s -w")
  helped "$version" "$bare" "$debug"
  refused "$version: another program" 'is of another program: ' --debug-binary \
    "$(go_program "$version" values)" --signatures "$stripped"
  refused "$version: no DWARF" 'has no DWARF either' --debug-binary "$bare" --signatures "$stripped"

  "$dump" --signature 'main.list(n int, at func(int) reflect.Type, variadic bool) string' \
    --signatures "$stripped" main.list > "$work/seen" 2>&1
  holds "$version: a signature by the user" "$work/seen" \
    '	\(n int, at func\(int\) reflect.Type, variadic bool\) string	main.list'
  refused "$version: too few arguments" 'is not its signature: that has [0-9]+ bytes of arguments' \
    --signature 'main.list(n int, at func(int) reflect.Type) string' --signatures "$stripped"
  refused "$version: unknown type" 'the program has no type reflect.Tipe' \
    --signature 'main.list(n int, at func(int) reflect.Tipe, variadic bool) string' --signatures "$stripped"
  refused "$version: unknown function" 'which the program has not' \
    --signature 'main.lost(n int)' --signatures "$stripped"
  case $version in
    1.15) ;; # has only the size
    *)
      refused "$version: other scalars" 'that has arguments of 8 bytes, 8 bytes, 2 bytes, the program has' \
        --signature 'main.list(n int, at func(int) reflect.Type, variadic uint16) string' --signatures "$stripped"
      ;;
  esac
done
finish
