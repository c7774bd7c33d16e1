#!/usr/bin/env bash
# Whole Go values: what %v shows of hundreds of generated values of many types is what the program
# itself prints of them, by fmt's %+v where that says it all, else by reflection; from DWARF, from a
# debug binary and from the runtime's own types. What is cut, secret, in a register of another kind
# or not resident is said.
: "${GOTAP_TEST_VERSIONS=1.15 1.24 1.27}"
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need_tracing

rounds=10
limits='config = { value_depth = 6; value_elements = 64; value_bytes = 256; value_size = 8192; }'

# traced OPTION...: gotap's output is in $work/seen, the program's in $work/printed. A page that the
# kernel moves just then is not resident: said, and not what is asked here, so the run is made again.
traced() {
  local attempt
  for attempt in 1 2 3; do
    "$GOTAP" -q -o "$work/seen" "$@" > "$work/printed" 2> "$work/err" || return
    grep -q '<not resident>' "$work/seen" || return 0
    echo "# run $attempt met memory that was not resident"
  done
}

# values_script BINARY PREFIX...: of the functions whose names begin so.
values_script() {
  local binary=$1 prefix
  shift
  for prefix; do printf 'uprobe:%s:main.%s* { printf("%%s %%v\\n", func, args.v); }\n' "$binary" "$prefix"; done
}

# shown NAME BINARY AT_LEAST PREFIXES OPTION...: the values of one run, and how many there are.
shown() {
  local name=$1 binary=$2 least=$3 code=0 prefixes
  read -ra prefixes <<< "$4"
  shift 4
  { echo "$limits"; values_script "$binary" "${prefixes[@]}"; } > "$work/values.bt"
  traced "$@" -c "$binary $rounds" "$work/values.bt" || code=$?
  equal "whole-exit-$name" 0 "$code" "$work/err"
  grep -F -f <(printf 'main.%s\n' "${prefixes[@]}") "$work/printed" > "$work/expected"
  grep -v -e '^main.ShownContext' -e '^$' "$work/seen" > "$work/values" || true
  same "whole-$name" "$work/expected" "$work/values" "$work/err"
  if [ "$(wc -l < "$work/expected")" -ge "$least" ]; then
    pass "whole-count-$name"
  else
    fail "whole-count-$name" "fewer than $least values were compared"
  fi
  local root=context.Background
  case $version in 1.15 | 1.19) root=context.emptyCtx ;; esac
  holds "whole-context-$name" "$work/seen" "^main.ShownContext $root.WithValue.WithCancel\$"
}

# Of the functions whose types the runtime knows too.
signatures() {
  local of
  for of in SamePlain:Plain 'SamePlainPointer:*Plain' 'SameSlicesPointer:*Slices' 'SameMaps:*Maps' \
    SameLargeMaps:LargeMaps 'ShownPointersPointer:*Pointers' ShownInterfaces:Interfaces ShownTimes:Times \
    'ShownTree:*Tree' 'ShownSecrets:*Secrets'; do
    case $of in
      *:\**) echo "main.${of%%:*}(v *main.${of#*:\*})" ;;
      *) echo "main.${of%%:*}(v main.${of#*:})" ;;
    esac
  done
}

stripped() {
  local binary=$1 options=() name code=0
  {
    echo "$limits"
    while read -r signature; do
      name=${signature%%(*}
      printf 'uprobe:%s:%s { printf("%%s %%v\\n", func, args.v); }\n' "$binary" "$name"
    done < <(signatures)
  } > "$work/stripped.bt"
  while read -r signature; do options+=(--signature "$signature"); done < <(signatures)
  traced "${options[@]}" -c "$binary $rounds" "$work/stripped.bt" || code=$?
  equal "whole-exit-stripped-$version" 0 "$code" "$work/err"
  signatures | sed 's/(.*/ /' > "$work/names"
  grep -F -f "$work/names" "$work/printed" > "$work/expected"
  sed '/^$/d' "$work/seen" > "$work/values"
  same "whole-stripped-$version" "$work/expected" "$work/values" "$work/err"
}

# What print() shows of all parameters and of results.
printed() {
  local binary=$1 floats='{f:<in XMM0> m:{N:1 F:<in XMM1>}}'
  [ "$version" != 1.15 ] || floats='{f:1.5 m:{N:1 F:2.5}}'
  cat > "$work/expected" << END
{n:3 s:text p:&{A:1 B:b C:true} rest:[x y]}
{0:4 1:EOF}
{I:5 I8:0 I16:0 I32:0 U:0 U8:0 U64:0 F:0.5 F32:0 C:(0+0i) S:made Ok:false Ptr:0}
$floats
END
  "$GOTAP" -q -o "$work/seen" -c "$binary 0" -e "uprobe:$binary:main.List { print(args); }
    uretprobe:$binary:main.List { print(retval); }
    uretprobe:$binary:main.Whole { print(retval); }
    uprobe:$binary:main.Floats { print(args); }" > /dev/null 2> "$work/err" || true
  sed '/^$/d' "$work/seen" > "$work/values"
  same "whole-print-$version" "$work/expected" "$work/values" "$work/err"
}

bad() {
  local binary=$1
  echo '{p:&<not resident> s:<not resident> l:[<not resident>] m:map[<not resident>]}' > "$work/expected"
  "$GOTAP" -q -o "$work/seen" -c "$binary bad" -e "uprobe:$binary:main.Bad { print(args); }" \
    > /dev/null 2> "$work/err" || true
  sed '/^$/d' "$work/seen" > "$work/values"
  same "whole-bad-$version" "$work/expected" "$work/values" "$work/err"
}

# The usual limits: depth 5, 16 elements, 128 bytes.
cut() {
  local binary=$1 code=0
  values_script "$binary" ShownAny SameStrings SameMap ShownTree > "$work/cut.bt"
  "$GOTAP" -q -o "$work/seen" -c "$binary cut" "$work/cut.bt" > "$work/printed" 2> "$work/err" || code=$?
  equal "whole-exit-cut-$version" 0 "$code" "$work/err"
  holds "whole-cut-string-$version" "$work/seen" '^main.ShownAny \(string\)(worldé世){12}worldé…$'
  holds "whole-cut-slice-$version" "$work/seen" '^main.SameStrings \[0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 …\]$'
  holds "whole-cut-map-$version" "$work/seen" '^main.SameMap map\[([0-9]+:[0-9]+ ){1,16}…\]$'
  holds "whole-cut-depth-$version" "$work/seen" '^main.ShownTree &\{Name:8 Left:&\{Name:7 .*Left:&\{Name:4 Left:0x[0-9a-f]+ Right:<nil>\} '
}

for version in $versions; do
  if ! have_go "$version"; then
    skip "whole-$version" "$(no_go "$version")"
    continue
  fi
  binary=$(go_program "$version" whole)
  shown "$version" "$binary" 300 "Same Shown"
  printed "$binary"
  bad "$binary"
  cut "$binary"
  if is_sample "$version"; then
    shown "$version-pie" "$(go_program "$version" whole pie)" 60 "ShownT ShownI ShownR ShownContext"
    bare=$(go_program "$version" whole stripped)
    shown "$version-debug-binary" "$bare" 50 "ShownP ShownI ShownA ShownC" --debug-binary "$binary"
    stripped "$bare"
  fi
done
finish
