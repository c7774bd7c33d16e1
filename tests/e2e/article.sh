#!/usr/bin/env bash
# The scripts of the article "Challenges of BPF Tracing Go", only file names and offsets adapted,
# on the article's own programs. The traced program's output and exit code must be what they are
# without us, on every Go version.
. "$(dirname "$0")/lib.sh"
need_tracing
cd "$work"

# session SCRIPT CMD...: as the article does it: start the tracer, run the program in another
# terminal, ^C. What gotap printed, without blank lines, to `seen`; the program's output and
# exit code to `own`, without gotap to `alone`.
session() {
  local script=$1 code
  shift
  code=0 && "$@" > alone 2>&1 || code=$?
  echo "exit $code" >> alone
  if ! start_gotap "$script"; then
    cp err seen
    return
  fi
  code=0 && "$@" > own 2>&1 || code=$?
  echo "exit $code" >> own
  stop_gotap INT
  grep -v '^$' out > seen || true
}

# expect NAME LINE...: exactly these lines, and an undisturbed program.
expect() {
  local name=$1
  shift
  printf '%s\n' "$@" > expected
  same "$name" expected seen err
  same "$name-undisturbed" alone own
}

# 1. C: the kernel's own return probe.
c_function() {
  cp "$(c_program sum)" sum
  cat > sum.bt << 'END'
#!/usr/bin/env bpftrace

uprobe:./sum:"sum"
{
    printf("args: %d + %d\n", arg0, arg1);
}

uretprobe:./sum:"sum"
{
    printf("result: %d\n", reg("ax"));
}
END
  session sum.bt ./sum
  expect article-sum 'args: 2 + 3' 'result: 5'
}

# Calls of C functions are timed too, in recursion; beyond 64 nested calls the kernel itself sees
# no return, and that is said.
c_duration() {
  cp "$(c_program sum)" sum
  "$GOTAP" -o seen -c './sum 50' -e 'uretprobe:./sum:deep, uretprobe:./sum:sum {
    @returns[func] = count();
    if (duration == 0 || duration > elapsed) { @wrong[func] = count(); }
  }' > own 2> err
  printf '%s\n' '@returns[sum]: 50' '@returns[deep]: 51' > expected
  sed -i '/^$/d' seen
  same c-duration expected seen err
  "$GOTAP" -o seen -c './sum 100' -e 'uretprobe:./sum:deep { @ = max(duration); }' > own 2> err
  holds c-duration-depth err '^WARNING: 37 calls never returned: .* more than 64 deep'
}

# 2. swapper: arguments on the stack, and results at the RET by offset.
swapper_on_stack() {
  cp "$(go_program 1.15 swapper)" swapper
  cat > swapper.bt << END
#!/usr/bin/env bpftrace

uprobe:./swapper:"main.swap"
{
    printf("swapping \"%s\" and \"%s\"\n",
        str(sarg0, sarg1), str(sarg2, sarg3));
}

uprobe:./swapper:"main.swap"+$(offsets swapper main.swap ret)
{
    printf("results: \"%s\" and \"%s\"\n",
        str(*(reg("sp")+0x28), *(reg("sp")+0x30)),
        str(*(reg("sp")+0x38), *(reg("sp")+0x40))
        )
}
END
  session swapper.bt ./swapper hello go
  expect article-swapper-1.15 'swapping "hello" and "go"' 'results: "go" and "hello"'
}

# The same in registers; without lengths as in the article, then with them.
swapper_in_registers() {
  local version=$1
  cp "$(go_program "$version" swapper)" swapper
  cat > swapper.bt << 'END'
#!/usr/bin/env bpftrace

uprobe:./swapper:"main.swap"
{
    printf("swapping \"%s\" and \"%s\"\n",
      str(reg("ax")), str(reg("cx")));
}

uretprobe:./swapper:"main.swap"
{
    printf("results: \"%s\" and \"%s\"\n",
      str(reg("ax")), str(reg("cx")));
}
END
  session swapper.bt ./swapper hello go
  expect "article-swapper-$version" 'swapping "hello" and "go"' 'results: "go" and "hello"'
  sed -i 's/str(reg("ax"))/str(reg("ax"), reg("bx"))/; s/str(reg("cx"))/str(reg("cx"), reg("di"))/' swapper.bt
  session swapper.bt ./swapper hello go
  expect "article-swapper-lengths-$version" 'swapping "hello" and "go"' 'results: "go" and "hello"'
}

# 3. stacker: what crashes under a kernel uretprobe.
stacker() {
  local version=$1 result='str(reg("ax"), reg("bx"))'
  [ "$version" != 1.15 ] || result='str(*(reg("sp")+0x10), *(reg("sp")+0x18))'
  cp "$(go_program "$version" stacker)" stacker
  cat > stacker.bt << END
#!/usr/bin/env bpftrace

uretprobe:./stacker:"main.stacker"
{
    printf("result: \"%s\"\n", $result);
}
END
  session stacker.bt ./stacker 1000000
  expect "article-stacker-$version" 'result: "hello: 999999000000"'
  sed -i "s/uretprobe\(.*\)/uprobe\1+$(offsets stacker main.stacker ret | head -1)/" stacker.bt
  session stacker.bt ./stacker 1000000
  expect "article-stacker-offset-$version" 'result: "hello: 999999000000"'
}

apply='github.com/hashicorp/nomad/nomad.(*nomadFSM).Apply'

# apply_script OFFSET...: the article's generated script, and the entry clause it leaves out.
apply_script() {
  cat << END
#!/usr/bin/env bpftrace
/*
Get Nomad FSM.Apply latency
Note: using sarg with offsets isn't really concurrency safe and emits a warning
*/

uprobe:./bin/nomad:"$apply"
{
  @start[str(*sarg1)] = nsecs;
}
END
  local offset
  for offset; do
    cat << END

uprobe:./bin/nomad:"$apply"+$offset
{
  @usecs = hist((nsecs - @start[str(*sarg1)]) / 1000);
  delete(@start[str(*sarg1)]);
}
END
  done
}

# 4. Dozens of RETs by offset, on Go 1.15: every call is in the histogram.
fsm_by_offsets() {
  local rets offset
  mkdir -p bin
  cp "$(go_program 1.15 fsm)" bin/nomad
  rets=$(offsets bin/nomad "$apply" ret)
  # shellcheck disable=SC2046 # one word an offset
  apply_script $(for offset in $rets; do printf '0x%x ' "$offset"; done) > apply.bt
  session apply.bt ./bin/nomad 4 500
  equal article-fsm-offsets 'called 2000 returned 2000' "$(cut -d' ' -f1-4 own | head -1)" own err
  equal article-fsm-offsets-total 2000 "$(hist_total out)" out err
  equal article-fsm-offsets-probes "Attached $(($(wc -w <<< "$rets") + 1)) probes" \
    "$(grep '^Attached' err)" err
  same article-fsm-offsets-undisturbed alone own
}

# What replaces it, on every version.
fsm_by_uretprobe() {
  local version=$1
  mkdir -p bin
  cp "$(go_program "$version" fsm)" bin/nomad
  cat > latency.bt << END
uretprobe:./bin/nomad:"$apply" { @usecs = hist(duration / 1000); }
END
  session latency.bt ./bin/nomad 4 500
  equal "article-fsm-uretprobe-$version" 2000 "$(hist_total out)" out err own
  same "article-fsm-uretprobe-$version-undisturbed" alone own
}

# The offsets of the article's Nomad build.
nomad_offsets="0x1d3 0x257 0x2f3 0x377 0x3fb 0x49b 0x51b 0x5a0 0x634 0x6b4 0x738 0x7e7 0x86e 0x8ee 0x982
 0xa06 0xa8e 0xb27 0xbae 0xc2e 0xcc2 0xd46 0xdce 0xe77 0xefb 0xf80 0x1014 0x1098 0x111c
 0x11b7 0x123b 0x12c0 0x1350 0x13d0 0x1450 0x14f7 0x1577 0x15f7 0x168f 0x170f 0x178f 0x18ca
 0x1948 0x19ce 0x1a52 0x1a6d 0x1b07 0x1b87 0x1c0e"

# 5. Offsets that do not fit are refused, each with its neighbours named; nothing is attached.
wrong_offsets() {
  mkdir -p bin
  cp "$(go_program 1.15 fsm)" bin/nomad
  # shellcheck disable=SC2086 # one word an offset
  apply_script $nomad_offsets > nomad.bt
  code=0
  "$GOTAP" nomad.bt > out 2> err < /dev/null || code=$?
  equal article-nomad-offsets-exit 1 "$code" err
  equal article-nomad-offsets-nothing-attached '' "$(grep '^Attached' err || true)" err
  offsets bin/nomad "$apply" '' > boundaries
  local offset misfits=0 wanted neighbours one
  for offset in $nomad_offsets; do
    offset=$((offset))
    neighbours=$(awk -v at="$offset" '$1 < at { before = $1 } $1 == at { fits = 1 } $1 > at { print fits ? "" : before " " $1; exit }' boundaries)
    [ -n "$neighbours" ] || continue
    misfits=$((misfits + 1))
    wanted="Apply+$offset is inside"
    grep -Fq "$wanted" err || fail "article-nomad-offset-$offset" "not refused: $wanted" err
    for one in $neighbours; do
      grep -Eq "Apply\+$one([^0-9]|$)" err || fail "article-nomad-offset-$offset" "neighbour +$one is not named" err
    done
  done
  if [ "$misfits" -ge 10 ]; then pass "article-nomad-offsets ($misfits refused)"; else fail article-nomad-offsets "only $misfits misfits: the test tests nothing"; fi
  # One byte into an instruction; on every version's swapper this is inside one.
  cp "$(go_program 1.15 swapper)" swapper
  code=0
  "$GOTAP" -e 'uprobe:./swapper:"main.swap"+41 { exit(); }' > out 2> err < /dev/null || code=$?
  equal article-behind-the-end-exit 1 "$code" err
  code=0
  "$GOTAP" -e 'uprobe:./swapper:"main.swap"+1 { exit(); }' > out 2> err < /dev/null || code=$?
  equal article-inside-exit 1 "$code" err
  holds article-inside-neighbours err 'main\.swap\+0 and main\.swap\+5'
}

c_function
c_duration
if have_go 1.15; then
  swapper_on_stack
  fsm_by_offsets
  wrong_offsets
else
  skip article-1.15 "$(no_go 1.15)"
fi
for version in $versions; do
  if ! have_go "$version"; then
    skip "article-$version" "$(no_go "$version")"
    continue
  fi
  stacker "$version"
  fsm_by_uretprobe "$version"
  if [ "$version" != 1.15 ]; then swapper_in_registers "$version"; fi
done
finish
