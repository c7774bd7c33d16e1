#!/usr/bin/env bash
# Shell completion, in the shells themselves: bash and zsh in a terminal, with the key a person presses;
# fish by its own `complete -C`. And the manual's pages, as man(1) reads them.
# Runs beside the others: it traces nothing.
# shellcheck disable=SC2016 # the $ is the other shell's
. "$(dirname "$0")/lib.sh"
need_gotap
any_go
binary=$(go_program "$version" counters)
# Not what adds an option to it.
mkdir "$work/bin"
ln -s "${GOTAP_PLAIN:-$GOTAP}" "$work/bin/gotap"
export PATH=$work/bin:$PATH
cd "$work"
ln -s "$binary" app
terminal=(tmux -L "gotap-completion-$$" -f /dev/null)
trap '"${terminal[@]}" kill-server 2> /dev/null || true; cleanup' EXIT

# The functions of the program by another way: the symbol table.
symbols() { nm "$binary" | awk '$2 ~ /^[tT]$/ { print $3 }' | grep "$1" | sort -u; }

screen() { "${terminal[@]}" capture-pane -p -J; }

# shows NAME REGEX: the screen does, within a minute.
shows() {
  local i
  for ((i = 0; i < 600; i++)); do
    screen > screen.txt
    if grep -Eq -- "$2" screen.txt; then
      pass "completion-$1"
      return
    fi
    sleep 0.1
  done
  fail "completion-$1" "not on the screen: $2" screen.txt
}

# types NAME REGEX TEXT KEY...: on an empty line of the shell.
types() {
  local name=$1 regex=$2
  shift 2
  "${terminal[@]}" send-keys C-u
  "${terminal[@]}" send-keys -R C-l
  shows "$name-prompt" '^READY\$ *$'
  "${terminal[@]}" send-keys -l -- "$1"
  shift
  "${terminal[@]}" send-keys "$@"
  shows "$name" "$regex"
}

# start_shell NAME LINE COMMAND...: with gotap's completion, and a prompt that is known.
start_shell() {
  local name=$1 line=$2
  shift 2
  "${terminal[@]}" new-session -d -x 100 -y 40 -s "$name" "env PS1='READY$ ' PATH='$PATH' $*"
  shows "$name-started" '^READY\$'
  "${terminal[@]}" send-keys -l -- "$line"
  "${terminal[@]}" send-keys Enter
}

in_bash() {
  start_shell bash 'source <(gotap completion bash); bind "set bell-style none"' bash --norc --noprofile -i
  types bash-command '^READY\$ gotap latency $' 'gotap lat' Tab
  types bash-option '^READY\$ gotap count --interval $' 'gotap count --inter' Tab
  types bash-choice '^READY\$ gotap trace -f json $' 'gotap trace -f js' Tab
  types bash-equals '^READY\$ gotap trace --attach=multi $' 'gotap trace --attach=mu' Tab
  types bash-file '^READY\$ gotap list --exe ./app $' 'gotap list --exe ./ap' Tab
  # Special characters are quoted, or stand in the quotes that are open.
  types bash-function '^READY\$ gotap trace --exe ./app main.\\\(\\\*POther\\\).Get $' 'gotap trace --exe ./app main.\(\*POt' Tab
  types bash-quoted "^READY\\\$ gotap trace --exe ./app 'main.\\(\\*POther\\).Get' \$" "gotap trace --exe ./app 'main.(*POt" Tab
  "${terminal[@]}" kill-session -t bash
  # All of a prefix, by its function itself.
  cat > ask.sh <<'ASK'
source <(gotap completion bash)
COMP_LINE="gotap trace --exe ./app main.P" COMP_POINT=${#COMP_LINE} COMP_CWORD=4
COMP_WORDS=(gotap trace --exe ./app main.P)
_gotap gotap
printf '%s\n' "${COMPREPLY[@]}"
ASK
  bash --norc ask.sh | sort > seen
  symbols '^main\.P' | grep -v '[[ ]' | sed 's/\.abi0$//' | sort -u > expected
  grep -v '\[' seen > seen.plain || true
  same completion-bash-all expected seen.plain
}

in_zsh() {
  start_shell zsh 'autoload -U compinit; compinit -u -d ./dump; source <(gotap completion zsh); PS1="READY$ "' zsh -f -i
  types zsh-command '^READY\$ gotap latency *$' 'gotap lat' Tab
  types zsh-option '^READY\$ gotap count --interval *$' 'gotap count --inter' Tab
  types zsh-function '^READY\$ gotap trace --exe ./app main.\\\(\\\*POther\\\).Get *$' 'gotap trace --exe ./app main.\(\*POt' Tab
  "${terminal[@]}" kill-session -t zsh
}

in_fish() {
  asked() { LINE=$1 fish -N -c 'source (gotap completion fish | psub); complete -C "$LINE"' 2> err; }
  equal completion-fish-command latency "$(asked 'gotap lat' | cut -f 1)" err
  equal completion-fish-option --interval "$(asked 'gotap count --inter' | cut -f 1)" err
  equal completion-fish-function 'main.(*POther).Get' "$(asked 'gotap trace --exe ./app main.\(\*POt' | cut -f 1)" err
  equal completion-fish-quoted 'main.(*POther).Get' "$(asked "gotap trace --exe ./app 'main.(*POt" | cut -f 1)" err
  equal completion-fish-choice 'text json' "$(asked 'gotap trace -f ' | cut -f 1 | sort -r | paste -sd ' ')" err
}

manual() {
  local page
  for page in "$top"/man/*.1; do
    groff -man -Tascii -ww -z "$page" > problems 2>&1 || true
    equal "man-${page##*/}" "" "$(cat problems)" "$page"
  done
  gotap man trace | groff -man -Tascii -P-c | sed 's/.\x08//g' > manual.txt
  holds man-options manual.txt '^ +--slower TIME'
  mkdir pages
  gotap man -o pages
  same man-folder <(cat "$top"/man/*.1) <(cat pages/*.1)
}

in_bash
in_zsh
in_fish
manual
finish
