# shellcheck shell=bash
# What frames.sh, exactly-once.sh and emit.sh share: lists of probes over tests/programs/counters,
# scripts, and the comparison with what the program knows itself.

# probes KIND BINARY REGEX: `KIND:BINARY:"F",\nKIND:...` for the program's functions whose
# line of `counters -list` matches REGEX; paths as given.
probes() {
  "$2" -list | grep -E "$3" | sed -E "s|^[a-z]+ (.*)$|$1:$2:\"\1\"|" | paste -sd, | sed 's/",/",\n/g'
}

# Instantiations of one generic function are one line of the program's counts: `[...]` -> `*`.
generic_names() {
  sed -E '/\(\*PBox|main\.PSum/s/\[[^]]*\]/*/' | awk '
    { n[$1] += $2 } END { for (name in n) print name, n[name] }' | sort
}

# count_script BINARY: counts calls and returns of all functions of the program.
count_script() {
  cat << END
$(probes uprobe "$1" .) { @calls[func] = count(); }
$(probes uretprobe "$1" '^(timed|counted|generic|c)') { @returns[func] = count(); }
END
}

# expected_counts OWN: `call NAME N` and `return NAME N` as the program counted them itself.
expected_counts() {
  awk '$1 == "count" { print "call", $2, $3; if ($4) print "return", $2, $4 }' "$1" | sort
}

# seen_counts MAPS: the same from the maps of count_script.
seen_counts() {
  {
    map_lines calls "$1" | generic_names | sed 's/^/call /'
    map_lines returns "$1" | generic_names | sed 's/^/return /'
  } | sort
}

# span_script VERSION BINARY: a script that prints `call` and `span` lines for compare_spans. The id
# is the first word behind the receiver, and the result.
span_script() {
  local result='retval'
  [ "$1" != 1.15 ] || result='*(reg("sp") + 24)'
  cat << END
$(probes uprobe "$2" '^timed main\.P[A-Za-z]+$') { printf("call %s %d %d\n", func, arg0, goid); }
$(probes uprobe "$2" '^timed main.*Get$') { printf("call %s %d %d\n", func, arg1, goid); }
$(probes uretprobe "$2" '^timed') { printf("span %s %d %d %d\n", func, $result, goid, duration); }
END
}

# compare_spans OWN SEEN EARLY: prints every mismatch. EARLY=yes: calls begun before we attached may
# not be seen at all.
compare_spans() {
  awk -v early="$3" '
    FNR == NR && $1 == "span" {
      if ($7 == "early" && early == "yes") { before[$2, $3]; next }
      goid[$2, $3] = $4; inner[$2, $3] = $5; outer[$2, $3] = $6; next
    }
    FNR == NR && $1 == "count" { calls[$2] = $3; next }
    FNR == NR { next }
    $1 == "call" {
      seen[$2]++
      if (($2, $3) in goid && goid[$2, $3] != $4) print "call of", $2, $3, "on goroutine", $4, "not", goid[$2, $3]
      begun[$2, $3]
    }
    $1 == "span" {
      if (($2, $3) in before) print "timed a call begun before attaching:", $0
      else if (!(($2, $3) in goid)) print "no such call:", $0
      else if (($2, $3) in ended) print "returned twice:", $0
      else if (goid[$2, $3] != $4) print "on goroutine", goid[$2, $3], "not", $4 ":", $0
      else if ($5 < inner[$2, $3] || $5 > outer[$2, $3])
        print "duration", $5, "not in [" inner[$2, $3] ", " outer[$2, $3] "]:", $0
      ended[$2, $3]; spans++
    }
    END {
      for (key in goid) {
        split(key, part, SUBSEP)
        if (!(key in ended)) print "return not seen:", part[1], part[2]
        if (!(key in begun)) print "call not seen:", part[1], part[2]
      }
      for (name in seen)
        if (seen[name] != calls[name] && !(name == "main.PInflight" && early == "yes"))
          print name ":", seen[name], "calls seen of", calls[name]
      if (spans < 1000) print "only", spans + 0, "returns seen"
    }' "$1" "$2"
}
