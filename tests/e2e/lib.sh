# shellcheck shell=bash
# Helpers of the end-to-end tests, sourced by them: the environment (tests/README.md), the
# programs under test compiled on demand, gotap in the background, and the reporting of parts
# (`ok NAME`, `not ok NAME`, `skip NAME: reason`).
# shellcheck disable=SC2034 # what is set here is used by the tests
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=${BUILD:-$top/build}
GOTAP=${GOTAP:-$BUILD/gotap}
GO_ROOT=${GO_ROOT:-$BUILD/go}
SERVERS=${SERVERS:-$BUILD/servers}
programs=$top/tests/programs
# Every Go version the issue of a bug may depend on; a test may be run on some of them.
all_versions="1.15 1.19 1.21 1.22 1.23 1.24 1.25 1.26 1.27"
versions=${GOTAP_TEST_VERSIONS:-$all_versions}
unset BPFTRACE_MAX_STRLEN BPFTRACE_MAX_MAP_KEYS GOTRACEBACK GODEBUG GOMAXPROCS
export LC_ALL=C

work=$(mktemp -d "${TMPDIR:-/tmp}/gotap-test.XXXXXX")
# What starts a command in a mount namespace of its own. In a chroot / is no mount point, so that
# unshare cannot make it private.
apart=(unshare -m)
unshare -m true 2> /dev/null || apart+=(--propagation unchanged)
started=() # children of this shell that end with it
failures=0 skips=0 parts=0

# Only those that are still children of this shell: the number of one that has ended is soon another
# process's, or a thread's, and kill(2) of a thread's number ends its process.
kill_started() {
  local pid parent
  for pid in "${started[@]}"; do
    parent=$(awk '$1 == "PPid:" { print $2 }' "/proc/$pid/status" 2> /dev/null) || continue
    if [ "$parent" = "$BASHPID" ]; then kill -9 "$pid" 2> /dev/null || true; fi
  done
}

# For what runs in a subshell: its processes are its own, the shared folder is not.
on_its_own() {
  started=()
  trap kill_started EXIT
}

cleanup() {
  kill_started
  wait 2> /dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

skip_all() {
  echo "$*"
  exit 77
}

pass() {
  parts=$((parts + 1))
  echo "ok $1"
}

# fail NAME REASON... [FILE with what was seen]
fail() {
  parts=$((parts + 1)) failures=$((failures + 1))
  echo "not ok $1"
  shift
  local it
  for it; do
    if [ -f "$it" ]; then
      echo "# --- ${it##*/}:"
      head -n 40 "$it" | cut -c1-300 | sed 's/^/# /'
    else
      echo "# $it"
    fi
  done
}

skip() {
  parts=$((parts + 1)) skips=$((skips + 1))
  echo "skip $1: $2"
}

# The last line of every test.
finish() {
  [ "$failures" = 0 ] || exit 1
  if [ "$parts" -gt 0 ] && [ "$skips" = "$parts" ]; then
    echo "every part was skipped"
    exit 77
  fi
  exit 0
}

# same NAME EXPECTED_FILE ACTUAL_FILE [FILE...]: equal to the byte.
same() {
  local name=$1 expected=$2 actual=$3
  shift 3
  if cmp -s "$expected" "$actual"; then
    pass "$name"
  else
    diff -u "$expected" "$actual" > "$work/difference" || true
    fail "$name" "expected (-) and seen (+) differ" "$work/difference" "$@"
  fi
}

# equal NAME EXPECTED ACTUAL [FILE...]
equal() {
  local name=$1 expected=$2 actual=$3
  shift 3
  if [ "$expected" = "$actual" ]; then
    pass "$name"
  else
    fail "$name" "expected: $expected" "seen:     $actual" "$@"
  fi
}

# holds NAME FILE REGEX: some line of FILE matches.
holds() {
  if grep -Eq -- "$3" "$2"; then
    pass "$1"
  else
    fail "$1" "no line matches: $3" "$2"
  fi
}

need_gotap() {
  [ -x "$GOTAP" ] || skip_all "no gotap at $GOTAP: build it first"
}

# Tracing needs root and a kernel with uprobe_multi: asked of gotap itself, by its simplest script.
need_tracing() {
  need_gotap
  [ "$(id -u)" = 0 ] || skip_all "tracing needs root"
  "$GOTAP" -e 'BEGIN { exit(); }' > "$work/probe" 2>&1 || {
    cat "$work/probe"
    # With privilege and a kernel at hand this is a failure of gotap, not a reason to skip.
    if [ -e /sys/kernel/btf/vmlinux ]; then exit 1; fi
    skip_all "no BPF on this machine"
  }
}

# Whether gotap is the one of ./dev test --sanitize, whose sanitizers need descriptors and memory of their own.
is_sanitized() { grep -q __asan_init "${GOTAP_PLAIN:-$GOTAP}"; }

have_go() { [ -x "$GO_ROOT/$1/bin/go" ]; }

# any_go: `version`, one whose toolchain is there, for what does not depend on it; skips the test if none is.
any_go() {
  for version in 1.24 1.27 1.19 1.15; do
    if have_go "$version"; then return 0; fi
  done
  skip_all "$(no_go 1.24)"
}

# no_go VERSION: why it is not there, for `skip`: tools/fetch-go leaves its reason in a file.
no_go() { cat "$GO_ROOT/$1.vanished" 2> /dev/null || echo "no Go $1 toolchain"; }

# is_sample VERSION: whether it is the oldest, the newest or one between: of which programs are built in
# ways for which all of the library is compiled anew.
is_sample() { case $1 in 1.15 | 1.24 | 1.27) ;; *) return 1 ;; esac; }

# go_env VERSION CMD...: with that toolchain and nothing from the network.
go_env() {
  local version=$1
  shift
  mkdir -p "$BUILD/.cache/go-build-$version"
  env GOROOT="$GO_ROOT/$version" PATH="$GO_ROOT/$version/bin:$PATH" GOTOOLCHAIN=local \
    GOFLAGS=-mod=mod GO111MODULE=on GOPROXY=off GOSUMDB=off GOTELEMETRY=off CGO_ENABLED=0 \
    GOPATH="$BUILD/.cache/gopath" GOCACHE="$BUILD/.cache/go-build-$version" "$@"
}

# go_program VERSION NAME [plain|stripped|pie|pie-stripped|cgo]: compiles tests/programs/NAME if
# needed and prints the path. A file `gcflags` in the program's folder holds its -gcflags.
go_program() {
  local version=$1 name=$2 variant=${3:-plain} source=$programs/$2 binary
  binary=$BUILD/programs/$version/$name-$variant
  if ! up_to_date "$binary" "$source"; then
    mkdir -p "${binary%/*}"
    local options=()
    if [ -e "$source/gcflags" ]; then options+=(-gcflags="$(cat "$source/gcflags")"); fi
    case $variant in *stripped) options+=(-ldflags="-s -w") ;; esac
    case $variant in pie*) options+=(-buildmode=pie) ;; esac
    local cgo=0
    if [ "$variant" = cgo ]; then cgo=1; fi
    # Tests run beside each other: one of them builds it, and nobody sees half of it.
    (
      flock 9
      up_to_date "$binary" "$source" ||
        { cd "$source" && go_env "$version" env CGO_ENABLED=$cgo go build "${options[@]}" -o "$binary.new" . && mv "$binary.new" "$binary"; }
    ) 9> "$binary.lock" >&2 || return 1
  fi
  echo "$binary"
}

up_to_date() { # BINARY SOURCES
  [ -e "$1" ] && [ -z "$(find "$2" -newer "$1" -print -quit)" ]
}

# soak_probes KIND BINARY: of all functions that tests/programs/soak counts itself. Its wrappers are named,
# as a wildcard leaves them out.
soak_probes() {
  printf '%s:%s:"soak/work.*"' "$1" "$2"
  printf ",$1:$2:\"soak/work.(*%s\"" 'byTail).Len' 'byTail).Less' 'byTail).Swap' 'outer).Get' 'value).Get'
}

# c_program NAME [FLAGS...]: compiles tests/programs/NAME/NAME.c and prints the path.
c_program() {
  local name=$1 binary=$BUILD/programs/c/$1
  shift
  if [ ! -e "$binary" ] || [ "$programs/$name/$name.c" -nt "$binary" ]; then
    mkdir -p "${binary%/*}"
    cc -g -O1 -fno-inline "$@" -o "$binary" "$programs/$name/$name.c" >&2
  fi
  echo "$binary"
}

# offsets BINARY FUNCTION REGEX: decimal offsets from the function's start of its instructions
# that begin so ("ret", "movb [$]0x1,"), by GNU objdump (as the article finds them).
offsets() {
  objdump -d --no-show-raw-insn --disassemble="$2" "$1" | awk -v what="$3" '
    /^ *[0-9a-f]+:\t/ {
      at = $1; sub(":", "", at); at = number(at)
      if (!begun) { begin = at; begun = 1 }
      if ($2 " " $3 ~ "^" what) print at - begin
    }
    function number(hex,   i, n) {
      n = 0
      for (i = 1; i <= length(hex); i++) n = n * 16 + index("0123456789abcdef", substr(hex, i, 1)) - 1
      return n
    }'
}

# until_line FILE REGEX [PID]: waits until a line matches. Gives up (1) when the process has
# ended without it, or after a minute, which only a hang takes.
until_line() {
  local i
  for ((i = 0; i < 1200; i++)); do
    if grep -Eq -- "$2" "$1" 2> /dev/null; then return 0; fi
    if [ -n "${3:-}" ] && ! kill -0 "$3" 2> /dev/null; then
      if grep -Eq -- "$2" "$1" 2> /dev/null; then return 0; else return 1; fi
    fi
    sleep 0.05
  done
  return 1
}

# ended PID: waits for a child of this shell, sets `code`; kills it after a minute (a hang).
ended() {
  local i
  for ((i = 0; i < 1200; i++)); do
    kill -0 "$1" 2> /dev/null || break
    # A zombie answers kill -0 until it is waited for.
    case $(sed 's/.*) //' "/proc/$1/stat" 2> /dev/null) in Z* | '') break ;; esac
    sleep 0.05
  done
  if [ "$i" = 1200 ]; then
    echo "# process $1 hangs: killed"
    kill -9 "$1" || true
  fi
  code=0
  wait "$1" || code=$?
}

# gotap in the background: start_gotap ARG...; its pid in `tracer`, its output in $work/out and
# $work/err. Returns once the probes are attached, or 1 when it has ended before.
start_gotap() {
  : > "$work/out" && : > "$work/err"
  # A shell without job control starts background processes deaf to SIGINT: gotap must hear it
  # all the same. What the test holds open for a target (its standard input) must not live on in
  # gotap.
  "$GOTAP" "$@" > "$work/out" 2> "$work/err" 3>&- 4>&- &
  tracer=$!
  started+=("$tracer")
  until_line "$work/err" '^Attached [0-9]+ probe' "$tracer"
}

# stop_gotap [SIGNAL]: asks it to end and waits; the exit code in `code`.
stop_gotap() {
  kill -"${1:-INT}" "$tracer" 2> /dev/null || true
  ended "$tracer"
}

# map_lines MAP FILE: the entries of a printed map, `key value` a line, sorted by key.
map_lines() {
  sed -nE "s/^@$1\[(.*)\]: (.*)$/\1 \2/p" "$2" | sort
}

# hist_total FILE: the sum of the counts of all printed histogram rows.
hist_total() {
  awk '/^[[(].*\|.*\|$/ { line = $0; sub(/ *\|.*/, "", line); n = split(line, w, " "); sum += w[n] } END { print sum + 0 }' "$1"
}
