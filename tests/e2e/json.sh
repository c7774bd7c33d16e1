#!/usr/bin/env bash
# docs/JSON.md and what the commands print with -f json: no record and no field that is not there, and none of those
# that are always there missing.
. "$(dirname "$0")/lib.sh"
need_tracing
any_go
doc=$top/docs/JSON.md
binary=$(go_program "$version" outcomes)

run() { "$GOTAP" "$@" > "$work/out" 2> "$work/err" || true; }
record() { # ARGUMENT... -- COMMAND: its records, behind those there are
  run "$@"
  grep '^{"type": ' "$work/out" >> "$work/records" || true
}

: > "$work/records"
for command in 'trace -q --enter --limit 40 main.work main.plain main.leave' 'trace --stack main.again' 'trace --panics main.work main.leave' 'latency main.steady' 'latency --stack main.steady' \
  'latency main.plain main.inner' 'count main.steady' 'count --share main.work main.inner' 'count --panics main.work main.inner' 'count --stack main.steady' \
  'waits main.work' 'graph main.work' 'graph --sum main.work' 'panics -q'; do
  # shellcheck disable=SC2086 # the words of a command
  record ${command%% *} -f json ${command#* } -- "$binary"
done
line=$(awk '/return n, nil/ { print NR; exit }' "$programs/outcomes/main.go")
record log -f json --stack "main.go:$line" 'n {n}' -- "$binary"
record list -f json --exe "$binary" main:
record list -f json --exe "$binary" runtime:
record show -f json --exe "$binary" main.work
record doctor -f json --exe "$binary"

# `TYPE FIELD` of each field of `data`, and `TYPE` of each record: a walk over the line by its quotes and brackets.
awk '{
  depth = 0; key = ""; type = ""; n = split($0, c, ""); in_text = 0; word = ""; last = ""; in_data = 0; out = ""
  for (i = 1; i <= n; i++) {
    if (in_text) {
      if (c[i] == "\\") { word = word c[i] c[i + 1]; i++ }
      else if (c[i] == "\"") { in_text = 0; last = word }
      else word = word c[i]
      continue
    }
    if (c[i] == "\"") { in_text = 1; word = "" }
    else if (c[i] == "{" || c[i] == "[") depth++
    else if (c[i] == "}" || c[i] == "]") { if (key == "type" && depth == 1) type = last; depth-- }
    else if (c[i] == ":" && depth == 1) key = last
    else if (c[i] == ":" && depth == 2 && key == "data") out = out "\n" type " " last
    else if (c[i] == "," && depth == 1 && key == "type") type = last
  }
  if (depth != 0 || in_text) print "broken " $0
  print type out
}' "$work/records" | sort | uniq -c | awk '{ n = $1; $1 = ""; sub(/^ /, ""); print $0 "\t" n }' > "$work/printed"
awk -F ' *\\| *' '/^\| `/ { gsub(/`/, ""); print $2 ($3 == "" ? "" : " " $3) "\t" $5 }' "$doc" > "$work/documented"

# Records and fields that are printed and not documented; fields that are not in each record of a type.
awk -F '\t' 'NR == FNR { when[$1] = $2; split($1, w, " "); types[w[1]]; next }
  { split($1, w, " "); printed[$1] = $2 }
  $1 !~ / / && !($1 in types) { print "not documented: " $1 }
  $1 ~ / / && !($1 in when) { print "not documented: " $1 }
  END { for (it in when) { split(it, w, " ")
    if (when[it] ~ /^always/ && it ~ / / && (w[1] in printed) && printed[it] != printed[w[1]])
      print "not always: " it " " printed[it] + 0 " of " printed[w[1]] } }' "$work/documented" "$work/printed" > "$work/wrong"
equal json-documented "" "$(cat "$work/wrong")" "$work/printed"

# All types but the one of lost events were met, and each of the fields of a call.
awk -F '\t' '{ split($1, w, " "); print w[1] }' "$work/documented" | sort -u | grep -v '^lost_events$' > "$work/expected"
awk -F '\t' '$1 !~ / / { print $1 }' "$work/printed" | sort -u > "$work/lines"
same json-types "$work/expected" "$work/lines" "$work/printed"
awk -F '\t' '/^call / && $1 != "call unknown" { print $1 }' "$work/documented" | sort > "$work/expected"
awk -F '\t' '/^call / && $1 != "call unknown" { print $1 }' "$work/printed" | sort > "$work/lines"
same json-call "$work/expected" "$work/lines" "$work/printed"

# Values are what the program counts: numbers and strings.
run trace -f json main.steady -- "$binary"
equal json-values 150 "$(grep -cE '^\{"type": "call", "data": \{"time": "20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}[+-][0-9]{2}:[0-9]{2}", "goroutine": 1, "event": "return", "function": "main.steady", "args": \{"n": [0-9]+\}, "results": \["<nil>"\], "duration_ns": [0-9]+\}\}$' "$work/out")" "$work/out"
finish
