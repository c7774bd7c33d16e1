#!/usr/bin/env bash
# Arguments of inlined calls (tests/programs/inlinedargs): what is shown of them where the calls begin
# is what the callers say they pass, or it is unknown with a reason. All Go versions.
: "${GOTAP_TEST_VERSIONS=1.15 1.19 1.22 1.24 1.27}" # the others: by hand
. "$(dirname "$0")/lib.sh"
need_tracing

# FUNCTION|FORMAT|ARGUMENTS, as the program says them.
functions() {
  cat << 'END'
IInts|%d|%d|%d|args.a, args.b, args.c
IText|%s|%d|args.s, args.n
ILength|%s|args.s
INode|%d|%s|%d|%d|args.r.ID, args.r.Key, args.r.Small, args.n
IRead|%d|%s|args.r.ID, args.r.Key
ISlice|%d|%d|%d|len(args.b), cap(args.b), args.i
IElement|%d|%d|len(args.b), args.i
IFloat|%.2f|%d|args.f, args.n
IBool|%d|%d|args.ok, args.n
IPair|%d|%s|%d|args.p.A, args.p.S, args.n
IError|%d|%d|args.err == nil, args.n
IUnused|%d|%d|args.a, args.unused
INothing|%d|%d|args.unused, args.other.ID
IChange|%d|args.n
ITwice|%d|args.n
IClamp|%d|args.n
IDivide|%d|%d|args.x, args.y
IRest|%d|%d|args.x, args.y
ICall|%d|%d|args.x, args.y
IAddress|%d|%d|args.n, args.m
IBig|%d|%d|%s|%d|args.b.A, args.b.H, args.b.Name, args.n
IWide|%d|%d|%d|%d|%d|%d|%d|%d|%d|%d|args.a, args.b, args.c, args.d, args.e, args.f, args.g, args.h, args.i, args.j
INest|%d|%s|args.x, args.s
(*node).IMethod|%d|%s|%d|args.r.ID, args.r.Key, args.n
pair.IValue|%d|%s|%d|args.p.A, args.p.S, args.n
END
}

# compare OWN LEFT SEEN: lines `NAME|CALLER|ARGUMENT...` of the program and of gotap, in their order,
# each argument right or `<inlined: ...>`, `<in XMMn>`; LEFT: `NAME|CALLER` of calls that are not seen,
# `NAME|*`: none is.
compare() {
  awk -F'|' '
    function is_left(name, caller) { return (name, caller) in left || (name, "*") in left }
    FILENAME == ARGV[1] { left[$1, $2]; next }
    FILENAME == ARGV[2] { own[$1, $2, ++owns[$1, $2]] = $0; next }
    { n = ++seens[$1, $2] }
    is_left($1, $2) { next }
    !(($1, $2, n) in own) { print "not called: " $0; next }
    {
      split(own[$1, $2, n], is, "|")
      for (i = 3; i <= NF; i++) {
        if ($i ~ /^<(inlined: .*|in XMM[0-9]+)>$/) { unknown++; reasons[$i]++; continue }
        if ($i == is[i]) { known++; continue }
        wrong++
        if (wrong < 30) print "wrong: argument " i - 2 " of " $0 ", called: " own[$1, $2, n]
      }
    }
    END {
      for (key in owns) {
        split(key, part, SUBSEP)
        if (!is_left(part[1], part[2]) && owns[key] != seens[key] + 0) print part[1] " in " part[2] ": " seens[key] + 0 " seen of " owns[key]
      }
      if (known < 3000) print "only " known + 0 " arguments are known"
      print "# " known + 0 " arguments right, " wrong + 0 " wrong, " unknown + 0 " unknown"
      for (reason in reasons) print "#   " reasons[reason] " " reason
    }' "$1" "$2" "$3"
}

check() {
  local version=$1 variant=$2 binary line name rest list=''
  binary=$(go_program "$version" inlinedargs "$variant")
  : > "$work/left"
  while IFS= read -r line; do
    name=${line%%|*} rest=${line#*|}
    local probe="uprobe:$binary:\"main.$name\""
    # A function none of whose copies can be told is refused.
    if ! "$GOTAP" --dump=plan -e "config = { probe_inline = true } $probe { @ = count(); }" > "$work/plan" 2> "$work/err"; then
      echo "$name|*" >> "$work/left"
      continue
    fi
    sed -nE 's/^skipped: uprobe:[^:]*:main\.(.*) inlined into (.*): no instruction of it.*$/\1|\2/p' "$work/plan" >> "$work/left"
    list+="$probe { printf(\"$name|%lu|${rest%|*}\\n\", reg(\"ip\"), ${rest##*|}); }
"
  done < <(functions)
  printf '%s\n' "config = { probe_inline = true }" "$list" > "$work/values.bt"
  code=0
  setarch -R "$GOTAP" -q -c "$binary" -o "$work/out" "$work/values.bt" > "$work/own" 2> "$work/err" || code=$?
  # Which function an address lies in, nm says; position-independent ones are where they always are
  # without randomization.
  local base=0
  case $variant in
    pie*)
      base=$(readelf -lW "$binary" | awk '$1 == "LOAD" { print $3; exit }')
      base=$((0x555555554000 - base))
      ;;
  esac
  nm -n -t d "$binary" | awk -v base="$base" '$2 ~ /^[tT]$/ { printf "%.0f %s\n", $1 + base, $3 }' > "$work/symbols"
  grep -v '^$' "$work/out" | awk -F'|' -v OFS='|' -v symbols="$work/symbols" '
    BEGIN { while ((getline line < symbols) > 0) { split(line, part, " "); start[++n] = part[1] + 0; name[n] = part[2] } }
    {
      if (!($2 in caller)) {
        low = 1; high = n
        while (low < high) { middle = int((low + high + 1) / 2); if (start[middle] <= $2 + 0) low = middle; else high = middle - 1 }
        caller[$2] = name[low]
      }
      $2 = caller[$2]
      print
    }' > "$work/seen"
  compare "$work/left" "$work/own" "$work/seen" > "$work/result"
  if [ "$code" != 0 ]; then
    fail "inline-values-$version-$variant" "exit code $code" "$work/err"
  elif grep -qv '^#' "$work/result"; then
    fail "inline-values-$version-$variant" "$work/result" "$work/err"
  else
    pass "inline-values-$version-$variant"
    sed "s/^#/# $version $variant:/" "$work/result"
  fi
}

for version in $versions; do
  if ! have_go "$version"; then
    skip "inline-values-$version" "$(no_go "$version")"
    continue
  fi
  check "$version" plain
  if is_sample "$version"; then check "$version" pie; fi
done
finish
