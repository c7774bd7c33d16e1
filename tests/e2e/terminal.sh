#!/usr/bin/env bash
# What a person sees: gotap trace in a terminal of 80 columns, and what changes with NO_COLOR, TERM=dumb and
# in a pipe. The calls are those that the program itself prints.
# shellcheck disable=SC2016 # the $ is the other shell's
. "$(dirname "$0")/lib.sh"
need_tracing
any_go
cd "$work"
cp "$(go_program "$version" values)" values
export GOTAP
terminal=(tmux -L "gotap-terminal-$$" -f /dev/null)
trap '"${terminal[@]}" kill-server 2> /dev/null || true; cleanup' EXIT

# on_screen VARIABLE=VALUE... COMMAND: runs the command there, and leaves what is on the screen in `seen`, with
# the escape sequences that make it so in `coloured`.
on_screen() {
  local command=${*: -1}
  "${terminal[@]}" new-session -d -x 80 -y 50 -s one "env ${*:1:$#-1} sh -c '$command; echo END; exec cat'"
  for _ in $(seq 600); do
    # Lines as they are on the screen: one that is too long has become two.
    "${terminal[@]}" capture-pane -p -S - > seen
    if grep -q '^END$' seen; then break; fi
    sleep 0.1
  done
  "${terminal[@]}" capture-pane -p -e -S - > coloured
  "${terminal[@]}" kill-session -t one
  cp seen all
  # The program's own lines are there as well.
  sed -i '/goroutine 1/!d' seen coloured
}

# What the program itself says of its calls, innermost first; their values.
./values > own
awk '/^Fact / { printf "main.Fact(n=%s, label=\"%s\") = %s\n", $2, $3, $4 }' own | sort > expected
lines='[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\.[0-9]{6} goroutine 1 '
calls() { sed -E "s/^$lines//; s/  [0-9]+\.[0-9]{3}ms\$//" "$1" | sort; }

on_screen '"$GOTAP" trace -q Fact -- ./values 2> err | cat'
holds terminal-pipe seen '^20[0-9]{2}-[0-9-]*T[0-9:.]*\+00:00 goroutine 1 main'
equal terminal-pipe-plain 0 "$(grep -c $'\033\\[' coloured)" coloured

on_screen '"$GOTAP" trace -q Fact -- ./values 2> err'
calls seen > lines.seen
same terminal-calls expected lines.seen err
equal terminal-form "$(wc -l < expected)" "$(grep -cE "^${lines}main\.Fact\(.*\) = [0-9]+  [0-9]+\.[0-9]{3}ms\$" seen)" seen
holds terminal-colours coloured $'\033\\[1m.*main\\.Fact'

for how in NO_COLOR=1 TERM=dumb; do
  on_screen "$how" '"$GOTAP" trace -q Fact -- ./values 2> err'
  calls seen > lines.seen
  same "terminal-$how" expected lines.seen err
  equal "terminal-$how-plain" 0 "$(grep -c $'\033\\[' coloured)" coloured
done

# What is longer than the screen is cut, and says so; each call has one line all the same.
on_screen '"$GOTAP" trace -q Many -- ./values 2> err'
equal terminal-cut "$(grep -c '^Many ' own)" "$(grep -cE "^${lines}main\.Many\(a=.*\.\. = \"ah\", \"bg\"  [0-9]+\.[0-9]{3}ms\$" seen)" seen
equal terminal-width 0 "$(grep -cE '^.{81}' seen)" seen

# Calls within calls.
on_screen '"$GOTAP" trace -q --enter Fact -- ./values 2> err'
sed -E "s/^$lines//; s/\(.*//" seen > nested
printf '%s\n' '> main.Fact' '  > main.Fact' '    > main.Fact' '      > main.Fact' '        > main.Fact' \
  '        < main.Fact' '      < main.Fact' '    < main.Fact' '  < main.Fact' '< main.Fact' > expected
same terminal-nested expected nested err
# A table that is shown again stands where it was; in a pipe, and where it cannot, each follows the last.
live() { # NAME TABLES-ON-SCREEN VARIABLE=VALUE... COMMAND
  local name=$1 tables=$2
  shift 2
  # However many tables there were.
  on_screen "$@"
  local seen_tables
  seen_tables=$(grep -c '^ *calls  *per s$' all) || true
  if [ "$tables" = many ] && [ "$seen_tables" -gt 1 ]; then seen_tables=many; fi
  equal "terminal-live-$name" "$tables" "$seen_tables" all err
}
live once 1 '"$GOTAP" count -q --interval 50ms --for 1s --exe ./values Fact 2> err'
live dumb many TERM=dumb '"$GOTAP" count -q --interval 50ms --for 1s --exe ./values Fact 2> err'
live pipe many '"$GOTAP" count -q --interval 50ms --for 1s --exe ./values Fact 2> err | cat'
finish
