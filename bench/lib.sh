# shellcheck shell=bash
# What the measuring scripts share; sourced by them. They have set `work`, the folder of what they make, and where an
# empty program is attached `empty_probe`, `target` and `target_pid`.

# go_build SOURCES OUTPUT: by the toolchain in $goroot, with nothing from the network.
go_build() {
  (
    cd "$1"
    # shellcheck disable=SC2154 # set by the script
    env GOROOT="$goroot" GOTOOLCHAIN=local GOFLAGS=-mod=mod GO111MODULE=on GOPROXY=off GOSUMDB=off GOTELEMETRY=off \
      GOCACHE="$work/gocache" "$goroot/bin/go" build -o "$2" .
  )
}

go_version() { GOROOT=$goroot "$goroot/bin/go" version | awk '{ print $3 }'; }

# begin_tracer READY COMMAND...: until READY is in its output and it has attached; its process is $tracer then, its
# messages are in $work/tracer.log, what it prints in tracer.out beside it.
begin_tracer() {
  local ready=$1
  shift
  : >"$work/tracer.log" && : >"$work/tracer.out"
  "$@" >>"$work/tracer.out" 2>>"$work/tracer.log" </dev/null &
  tracer=$!
  until grep -q "$ready" "$work/tracer.log" "$work/tracer.out"; do
    kill -0 "$tracer" 2>/dev/null || { cat "$work/tracer.log" >&2; return 1; }
    sleep 0.05
  done
  sleep 0.3 # bpftrace 0.17 says so before it has attached
}

end_tracer() {
  kill -INT "$tracer" 2>/dev/null || true
  wait "$tracer" || true
}

# begin_empty SITE [WHAT]: the empty program at that place of the target's file, or what else bench/empty_probe has.
begin_empty() {
  # shellcheck disable=SC2154 # set by the script
  mkfifo "$work/hold" && { "$empty_probe" "$target" "$1" "$target_pid" ${2:+"$2"} <"$work/hold" >"$work/empty.log" & }
  tracer=$!
  exec 9>"$work/hold" # it stays attached while this is open
  until grep -q attached "$work/empty.log" 2>/dev/null; do sleep 0.05; done
}

end_empty() {
  exec 9>&-
  rm -f "$work/hold" "$work/empty.log"
  wait "$tracer" || true
}
