#!/usr/bin/env bash
# gotap waits: where the time in calls goes, as the program itself says (tests/programs/waits): how often and
# for how long, in the runtime's own words. The parts add up to the calls' durations, and no wait is longer
# than what the program's clock measured around it, nor shorter than it was seen to last.
: "${GOTAP_TEST_VERSIONS=1.15 1.27}"
. "$(dirname "$0")/lib.sh"
need_tracing

functions=(main.sleeps main.nests main.locks main.gathers main.receives main.sends main.selects main.reads
  main.writes main.yields main.computes main.fails main.hangs)

# rows MAP: "MAP function what number" by tabs, of the JSON in `seen`.
rows() {
  sed -n "/{\"@$1\": /p" "$work/seen" | { grep -oE '"main\.[a-z]+(,[^"]*)?": [0-9]+' || true; } |
    sed -E "s/^\"main\.([a-z]+),?([^\"]*)\": /$1\t\1\t\2\t/"
}

# What is wrong, a line each.
compare() {
  local map
  for map in calls spent waits longest; do rows "$map"; done > "$work/rows"
  # (JSON's keys have no blanks.)
  sed 's/^/own\t/; s/ //g' "$work/own" | cat - "$work/rows" | awk -F '\t' '
    $1 == "own" {
      calls[$2] += $4; times[$2, $3] += $5; least[$2, $3] += $6; most[$2, $3] += $7
      if ($5 ~ /\+/) open[$2, $3] = 1
      if ($4) measured[$2] += $7
      what[$2, $3] = 1
    }
    $1 == "calls" { seen_calls[$2] = $4; if (!($2 in calls)) print $2 ": " $4 " calls that never return" }
    $1 == "spent" { spent[$2, $3] = $4; total[$2] += $4; if ($3 != "running" && $3 != "runnable") strange[$2, $3] = 1 }
    $1 == "waits" { waits[$2, $3] = $4 }
    $1 == "longest" { longest[$2, $3] = $4 }
    END {
      for (f in calls) {
        if (calls[f] != seen_calls[f]) print f ": " calls[f] " calls, seen " seen_calls[f]
        if (total[f] > measured[f]) print f ": " total[f] " ns in all, measured " measured[f]
        if (total[f] == 0) print f ": no time"
      }
      for (k in what) {
        split(k, key, SUBSEP); name = key[1] ", " key[2]
        if (open[k] ? waits[k] < times[k] : waits[k] != times[k]) print name ": " times[k] " times, seen " waits[k]
        if (spent[k] < least[k]) print name ": " spent[k] " ns, at least " least[k]
        if (spent[k] > most[k]) print name ": " spent[k] " ns, measured " most[k]
        if (longest[k] > spent[k] || longest[k] * calls[key[1]] < spent[k]) print name ": longest " longest[k] " of " spent[k]
        delete strange[k]
      }
      for (k in strange) {
        split(k, key, SUBSEP)
        # A collection may come at any time.
        if (key[2] !~ /^(GC|syscall(read|epoll_ctl)$)/) print key[1] ", " key[2] ": " waits[k] " times"
      }
    }' | sort > "$work/wrong"
}

by_the_program() { # NAME BINARY
  "$GOTAP" waits -q -f json -o "$work/seen" "${functions[@]}" -- "$2" > "$work/own" 2> "$work/err" || true
  compare
  same "waits-$1" /dev/null "$work/wrong" "$work/own" "$work/rows" "$work/err"
  holds "waits-$1-left-out" "$work/seen" '"@left_out": 0[,}]'
  # What is in a call and no part of it: those that a panic ended, and one that goes on.
  holds "waits-$1-unwound" "$work/seen" '"never_returned": 3[,}]'
  holds "waits-$1-in-flight" "$work/seen" '"in_flight": 1[,}]'
}

for version in $versions; do
  if ! have_go "$version"; then
    skip "waits-$version" "$(no_go "$version")"
    continue
  fi
  by_the_program "$version" "$(go_program "$version" waits)"
  by_the_program "stripped-$version" "$(go_program "$version" waits pie-stripped)"
done

# As a person sees it.
any_go
binary=$(go_program "$version" waits)
"$GOTAP" waits -o "$work/table" --slower 20ms --limit 3 sleeps selects computes writes yields -- "$binary" > "$work/own" 2> "$work/err" || true
holds waits-table-function "$work/table" '^main\.sleeps$'
holds waits-table-calls "$work/table" '^  3 calls, [0-9.]+ms in all, [0-9.]+ms each$'
holds waits-table-part "$work/table" '^ +[0-9.]+[mnu]s +[0-9.]+% +3 +[0-9.]+ms  sleep$'
holds waits-table-running "$work/table" '^ +[0-9.]+[mnu]s +[0-9.]+% +[0-9.]+[mnu]s  running$'
# Calls that are not slow are in no table.
equal waits-slower "" "$(grep -E 'main\.(writes|yields)|longer|left out' "$work/table" || true)" "$work/table"
"$GOTAP" waits --print-script --exe "$binary" sleeps > "$work/script" 2> "$work/err"
holds waits-script "$work/script" '^uprobe:.*"runtime.gopark" /@since\[pid, goid\]/'
c=$(c_program leftovers)
"$GOTAP" waits --exe "$c" main > "$work/out" 2> "$work/err" || true
holds waits-not-go "$work/err" 'no function'
finish
