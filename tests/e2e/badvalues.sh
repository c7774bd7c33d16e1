#!/usr/bin/env bash
# Go values at their extremes: 100 fields, 10 kB, 1 MB, types that lead to themselves, type names
# of 10 kB; ways that lead nowhere; and DWARF that is damaged.
. "$(dirname "$0")/lib.sh"
need_tracing

script() {
  local b=$1
  cat << END
uprobe:$b:main.Many { printf("Many %d %d %d %d\n", args.h.F1, args.h.F100, args.v.F50, args.v.F100); }
uprobe:$b:main.Big { printf("Big %d %d %d %d\n", args.l.Bytes[10239], args.l.Tail, args.v.Rows[39][15].B, args.v.Tail); }
uprobe:$b:main.Long { printf("Long %d %s %d %s\n", len(args.s), args.s, len(args.b), str(args.b)); }
uprobe:$b:main.Deep {
  printf("Deep %d %d %d %d\n", args.n.ID, args.n.Next.Next.Next.Next.Next.Next.Next.Next.ID, args.n.Kids[1].Kids[0].ID, (*(*args.n.List)[0].List)[0].ID);
  printf("Slices %d %d\n", len(args.s), len(args.s[0][1]));
}
uprobe:$b:main.Named { printf("Named %s\n", typeof(args.v)); }
uprobe:$b:main.Empty { printf("Empty %d %d %d %d [%s]\n", len(args.b), len(args.d), len(args.m), len(args.c), args.c); }
END
}

# What leads nowhere: said, with the reason, never a number.
nowhere() {
  local b=$1
  cat << END
uprobe:$b:main.Empty {
  printf("nil %d\n", args.n.ID);
  printf("nil %d\n", args.n.Next.Next.ID);
  printf("index %d\n", args.d[0]);
  printf("index %c\n", args.c[0]);
  printf("part [%s]\n", args.c[:3]);
}
uprobe:$b:main.Deep {
  printf("index %d\n", args.n.Kids[2].ID);
  printf("index %d\n", (*args.n.List)[1].ID);
  printf("nil %d\n", args.n.Kids[0].Next.ID);
}
END
}
nowhere_expected() {
  cat << 'END'
index <index out of range>
index <index out of range>
nil <nil pointer>
nil <nil pointer>
nil <nil pointer>
index <index out of range>
index <index out of range>
part []
END
}

# refused NAME BINARY BODY REGEX...: an error before anything is attached, with these words.
refused() {
  local name=$1 code=0 regex
  "$GOTAP" -c "$2" -e "$3" > "$work/out" 2> "$work/err" || code=$?
  equal "$name-exit" 1 "$code" "$work/err"
  shift 3
  for regex; do holds "$name" "$work/err" "$regex"; done
}

# section BINARY REGEX: offset and size in the file of the section of such a name, decimal.
section() {
  objdump -h -w "$1" | awk -v name="^$2\$" '$2 ~ name { print $3, $6 }' | while read -r size offset; do
    echo $((16#$offset)) $((16#$size))
  done
}

# overwrite FILE OFFSET COUNT
overwrite() {
  head -c "$3" /dev/zero | tr '\0' '\377' | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# One warning, no values; functions, calls and results' words as ever. The program runs on.
damaged() {
  local name=$1 binary=$2 code=0
  "$GOTAP" -c "$binary" -e "uretprobe:$binary:main.Many { @ = count(); } uprobe:$binary:main.Long { printf(\"%d\\n\", arg1); }" \
    > "$work/out" 2> "$work/err" || code=$?
  equal "$name-exit" 0 "$code" "$work/err"
  holds "$name-counts" "$work/out" '^@: 1$'
  code=0
  "$GOTAP" -c "$binary" -e "uprobe:$binary:main.Many { print(args.h.F1); }" > "$work/out" 2> "$work/err" || code=$?
  if [ "$code" = 0 ]; then
    # The damage is elsewhere: what is read must be right all the same.
    holds "$name-value" "$work/out" '^-1$'
  else
    holds "$name-said" "$work/err" 'signature unknown|not known|no parameter'
    equal "$name-once" 1 "$(grep -c 'debugging information (DWARF): ' "$work/err")" "$work/err"
  fi
}

for version in 1.15 1.19 1.24 1.27; do
  case " $versions " in *" $version "*) ;; *) continue ;; esac
  if ! have_go "$version"; then
    skip "$version" "$(no_go "$version")"
    continue
  fi
  binary=$(go_program "$version" extremes)
  script "$binary" > "$work/script.bt"
  code=0
  "$GOTAP" -q -o "$work/seen" -c "$binary" "$work/script.bt" > "$work/expected" 2> "$work/err" || code=$?
  equal "exit-$version" 0 "$code" "$work/err"
  equal "program-$version" 7 "$(wc -l < "$work/expected")"
  # A type's name in Go has blanks and braces; its length says that all of it is there.
  awk '/^Named / { print "Named", length($0) - 6; next } /./' "$work/seen" > "$work/lines"
  same "values-$version" "$work/expected" "$work/lines" "$work/err"
  nowhere "$binary" > "$work/script.bt"
  "$GOTAP" -q -o "$work/seen" -c "$binary" "$work/script.bt" > /dev/null 2> "$work/err" || true
  nowhere_expected > "$work/expected"
  sed '/^$/d' "$work/seen" > "$work/lines"
  same "nowhere-$version" "$work/expected" "$work/lines" "$work/err"

  refused "field-$version" "$binary" "uprobe:$binary:main.Many { print(args.h.F101); }" \
    'main.Hundred has no field F101' 'did you mean F1'
  refused "type-$version" "$binary" "uprobe:$binary:main.Many { print(args.v[0]); }" '\^|~' 'main.Hundred'
  refused "array-$version" "$binary" "uprobe:$binary:main.Big { print(args.l.Bytes[10240]); }" '10240'
  refused "slice-$version" "$binary" "uprobe:$binary:main.Long { print(args.s[5:2]); }" 'args.s|part|\[5:2\]'

  # Damaged where it is compressed, and where the reader meets the damage itself.
  objcopy --decompress-debug-sections "$binary" "$work/open"
  for part in info abbrev line; do
    for from in "$binary" "$work/open"; do
      read -r offset size <<< "$(section "$from" "[.]z?debug_$part")"
      cp "$from" "$work/damaged"
      overwrite "$work/damaged" $((offset + size / 3)) 64
      damaged "damaged-$part-$version-${from##*/}" "$work/damaged"
      cp "$from" "$work/damaged"
      overwrite "$work/damaged" "$offset" $((size < 4096 ? size : 4096))
      damaged "overwritten-$part-$version-${from##*/}" "$work/damaged"
    done
  done
done
finish
