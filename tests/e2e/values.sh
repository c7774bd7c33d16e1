#!/usr/bin/env bash
# Go values by name: what a script prints of arguments, results, globals and errors is what the
# program itself prints in the same calls, on every Go version, from DWARF; and predicates of them
# decide as the program would.
. "$(dirname "$0")/lib.sh"
need_tracing

script() {
  local b=$1
  cat << END
uprobe:$b:main.Scalars { printf("Scalars %d %d %d %d %lu %d\n", args.i8, args.u16, args.ok, args.r, args.u, *args.p); }
uprobe:$b:main.Handle {
  printf("Handle %d %s %s %d %d %d\n", args.req.ID, args.req.Key, args.name, args.req.Size, args.req.Weights[2], args.req.Flags[1]);
  printf("Lengths %d %d %d %d %d %d %d\n", len(args.req.Key), len(args.req.Tags), cap(args.req.Body), len(args.req.Weights), len(args.req.Labels), len(args.req.Done), cap(args.req.Done));
  printf("Body %s %s %c\n", str(args.req.Body), args.name[:3], args.name[0]);
  printf("Level %d\n", args.req.Level);
  printf("Owner %s\n", args.req.Owner.Name);
  printf("Boss %s\n", args.req.Owner.Boss.Name);
  for (\$i : 0..3) { printf("Tag %s\n", args.req.Tags[\$i]); }
  printf("Nil %d %d %d %d\n", args.req.Owner == nil, args.req.Labels == nil, args.req.Payload == nil, args.req.Err == nil);
}
uretprobe:$b:main.Fail { printf("Fail %d %s\n", args.kind, retval); }
uprobe:$b:main.Any {
  printf("Any %s %s\n", typeof(args.v), typeof(args.e));
  printf("Assert %d %s\n", args.v.(*main.Failure).Code, args.v.(*main.Failure).Msg);
}
uretprobe:$b:main.Fact { printf("Fact %d %s %d\n", args.n, args.label, retval); }
uprobe:$b:main.Many { printf("Many %s %s %s %s %s %s %s %s\n", args.a, args.b, args.c, args.d, args.e, args.f, args.g, args.h); }
uretprobe:$b:main.Many { printf("ManyResults %s %s\n", retval.0, retval.1); }
uprobe:$b:main.Owner.Value { printf("Value %s %d\n", args.o.Name, args.n); }
uprobe:$b:"main.(*Owner).Pointer" { printf("Pointer %s %d %d\n", args.o.Name, len(args.ns), args.ns[2]); }
uprobe:$b:main.Globals { printf("Globals %d %s %d\n", global("main.Counter"), global("main.Settings").Name, global("main.Settings").Limit); }
uprobe:$b:main.Float { printf("Float %.3f\n", args.req.Ratio); }
uprobe:$b:main.WithContext { printf("Long %d\n", len(args.long)); }
END
}

# What is only gotap's: arguments after they were overwritten, names of constants, predicates.
own_script() {
  local b=$1
  cat << END
uretprobe:$b:main.Handle { printf("%s %d %d %s\n", args.name, args.req.ID, retval.code, retval.err.(*main.Failure).Msg); }
uretprobe:$b:main.Handle /args.req.Size > 1024 && retval.err != nil && duration > 1/ { @slow[args.req.Key, args.req.Level] = count(); }
uretprobe:$b:main.Handle /args.req.Owner.Name == "bo"/ { @bo = count(); }
uretprobe:$b:main.Handle { @name[args.name] = sum(retval.code); }
uprobe:$b:main.Fail /args.kind == 1/ { printf("%s\n", probe); }
END
}
own_expected() {
  cat << END
name-0 7 13 <nil pointer>
name-1 8 14 too large
name-2 -9 -3 too large
uprobe:$1:main.Fail
@bo: 1
@name[name-2]: -3
@name[name-0]: 13
@name[name-1]: 14
@slow[, 3]: 1
@slow[second, main.High]: 1
END
}

for version in $versions; do
  if ! have_go "$version"; then
    skip "values-$version" "$(no_go "$version")"
    continue
  fi
  variants=plain
  if is_sample "$version"; then variants="plain pie"; fi
  for variant in $variants; do
    binary=$(go_program "$version" values "$variant")
    script "$binary" > "$work/values.bt"
    code=0
    "$GOTAP" -q -o "$work/seen" -c "$binary" "$work/values.bt" > "$work/witness" 2> "$work/err" || code=$?
    equal "values-exit-$version-$variant" 0 "$code" "$work/err"
    sort "$work/witness" > "$work/expected"
    sort "$work/seen" | sed '/^$/d' > "$work/lines"
    same "values-$version-$variant" "$work/expected" "$work/lines" "$work/err"
    own_script "$binary" > "$work/own.bt"
    own_expected "$binary" | sort > "$work/expected"
    "$GOTAP" -o "$work/seen" -c "$binary" "$work/own.bt" > /dev/null 2> "$work/err" || true
    sed '/^$/d' "$work/seen" | sort > "$work/lines"
    same "values-own-$version-$variant" "$work/expected" "$work/lines" "$work/err"
    # The third request has no owner: whether its name is "bo" nobody knows.
    holds "values-undecided-$version-$variant" "$work/err" '1 statement or predicate was skipped .undecided.'
  done
done
finish
