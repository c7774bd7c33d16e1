# shellcheck shell=bash
# shellcheck disable=SC2154 # `code` is set by ended()
# Programs that call main.step() as often as they are told, each with its standard input and
# output: for the tests of attaching and of the gate. Sourced after lib.sh.

declare -A step_input step_output
step_count=0

# keep_target PID OUTPUT INPUT: a started program whose input is that fifo, opened here.
keep_target() {
  local fd
  exec {fd}> "$3"
  step_input[$1]=$fd step_output[$1]=$2
}

# start_target COMMAND...: its pid in `target`; returns when it waits for its first line.
start_target() {
  local own
  step_count=$((step_count + 1))
  own=$work/target-$step_count
  mkfifo "$own.in"
  # What is held open for other targets must not live on in this one.
  (
    for fd in "${step_input[@]}"; do exec {fd}>&-; done
    exec "$@"
  ) < "$own.in" > "$own.out" 2>&1 &
  target=$!
  started+=("$target")
  keep_target "$target" "$own.out" "$own.in"
  until_line "$own.out" '^running$' "$target"
}

# steps PID N: it calls main.step N times; returns when it has.
steps() {
  local before
  before=$(grep -c '^did' "${step_output[$1]}" || true)
  echo "$2" >&"${step_input[$1]}"
  for _ in $(seq 1200); do
    [ "$(grep -c '^did' "${step_output[$1]}")" = "$before" ] || return 0
    kill -0 "$1" 2> /dev/null || return 1
    sleep 0.05
  done
  return 1
}

# end_target NAME PID: it ends by itself, and well.
end_target() {
  local fd=${step_input[$2]}
  exec {fd}>&-
  unset "step_input[$2]"
  ended "$2"
  equal "$1-target-unharmed" 0 "$code" "${step_output[$2]}"
}

# debug PID: attaches to it as a debugger does, by process `debugger`; undebug ends that.
debug() {
  [ -p "$work/debugger.in" ] || mkfifo "$work/debugger.in"
  "$(c_program debugger)" "$1" < "$work/debugger.in" > "$work/debugger.out" 2>&1 &
  debugger=$!
  started+=("$debugger")
  exec {debugger_fd}> "$work/debugger.in"
  until_line "$work/debugger.out" '^attached$' "$debugger"
}

undebug() {
  exec {debugger_fd}>&-
  ended "$debugger"
}

# in_folder NAME COMMAND...: with the output files of start_gotap in a folder of their own.
in_folder() {
  local work=$work/$1
  mkdir -p "$work"
  shift
  "$@"
}
