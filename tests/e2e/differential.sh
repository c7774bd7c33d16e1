#!/usr/bin/env bash
# shellcheck disable=SC2016 # scripts for bpftrace stand in single quotes
# The same scripts on the same C program through gotap and through Debian 12's bpftrace 0.17, live:
# both must tell the same. What changed between 0.17 and 0.27, whose format gotap has, is put
# aside first:
#   - 0.17 says "Attaching N probes..." on standard output, 0.27 "Attached N probes" on stderr;
#   - which empty lines stand between maps;
#   - a blank after the colon of a histogram's name;
#   - buckets of an lhist() with step 1: [5, 6) became [5];
#   - the order of entries whose values are equal, which 0.17 leaves to chance.
# Kept out of the scripts: str(p, n), whose meaning changed twice; comparisons as keys (0 became
# false); hist() of 2^32 and more, which 0.17 puts into the wrong bucket.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
gotap=${GOTAP:-$top/build/gotap}
if [ "$(id -u)" != 0 ]; then echo "tracing needs root"; exit 77; fi
if ! bpftrace --version 2> /dev/null | grep -q 'v0\.17'; then echo "no bpftrace 0.17 here"; exit 77; fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
"${CC:-cc}" -O0 -g -o calls "$top/tests/golden/bpftrace/calls.c" || exit 1

normalise() {
  sed -E -e '/^Attaching [0-9]+ probes?\.\.\.$/d' -e '/^$/d' -e 's/^(@.*): +$/\1:/' > all
  grep -v '^@[a-z]*\[.*\]: .' all
  grep '^@[a-z]*\[.*\]: .' all | LC_ALL=C sort
}
# Only buckets one wide: [5, 6) with the padding that makes up for the shorter text.
single_buckets() { perl -pe 's/^\[(-?\d+), (-?\d+)\)( *)/$2 == $1 + 1 ? sprintf("[%s]", $1) . " " x (length($&) - length("[$1]")) : $&/e'; }

failed=0
# compare NAME SCRIPT: runs it under both.
compare() {
  local name=$1 theirs=0 ours=0
  printf '%s\n' "$2" > "$name.bt"
  timeout 60 bpftrace -c ./calls "$name.bt" > theirs 2> theirs.err || theirs=$?
  timeout 30 "$gotap" -c ./calls "$name.bt" > ours 2> ours.err || ours=$?
  normalise < theirs | single_buckets > theirs.n
  normalise < ours > ours.n
  # bpftrace ends with 0 whatever its child does; gotap passes on the 3 of `calls`.
  if [ "$theirs" = 0 ] && [ "$ours" = 3 ] && [ -s theirs.n ] && cmp -s theirs.n ours.n; then
    echo "ok differential-$name"
    return
  fi
  failed=1
  diff -u --label "bpftrace 0.17" --label gotap theirs.n ours.n | head -n 30
  echo "exit codes: bpftrace $theirs, gotap $ours"
  head -n 3 ours.err
  echo "not ok differential-$name"
}

compare sum 'uprobe:./calls:sum { printf("args: %d + %d\n", arg0, arg1); }
uretprobe:./calls:"sum" { printf("result: %d\n", retval); }'
compare registers 'uprobe:./calls:"sum" { printf("%d %d\n", reg("di"), reg("si")); }
uretprobe:./calls:"sum" { printf("%d\n", reg("ax")); }'
compare wide 'uprobe:./calls:wide { printf("%lld %lld %lld %lld %lld %llx\n", arg0, arg1, arg2, arg3, arg4, arg5); }'
compare strings 'uprobe:./calls:length { printf("[%s] [%30s] [%-8s]\n", str(arg0), str(arg0), str(arg0)); }'
compare string-keys 'uprobe:./calls:length { @calls[str(arg0)] = count(); @last = str(arg0); }'
compare memory 'uprobe:./calls:load { printf("%llu %llx\n", *(uint64*)arg0, *(uint64*)arg0); @low = *(uint8*)arg0; }'
compare recursion 'uprobe:./calls:fib { @calls = count(); @deep[arg0] = count(); }
uretprobe:./calls:fib { @returns = count(); @sum = sum(retval); }
END { printf("done\n"); clear(@deep); }'
compare aggregates 'uprobe:./calls:fib { @avg = avg(arg0); @min = min(arg0); @max = max(arg0); @sum = sum(arg0); @h = hist(arg0); @l = lhist(arg0, 0, 10, 1); @l2 = lhist(arg0, 2, 6, 2); }'
compare histogram 'uprobe:./calls:load { @h = hist(*(uint64*)arg0 % 1000); @by[*(uint64*)arg0 > 100 ? 1 : 0] = count(); }'
compare predicate 'uprobe:./calls:fib /arg0 > 3 && arg0 != 5/ { @n[arg0] = count(); }
uprobe:./calls:length /str(arg0) == "hello"/ { printf("hello\n"); }
END { print(@n, 1); clear(@n); }'
compare pairs 'uprobe:./calls:length { @start[tid] = nsecs; @text[tid] = str(arg0); }
uretprobe:./calls:length /@start[tid]/ { $took = nsecs - @start[tid]; printf("%s %d %d\n", @text[tid], retval, $took > 0); delete(@start[tid]); delete(@text[tid]); }'
compare arithmetic 'uprobe:./calls:sum { $a = arg1; $b = 7; printf("%d %d %d %d %d\n", $a + $b, $a * $b, $a / $b, $a % $b, $a << 3); printf("%d %d %d %x\n", $a & 12, $a | 1, $a ^ 5, ~$a); if ($a > 10) { @big++; } else if ($a == 10) { @ten++; } else { @small++; } }'
compare names 'uprobe:./calls:sum,uprobe:./calls:nothing { @[probe] = count(); @n = count(); printf("%s\n", comm); }'
compare glob 'uprobe:./calls:loa* { @calls = count(); }'
compare branches 'uprobe:./calls:fib { @odd[arg0 % 2 == 1 ? "odd" : "even"] = count(); @total += arg0; }'
exit $failed
