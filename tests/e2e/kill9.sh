#!/usr/bin/env bash
# gotap dies by SIGKILL at 200 random moments, while it starts, attaches, traces and detaches,
# under load: the program it traced answers rightly all the same, its output and exit code are
# those of a run without gotap, and nothing is left behind: no BPF map (hence no program and no
# link), no file, no mount, and no breakpoint that the next start, of another script, does not
# take out: killed in the middle of putting probes in or taking them out, the kernel leaves some
# (src/trace/leftovers.h).
# Of the moments a third falls into starting and attaching, a third into tracing, a third into
# detaching; GOTAP_TEST_SEED repeats them.
. "$(dirname "$0")/lib.sh"
need_tracing
kills=${GOTAP_TEST_KILLS:-200}
seed=${GOTAP_TEST_SEED:-$RANDOM}
echo "seed $seed"
kill9_versions=${GOTAP_TEST_VERSIONS:-1.15 1.19 1.24 1.27}
leftovers=$(c_program leftovers)
map=k9_$$ # a name of our own: other tracers may be at work

script() { # BINARY
  cat << END
BEGIN { @$map = 1; printf("begun\n"); }
$(soak_probes uprobe "$1") { @$map = 2; @begun[func] = count(); }
$(soak_probes uretprobe "$1") { @$map = 3; @ended[func] = hist(duration); }
uprobe:$1:"soak/work.Mix" { printf("%d\n", goid); }
interval:ms:5 { @$map = 4; print(@begun); }
END
}

# What the program is told, at the start and at the end; between them it is under load.
ask() { # WORD REGEX
  echo "$1" >&8
  [ -z "$2" ] || until_line program.out "$2" "$program" || fail "kill9-$version-answer" "no answer to $1" program.out program.err
}

# until_count REGEX N: until it stands there that often.
until_count() {
  local i
  for ((i = 0; i < 1200 && $(grep -c "$1" program.out) < $2; i++)); do sleep 0.05; done
}

start_program() {
  mkfifo commands
  ./soak 3 < commands > program.out 2> program.err &
  program=$!
  started+=("$program")
  exec 8> commands
  until_line program.out '^ready' "$program" || fail "kill9-$version-start" program.err
  ask load '' # no answer yet
}

end_program() {
  ask skip '^skip'
  ask 'batch 2' '^batch'
  exec 8>&-
  ended "$program"
  echo "exit code $code" >> program.out
  rm commands
}

# Sets `time` to the ms from start to attached; the least of three, so that kills spread evenly
# over them fall before it.
attach_time() {
  local before now _
  time=10000
  for _ in 1 2 3; do
    before=$(date +%s%3N)
    start_gotap -p "$program" kill9.bt || fail "kill9-$version-attach" "$work/err"
    now=$(date +%s%3N)
    stop_gotap INT
    [ $((now - before)) -ge "$time" ] || time=$((now - before))
  done
}

pause() { sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"; }

kill_once() { # NUMBER
  case $(($1 % 3)) in
    0)
      "$GOTAP" -p "$program" kill9.bt > "$work/out" 2> "$work/err" 8>&- &
      tracer=$!
      pause $((RANDOM % (time + time / 5 + 1)))
      ;;
    1)
      start_gotap -p "$program" kill9.bt || true
      pause $((RANDOM % 60))
      ;;
    2)
      start_gotap -p "$program" kill9.bt || true
      kill -INT "$tracer" 2> /dev/null || true
      pause $((RANDOM % 60))
      ;;
  esac
  # It may have ended by itself meanwhile: detaching is quick.
  kill -KILL "$tracer" 2> /dev/null || true
  code=0
  wait "$tracer" 2> /dev/null || code=$?
  if [ "$code" = 137 ]; then killed=$((killed + 1)); fi
  if [ "$code" != 137 ] && [ "$code" != 0 ]; then fail "kill9-$version-$1" "gotap ended by itself with $code" "$work/err"; fi
}

# cleaned NAME: the kernel has taken everything apart, behind the dead process's back, but for
# breakpoints; those go with the next start and end of a script about something else.
cleaned() {
  local i count
  for ((i = 0; i < 400; i++)); do
    count=$("$leftovers" maps "$map$version_id")
    if [ "$count" = 0 ]; then break; fi
    sleep 0.05
  done
  [ "$count" = 0 ] || fail "$1-maps" "$count maps are left"
  "$leftovers" code "$program" > left || littered=$((littered + 1))
  code=0
  "$GOTAP" -p "$program" -e 'uprobe:./soak:"soak/work.MarkOn" { @n = count(); } interval:ms:1 { exit(); }' \
    > "$work/out" 2> "$work/err" || code=$?
  if [ "$code" != 0 ] || ! "$leftovers" code "$program" > left; then
    fail "$1" "exit code $code" "$work/err" left
    return
  fi
  pass "$1"
}

# A second ^C ends gotap at once, and still leaves nothing: detaching is waited for.
impatient() {
  local i
  for ((i = 0; i < 10; i++)); do
    start_gotap -p "$program" kill9.bt || fail "kill9-$version-impatient-attach" "$work/err"
    kill -INT "$tracer"
    pause $((RANDOM % 40))
    kill -INT "$tracer" 2> /dev/null || true
    wait "$tracer" 2> /dev/null || true
    if ! "$leftovers" code "$program" > left; then
      fail "kill9-$version-impatient-$i" left
      return
    fi
  done
  pass "kill9-$version-impatient"
}

one_version() {
  local i before=$failures
  version=$1 killed=0 littered=0
  version_id=${1//./_}
  work=$work/$version
  mkdir -p "$work/tmp" && cd "$work"
  export TMPDIR=$work/tmp
  cp "$(go_program "$version" soak)" soak
  script "$work/soak" | sed "s/@$map/@$map$version_id/g" > kill9.bt
  start_program && end_program
  mv program.out expected
  start_program
  attach_time
  for ((i = 0; i < kills / versions_run; i++)); do
    kill_once $i
    if [ $((i % 20)) = 19 ]; then cleaned "kill9-$version-left-$i"; fi
  done
  cleaned "kill9-$version-left"
  impatient
  # The next start finds nothing in its way and counts every call.
  ask skip '^skip'
  if start_gotap -p "$program" kill9.bt; then
    ask 'batch 1' '^batch'
    stop_gotap INT
    awk '/^count/ { print $2, $3 }' program.out | sort > counts
    # It was printed again and again; counts grow.
    map_lines begun "$work/out" | awk 'FILENAME == "counts" { known[$1] = 1; next }
      known[$1] && $2 > most[$1] { most[$1] = $2 } END { for (name in most) print name, most[name] }' counts - |
      sort > seen
    same "kill9-$version-next-counts" counts seen "$work/err"
  else
    fail "kill9-$version-next-attach" "$work/err"
  fi
  cp program.out before
  ask load ''
  ask skip '' # ends the load
  until_count '^skip' 2
  ask 'batch 2' ''
  until_count '^batch' 2
  exec 8>&-
  ended "$program"
  echo "exit code $code" >> program.out
  tail -n "+$(($(wc -l < before) + 1))" program.out | grep -v '^skip' > after
  grep -v '^ready' expected | grep -v '^skip' > wanted
  same "kill9-$version-own-output" wanted after program.err
  same "kill9-$version-own-errors" /dev/null program.err
  if [ -z "$(ls "$TMPDIR")" ]; then pass "kill9-$version-files"; else fail "kill9-$version-files" "left in TMPDIR: $(ls "$TMPDIR")"; fi
  echo "# Go $version: $killed of $i died by SIGKILL, attaching takes $time ms; the kernel left breakpoints $littered times"
  [ "$failures" = "$before" ]
}

mounts_before=$(cat /proc/self/mounts)
run=()
for version in $kill9_versions; do
  if have_go "$version"; then run+=("$version"); else skip "kill9-$version" "$(no_go "$version")"; fi
done
versions_run=${#run[@]}
pids=()
for version in "${run[@]}"; do
  go_program "$version" soak > /dev/null
  (
    on_its_own
    RANDOM=$((seed + ${#pids[@]}))
    one_version "$version"
  ) &
  pids+=($!)
done
for pid in "${pids[@]}"; do
  parts=$((parts + 1))
  wait "$pid" || failures=$((failures + 1))
done
equal kill9-mounts "$mounts_before" "$(cat /proc/self/mounts)"
finish
