#!/usr/bin/env bash
# Every call and every return is counted exactly once: under stack growth and shrinking,
# preemption by the collector in a hot loop, recursion, panics and Goexit; functions without
# stack check, empty ones, assembly, closures, generics, promoted methods. The judge is the
# program itself (tests/programs/counters), which counts in the callers. All Go versions; plain,
# stripped and PIE. And the program's own results must stay right.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/counters_lib.sh"
need_tracing

count_calls() {
  local version=$1 variant=$2 name="exactly-once-$1-$2" binary
  binary=$(go_program "$version" counters "$variant")
  count_script "$binary" > "$work/count.bt"
  code=0
  "$GOTAP" -o "$work/maps" -c "$binary" "$work/count.bt" > "$work/own" 2> "$work/err" || code=$?
  if [ "$code" != 0 ] || ! grep -q '^facts .* wrong 0$' "$work/own"; then
    fail "$name" "exit code $code" "$work/err" "$work/own"
    return
  fi
  expected_counts "$work/own" > "$work/expected"
  seen_counts "$work/maps" > "$work/seen"
  same "$name" "$work/expected" "$work/seen" "$work/err"
}

# A wildcard over methods and the wrappers that the compiler made of them counts each call once.
count_wildcard() {
  local version=$1 name="exactly-once-$1-wildcard" binary
  binary=$(go_program "$version" counters plain)
  "$GOTAP" --dump=plan -e "uprobe:$binary:main.*Get* { @ = count(); }" > "$work/plan" 2>&1 || true
  "$GOTAP" -o "$work/maps" -c "$binary" -e "uprobe:$binary:main.*Get* { @calls[func] = count(); }" > "$work/own" 2> "$work/err" || true
  expected_counts "$work/own" | grep -E '^call main.(\(\*PInner\)|PValue).Get ' > "$work/expected"
  map_lines calls "$work/maps" | sed 's/^/call /' | sort > "$work/seen"
  same "$name" "$work/expected" "$work/seen" "$work/err"
  for wrapper in 'POuter' 'POther' 'PValue'; do
    holds "$name-$wrapper" "$work/plan" "^skipped: uprobe:.*:main\\.\\(\\*$wrapper\\)\\.Get: a wrapper that the compiler made"
  done
}

for version in $versions; do
  if ! have_go "$version"; then
    skip "exactly-once-$version" "$(no_go "$version")"
    continue
  fi
  count_wildcard "$version"
  variants="plain stripped"
  if is_sample "$version"; then variants+=" pie"; fi
  for variant in $variants; do count_calls "$version" "$variant"; done
done
finish
