#!/usr/bin/env bash
# Where Go puts arguments and results: programs of generated functions with random signatures
# (tests/programs/abi), each of which prints what it gives and gets, against what gotap reads of
# the same calls, to the byte; compiled as usual, with -N -l, and stripped (methods). And the
# places of all methods of the servers against the sizes in their function tables.
# GOTAP_TEST_SEED: of the signatures.
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

# forget FUNCTIONS: standard input without the clauses of these functions, or their lines of output.
forget() {
  awk 'FILENAME == ARGV[1] { unknown[$1]; next }
    function known(word) { return !(word in unknown) }
    /^u.*[{]$/ {
      match($0, /F[0-9]+[^F]*$/)
      it = substr($0, RSTART)
      sub(/[^F0-9].*/, "", it)
      inside = 1
    }
    inside { if (known(it)) print; if ($0 == "}") inside = 0; next }
    known($1)' "$1" -
}

# conformance VERSION NAME FUNCTIONS [GENERATE-OPTION] -- BUILD-OPTION...: at least 150 functions
# agree in every value.
conformance() {
  local version=$1 name="$1 $2" functions=$3 folder="$work/$1-$2" options=()
  shift 3
  while [ "$1" != -- ]; do options+=("$1") && shift; done
  shift
  mkdir -p "$folder"
  "$work/generate" -seed "$seed" -functions "$functions" -go "${version#1.}" "${options[@]}" "$folder"
  (cd "$folder" && go_env "$version" go build "$@" -o program .)
  # Up to Go 1.21 DWARF leaves out parameters without names: where one may be missing, the
  # signature or the place of some value (`?`) is not known, and a script that asks is refused.
  "$dump" "$folder/program" 'main.*' | grep -Ev '^main\.(show|done|again|call)F' |
    grep -E ': signature unknown| \?([ ,)]|$)' |
    awk 'match($0, /[.](Make)?F[0-9]+/) {
      it = substr($0, RSTART + 1, RLENGTH - 1)
      sub("Make", "", it)
      print it
    }' > "$folder/unknown"
  forget "$folder/unknown" < "$folder/script.gt" > "$folder/known.gt"
  (cd "$folder" && "$GOTAP" -o seen -c ./program known.gt > all 2> err) || {
    fail "$name" "gotap failed" "$folder/err"
    return
  }
  forget "$folder/unknown" < "$folder/all" > "$folder/expected"
  awk -f "$top/tests/e2e/abi-compare.awk" \
    "$folder/floats" "$folder/expected" "$folder/seen" > "$folder/result"
  tail -n 1 "$folder/result" | sed "s/^/# $name: /"
  if grep -q ' 0 differences$' "$folder/result" &&
    [ "$(tail -n 1 "$folder/result" | cut -d' ' -f1)" -ge "${least:-150}" ]; then
    pass "$name"
  else
    fail "$name" "$folder/result" "$folder/err"
  fi
  rm -rf "$folder"
}

for version in 1.15 1.19 1.22 1.24 1.25 1.26 1.27; do
  case " $versions " in *" $version "*) ;; *) continue ;; esac
  if ! have_go "$version"; then
    skip "$version" "$(no_go "$version")"
    continue
  fi
  functions=200
  if [ "${version#1.}" -le 21 ]; then functions=320; fi
  conformance "$version" usual $functions --
  conformance "$version" unoptimized $functions -- -gcflags='-N -l'
  least=60 conformance "$version" stripped 300 -stripped -- -ldflags='-s -w'
done
finish
