#!/usr/bin/env bash
# gotap graph: trees of calls against the account that the program keeps of them, through errors, panics
# recovered at different heights and Goexit, on several goroutines; the sum of the trees; records.
: "${GOTAP_TEST_VERSIONS=1.15 1.24 1.27}"
. "$(dirname "$0")/lib.sh"
need_tracing
cd "$work"

only=(--exclude 'main.(*account)*' --exclude '*.func*' --exclude 'time.*' --exclude 'strings.*' --exclude 'errors.*')

# trees FILE: a line a tree, the lines of each joined by |, in order.
trees() {
  awk '/^tree$/ { if (tree != "") print tree; tree = "|"; next }
       /^ *main\./ { tree = tree $0 "|" }
       END { if (tree != "") print tree }' "$1" | sort
}

# as_own FILE: what gotap shows in the words of the program.
as_own() {
  sed -E '/^20[0-9-]+T[0-9:.]+\+00:00 goroutine [0-9]+$/{s/.*/tree/;b}; s/^.{20}//; s/  \(a panic or Goexit ended it\)$/!/' "$1" |
    awk 'match($0, /^ *[0-9]+ x /) { n = $1; split($0, parts, / x /); sub(/[0-9]+$/, "", parts[1]); for (i = 0; i < n; i++) print parts[1] parts[2]; next } { print }'
}

graph() { # ARG...: of the program's run
  code=0
  echo | "$GOTAP" graph -o seen "$@" -- "$binary" > own 2> err || code=$?
}

# Packages of a module whose path begins as the compiler's own names do (go.etcd.io).
if have_go 1.24; then
  mkdir -p mod/below
  printf 'module go.example/app\n\ngo 1.15\n' > mod/go.mod
  cat > mod/below/below.go << 'END'
package below

//go:noinline
func Leaf(n int) int { return n + 1 }

//go:noinline
func Work(n int) int { return Leaf(n) * Leaf(n+1) }

//go:noinline
func Crash(n int) int {
	if n = Leaf(n); n > 1 {
		panic(n)
	}
	return n
}
END
  cat > mod/main.go << 'END'
package main

import (
	"os"

	"go.example/app/below"
)

func main() {
	println(below.Work(1))
	if len(os.Args) > 1 {
		below.Crash(1)
	}
}
END
  (cd mod && go_env 1.24 go build -o ../app .) 2> err
  "$GOTAP" graph -o seen --rate 10 Work -- ./app > out 2> err || true
  equal graph-go-module 'go.example/app/below.Work|2 x go.example/app/below.Leaf' \
    "$(sed -nE 's/^ +[0-9.]+[a-z]+ +[0-9.]+[a-z]+ +//p' seen | paste -sd '|')" seen err
  # A panic that nobody recovers ends a tree as others do.
  "$GOTAP" graph -o seen Crash -- ./app crash > out 2> err || true
  equal graph-crash 'go.example/app/below.Crash  (a panic or Goexit ended it)|go.example/app/below.Leaf' \
    "$(sed -nE 's/^ +([0-9.]+[a-z]+|[?]) +([0-9.]+[a-z]+|[?]) +//p' seen | paste -sd '|')" seen err
  equal complete-go-module 'go.example/app/below.Crash go.example/app/below.Leaf go.example/app/below.Work' \
    "$("$GOTAP" __complete graph --exe ./app go.example/app/below. | cut -f1 | paste -sd ' ')"
fi

for version in $versions; do
  have_go "$version" || { skip "graph-$version" "$(no_go "$version")"; continue; }
  binary=$(go_program "$version" graphs)
  export TZ=UTC
  graph --rate 100000 "${only[@]}" work
  equal "graph-exit-$version" 0 "$code" err
  trees own > expected
  as_own seen > own.seen
  trees own.seen > lines
  equal "graph-own-$version" 60 "$(wc -l < expected)" own
  same "graph-trees-$version" expected lines err
  holds "graph-summary-$version" err '^60 calls of main\.work; shown: 60$'

  # Only some.
  graph --rate 100000 "${only[@]}" --errors work
  grep -E '^\|main\.work = ' expected > chosen
  as_own seen > own.seen
  trees own.seen > lines
  same "graph-errors-$version" chosen lines err
  graph --rate 100000 "${only[@]}" --panics work
  grep -E '^\|main\.work!' expected > chosen
  as_own seen > own.seen
  trees own.seen > lines
  same "graph-panics-$version" chosen lines err
  graph --rate 100000 "${only[@]}" --slower 2m work
  equal "graph-slower-$version" "" "$(cat seen)" err

  # The sum, by the path to each.
  graph --rate 100000 "${only[@]}" --sum work
  awk '/^ *main\./ {
      depth = match($0, /[^ ]/) - 1; name = $0; sub(/^ */, "", name); thrown = sub(/!$/, "", name); error = sub(/ = .*/, "", name)
      path[depth] = (depth ? path[depth - 2] "/" : "") name
      calls[path[depth]]++; errors[path[depth]] += error; ended[path[depth]] += thrown
    } END { for (p in calls) print p, calls[p], errors[p], ended[p] }' own | sort > expected.sum
  sed -E '1d; s/^.{20}//' seen | awk '{
      depth = match($0, /[^ ]/) - 1; path[depth] = (depth ? path[depth - 2] "/" : "") $1
      calls = errors = ended = 0
      if (match($0, /[0-9]+ calls?/)) calls = substr($0, RSTART) + 0
      if (match($0, /[0-9]+ errors?/)) errors = substr($0, RSTART) + 0
      if (match($0, /[0-9]+ ended/)) ended = substr($0, RSTART) + 0
      print path[depth], calls, errors, ended }' | sort > lines
  same "graph-sum-$version" expected.sum lines seen err

  # The same as folded stacks: the paths of those that took time of their own, as far as that is known, and
  # microseconds: a step more than the 2,000 that it sleeps.
  graph --rate 100000 "${only[@]}" --sum -f folded work
  awk '/^ *main\./ {
      depth = match($0, /[^ ]/) - 1; name = $0; sub(/^ */, "", name); thrown = sub(/!$/, "", name); sub(/ = .*/, "", name)
      path[depth] = (depth ? path[depth - 2] ";" : "") name; calls[path[depth]] += !thrown; counted[depth] = !thrown
      if (thrown && counted[depth - 2]) { calls[path[depth - 2]]--; counted[depth - 2] = 0 }
    } END { for (p in calls) if (calls[p]) print p }' own | sort > expected.folded
  sed -E 's/ [1-9][0-9]*$//' seen | sort > lines
  same "graph-folded-$version" expected.folded lines seen err
  calls=$(awk '$1 == "main.work/main.step" { print $2 }' expected.sum)
  equal "graph-folded-step-$version" 1 "$(awk -v n="$calls" '$1 == "main.work;main.step" && $2 >= 2000 * n { print 1 }' seen)" seen

  # Records: what is below takes no longer than the call, and a step what it sleeps.
  graph --rate 100000 "${only[@]}" -f json work
  equal "graph-json-trees-$version" 60 "$(grep -c '^{"type": "tree", ' seen)" seen err
  grep -oE '"function": "main.step", "ns": [0-9]+' seen | awk '{ n++; if ($NF < 2000000) bad++ } END { print n + 0, bad + 0 }' > lines
  equal "graph-json-steps-$version" "60 0" "$(cat lines)" seen

  # Not more in a second than is allowed, which is said; each of those is whole.
  graph --rate 1 "${only[@]}" work
  holds "graph-rate-$version" err '^60 calls of main\.work, [1-9][0-9]? of them followed \(--rate'
  as_own seen > own.seen
  trees own.seen > lines
  equal "graph-rate-whole-$version" "" "$(grep -vxFf expected lines || true)" seen
done

# What is lost makes no tree look otherwise: those that are shown are whole. gotap sleeps while the program works.
any_go
binary=$(go_program "$version" graphs)
mkfifo hold
"$binary" < hold > own &
program=$!
started+=("$program")
exec 5> hold
until_line own '^ready$' "$program"
export BPFTRACE_PERF_RB_PAGES=4
start_gotap graph -p "$program" --max-overhead 0 --rate 100000 "${only[@]}" work
unset BPFTRACE_PERF_RB_PAGES
kill -STOP "$tracer"
echo >&5
exec 5>&-
wait "$program" || true
kill -CONT "$tracer"
ended "$tracer"
trees own > expected
as_own out > own.seen
trees own.seen > lines
holds graph-lost err 'events were lost'
holds graph-lost-said err '^60 calls of main\.work; shown: [0-9]+(; not at an end: [0-9]+)?(; left out, as events of them were lost: [0-9]+)?$'
equal graph-lost-some yes "$(n=$(wc -l < lines); if [ "$n" -gt 0 ] && [ "$n" -lt 60 ]; then echo yes; else echo "$n"; fi)" out err
equal graph-lost-whole "" "$(grep -vxFf expected lines || true)" out

# What cannot be followed is said.
code=0
"$GOTAP" graph 'main.*' -- "$binary" > out 2> err || code=$?
equal graph-several-exit 1 "$code" err
holds graph-several err '^ERROR: [0-9]+ functions match, and graph is about one$'
finish
