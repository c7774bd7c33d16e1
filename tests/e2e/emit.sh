#!/usr/bin/env bash
# shellcheck disable=SC2016 # scripts for bpftrace stand in single quotes
# `gotap emit`: the scripts it prints, run under the real bpftrace (Debian 12's 0.17 and the current
# 0.27) on stripped Go programs, must tell what the programs know themselves, and what gotap tells:
# every call once, on its goroutine, with its duration; through stack growth, recursion, panics,
# thread changes, wrappers that leave by a jump. And what bpftrace cannot express is refused.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/counters_lib.sh"
need_tracing
cd "$work"

# engine VERSION ARG...: that bpftrace.
engine() {
  local version=$1
  shift
  if [ "$version" = 0.17 ]; then
    BPFTRACE_STRLEN=200 BPFTRACE_PERF_RB_PAGES=1024 timeout 120 bpftrace "$@"
  else
    BPFTRACE_PERF_RB_PAGES=4096 timeout 120 "$BUILD/bpftrace-0.27/run" "$@"
  fi
}

# Why the engine is missing; empty if it is there.
no_engine() {
  if [ "$1" = 0.17 ]; then
    bpftrace --version 2> /dev/null | grep -q 'v0\.17' || echo "no bpftrace 0.17 here"
  elif [ ! -x "$BUILD/bpftrace-0.27/run" ]; then
    cat "$BUILD/bpftrace-0.27.vanished" 2> /dev/null || echo "no bpftrace 0.27: tools/fetch-bpftrace"
  fi
}

# emitted ENGINE SCRIPT: what gotap makes of it, in emitted.bt. Fails if it cannot.
emitted() {
  "$GOTAP" emit --for "$1" -o emitted.bt "$2" 2> err
}

# header_is_true NAME VERSION FILE: what the header says of the file is what other tools say.
header_is_true() {
  local name=$1-header
  equal "$name-cksum" "$(cksum < "$3")" "$(sed -nE 's/^ +cksum prints: //p' emitted.bt)" emitted.bt
  readelf -n "$3" 2> /dev/null | sed -nE 's/^ *Build ID: //p' > build_id
  # Go before 1.24 makes none of GNU's: then it is Go's own.
  if [ ! -s build_id ]; then go_env "$2" go tool buildid "$3" > build_id; fi
  equal "$name-build-id" "$(cat build_id)" "$(sed -nE 's/.*, build id (.+)$/\1/p' emitted.bt)" emitted.bt
}

# goid and duration of every timed call, and the number of calls and returns of functions of all
# kinds, against the program's own measurements; and the numbers against gotap's.
calls() {
  local version=$1 engine=$2 name="emit-$2-$1" kinds='timed|counted|generic|entry'
  # 0.17 takes 0.1 s to detach a probe.
  [ "$engine" != 0.17 ] || kinds='timed'
  { span_script "$version" ./counters; count_script ./counters "$kinds"; } > calls.bt
  if ! emitted "$engine" calls.bt; then
    fail "$name" "not emitted" err
    return
  fi
  header_is_true "$name" "$version" counters
  engine "$engine" --unsafe -o seen -c ./counters emitted.bt > own 2> err || true
  compare_spans own seen no > mismatches
  if ! grep -q '^facts .* wrong 0$' own; then
    fail "$name-frames" "the program did not end well" own err
  elif [ -s mismatches ]; then
    fail "$name-frames" "$(wc -l < mismatches) mismatches" mismatches err
  else
    pass "$name-frames"
  fi
  equal "$name-tidy" '' "$(grep '@gotap' seen || true)" seen
  expected_counts own ./counters "$kinds" > expected
  seen_counts seen > counted
  same "$name-counts" expected counted err
  "$GOTAP" -o seen -c ./counters calls.bt > own 2> err || true
  seen_counts seen > expected
  same "$name-as-gotap" expected counted err
}

# The article's script: its generator's job, done by `gotap emit`.
fsm() {
  local version=$1 engine=$2 name="emit-$2-fsm-$1"
  mkdir -p bin
  cp "$(go_program "$version" fsm stripped)" bin/nomad
  cat > latency.bt << 'END'
uretprobe:./bin/nomad:"github.com/hashicorp/nomad/nomad.(*nomadFSM).Apply" { @usecs = hist(duration / 1000); }
END
  if ! emitted "$engine" latency.bt; then
    fail "$name" "not emitted" err
    return
  fi
  engine "$engine" --unsafe -o seen -c './bin/nomad 4 500' emitted.bt > own 2> err || true
  equal "$name-program" 'called 2000 returned 2000' "$(cut -d' ' -f1-4 own | head -1)" own err
  equal "$name" 2000 "$(hist_total seen)" seen err
}

# Numbers: the same script under gotap and under bpftrace prints the same.
semantics() {
  local engine=$1
  cat > numbers.bt << 'END_OF_SCRIPT'
BEGIN {
  $a = (int64)-7; $b = (uint64)7; $big = (uint64)0xfffffffffffffff0; $z = (int64)3;
  printf("div %d %d %d %d %d\n", $a / 2, $a % 3, $b / 2, $big / 3, $a / -2);
  printf("by variables %d %d %d %d\n", $a / $z, $a % $z, $z / $a, ($a - $z) / ($z - $a));
  printf("shift %d %d %d %d\n", $a >> 1, $big >> 60, $a << 2, $b << 61);
  printf("compare %d %d %d %d\n", $a < 0, $big > 5, $a < $z, $z >= $a);
  printf("bits %x %x %x\n", $a & 255, $b | 8, $b ^ 5);
  printf("narrow %d %d %d\n", (uint8)300, (int8)200, (uint16)$a);
  printf("logic %d %d %d %d\n", $a && 0, $a || 0, !$a, !($a > 3));
  printf("choice %d %s\n", $a < 0 ? 10 : 20, $b == 7 ? "seven" : "other");
  $d = nsecs - (nsecs + 100000000);
  if ($d < 0) { printf("negative %d\n", $d / 100000001); }
  @m[1, "x"] = 5; @m[1, "x"] += 3; @m[2, "y"]++; @m[2, "y"] *= 10;
  printf("maps %d %d %d\n", @m[1, "x"], @m[2, "y"], @m[3, "z"]);
  @u = 3; @u--; @u -= 5; printf("under %d\n", @u);
  $s = "text";
  if ($s == "text") { printf("same\n"); } else if ($s != "other") { printf("no\n"); } else { printf("no\n"); }
  printf("pad [%5d] [%-5d] [%05d] [%x] [%s] [%6s] [%-6s] 100%%\n", 42, 42, 42, 255, "s", "s", "s");
  printf("escapes \"q\" \\ tab\tend\n");
  $i = 1; $i++; ++$i; printf("steps %d\n", $i);
  @c = count(); @sum = sum(-5); @min = min($a); @max = max($z); @avg = avg(10);
  @h = hist(100); @l = lhist(25, 0, 100, 10);
  @by[$b > 3] = count(); delete(@m[1, "x"]);
  if ($a / 2 == -3 && $z > 0) { @ok = 1; } else if ($a / 3 == 1) { @bad = 1; } else { @bad = 2; }
  printf("mix %d %d %d %d\n", $b * -1, $z - 10, $a * $z, -$a);
  exit();
}
END { printf("end %d\n", @ok); clear(@by); }
END_OF_SCRIPT
  "$GOTAP" numbers.bt 2> err | sed '/^$/d' > expected || true
  emitted "$engine" numbers.bt || true
  # 0.17: its banner, and a blank behind a histogram's name.
  engine "$engine" emitted.bt 2>> err | sed -E '/^Attaching|^$/d; s/: +$/:/' > seen || true
  same "emit-$engine-numbers" expected seen err
}

# The same with what only the current bpftrace has.
newer_words() {
  cat > words.bt << 'END_OF_SCRIPT'
BEGIN {
  for ($i : 0..3) { printf("round %d\n", $i); }
  unroll (2) { @u++; }
  $j = 0;
  while ($j < 5) { $j++; if ($j == 2) { continue; } if ($j == 4) { break; } @w += $j; }
  printf("left at %d, %d\n", $j, @w);
  let $x;
  if (@u > 1) { $x = 5; }
  printf("let %d\n", $x);
  $t = (1, "a", 300);
  printf("tuple %d %s %d\n", $t.0, $t.1, $t.2);
  printf("%d %d %d\n", strlen("hello"), strcontains("hello", "ell"), strstr("hello", "llo"));
  if (strncmp("abc", "abd", 2) == 0) { printf("alike\n"); }
  printf("%s, %s\n", strerror(2), signal_name(9));
  printf("%x\n", bswap((uint32)0x01020304));
  @m[1, 2] = 3;
  printf("%d %d %d\n", has_key(@m, (1, 2)), has_key(@m, (1, 3)), len(@m));
  @s = stats(5); @s = stats(7);
  printf("%r\n", buf("abc"));
  printf("%s\n", probetype);
  exit();
}
END_OF_SCRIPT
  "$GOTAP" words.bt 2> err | sed '/^$/d' > expected || true
  emitted 0.27 words.bt || true
  engine 0.27 emitted.bt 2>> err | sed '/^$/d' > seen || true
  same emit-0.27-words expected seen err
}

# The article's own script: the RETs by offset, calls told apart by an argument.
by_offsets() {
  local apply='github.com/hashicorp/nomad/nomad.(*nomadFSM).Apply' offset
  mkdir -p bin
  cp "$(go_program 1.15 fsm stripped)" bin/nomad
  {
    printf 'uprobe:./bin/nomad:"%s" { @start[str(*sarg1)] = nsecs; }\n' "$apply"
    for offset in $(offsets "$(go_program 1.15 fsm)" "$apply" ret); do
      printf 'uprobe:./bin/nomad:"%s"+%d {\n' "$apply" "$offset"
      printf '  @usecs = hist((nsecs - @start[str(*sarg1)]) / 1000); delete(@start[str(*sarg1)]);\n}\n'
    done
  } > apply.bt
  emitted 0.27 apply.bt || true
  engine 0.27 --unsafe -o seen -c './bin/nomad 4 500' emitted.bt > own 2>> err || true
  equal emit-0.27-article-offsets 2000 "$(hist_total seen)" seen err
}

# refused NAME SCRIPT CARET_LINE MESSAGE: with its place.
refused() {
  code=0
  "$GOTAP" emit --for 0.17 -e "$2" > out 2> err || code=$?
  equal "emit-refused-$1-exit" 1 "$code" err
  holds "emit-refused-$1" err "^stdin:$3: ERROR: $4"
}

command_line() {
  refused width 'BEGIN { printf("%*d", 3, 4); }' 1:9-28 'bpftrace has no \* for a width'
  refused code 'BEGIN { exit(3); }' 1:9-16 'bpftrace 0.17 has no exit code'
  code=0
  "$GOTAP" emit -e 'BEGIN { }' numbers.bt > out 2> err || code=$?
  equal emit-usage 2 "$code" err
  # A script whose name is that of the command.
  echo 'BEGIN { printf("a script"); exit(); }' > emit
  equal emit-is-a-file 'a script' "$("$GOTAP" emit 2> err)" err
  "$GOTAP" emit ./emit > out 2> err || true
  holds emit-of-that-file out '^  printf\("a script"\);$'
}

for engine in 0.17 0.27; do
  missing=$(no_engine "$engine")
  if [ -n "$missing" ]; then
    skip "emit-$engine" "$missing"
    continue
  fi
  semantics "$engine"
  if [ "$engine" = 0.27 ]; then
    newer_words
    if have_go 1.15; then by_offsets; fi
  fi
  for version in 1.15 1.19 1.24; do
    case " $versions " in *" $version "*) ;; *) continue ;; esac
    if ! have_go "$version"; then
      skip "emit-$engine-$version" "$(no_go "$version")"
      continue
    fi
    cp "$(go_program "$version" counters stripped)" counters
    calls "$version" "$engine"
    case $engine-$version in 0.17-1.15 | 0.27-1.24) fsm "$version" "$engine" ;; esac
  done
done
command_line
finish
