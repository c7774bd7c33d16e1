#!/usr/bin/env bash
# The witness of ./dev corpus (tests/corpus/witness) sees every kind of difference: a small listing
# as objdump prints it, once with the right sites and then with one of them wrong.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d "${TMPDIR:-/tmp}/gotap-test.XXXXXX")
trap 'rm -rf "$work"' EXIT
failed=0

# Three functions: one with a stack check, one without that leaves by a jump, one that loops.
cat > "$work/listing" << 'END'

program:     file format elf64-x86-64

  401000:	cmp    0x10(%r14),%rsp
  401004:	jbe    401010 <.text+0x10>
  401006:	push   %rbp
  401007:	test   %rax,%rax
  40100a:	je     40100d <.text+0xd>
  40100c:	ret
  40100d:	pop    %rbp
  40100e:	repz ret
  401010:	call   401060 <.text+0x60>
  401015:	jmp    401000 <.text>
  401017:	int3
  401020:	inc    %rax
  401023:	jmp    401000 <.text>
  401040:	inc    %rax
  401043:	jne    401040 <.text+0x40>
  401045:	ret
  401060:	ret
  401070:	ret
END
cat > "$work/sites" << 'END'
function 0000000000401000 0000000000401020 main.checked
entry 0000000000401000 post 0000000000401006
ret 0000000000401000 000000000040100c
ret 0000000000401000 000000000040100e
function 0000000000401020 0000000000401040 main.jumps
entry 0000000000401020 start 0000000000401020
jump 0000000000401020 0000000000401023
function 0000000000401040 0000000000401060 main.loops
entry 0000000000401040 none 0000000000000000
no-entry 0000000000401040 it has no stack check and one of its own branches goes to its start
ret 0000000000401040 0000000000401045
function 0000000000401060 0000000000401070 runtime.morestack
entry 0000000000401060 start 0000000000401060
ret 0000000000401060 0000000000401060
END
printf '# a comment\nprog* RET-missed main.known because it is known\n' > "$work/explained"

# seen NAME SED EXPECTED: what the witness says of the sites after SED.
seen() {
  sed "$2" "$work/sites" > "$work/changed"
  tests/corpus/witness "$work/changed" program "$work/explained" < "$work/listing" |
    grep -E '^(difference|explained)' | tr '\t' ' ' > "$work/out" || true
  if [ "$(cat "$work/out")" = "$3" ]; then
    echo "ok $1"
  else
    echo "not ok $1"
    echo "# expected: $3"
    sed 's/^/# seen: /' "$work/out"
    failed=1
  fi
}

seen alike '' ''
seen ret-missed '/ret .*40100e/d' 'difference RET-missed main.checked +0xe'
seen ret-invented 's/^ret .*45$/&\nret 0000000000401040 0000000000401043/' \
  'difference RET-invented main.loops +0x3'
seen post-too-early 's/post .*/post 0000000000401004/' \
  'difference entry main.checked objdump: post +0x6, gotap: post +0x4'
seen start-of-checked 's/post .*/start 0000000000401000/' \
  'difference entry main.checked objdump: post +0x6, gotap: start +0x0'
seen check-branch 's/post .*/check 0000000000401004/' ''
seen jump-missed '/^jump/d' 'difference jump-missed main.jumps +0x3'
seen loop-not-seen 's/none .*/start 0000000000401040/; /^no-entry/d' \
  'difference entry-loops main.loops a branch of its own goes to its start'
seen refused 's/^jump.*/&\nrefused 0000000000401020 cannot be decoded at +0x1/' \
  'difference returns-refused main.jumps cannot be decoded at +0x1'
seen beside-an-instruction 's/0000000000401020 /0000000000401021 /' \
  'difference not-listed main.jumps objdump shows no instruction at its start'
seen explained 's/main.checked/main.known/; /ret .*40100e/d' 'explained 2 RET-missed main.known'
[ "$(tests/corpus/witness "$work/sites" program "$work/explained" < "$work/listing" |
  grep -c -e 'functions.4$' -e 'RETs.4$' -e 'RETs outside of Go functions.1$')" = 3 ] || {
  echo "not ok counts"
  failed=1
}
exit $failed
