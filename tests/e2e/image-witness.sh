#!/usr/bin/env bash
# What gotap reads from Go programs, held against other eyes: functions against `go tool nm` on
# the program with its symbols and against the same program stripped; every return and every
# entry against GNU objdump, which knows the stack check only by its call of runtime.morestack.
# GOTAP_TEST_WITNESS: versions to disassemble, by default none: image-sites-*.sh do it, each with
# its own time limit; GOTAP_TEST_PACKAGES: of which standard packages the test programs.
# Runs beside the others: it reads files only.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

dump=$BUILD/image_dump
[ -x "$dump" ] || skip_all "no image_dump in $BUILD: build the tests first"
command -v objdump > /dev/null || skip_all "no objdump (package binutils)"
witness=${GOTAP_TEST_WITNESS:-}
packages=${GOTAP_TEST_PACKAGES:-net/http crypto/tls math/big go/types runtime}

# functions_agree NAME VERSION BINARY: `go tool nm` has the same functions, no more and no fewer.
# Its sizes are without padding. Marks of the linker are no functions; the function table has
# no ABI suffixes, and up to Go 1.20 it calls all instances of a generic function `[...]`.
functions_agree() {
  go_env "$2" go tool nm -size -sort address "$3" > "$work/nm"
  "$dump" --list "$3" > "$work/list"
  awk '
    function number(hex,   i, n) {
      n = 0
      for (i = 1; i <= length(hex); i++)
        n = n * 16 + index("0123456789abcdef", substr(hex, i, 1)) - 1
      return n
    }
    function bare(name,   depth, i, c, out) {
      sub(/\.abi(0|internal)$/, "", name)
      gsub(/·/, ".", name)
      if (!instances) return name
      for (i = 1; i <= length(name); i++) {
        c = substr(name, i, 1)
        if (c == "[" && depth++ == 0) out = out "[...]"
        if (depth == 0) out = out c
        if (c == "]") depth--
      }
      return out
    }
    FNR == NR {
      if ($1 == "#") { instances = ($0 ~ /minor=(18|19|20) /); next }
      line = $0; sub(/^[^ ]+ [^ ]+ [^ ]+ /, "", line); sub(/ [^ ]*$/, "", line)
      name[$1] = line; end[$1] = $2; mine++
      next
    }
    $3 == "T" || $3 == "t" {
      line = $0; sub(/^ *[^ ]+ +[^ ]+ +[^ ]+ /, "", line)
      if (line ~ /^(runtime\.e?text|go[.:]buildid|go:textfips(start|end))$/) next
      if (line ~ /^_?_?(rt0|dso_handle|TMC_END)/ && !($1 in name)) next
      theirs++
      if (!($1 in name)) { print "only nm: " $0; bad++; next }
      seen[$1] = 1
      if (bare(line) != bare(name[$1])) { print "names: " $0 " | " name[$1]; bad++ }
      pad = number(end[$1]) - number($1) - $2
      if (pad < 0 || pad >= 64) { print "end: " $0 " | " end[$1]; bad++ }
    }
    END {
      for (at in name) if (!(at in seen)) { print "only gotap: " at " " name[at]; bad++ }
      print "functions: " mine " ours, " theirs " of nm, " bad + 0 " differences"
    }' "$work/list" "$work/nm" > "$work/differences"
  if grep -q '^functions: [1-9][0-9]* ours, [1-9][0-9]* of nm, 0 differences$' "$work/differences"; then
    tail -n 1 "$work/differences" | sed 's/^/# /'
    pass "$1"
  else
    tail -n 20 "$work/differences" > "$work/last"
    fail "$1" "$work/last"
  fi
}

# sites_agree NAME BINARY: for every function of ours objdump finds the same RETs, and the same
# entry. To it, a stack check is what branches to a block that calls runtime.morestack*: the last
# conditional jump of the function's first 16 instructions whose target lies behind the last
# other way out before that call.
sites_agree() {
  "$dump" --sites "$2" > "$work/sites"
  objdump -d --no-show-raw-insn -w "$2" | awk '
    function pad(hex) { return substr("0000000000000000", 1, 16 - length(hex)) hex }
    function finish(   i, j, way_out, check) {
      if (begin == "") return
      check = 0
      for (i = 1; i <= n && i <= 16; i++) {
        if (op[i] !~ /^j/ || op[i] ~ /^jmp/) continue
        for (j = 1; j <= calls; j++)
          if (target[i] > out_before[j] && target[i] <= call_at[j]) check = i
      }
      if (check) print "check", begin, at[check], at[check + 1]
      else print "start", begin, begin
    }
    /^[0-9a-f]+ <.*>:$/ { finish(); begin = pad($1); n = 0; calls = 0; way_out = ""; next }
    /^ *[0-9a-f]+:\t/ {
      address = $1; sub(":", "", address); address = pad(address)
      mnemonic = $2
      if (mnemonic ~ /^(repz|bnd|data16|lock|notrack|rep)$/) { mnemonic = $3; operand = $4 } else operand = $3
      n++; at[n] = address; op[n] = mnemonic; target[n] = pad(operand)
      if (mnemonic ~ /^ret/) print "ret", begin, address
      if (mnemonic ~ /^call/ && $0 ~ /<runtime\.morestack/) {
        calls++; call_at[calls] = address; out_before[calls] = way_out
      }
      if (mnemonic ~ /^(ret|jmp|call|ud2|int3)/) way_out = address
    }
    END { finish() }' > "$work/objdump"
  awk '
    FNR == NR {
      if ($1 == "entry") { form[$2] = $3; entry[$2] = $4 }
      if ($1 == "ret") { ret[$2 $3] = 1 }
      if ($1 == "refused") refused[$2] = 1
      next
    }
    # Symbols that are no functions of the table (linker marks) are not ours to check.
    !($2 in form) { next }
    $1 == "ret" {
      if ($2 in refused) next
      rets++
      if (!($2 $3 in ret)) { print "RET missed: " $2 " " $3; bad++ }
      delete ret[$2 $3]
      next
    }
    {
      functions++
      if (form[$2] == "none") { unentered++; print "no entry: " $2; next }
      if ($1 == "check" && form[$2] == "check" && entry[$2] == $3) next
      if ($1 == "check" && form[$2] == "post" && entry[$2] == $4) next
      if ($1 == "start" && form[$2] == "start" && entry[$2] == $3) next
      print "entry differs: " $0 " | " form[$2] " " entry[$2]; bad++
    }
    END {
      for (it in ret) { print "RET invented: " it; bad++ }
      for (it in refused) refusals++
      print functions + 0 " functions, " rets + 0 " RETs, " unentered + 0 " without entry, " \
        refusals + 0 " refused, " bad + 0 " differences"
    }' "$work/sites" "$work/objdump" > "$work/differences"
  if grep -q '^[1-9][0-9]* functions, [1-9][0-9]* RETs, .* 0 differences$' "$work/differences"; then
    tail -n 1 "$work/differences" | sed 's/^/# /'
    pass "$1"
  else
    tail -n 20 "$work/differences" > "$work/last"
    fail "$1" "$work/last"
  fi
}

# stripped_agrees NAME BINARY: without symbols and debug information the same is found.
stripped_agrees() {
  strip -o "$work/stripped" "$2"
  "$dump" "$2" | sed 1d > "$work/with"
  "$dump" "$work/stripped" | sed 1d > "$work/without"
  if [ "$(wc -l < "$work/with")" -gt 1000 ]; then
    same "$1" "$work/with" "$work/without"
  else
    fail "$1" "hardly any functions in $2"
  fi
}

# symbols_found NAME VERSION BINARY: names that only the symbol table has (ABI suffixes,
# instances of generic functions) lead to the function at their address.
symbols_found() {
  go_env "$2" go tool nm "$3" | awk '$2 == "T" || $2 == "t" {
    at = $1; sub(/^ *[^ ]+ +[^ ]+ /, "")
    if ($0 ~ /^main\..*(\.abi0|\[go\.shape)/) print at " " $0
  }' > "$work/expected"
  cut -d' ' -f2- "$work/expected" | "$dump" --find "$3" > "$work/found"
  if [ -s "$work/expected" ]; then
    same "$1" "$work/expected" "$work/found"
  else
    fail "$1" "no such names in $3"
  fi
}

for version in $versions; do
  if ! have_go "$version"; then
    skip "functions/$version" "$(no_go "$version")"
    continue
  fi
  variants=plain
  if is_sample "$version"; then variants+=" pie"; fi
  for variant in $variants; do
    binary=$(go_program "$version" counters "$variant")
    functions_agree "functions/$version-$variant" "$version" "$binary"
    stripped_agrees "stripped/$version-$variant" "$binary"
  done
  # Go 1.15 has neither generic functions nor a second ABI.
  if [ "$version" != 1.15 ]; then
    symbols_found "symbols/$version" "$version" "$(go_program "$version" counters plain)"
  fi
done

for version in $witness; do
  if ! have_go "$version"; then
    skip "sites/$version" "$(no_go "$version")"
    continue
  fi
  for package in $packages; do
    binary=$BUILD/programs/$version/test-${package//\//-}
    if [ ! -e "$binary" ]; then
      mkdir -p "${binary%/*}"
      (cd "$programs/counters" && go_env "$version" go test -c -o "$binary" "$package") >&2
    fi
    sites_agree "sites/$version/$package" "$binary"
  done
done
finish
