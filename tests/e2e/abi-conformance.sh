#!/usr/bin/env bash
# Where Go puts arguments and results: programs of generated functions with random signatures
# (tests/programs/abi), each of which prints what it gives and gets, against what gotap reads of
# the same calls, to the byte; compiled as usual, with -N -l, and stripped (methods). Complex
# numbers, which gotap does not show, are there for the places of what follows them. And the
# places of all methods of the servers against the sizes in their function tables.
# GOTAP_TEST_SEED: of the signatures.
: "${GOTAP_TEST_VERSIONS=1.15 1.19 1.22 1.24 1.27}" # the others: by hand
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

dump=$BUILD/abi_dump
[ -x "$dump" ] || skip_all "no abi_dump in $BUILD: build the tests first"
need_tracing
seed=${GOTAP_TEST_SEED:-1}
newest=
for version in $all_versions; do if have_go "$version"; then newest=$version; fi; done
[ -n "$newest" ] || skip_all "no Go toolchain"
(cd "$programs/abi" && go_env "$newest" go build -o "$work/generate" .)

# sizes NAME BINARY: what gotap computes is what the compiler computed.
sizes() {
  "$dump" --check "$2" > "$work/sizes"
  equal "sizes of arguments: $1" "0 differ, 0 not known" \
    "$(tail -n 1 "$work/sizes" | sed 's/.*agree, //')" "$work/sizes"
}
for server in consul etcd etcd-new prometheus; do
  binary=$(find "$SERVERS/$server/usr/bin" -type f 2> /dev/null | head -n 1)
  if [ -n "$binary" ]; then
    sizes "$server" "$binary"
  else
    skip "sizes of arguments: $server" "$(cat "$SERVERS/$server.vanished" 2> /dev/null || echo "no $server")"
  fi
done

# forget FUNCTIONS [FIRST]: standard input, a script or lines of output, without what speaks of
# these functions; FIRST=1: of a script's clauses only the first statement.
forget() {
  awk -v first="${2:-}" 'FILENAME == ARGV[1] { unknown[$1]; next }
    /^u.*[{]$/ { clause = $0; statements = 0; next }
    clause != "" && /^  printf/ {
      it = $1
      sub(/.*"/, "", it)
      if (it in unknown || (first && statements)) next
      if (!statements++) print clause
      print
      next
    }
    clause != "" { if (statements) print; clause = ""; next }
    !($1 in unknown)' "$1" -
}

# ask FOLDER: which functions gotap refuses, for this reason alone: Go up to 1.21 leaves parameters
# without names out of DWARF, so where one may be missing the places of others are not known, or,
# where the types of a method are known from elsewhere, the names. gotap tells twenty errors at a
# time.
ask() {
  local before=-1
  : > "$1/refused"
  while [ "$before" -lt "$(wc -l < "$1/refused")" ]; do
    before=$(wc -l < "$1/refused")
    forget "$1/refused" 1 < "$1/script.gt" > "$1/ask.gt"
    (cd "$1" && "$GOTAP" --dump=types ask.gt > types 2> err) && break
    awk '/^ask.gt:.*: ERROR: / {
        doubt = /: DWARF of Go 1[.][0-9]+ leaves out unnamed parameters here$/ ||
          /: the names of .*[.]F[0-9]+.s (parameters|results) are not known$/
        next
      }
      doubt && /^  printf/ { sub(/.*"/, "", $1); print $1; doubt = 0 }' "$1/err" >> "$1/refused"
  done
  sort -uo "$1/refused" "$1/refused"
}

# compile VERSION NAME FUNCTIONS [GENERATE-OPTION] -- BUILD-OPTION...: the program, its script and
# what the generator tells of it, in $work/VERSION-NAME.
compile() {
  local version=$1 functions=$3 folder="$work/$1-$2" options=()
  shift 3
  while [ "$1" != -- ]; do options+=("$1") && shift; done
  shift
  mkdir -p "$folder"
  "$work/generate" -seed "$seed" -functions "$functions" -go "${version#1.}" "${options[@]}" "$folder"
  (cd "$folder" && go_env "$version" go build "$@" -o program . 2> compiled)
}

# targets NAME FOLDER: what pointers point to whose type is a type parameter is not known, and gotap
# says so of the first twenty.
targets() {
  local wanted
  wanted=$(wc -l < "$2/shapes.gt")
  if [ "$wanted" = 0 ]; then return; fi
  if [ "$wanted" -gt 20 ]; then wanted=20; fi
  (cd "$2" && "$GOTAP" --dump=types shapes.gt > types 2> err) || true
  equal "$1: pointers of type parameters" "$wanted refused" "$(grep -cE \
    ': ERROR: (what a go.shape.[*]uint8[_0-9]* points to is|.* leaves out unnamed parameters here$)' \
    "$2/err") refused" "$2/err"
}

# conformance VERSION NAME LEAST MOST-REFUSED: at least so many functions agree in every value.
conformance() {
  local name="$1 $2" least=$3 most=$4 folder="$work/$1-$2"
  local compared values floats unknown differences refused
  if [ ! -e "$folder/program" ]; then
    fail "$name" "Go does not compile it" "$folder/compiled"
    return
  fi
  ask "$folder"
  forget "$folder/refused" < "$folder/script.gt" > "$folder/known.gt"
  (cd "$folder" && "$GOTAP" -o seen -c ./program known.gt > all 2> err) || {
    fail "$name" "gotap failed" "$folder/err"
    return
  }
  forget "$folder/refused" < "$folder/all" > "$folder/expected"
  (cd "$folder" && awk -f "$top/tests/e2e/abi-compare.awk" floats nameless expected seen > result)
  refused=$(wc -l < "$folder/refused")
  echo "# $name: $(tail -n 1 "$folder/result"), $refused refused"
  read -r compared values floats unknown differences < <(tail -n 1 "$folder/result" | tr -dc '0-9 \n')
  if [ "$differences" != 0 ]; then
    fail "$name" "gotap and the program differ" "$folder/result" "$folder/err"
  elif [ "$compared" -lt "$least" ] || [ "$refused" -gt "$most" ] ||
    [ $((unknown * 20)) -gt "$values" ] || { [ "$1" != 1.15 ] && [ "$floats" = 0 ]; }; then
    fail "$name" "too little is compared: $least functions are wanted, and at most $most refused"
  else
    pass "$name"
  fi
  targets "$name" "$folder"
  rm -rf "$folder"
}

for version in 1.15 1.19 1.22 1.24 1.25 1.26 1.27; do
  case " $versions " in *" $version "*) ;; *) continue ;; esac
  if ! have_go "$version"; then
    skip "$version" "$(no_go "$version")"
    continue
  fi
  functions=175 refused=0
  if [ "${version#1.}" -le 21 ]; then functions=270 refused=110; fi
  # Alone: where nothing was built yet, it has the library compiled for all three.
  compile "$version" usual "$functions" -- || true
  compile "$version" unoptimized "$functions" -- -gcflags='-N -l' &
  compile "$version" stripped 350 -stripped -- -ldflags='-s -w' &
  wait
  conformance "$version" usual 150 "$refused"
  conformance "$version" unoptimized 150 "$refused"
  conformance "$version" stripped 60 0
done
finish
