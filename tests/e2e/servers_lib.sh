# shellcheck shell=bash
# What the tests on real servers share. A server is an unmodified package of Debian
# (tools/fetch-server), run on loopback with its data in the test's folder.
# shellcheck disable=SC2154 # work and code are lib.sh's

# need_server NAME PROGRAM: sets `server` to the unpacked program.
need_server() {
  server=$SERVERS/$1/$2
  if [ -x "$server" ]; then return; fi
  if [ -e "$SERVERS/$1.vanished" ]; then skip_all "$(cat "$SERVERS/$1.vanished")"; fi
  skip_all "no $server: ./dev servers fetches it"
}

# need_load: sets `load` to the load generator, built by the newest toolchain there is.
need_load() {
  local version
  for version in 1.24 1.25 1.26 1.27 1.23 1.22 1.21 1.19 1.15; do
    if have_go "$version"; then
      load=$(go_program "$version" load)
      return
    fi
  done
  skip_all "no Go toolchain for the load generator"
}

# A port of our own, and nine more behind it; below the range the kernel hands out.
base_port() { echo $((12000 + $$ % 1900 * 10)); }

# start_server KIND ADDRESS CMD...: in the background, until it is healthy. Sets `server_pid`.
start_server() {
  local kind=$1 address=$2
  shift 2
  "$@" > "$work/server.log" 2>&1 &
  server_pid=$!
  started+=("$server_pid")
  if ! "$load" "$kind" "$address" wait > "$work/wait"; then
    tail -n 20 "$work/server.log"
    fail server "the server does not start without gotap" "$work/server.log"
    finish
  fi
}

# survives NAME KIND ADDRESS: the same process answers and takes writes.
survives() {
  local seen
  seen=$("$load" "$2" "$3" wait 2>&1) || true
  seen="$seen, $("$load" "$2" "$3" put 20 2 2>&1)" || true
  kill -0 "$server_pid" 2> /dev/null || seen="$seen, but the process is gone"
  equal "$1" "healthy, acknowledged 20 failed 0" "$seen" "$work/err" "$work/server.log"
}

# killed_under_load NAME KIND ADDRESS SCRIPT: gotap dies by SIGKILL while writes go on; no write
# fails and the server stays healthy.
killed_under_load() {
  local name=$1 kind=$2 address=$3 script=$4 writes
  mkfifo "$work/running"
  "$load" "$kind" "$address" put 0 4 < "$work/running" > "$work/load.out" 2> "$work/load.err" &
  writes=$!
  started+=("$writes")
  exec 4> "$work/running"
  if start_gotap -p "$server_pid" "$script" && until_line "$work/load.out" '^running$' "$writes"; then
    stop_gotap KILL
    equal "$name-killed" 137 "$code"
    sleep 0.3 # some more load without gotap
  else
    fail "$name-attached" "$work/err" "$work/load.err"
  fi
  exec 4>&-
  ended "$writes"
  holds "$name-no-write-failed" "$work/load.out" '^acknowledged [0-9]+ failed 0$'
  survives "$name-healthy" "$kind" "$address"
  rm -f "$work/running"
}
