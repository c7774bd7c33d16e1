# shellcheck shell=bash
# gotap and delve on the same program: what both show of the parameters of each function at its first
# call (tests/programs/firstcalls says which values). Used by delve.sh and by tools/delve.
# shellcheck disable=SC2154 # work is lib.sh's

# go_command VERSION NAME: builds Go's own tool cmd/NAME with DWARF from the toolchain's source if needed
# and prints the path.
go_command() {
  local version=$1 name=$2 binary=$BUILD/programs/$1/cmd-$2
  if [ ! -e "$binary" ]; then
    mkdir -p "${binary%/*}"
    (
      flock 9
      [ -e "$binary" ] || { go_env "$version" go build -o "$binary.new" "cmd/$name" && mv "$binary.new" "$binary"; }
    ) 9> "$binary.lock" >&2 || return 1
  fi
  echo "$binary"
}

# no_delve VERSION: why it is not there; empty: it is there.
no_delve() {
  [ ! -e "$BUILD/delve/$1/.complete" ] || return 0
  cat "$BUILD/delve/$1.vanished" 2> /dev/null || echo "no delve for Go $1: tools/fetch-delve"
}

# alike CMD...: with nothing in its environment, and as little left to chance as can be: one processor
# (P), no collection, no preemption by signals, addresses that are the same each time.
alike() {
  env -i PATH=/usr/bin:/bin HOME="$work" GOMAXPROCS=1 GOGC=off GODEBUG=asyncpreemptoff=1 \
    setarch -R "$@" < /dev/null
}

# both_see VERSION DIRECTORY PROGRAM ARG...: of the functions in DIRECTORY/sites, or of the lines of source in
# DIRECTORY/lines.
both_see() {
  local version=$1 directory=$2
  shift 2
  if [ -e "$directory/lines" ]; then
    awk -v program="$1" '{ print "uprobe:" program "@" $0 " { @ = count(); }" }' "$directory/lines" > "$directory/lines.bt"
    "$GOTAP" --dump plan "$directory/lines.bt" > "$directory/plan" || return 1
    "$firstcalls" line-scripts "$1" "$directory/lines" "$directory/plan" "$directory" || return 1
  else
    "$firstcalls" scripts "$1" "$directory/sites" "$directory"
  fi
  local it
  for it in seen again; do
    alike "$GOTAP" -q --no-warnings -o "$directory/gotap.$it" -c "$*" "$directory/gotap.bt" \
      > "$directory/program.gotap" 2> "$directory/gotap.err" || true # the code is the program's
    [ -s "$directory/gotap.$it" ] || { cat "$directory/gotap.err"; return 1; }
  done
  echo "source $directory/delve.star" > "$directory/init"
  alike "$BUILD/delve/$version/usr/bin/dlv" exec "$1" --init "$directory/init" --allow-non-terminal-interactive=true \
    -r stdin:/dev/null -r "stdout:$directory/program.delve" -r stderr:/dev/null -- "${@:2}" > "$directory/delve.out" 2>&1 ||
    true
  [ -e "$directory/delve.seen" ] || { cat "$directory/delve.out"; return 1; }
  "$firstcalls" compare "$directory" > "$directory/compared"
}

# compare_first_calls VERSION PATTERN DIRECTORY PROGRAM ARG...: in DIRECTORY/compared each difference, how
# many values are unknown for which reason, and last of all a line of counts.
compare_first_calls() {
  local version=$1 pattern=$2 directory=$3 program=$4
  shift 3
  mkdir -p "$directory" "$work/.config/go/telemetry"
  # Go's tools would count their runs in files.
  echo off > "$work/.config/go/telemetry/mode"
  # Which functions are called at all. Those of the runtime do what threads and time make them do.
  alike "$GOTAP" -q --no-warnings -o "$directory/counts" -c "$*" -e "uprobe:$program:$pattern { @[func] = count(); }" \
    > /dev/null 2> "$directory/gotap.err" || true
  [ -s "$directory/counts" ] || { cat "$directory/gotap.err"; return 1; }
  "$GOTAP" -v -l "uprobe:$program:$pattern" > "$directory/listed" 2> /dev/null
  "$GOTAP" --dump plan -e "uprobe:$program:$pattern { @[func] = count(); }" > "$directory/plan" 2> /dev/null
  awk '
    FILENAME ~ /counts$/ { if (sub(/^@\[/, "") && sub(/\]: [0-9]+$/, "")) called[$0] = 1; next }
    FILENAME ~ /listed$/ {
      if (/^uprobe:/) { sub(/^uprobe:[^:]*:/, ""); function_ = $0 }
      if (/^    signature unknown/ && function_ in called) {
        unknown[function_] = 1
        sub(/^ *signature unknown: /, "")
        if (function_ !~ /^runtime\./ && function_ ~ /\./) print "functions unknown to gotap: " $0 ": " function_ > unknown_file
      }
      next
    }
    /^  0x/ {
      name = $0
      sub(/^  0x[0-9a-f]+ file 0x[0-9a-f]+ /, "", name)
      sub(/\+[0-9]+$/, "", name)
      if (!(name in called) || name in unknown || name ~ /^runtime\./) next
      # Of the body of a loop over a function delve wants the frame of the loop, or ends the script.
      if (name ~ /-range[0-9]+$/) print "functions unknown to delve: body of a loop over a function: " name > unknown_file
      else print
    }' unknown_file="$directory/unknown" "$directory/counts" "$directory/listed" "$directory/plan" > "$directory/sites"
  touch "$directory/unknown"
  both_see "$version" "$directory" "$@" || return 1
  look_again "$version" "$directory" "$@"
}

# compare_lines VERSION PATTERN MOST DIRECTORY PROGRAM ARG...: the same of the variables that have names at some
# lines of source, MOST at most, in files with PATTERN in their path, when each is run first.
compare_lines() {
  local version=$1 pattern=$2 most=$3 directory=$4
  shift 4
  mkdir -p "$directory" "$work/.config/go/telemetry"
  echo off > "$work/.config/go/telemetry/mode"
  "$firstcalls" lines "$1" "$pattern" "$most" > "$directory/lines" || return 1
  touch "$directory/unknown"
  both_see "$version" "$directory" "$@" || return 1
  look_again "$version" "$directory" "$@"
}

# look_again VERSION DIRECTORY PROGRAM ARG...
look_again() {
  local version=$1 directory=$2 round=0 last=
  shift 2
  # What is not the same in two runs of the program (the order of a map, a thread that is late) is looked
  # at again, for those functions alone; what gotap or delve get wrong stays.
  cp "$directory/differing" "$directory/left"
  : > "$directory/agreed"
  while [ -s "$directory/left" ] && [ $((round += 1)) -le 8 ]; do
    last=$directory/again.$round
    mkdir -p "$last"
    if [ -e "$directory/lines" ]; then cp "$directory/left" "$last/lines"; else again_sites "$directory" > "$last/sites"; fi
    both_see "$version" "$last" "$@" || return 1
    grep -vFxf "$last/differing" "$directory/left" >> "$directory/agreed" || true
    cp "$last/differing" "$directory/left"
  done
  {
    sed 's/: [^:]*$//' "$directory/unknown" | sort | uniq -c | sed -E 's/^ *([0-9]+) (.*)/  \2: \1/'
    "$firstcalls" compare "$directory"
  } > "$directory/compared"
}

# again_sites DIRECTORY: those of the functions that are left.
again_sites() {
  awk 'NR == FNR { wanted[$0] = 1; next }
    { name = $4; for (i = 5; i <= NF; i++) name = name " " $i; sub(/\+[0-9]+$/, "", name); if (name in wanted) print }' \
    "$1/left" "$1/sites"
}
