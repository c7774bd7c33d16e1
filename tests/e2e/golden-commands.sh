#!/usr/bin/env bash
# What each command prints, whole, with times, addresses and rates put aside: tests/golden/commands/NAME.txt, each
# read by a person before it was kept. `WRITE=1` writes them anew: read them before you keep them.
. "$(dirname "$0")/lib.sh"
need_tracing
version=1.24
have_go $version || skip_all "$(no_go $version)"
cd "$work"
for program in outcomes waits; do
  cp "$(go_program $version "$program")" "$program"
done

# What differs from run to run: durations can be shorter or longer than three times the floor; rows of a histogram are
# few or many; a goroutine that slept is runnable for long or not; when calls that panics ended are found.
put_aside() {
  sed -E -e 's/20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]+\+00:00/TIME/g' \
    -e 's/0x[0-9a-f]{4,}/ADDRESS/g' \
    -e '/ \|@* *$/d' -e '/^WARNING: [0-9]+ calls? (never|had not) returned/d' \
    -e 's/(< floor|(< )?[0-9.]+(ns|us|ms|s))\b/DURATION/g' \
    -e 's/"(duration_ns|ns|self_ns|floor_ns)": [0-9]+/"\1": N/g' \
    -e 's/goroutine ([2-9]|[0-9]{2,})\b/goroutine N/g' \
    -e 's/"goroutine": ([2-9]|[0-9]{2,})\b/"goroutine": N/g' \
    -e 's/"pid": [0-9]+/"pid": N/g' -e 's/"version": "[^"]*"/"version": "VERSION"/' \
    -e 's/\+[0-9]+/+N/g' -e 's/ +[0-9]+\.[0-9]( |$)/ RATE /' -e 's/(DURATION +)[0-9]+\.[0-9]%  ?/\1SHARE /' \
    -e '/runnable, others ran/d' -e 's/ +/ /g' -e 's/ $//' "$@"
}

# golden NAME ARGUMENT...: the command as it is typed, what it prints, and its messages.
golden() {
  local name=$1 code=0 file=$top/tests/golden/commands/$1.txt
  shift
  rm -f out
  "$GOTAP" "${@:1:1}" -o out "${@:2}" > own 2> err < /dev/null || code=$?
  [ -e out ] || mv own out
  {
    echo "\$ gotap $*"
    put_aside out
    echo "-- messages, exit code $code:"
    put_aside err
  } > seen
  if [ "${WRITE:-}" = 1 ]; then cp seen "$file"; fi
  same "golden-$name" "$file" seen
}

golden trace trace --limit 4 main.work -- ./outcomes
golden trace-nested trace --enter --limit 6 main.plain main.work -- ./outcomes
golden trace-panics trace --panics --limit 3 main.work main.leave -- ./outcomes
golden trace-json trace -f json --errors --limit 2 main.work -- ./outcomes
golden trace-script trace --print-script --slower 10ms --errors main.work -- ./outcomes
golden latency latency main.steady -- ./outcomes
golden count count main.work main.plain main.steady -- ./outcomes
golden count-by count --by retval.1 main.work -- ./outcomes
golden count-share count --share main.work main.plain main.leave -- ./outcomes
golden count-panics count --panics main.work main.plain main.leave -- ./outcomes
golden waits waits main.sleeps -- ./waits
golden graph graph --exclude 'fmt.*' --filter 'args.n == 7' main.plain -- ./outcomes
golden graph-panics graph main.leave -- ./outcomes
golden graph-sum graph --sum --exclude 'fmt.*' main.work -- ./outcomes
line=main.go:$(awk '/r, _ = work\(n\)/ { print NR + 1 }' "$programs/outcomes/main.go")
golden log log --limit 2 "$line" 'n is {n}' -- ./outcomes
golden log-json log --limit 1 -f json "$line" 'n is {n}' -- ./outcomes
golden panics panics --limit 1 -- ./outcomes
golden panics-json panics --limit 1 -f json -- ./outcomes
finish
