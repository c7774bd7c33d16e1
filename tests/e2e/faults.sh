#!/usr/bin/env bash
# Everything that can fail around gotap fails: system calls, limits, privileges, the disk, the
# pipe, the terminal. gotap ends with a message that a user can act on and a sane exit code, never
# by a crash; what was gathered is shown; the traced program, whose answers are checked, is as it
# was; nothing is left behind.
# Facts: strace(1), -e inject; prlimit(1), setpriv(1), script(1).
. "$(dirname "$0")/lib.sh"
need_tracing
version=1.24
have_go "$version" || skip_all "$(no_go "$version")"
leftovers=$(c_program leftovers)
cd "$work"
cp "$(go_program "$version" soak)" soak
mkfifo commands
./soak 1 < commands > own 2> own.err &
program=$!
started+=("$program")
exec 8> commands
until_line own '^ready' "$program"
echo load >&8

cat > all.bt << 'SCRIPT'
BEGIN { printf("begun\n"); @b = 1; }
uprobe:./soak:"soak/work.Mix" { @calls = count(); @by[arg0 % 4] = count(); }
uretprobe:./soak:"soak/work.Text" { @us = hist(duration); }
interval:ms:10 { @ticks = count(); @b++; if (@b > 4) { exit(); } }
END { printf("ended\n"); }
SCRIPT
# sane NAME: of a run with exit code $code, output in out and err. It says what is wrong if
# something is, in words, and shows what it gathered if the script began.
sane() {
  local wrong=''
  case $code in
    0 | 1) ;;
    *) wrong="exit code $code" ;;
  esac
  if [ "$code" = 1 ] && ! grep -q 'ERROR: ' err; then wrong="no message"; fi
  if [ "$code" = 0 ] && grep -q 'ERROR: ' err; then wrong="a message, but exit code 0"; fi
  if grep -Eqi 'terminate called|internal error|defect|errno|sanitizer' err; then wrong="a message not for users"; fi
  # shellcheck disable=SC2235
  if grep -q '^begun' out && ! grep -q 'output cannot be written' err && ! grep -Eq '^(@b|@ticks|@n|@by\[|ended)' out; then
    wrong="what was gathered is not shown"
  fi
  if [ -n "$wrong" ]; then
    fail "$1" "$wrong" err out
    return 1
  fi
}

# Every N-th system call of each kind fails, in one of the ways it can.
system_calls() {
  local -x ASAN_OPTIONS=detect_leaks=0 # which it cannot do under strace
  local call error n i kinds=0 runs=0 bad=0
  command -v strace > /dev/null || {
    skip faults-system-calls "no strace"
    return
  }
  strace -o calls "$GOTAP" -p "$program" all.bt > out 2> err || true
  for call in bpf:ENOMEM bpf:EPERM bpf:EBUSY openat:EMFILE openat:EINTR read:EINTR pread64:EIO mmap:ENOMEM ioctl:EINVAL \
    fcntl:EAGAIN close:EINTR signalfd4:EMFILE pidfd_open:EMFILE rt_sigprocmask:EINTR rt_sigaction:EINVAL \
    timerfd_create:EMFILE timerfd_settime:EINVAL ppoll:EINTR ppoll:ENOMEM clone3:EAGAIN write:ENOSPC write:EINTR dup:EMFILE \
    perf_event_open:EMFILE pipe2:EMFILE getdents64:EIO; do
    error=${call#*:} call=${call%:*}
    # What the C library does before main() is not ours: the script is opened first.
    n=$(sed -n '/open.*all\.bt/,$p' calls | grep -c "^$call(" || true)
    skipped=$(sed '/open.*all\.bt/,$d' calls | grep -c "^$call(" || true)
    [ "$n" -gt 0 ] || continue
    case $call:$error in
      mmap:* | write:ENOSPC | pipe2:*)
        if is_sanitized; then
          skip "faults-$call-$error" "the sanitizers call it themselves"
          continue
        fi
        ;;
    esac
    kinds=$((kinds + 1))
    # Of many alike some, spread evenly.
    for ((i = 1; i <= n; i += (n + most - 1) / most)); do
      code=0
      timeout 60 strace -qq -o injected -e "trace=$call" -e "inject=$call:error=$error:when=$((i + skipped))" \
        "$GOTAP" -p "$program" all.bt > out 2> err || code=$?
      runs=$((runs + 1))
      sane "faults-$call-$error-$i" || bad=$((bad + 1))
    done
  done
  [ "$bad" = 0 ] && pass "faults-system-calls"
  echo "# $runs runs over $kinds ways to fail"
}
most=${GOTAP_TEST_FAULTS:-4}

# No more descriptors from the N-th on.
descriptors() {
  if is_sanitized; then
    skip faults-nofile "UBSan needs descriptors to look at memory"
    return
  fi
  local n bad=0
  for n in 4 5 6 7 8 9 10 11 12 13 14 15 16 18 20 22 24; do
    code=0
    # Not through tests/run's script for --attach: a shell needs descriptors of its own.
    prlimit --nofile="$n" "${GOTAP_PLAIN:-$GOTAP}" ${GOTAP_ATTACH:+--attach="$GOTAP_ATTACH"} -p "$program" all.bt > out 2> err 8>&- || code=$?
    sane "faults-nofile-$n" || bad=$((bad + 1))
    if [ "$code" = 1 ] && ! grep -Eiq 'too many open files' err; then
      fail "faults-nofile-$n-message" err
      bad=1
    fi
  done
  [ "$bad" != 0 ] || pass faults-nofile
}

memory() {
  if is_sanitized; then
    skip faults-memory "ASan takes terabytes of address space"
    return
  fi
  local kilobytes bad=0
  for kilobytes in 9000 12000 16000 24000; do
    code=0
    prlimit --as=$((kilobytes * 1024)) "$GOTAP" -p "$program" all.bt > out 2> err || code=$?
    sane "faults-memory-$kilobytes" || bad=1
  done
  code=0
  prlimit --memlock=0 "$GOTAP" -p "$program" all.bt > out 2> err || code=$?
  sane faults-memlock || bad=1
  [ $bad != 0 ] || pass faults-memory
}

privileges() {
  code=0
  chmod 755 .
  setpriv --reuid 65534 --regid 65534 --clear-groups "$GOTAP" -p "$program" all.bt > out 2> err || code=$?
  equal faults-nobody-exit 1 "$code" err
  holds faults-nobody err 'not permitted|another user|run (it|gotap)? ?as root|CAP_'
  code=0
  setpriv --bounding-set -sys_admin,-bpf "$GOTAP" -p "$program" all.bt > out 2> err || code=$?
  sane faults-no-cap-bpf || true
  code=0
  setpriv --bounding-set -sys_ptrace "$GOTAP" -p "$program" all.bt > out 2> err || code=$?
  sane faults-no-cap-ptrace && pass faults-capabilities
}

# output NAME EXIT-CODE: of a run that was just made; the program has its code back.
output() {
  equal "faults-$1" "$2" "$code" err
  "$leftovers" code "$program" > left || fail "faults-$1-code" left
}

outputs() {
  code=0
  "$GOTAP" -o /dev/full -p "$program" all.bt 2> err || code=$?
  output disk-full 1
  holds faults-disk-full-said err 'No space left|disk'
  code=0
  # shellcheck disable=SC2016 # for the inner shell
  "${apart[@]}" sh -c 'mount -t tmpfs -o size=8k none "$1" && exec "$2" -o "$1/out" -e "interval:us:200 { printf(\"%s\\n\", \"some words to fill the disk with, and a few more\"); @c = count(); }"' \
    sh "$(mkdir -p small && echo "$work/small")" "$GOTAP" 2> err || code=$?
  output small-disk 1
  code=0
  "$GOTAP" -p "$program" all.bt >&- 2> err || code=$?
  output no-stdout 1
  code=0
  "$GOTAP" -p "$program" all.bt > out 2>&- || code=$?
  output no-stderr 0
  holds faults-no-stderr-shown out '^ended'
  code=0
  "$GOTAP" -o file -p "$program" all.bt <&- >&- 2>&- || code=$?
  output no-descriptors 0
  holds faults-no-descriptors-shown file '^ended'
  if grep -q Attached file; then fail faults-no-descriptors-mixed "messages in the output" file; fi
  { "$GOTAP" -p "$program" all.bt 2> err || echo "$?" > code; } | head -n 1 > out
  code=$(cat code)
  output broken-pipe 1
  # The reader of messages goes: no reason to stop.
  code=0
  { "$GOTAP" -p "$program" all.bt 2>&1 > out || echo "$?" > code; } | true
  holds faults-broken-stderr-shown out '^ended'
}

# The terminal goes away: gotap hears SIGHUP, ends, and does not take the program along.
terminal() {
  local pid
  command -v script > /dev/null || {
    skip faults-terminal "no script(1)"
    return
  }
  sed -i '/^interval/d' all.bt
  setsid script -qc "$GOTAP -p $program -o terminal.out all.bt; echo \$? > terminal.code" /dev/null > typescript 2>&1 < /dev/zero &
  pid=$!
  started+=("$pid")
  if until_line typescript 'Attached' "$pid"; then
    kill -KILL "$pid"
    until_line terminal.code . || true
    holds faults-terminal-shown terminal.out '^@calls: [1-9]'
  else
    fail faults-terminal typescript
  fi
  wait "$pid" 2> /dev/null || true
  for _ in $(seq 200); do
    if "$leftovers" code "$program" > left; then break; fi
    sleep 0.05
  done
  same faults-terminal-code /dev/null left
}

# The verifier's log has nowhere to go: said, and no crash. (No script makes the verifier refuse;
# bpf/linux_test.cc does.)

system_calls
descriptors
memory
privileges
outputs
terminal
exec 8>&-
ended "$program"
equal faults-own-exit 0 "$code" own.err
same faults-own-errors /dev/null own.err
equal faults-files "" "$(find "${TMPDIR:-/tmp}" -maxdepth 1 -name 'gotap-verifier-*' -newer all.bt 2> /dev/null)"
finish
