#!/usr/bin/env bash
# What calls were given, shown when they return, although registers, stack and memory hold
# something else by then; texts of errors, types of interfaces, floats, constants by name; spans of
# contexts and labels of goroutines. Compared with what the programs print of the same calls
# (tests/programs/values, tests/programs/spans). All Go versions; stripped and position-independent
# builds too.
: "${GOTAP_TEST_VERSIONS=1.15 1.19 1.22 1.24 1.27}" # the others: by hand
. "$(dirname "$0")/lib.sh"
need_tracing

# compare NAME BINARY SCRIPT WORD...: the lines of gotap that begin with each WORD equal the
# program's, in its order.
compare() {
  local name=$1 binary=$2 script=$3 code=0 word
  shift 3
  "$GOTAP" -q -o "$work/seen" -c "$binary" "$script" > "$work/own" 2> "$work/err" || code=$?
  if [ "$code" != 0 ]; then
    fail "$name" "gotap ended with $code" "$work/err"
    return
  fi
  for word; do
    grep -a "^$word " "$work/own" > "$work/expected" || true
    grep -a "^$word " "$work/seen" > "$work/actual" || true
    same "$name-$word" "$work/expected" "$work/actual" "$work/err"
  done
}

values_script() {
  cat << EOF
uretprobe:$1:main.Fact { printf("Fact %d %s %d\n", args.n, args.label, retval); }
uretprobe:$1:main.Many {
  printf("Many %s %s %s %s %s %s %s %s\n", args.a, args.b, args.c, args.d, args.e, args.f, args.g, args.h);
  printf("ManyResults %s %s\n", retval.0, retval.1);
}
uretprobe:$1:main.Handle {
  printf("Handle %d %s %s %d %d %d\n", args.req.ID, args.req.Key, args.name, args.req.Size,
         args.req.Weights[2], args.req.Flags[1]);
  printf("Lengths %d %d %d %d %d %d %d\n", len(args.req.Key), len(args.req.Tags), cap(args.req.Body),
         len(args.req.Weights), len(args.req.Labels), len(args.req.Done), cap(args.req.Done));
  printf("Owner %s\n", args.req.Owner.Name);
  printf("Boss %s\n", args.req.Owner.Boss.Name);
  printf("Tag %s\n", args.req.Tags[0]);
  printf("Tag %s\n", args.req.Tags[1]);
  printf("Tag %s\n", args.req.Tags[2]);
  printf("Level %d\n", args.req.Level);
}
uretprobe:$1:main.Fail { printf("Fail %d %s\n", args.kind, retval); }
uprobe:$1:main.Any {
  printf("Any %s %s\n", typeof(args.v), typeof(args.e));
  printf("Assert %d %s\n", args.v.(*main.Failure).Code, args.v.(*main.Failure).Msg);
}
uretprobe:$1:main.Float { printf("Float %.3f\n", args.req.Ratio); }
EOF
}

spans_script() {
  cat << EOF
uprobe:$1:main.Spanned { printf("Spanned %d %s %s\n", args.n, trace_id(), span_id()); }
uretprobe:$1:main.Spanned { printf("Returned %d %s %s\n", args.n, trace_id(args.ctx), span_id(args.ctx)); }
uprobe:$1:main.Labelled { printf("Labelled %d %s %s\n", args.n, label("endpoint"), label("user")); }
EOF
}

# More arguments than registers hold, some of them long, of many calls at once; nothing is left.
for version in $versions; do
  have_go "$version" || { skip "kept-$version" "$(no_go "$version")"; continue; }
  variants=plain
  if is_sample "$version"; then variants="plain pie"; fi
  for variant in $variants; do
    binary=$(go_program "$version" values "$variant")
    values_script "$binary" > "$work/values.bt"
    compare "kept-$version-$variant" "$binary" "$work/values.bt" Fact Many ManyResults Handle Lengths \
      Owner Boss Tag Level Fail Any Assert Float
    binary=$(go_program "$version" spans "$variant")
    spans_script "$binary" > "$work/spans.bt"
    compare "kept-$version-$variant" "$binary" "$work/spans.bt" Spanned Labelled
    sed -n 's/^Spanned/Returned/p' "$work/own" > "$work/expected"
    grep -a '^Returned' "$work/seen" > "$work/actual" || true
    same "kept-$version-$variant-Returned" "$work/expected" "$work/actual" "$work/err"
  done
done
finish
