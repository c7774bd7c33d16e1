#!/usr/bin/env bash
# Inlined calls (tests/programs/inlined): that a probe on their function does not see them is said;
# with probe_inline every copy that is probed counts exactly the calls that its caller counted, and
# what cannot be told is left out by name. All Go versions.
: "${GOTAP_TEST_VERSIONS=1.15 1.19 1.22 1.24 1.27}" # the others: by hand
. "$(dirname "$0")/lib.sh"
need_tracing

functions='IStore IPure ILoad IBranch INested ICall IPointer IPanic ITwice IEven IQuot IFloat (*counter).IInc'

# copies PLAN: `copy NAME CALLER` for each inlined copy that is probed, `left NAME CALLER` for the others.
copies() {
  sed -nE -e 's/^  0x[0-9a-f]+ file 0x[0-9a-f]+ (.*) inlined into (.*)\+[0-9]+$/copy \1 \2/p' \
    -e 's/^skipped: uprobe:[^:]*:(.*) inlined into (.*): no instruction of it.*$/left \1 \2/p' "$1" | sort
}

# compare OWN COPIES SEEN: every mismatch; SEEN is `NAME PLACE CALLS`.
compare() {
  awk '
    FILENAME == ARGV[1] && $1 == "count" { own[$2, $3] = $4; next }
    FILENAME == ARGV[2] { state[$2, $3] = state[$2, $3] $1; next }
    FILENAME == ARGV[3] { seen[$1, $2] += $3 }
    END {
      for (key in own) {
        split(key, part, SUBSEP)
        if (!(key in state)) { outside[part[1]] += own[key]; continue }
        n = seen[key] + 0
        if (n > own[key] || (n != own[key] && state[key] !~ /left/))
          print part[1], "in", part[2] ":", n, "seen of", own[key], state[key]
        if (state[key] !~ /left/) exact++
      }
      for (key in seen) {
        split(key, part, SUBSEP)
        if (part[1] == part[2]) { if (seen[key] != outside[part[1]] + 0) print part[1], "itself:", seen[key], "seen of", outside[part[1]] + 0 }
        else if (!(key in own)) print "nobody calls", part[1], "in", part[2]
      }
      if (exact < 10) print "only", exact + 0, "callers compared"
    }' "$1" "$2" "$3"
}

check() {
  local version=$1 variant=$2 binary list name
  binary=$(go_program "$version" inlined "$variant")
  plain=$(go_program "$version" inlined plain)
  list=''
  : > "$work/plan"
  for name in $functions; do
    # A function none of whose copies can be told is refused.
    local one="uprobe:$binary:\"main.$name\""
    if "$GOTAP" --dump=plan -e "config = { probe_inline = true } $one { @ = count(); }" >> "$work/plan" 2> "$work/err"; then
      list+="${list:+,}$one"
    else
      holds "inline-$version-$variant-$name-refused" "$work/err" 'where those calls begin cannot be told'
    fi
  done
  local script="config = { probe_inline = true } $list { @[func, reg(\"ip\")] = count(); }"
  copies "$work/plan" > "$work/copies"
  code=0
  "$GOTAP" -c "$binary" -o "$work/maps" -e "$script" > "$work/own" 2> "$work/err" || code=$?
  # Which function an address lies in, nm says.
  nm -n -t d "$plain" | awk '$2 ~ /^[tT]$/ { print $1 + 0, $3 }' > "$work/symbols"
  sed -nE 's/^@\[(.*), ([0-9]+)\]: ([0-9]+)$/\2 \1 \3/p' "$work/maps" | sort -n | awk '
    FNR == NR { start[++n] = $1; name[n] = $2; next }
    { while (i < n && start[i + 1] <= $1) i++; print $2, name[i], $3 }' "$work/symbols" - > "$work/seen"
  compare "$work/own" "$work/copies" "$work/seen" > "$work/mismatches"
  if [ "$code" != 0 ]; then
    fail "inline-$version-$variant" "exit code $code" "$work/err"
  elif [ -s "$work/mismatches" ]; then
    fail "inline-$version-$variant" "$(wc -l < "$work/mismatches") mismatches" "$work/mismatches" "$work/err"
  else
    pass "inline-$version-$variant"
  fi
  echo "# $version: $(grep -c ^copy "$work/copies") copies probed, $(grep -c ^left "$work/copies" || true) left out"
}

# What is said, and what an inlined call does not have.
words() {
  local version=$1 binary
  binary=$(go_program "$version" inlined)
  "$GOTAP" --dump=plan -e "uprobe:$binary:main.ITwice { @ = count(); }" > "$work/plan" 2> "$work/err"
  holds "inline-$version-said" "$work/plan" '^warning: main\.ITwice: also inlined at [0-9]+ sites in [0-9]+ functions, which this probe does not see'
  "$GOTAP" --dump=plan --no-warnings -e "uprobe:$binary:main.ITwice { @ = count(); }" > "$work/plan" 2> "$work/err"
  if grep -q 'also inlined' "$work/plan"; then fail "inline-$version-quiet" "said in spite of --no-warnings" "$work/plan"; else pass "inline-$version-quiet"; fi
  code=0
  "$GOTAP" --dump=plan -e "uprobe:$binary:main.IStore { @ = count(); }" > "$work/plan" 2> "$work/err" || code=$?
  holds "inline-$version-everywhere" "$work/err" 'no function named main\.IStore in .*: it is inlined everywhere, at [0-9]+ sites in [0-9]+ functions'
  holds "inline-$version-hint" "$work/err" 'probe_inline = true'
  code=0
  BPFTRACE_PROBE_INLINE=1 "$GOTAP" -c "$binary" -o "$work/out" -e "uprobe:$binary:main.IStore /pid != 0/ { printf(\"%s %d %d\n\", func, arg0, goid); exit(); }" > /dev/null 2> "$work/err" || code=$?
  holds "inline-$version-argument" "$work/out" '^main\.IStore <inlined: not known here> 1$'
  "$GOTAP" --dump=plan -e "config = { probe_inline = true } uretprobe:$binary:main.IStore { @ = count(); }" > "$work/plan" 2> "$work/err" || true
  holds "inline-$version-return" "$work/err" 'an inlined call has no return'
}

for version in $versions; do
  if ! have_go "$version"; then
    skip "inline-$version" "$(no_go "$version")"
    continue
  fi
  check "$version" plain
  check "$version" stripped
done
for version in 1.15 1.27; do
  if have_go "$version"; then words "$version"; fi
done
finish
