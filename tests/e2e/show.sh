#!/usr/bin/env bash
# `gotap show`: where a function's values are is what Go's ABI document says (worked out by hand
# here); the RET sites and the callers are those of GNU objdump.
# Runs beside the others: it traces nothing.
. "$(dirname "$0")/lib.sh"
need_gotap

part() { sed -n "/^$1/,/^\$/p" "$work/page" | sed '1d; /^$/d'; } # TITLE

# page VERSION FUNCTION: as $work/page.
page() {
  code=0
  "$GOTAP" show --exe "$binary" "$2" > "$work/page" 2> "$work/err" || code=$?
  equal "exit-$1-$2" 0 "$code" "$work/err"
}

# Functions that call another directly, and how often, by objdump.
objdump_callers() { # FUNCTION
  objdump -d --no-show-raw-insn "$binary" | awk -v want="<$1>" '
    /^[0-9a-f]+ <.*>:$/ { name = $0; sub(/^[0-9a-f]+ </, "", name); sub(/>:$/, "", name); next }
    ($2 ~ /^(call|jmp)/) && substr($0, length($0) - length(want) + 1) == want && "<" name ">" != want { n[name]++ }
    END { for (it in n) print it, n[it] }' | sort
}

# Eight strings of two words: the registers have room for four of them, then the stack.
registers='  args.a  string  RAX data, RBX len
  args.b  string  RCX data, RDI len
  args.c  string  RSI data, R8 len
  args.d  string  R9 data, R10 len
  args.e  string  [RSP+8]
  args.f  string  [RSP+24]
  args.g  string  [RSP+40]
  args.h  string  [RSP+56]'
stack='  args.a  string  [RSP+8]
  args.b  string  [RSP+24]
  args.c  string  [RSP+40]
  args.d  string  [RSP+56]
  args.e  string  [RSP+72]
  args.f  string  [RSP+88]
  args.g  string  [RSP+104]
  args.h  string  [RSP+120]'
for version in 1.15 1.24 1.27; do
  case " $versions " in *" $version "*) ;; *) continue ;; esac
  have_go "$version" || { skip "$version" "$(no_go "$version")"; continue; }
  binary=$(go_program "$version" values)
  page "$version" main.Many
  expected=$registers
  results='  retval.0  string  RAX data, RBX len
  retval.1  string  RCX data, RDI len'
  if [ "$version" = 1.15 ]; then
    expected=$stack results='  retval.0  string  [RSP+136]
  retval.1  string  [RSP+152]'
  fi
  equal "arguments-$version" "$expected" "$(part 'AT ENTRY')" "$work/page"
  equal "results-$version" "$results" "$(part 'AT RETURN')" "$work/page"
  equal "rets-$version" "$(offsets "$binary" main.Many ret | paste -sd ' ')" \
    "$(awk '$3 == "RET" { sub(/^[+]/, "", $2); print $2 }' "$work/page" | paste -sd ' ')" "$work/page"
  # Each instruction shown is one of objdump's.
  equal "instructions-$version" "" "$(part 'WHAT IS PROBED' | sed -nE 's/^  0x[0-9a-f]+  [+]([0-9]+) .*/\1/p' |
    grep -vxF "$(offsets "$binary" main.Many "")")" "$work/page"
  equal "callers-$version" "$(objdump_callers main.Many)" \
    "$(sed -n '/^CALLERS/,$p' "$work/page" | sed -nE 's/^  (.*)  ([0-9]+)$/\1 \2/p' | sort)" "$work/page"
  # The same as a record.
  "$GOTAP" show -f json --exe "$binary" main.Many | sed '1d' > "$work/record" 2> "$work/err"
  sed -E 's/^  (args\.[a-h])  string  (.*)$/{"name": "\1", "type": "string", \2}/
    s/([A-Z0-9]+) data, ([A-Z0-9]+) len/"registers": [{"name": "\1", "part": "data"}, {"name": "\2", "part": "len"}]/
    s/\[RSP\+([0-9]+)\]/"stack": \1/' <<< "$expected" | paste -sd , | sed 's/},{/}, {/g' > "$work/expected"
  sed -nE 's/^\{"type": "function", "data": .*"args": \[(.*)\], "results": .*/\1/p' "$work/record" > "$work/seen"
  same "record-arguments-$version" "$work/expected" "$work/seen" "$work/record"
  equal "record-rets-$version" "$(awk '$3 == "RET" { print $1 }' "$work/page" | paste -sd ' ')" \
    "$(grep -oE '"address": "0x[0-9a-f]+", "kind": "RET"' "$work/record" | cut -d'"' -f4 | paste -sd ' ')" "$work/record"
  equal "record-callers-$version" "$(objdump_callers main.Many)" \
    "$(sed 's/.*"callers"//' "$work/record" | grep -oE '"function": "[^"]*", "calls": [0-9]+' | sed -E 's/.*: "(.*)", .*: /\1 /')" "$work/record"
  holds "why-$version" "$work/page" "$([ "$version" = 1.15 ] && echo '^    \[RSP\] +return address$' || echo '^    RDI +args.b len$')"
done
[ -n "${binary:-}" ] || skip_all "no Go toolchain"

# Functions that have no code of their own, as they are inlined everywhere: those of the source that are no symbols;
# the program says itself where it calls them (of some of these calls the compiler left nothing).
inlined=$(go_program "$version" inlined)
"$GOTAP" list --exe "$inlined" 'main.I*' > "$work/list"
sed -nE 's/^(main\.I[A-Za-z]+)  .*  \[inlined everywhere: [0-9]+ cop(y|ies)\]$/\1/p' "$work/list" | sort > "$work/seen"
sed -nE 's/^func (I[A-Za-z]+)\(.*/main.\1/p' "$programs/inlined/main.go" | grep -vxF -f <(nm "$inlined" | awk '{ print $3 }') | sort > "$work/expected"
same only-inlined "$work/expected" "$work/seen" "$work/list"
"$inlined" > "$work/own"
while read -r function; do
  "$GOTAP" show -f json --exe "$inlined" "$function" | sed 's/.*"inlined"//' | grep -oE '"function": "[^"]*"' | cut -d'"' -f4 | sed "s/^/count $function /"
done < "$work/seen" | sort > "$work/copies"
awk '{ print $1, $2, $3 }' "$work/own" | grep -F -f "$work/seen" | sort > "$work/expected"
equal only-inlined-copies "" "$(comm -13 "$work/expected" "$work/copies")" "$work/own"
equal only-inlined-most yes "$([ $((10 * $(wc -l < "$work/copies"))) -ge $((8 * $(wc -l < "$work/expected"))) ] && echo yes)" "$work/copies" "$work/own"
"$GOTAP" show --exe "$inlined" IStore > "$work/page"
holds only-inlined-page "$work/page" 'no code of its own: it is inlined everywhere$'
code=0
"$GOTAP" trace --exe "$inlined" IStore > "$work/out" 2> "$work/err" || code=$?
equal only-inlined-trace-exit 1 "$code"
holds only-inlined-trace "$work/err" '^ERROR: main.IStore has no code of its own: it is inlined everywhere, [0-9]+ calls in [0-9]+ functions$'

code=0
"$GOTAP" show --exe "$binary" main: > "$work/page" 2> "$work/err" || code=$?
equal several-exit 1 "$code"
holds several "$work/err" '^ERROR: [0-9]+ functions match, and show is about one$'
finish
