#!/usr/bin/env bash
# Bad input: one clear message, the right exit code, nothing attached, never a crash.
# shellcheck disable=SC2016 # the scripts' $ are not the shell's
. "$(dirname "$0")/lib.sh"
need_gotap
cd "$work"
cp "$(c_program sum)" sum
go_version=
for version in 1.24 1.27 1.19 1.15; do
  if have_go "$version"; then go_version=$version && break; fi
done
if [ -n "$go_version" ]; then
  cp "$(go_program "$go_version" swapper)" swapper
  cp "$(go_program "$go_version" counters)" counters
fi

# refused NAME CODE REGEX ARG...: that exit code, an error matching REGEX (case ignored),
# exactly one of them, nothing on standard output, nothing attached, no crash.
refused() {
  local name=badinput-$1 wanted=$2 regex=$3 errors
  shift 3
  code=0
  timeout 20 "$GOTAP" "$@" > out 2> err < /dev/null || code=$?
  if [ "$code" != "$wanted" ]; then
    fail "$name" "exit code $code, not $wanted: gotap $*" err out
  elif ! grep -Eiq -- "$regex" err; then
    fail "$name" "no message matches: $regex (gotap $*)" err out
  elif grep -q '^Attached' err; then
    fail "$name" "attached: gotap $*" err
  elif [ -s out ]; then
    fail "$name" "something on standard output: gotap $*" out
  elif grep -Eiq 'sanitizer|assert|terminate called|BUG' err; then
    fail "$name" "a crash: gotap $*" err
  elif errors=$(grep -Ec '(^|: )ERROR: |^gotap: ' err) && { [ "$errors" -lt 1 ] || [ "$errors" -gt "${most:-1}" ]; }; then
    fail "$name" "$errors messages instead of one: gotap $*" err
  else
    pass "$name"
  fi
}

# on NAME REGEX FILE: a script on that file is refused.
on() { refused "$1" 1 "$2" -e "uprobe:$3:main.swap { @ = count(); }"; }

files() {
  on no-file 'no such file|does not exist' ./nowhere
  on not-in-path 'in PATH' nowhere-at-all
  mkdir dir
  on directory 'directory|regular file' ./dir
  : > empty
  on empty 'empty|not an? ELF|too short|truncated' ./empty
  echo 'hello, I am a text file' > text
  on text 'not an? ELF' ./text
  printf '#!/bin/sh\necho hello\n' > script.sh
  on script 'not an? ELF' ./script.sh
  # A 32-bit header: class 1, machine 386.
  { printf '\177ELF\001\001\001\000\000\000\000\000\000\000\000\000\002\000\003\000\001\000\000\000' && head -c 200 /dev/zero; } > elf32
  on elf32 '32-bit' ./elf32
  cp sum arm && printf '\267\000' | dd of=arm bs=1 seek=18 conv=notrunc status=none
  on other-machine 'x86-64|aarch64|arm64|machine' ./arm
  ln -s loop loop
  on link-loop 'symbolic links|loop' ./loop
  mkfifo pipe
  on pipe 'not a (regular )?file|not an? ELF' ./pipe
}

# Cut at many places, a file is refused or its functions are not found, never misread.
truncated() {
  local size at
  [ -n "$go_version" ] || return 0
  size=$(stat -c %s swapper)
  for at in 4 20 64 100 1000 $((size / 4)) $((size / 2)) $((size * 3 / 4)); do
    head -c "$at" swapper > shortened
    on "truncated-$at" 'truncat|too short|not an? ELF|damaged|cut|beyond|outside|ends|no function|cannot|incomplete|past' ./shortened
  done
  # Bytes of the tables overwritten: any message will do, a crash or an attachment will not.
  for at in 40 60 $((size / 3)) $((size / 2)); do
    cp swapper broken
    head -c 4096 /dev/urandom | dd of=broken bs=1 seek="$at" conv=notrunc status=none
    code=0
    timeout 20 "$GOTAP" --dry-run -e 'uretprobe:./broken:main.* { @ = count(); }' > out 2> err < /dev/null || code=$?
    if [ "$code" -le 1 ]; then pass "badinput-broken-$at"; else fail "badinput-broken-$at" "exit code $code" err; fi
  done
}

functions() {
  if [ -n "$go_version" ]; then
    refused function-nearest 1 'did you mean .*main\.swap' -e 'uprobe:./swapper:main.swop { @ = count(); }'
    refused function-case 1 'did you mean .*main\.swap' -e 'uprobe:./swapper:Main.Swap { @ = count(); }'
    refused function-wildcard 1 'no function|no match' -e 'uprobe:./swapper:nosuch* { @ = count(); }'
    refused offset-inside 1 'inside an instruction' -e 'uprobe:./swapper:"main.swap"+1 { @ = count(); }'
    refused offset-behind 1 'behind the end|end of the function' -e 'uprobe:./swapper:"main.swap"+0x10000 { @ = count(); }'
    refused uretprobe-offset 1 'offset|instruction' -e 'uretprobe:./swapper:"main.swap"+4 { @ = count(); }'
    refused address-nowhere 1 'no function|holds|address' -e 'uprobe:./swapper:0x10 { @ = count(); }'
    refused never-returns 1 'never returns|no RET' -e 'uretprobe:./counters:main.PNoReturn { @ = count(); }'
  fi
  refused c-nearest 1 'did you mean .*sum' -e 'uprobe:./sum:sun { @ = count(); }'
  cp sum stripped && strip stripped
  refused stripped-c 1 'strip|symbol|no function' -e 'uprobe:./stripped:sum { @ = count(); }'
}

usage() {
  code=0
  "$GOTAP" > out 2> err < /dev/null || code=$?
  equal badinput-usage-nothing 2 "$code" err
  holds badinput-usage-help err '^  gotap trace '
  equal badinput-usage-screenful 0 "$(awk 'NR > 24 || length > 80' err | wc -l)" err
  refused usage-option 2 'argument|option|try: gotap --help' --nosuch -e 'BEGIN { }'
  refused usage-no-script 2 'no script' -q
  refused usage-e-empty 2 'argument|-e' -e
  refused usage-p-zero 2 '0 is no process id' -p 0 -e 'BEGIN { }'
  refused usage-p-huge 2 'no process id' -p 99999999999 -e 'BEGIN { }'
  refused usage-p-text 2 'no process id' -p one -e 'BEGIN { }'
  refused usage-c-empty 2 'command is empty' -c '' -e 'BEGIN { }'
  refused usage-p-and-c 2 'not both' -p 1 -c true -e 'BEGIN { }'
  refused usage-pid 2 'number|-p' -p abc -e 'BEGIN { }'
  refused usage-pid-negative 2 'number|-p' -p -4 -e 'BEGIN { }'
  refused usage-dump 2 'dump' --dump=nosuch -e 'BEGIN { }'
  refused no-script-file 1 'no such file' ./nosuch.bt
  refused script-directory 1 'directory|regular file' ./dir
  refused output-file 1 'cannot write' -o ./dir/no/where -e 'BEGIN { exit(); }'
}

# script NAME REGEX PROGRAM
script() { refused "script-$1" 1 "$2" -e "$3"; }

scripts() {
  script empty 'probe|empty|nothing|expected' ''
  script garbage 'expected|unexpected|unknown|syntax|probe' ')))'
  script no-brace 'expected|missing|}' 'BEGIN { printf("x\n");'
  # What swallows the closing brace is followed by a second message about the brace.
  most=2 script no-quote 'quote|terminated|string' 'BEGIN { printf("x\n); }'
  most=2 script no-comment-end 'comment' 'BEGIN { /* never closed }'
  script no-semicolon 'expected|;' 'BEGIN { @a = 1 @b = 2 }'
  script unknown-probe 'did you mean|unknown|invalid' 'upbrobe:./sum:sum { @ = count(); }'
  script unknown-function 'did you mean .*print' 'BEGIN { prinft("x\n"); }'
  script unknown-builtin 'did you mean .*nsecs' 'BEGIN { print(nsec); }'
  script unknown-variable 'undefined|before|unknown|not|no variable' 'BEGIN { print($x); }'
  script unknown-map 'undefined|never|unknown|did you mean' 'BEGIN { print(@nothing); }'
  script printf-few 'argument' 'BEGIN { printf("%d %d\n", 1); }'
  script printf-many 'argument' 'BEGIN { printf("%d\n", 1, 2); }'
  script printf-type '%d|string|type' 'BEGIN { printf("%d\n", "x"); }'
  script printf-format 'format|%' 'BEGIN { printf("%q\n", 1); }'
  script printf-variable 'literal|format' 'BEGIN { $f = "x"; printf($f); }'
  script divide-zero 'zero' 'BEGIN { print(1 / 0); }'
  script too-big 'large|big|fit|overflow|range|64' 'BEGIN { print(99999999999999999999999); }'
  script type-mix 'type|mismatch' 'BEGIN { $x = 1; $x = "a"; }'
  script map-type-mix 'type|mismatch' 'BEGIN { @x = 1; @x = "a"; }'
  script map-key-mix 'key|type' 'BEGIN { @x[1] = 1; @x["a"] = 1; }'
  script map-arity 'key' 'BEGIN { @x[1] = 1; @x[1, 2] = 1; }'
  script aggregate-mix 'count|type|mismatch|aggregat' 'BEGIN { @x = count(); @x = 1; }'
  script aggregate-variable 'map|count' 'BEGIN { $x = count(); }'
  script arg-in-begin 'arg0|uprobe' 'BEGIN { print(arg0); }'
  script duration-in-uprobe 'uretprobe' 'uprobe:./sum:sum { print(duration); }'
  script retval-in-uprobe 'uretprobe' 'uprobe:./sum:sum { print(retval); }'
  script goid-on-c 'Go' 'uprobe:./sum:sum { print(goid); }'
  script register 'register|did you mean' 'uprobe:./sum:sum { print(reg("axx")); }'
  script arg-number 'arg' 'uprobe:./sum:sum { print(arg77); }'
  script interval 'interval|unit|number' 'interval:fortnight:1 { exit(); }'
  script interval-zero 'interval|zero|positive|at least' 'interval:s:0 { exit(); }'
  script positional '\$1' 'uprobe:./$1:f { print(1); }'
  script deep 'deep|nest' "BEGIN { print($(printf '(%.0s' $(seq 5000))1$(printf ')%.0s' $(seq 5000))); }"
  script predicate-string 'predicate|type|string' 'BEGIN /"x"/ { exit(); }'
  script lhist 'lhist' 'BEGIN { @ = lhist(5, 100, 0, 10); }'
  script hist-bits 'hist|bits|0' 'BEGIN { @ = hist(5, 9); }'
  script str-literal 'str|pointer|integer|type' 'BEGIN { print(str("x", "y")); }'
  script nul "expected|unexpected|character|invalid" "$(printf 'BEGIN { \001 }')"
  # Several mistakes, several messages, each with its place.
  code=0
  "$GOTAP" -e 'BEGIN { prinft("x"); print(nsec); }' > out 2> err < /dev/null || code=$?
  equal badinput-two-messages 2 "$(grep -Ec '^stdin:1:[0-9]+-[0-9]+: ERROR: ' err)" err
  printf 'BEGIN\n{\n  print(nsec);\n}\n' > wrong.bt
  refused script-place 1 '^wrong\.bt:3:9-13: ERROR: ' wrong.bt
  if grep -q '^  *~~~~$' err; then pass badinput-underline; else fail badinput-underline "no underline" err; fi
  head -c 20000 /dev/urandom > noise.bt
  code=0
  timeout 20 "$GOTAP" noise.bt > out 2> err < /dev/null || code=$?
  equal badinput-noise 1 "$code" err
}

targets() {
  local pid
  # A process that has ended.
  true &
  pid=$!
  wait "$pid"
  refused pid-gone 1 'ended|no such process|gone|no process' -p "$pid" -e 'uprobe:./sum:sum { @ = count(); }'
  # One that runs, but another program.
  sleep 600 &
  pid=$!
  started+=("$pid")
  refused pid-other-program 1 'does not run|not run|sleep|another' -p "$pid" -e 'uprobe:./sum:sum { @ = count(); }'
  refused command-missing 1 'no such|not found|cannot|no program' -c ./no-such-command -e 'uprobe:./sum:sum { @ = count(); }'
  refused command-not-executable 1 'permission|not an executable|denied' -c ./text -e 'uprobe:./sum:sum { @ = count(); }'
  refused command-quote 1 'quote|unmatched' -c './sum "2' -e 'uprobe:./sum:sum { @ = count(); }'
}

no_privilege() {
  if [ "$(id -u)" != 0 ] || ! command -v setpriv > /dev/null; then
    skip badinput-privilege "needs root and setpriv to give it up"
    return
  fi
  chmod 755 "$work" && cp "${GOTAP_PLAIN:-$GOTAP}" gotap-for-all && chmod 755 gotap-for-all sum
  local own=$GOTAP
  printf '#!/bin/sh\nexec setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all "%s" "$@"\n' "$work/gotap-for-all" > as-nobody
  chmod 755 as-nobody
  GOTAP=$work/as-nobody
  if "$GOTAP" --version > /dev/null 2>&1; then
    refused privilege 1 'CAP_BPF.*CAP_PERFMON' -e 'uprobe:./sum:sum { @ = count(); }'
    if grep -q 'sudo' err; then pass badinput-privilege-hint; else fail badinput-privilege-hint "the hint does not say what to do" err; fi
    # The pure stages need none.
    code=0
    "$GOTAP" --dry-run -e 'uprobe:./sum:sum { @ = count(); }' > out 2> err || code=$?
    equal badinput-privilege-dry-run 0 "$code" err
  else
    skip badinput-privilege "another user cannot run a copy of gotap here"
  fi
  GOTAP=$own
}

files
truncated
functions
usage
scripts
if [ "$(id -u)" = 0 ]; then targets; else skip badinput-targets "needs root"; fi
no_privilege
finish
