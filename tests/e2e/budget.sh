#!/usr/bin/env bash
# --max-overhead: a trace that takes too much of a program ends by itself, says so, and prints what it has; one that takes
# little, or may take any, goes on. What it says of its hits is what the program did.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/steps_lib.sh"
need_tracing
any_go
start_target "$(go_program "$version" steps)"

# What the last line says of all hits, and the table of main.step.
hits() { sed -nE 's/^([0-9]+) hits? of probes took [0-9.]+ % of a CPU$/\1/p' "$work/err"; }
calls() { awk '$3 == "main.step" { print $1 }' "$work/out"; }

if start_gotap count -p "$target" main.step; then
  # Far more than it may take: most of them are not seen any more.
  steps "$target" 100000000
  ended "$tracer"
  equal budget-code 0 "$code" "$work/err"
  holds budget-line "$work/err" '^1 function, 1 site: about [0-9.]+[num]s a call$'
  holds budget-stopped "$work/err" '^stopped: in [0-9.]+ s the probes took [0-9.]+ % of a CPU, the program with them [0-9.]+ %; --max-overhead allows 3 % \(0: no limit\)$'
  # Hits while the table was made are in the one and not in the other.
  if [ "$(hits)" -ge "$(calls)" ] && [ "$(calls)" -gt 0 ]; then pass budget-hits; else fail budget-hits "$work/err" "$work/out"; fi
else
  fail budget-attach "$work/err"
fi

if start_gotap count -p "$target" main.step; then
  steps "$target" 5
  stop_gotap INT
  equal budget-little-code 0 "$code" "$work/err"
  equal budget-little 5 "$(calls)" "$work/out" "$work/err"
  equal budget-little-hits 5 "$(hits)" "$work/err"
  equal budget-little-stopped 0 "$(grep -c '^stopped' "$work/err")" "$work/err"
else
  fail budget-little-attach "$work/err"
fi

if start_gotap count --max-overhead 0 -p "$target" main.step; then
  steps "$target" 200000
  stop_gotap INT
  equal budget-lifted 200000 "$(calls)" "$work/out" "$work/err"
  equal budget-lifted-stopped 0 "$(grep -c '^stopped' "$work/err")" "$work/err"
else
  fail budget-lifted-attach "$work/err"
fi
# Hits while the probes go in count, too: the program is at work all the time.
echo 200000000 >&"${step_input[$target]}"
if start_gotap count --max-overhead 1000 -p "$target" '*'; then
  sleep 0.2
  stop_gotap INT
  all=$(awk '$3 == "in" && $4 == "all" { print $1 }' "$work/out")
  if [ "$(hits)" -ge "$all" ]; then pass budget-hits-of-all; else fail budget-hits-of-all "$work/err" "$work/out"; fi
else
  fail budget-all-attach "$work/err"
fi
steps "$target" 1 || fail budget-all-steps
end_target budget "$target"
code=0
"$GOTAP" count --max-overhead -1 -p 1 main.step > "$work/out" 2> "$work/err" || code=$?
equal budget-negative 2 "$code" "$work/err"
finish
