#!/usr/bin/env bash
# docs/incidents.md: its commands, as they stand there but for the process, against the incidents that they are for
# (tests/programs/incidents). Their output has to name who is at fault, as the guide's own does, and count what the
# program counted itself.
# shellcheck disable=SC2317 # the test of a command is called by the name of its incident
: "${GOTAP_TEST_VERSIONS=1.15 1.27}"
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need_tracing
guide=$top/docs/incidents.md

# section INCIDENT: what the guide says of it.
section() { awk -v mark="<!-- incident: $1 -->" '/^## / { on = 0 } $0 == mark { on = 1 } on' "$guide"; }

# commands INCIDENT: the guide's, one a line.
commands() { section "$1" | awk '/^```/ { inside = ($0 == "```sh"); next } inside'; }

# respond FOLDER PROGRAM INCIDENT COMMAND: the service under its load and the command at its side; FOLDER has what each
# of them said: own, out, err, and gotap's exit code.
respond() (
  on_its_own
  set -f
  mkdir -p "$1" && mkfifo "$1/go"
  "$2" "$3" < "$1/go" > "$1/own" 2>&1 &
  target=$!
  started+=("$target")
  exec 5> "$1/go"
  until_line "$1/own" '^ready$' "$target" || true
  # The command's words are those of the reader's shell.
  eval "words=($4)"
  for i in "${!words[@]}"; do
    if [ "${words[i]}" = PID ]; then words[i]=$target; fi
  done
  "$GOTAP" "${words[@]:1}" > "$1/out" 2> "$1/err" 5>&- &
  tracer=$!
  started+=("$tracer")
  until_line "$1/err" '^Attached [0-9]+ probe' "$tracer" || true
  echo >&5
  exec 5>&-
  ended "$target"
  ended "$tracer"
  echo "$code" > "$1/code"
)

# Of the command at hand: `at` is its folder, `id` the name of its tests.
# truth KEY: what the service says of itself.
truth() { awk -v key="$1" '$1 == "truth" && $2 == key { print $3 }' "$at/own"; }

# between NAME KEY SEEN: what takes long is no less than the service sees from the inside, no more than from the outside: of
# a machine with much to do these differ.
between() {
  local least most
  least=$(truth "$2-at-least") most=$(truth "$2-at-most")
  if [ "$least" -le "$3" ] && [ "$3" -le "$most" ]; then pass "$1"; else fail "$1" "$3, not $least to $most" "$at/out"; fi
}

# named REGEX: the culprit is in the output, and in the guide's.
named() {
  holds "$id-names" "$at/out" "$1"
  section "$incident" > "$work/section"
  holds "$id-guide" "$work/section" "$1"
}

# counts: `CALLS TEXT` for each row of gotap count, stacks in one line.
counts() {
  awk '/^ +[0-9]+ +[0-9.]+  / { show(); n = $1; $1 = $2 = ""; text = $0; next }
    NF { text = text " " $0 }
    function show() { if (text != "" && text !~ /^ *in all$/) { sub(/^ +/, "", text); gsub(/ +/, " ", text); print n, text } text = "" }
    END { show() }' "$at/out"
}

# calls REGEX: the sum of the calls in the rows that match.
calls() { counts | awk -v regex="$1" '{ n = $1; sub(/^[0-9]+ /, "") } $0 ~ regex { sum += n } END { print sum + 0 }'; }

# latencies: `CALLS P50 TEXT` for each part of gotap latency, the p50 in microseconds.
latencies() {
  awk '/^  calls [0-9]/ {
      for (i = 1; i <= NF; i++) if ($i == "p50") p50 = $(i + 1) == "<" ? $(i + 2) : $(i + 1)
      unit = p50; gsub(/[0-9.]/, "", unit)
      sub(/^ +/, "", text); gsub(/ +/, " ", text)
      print $2, p50 * (unit == "s" ? 1e6 : unit == "ms" ? 1e3 : unit == "us" ? 1 : 0.001), text
      text = ""
      next
    }
    /^  (\[|< floor)/ || /^floor / { next }
    { text = text " " $0 }' "$at/out"
}

# parts: `TEXT CALLS` for each, sorted.
parts() { latencies | awk '{ n = $1; $1 = $2 = ""; sub(/^ +/, ""); print $0, n }' | sort; }

# slowest: the part with the longest p50.
slowest() { latencies | sort -k2,2nr | head -n 1 | cut -d' ' -f3-; }

# lines REGEX: how many lines match.
lines() { grep -Ec -- "$1" "$at/out" || true; }

slow-apply-1() {
  equal "$id-calls" "$(truth applies)" "$(latencies | awk '{ n += $1 } END { print n }')" "$at/out"
  equal "$id-revokes" "shop/raft.EntryLeaseRevoke $(truth revokes)" "$(parts | grep Revoke)" "$at/out"
  equal "$id-slowest" shop/raft.EntryLeaseRevoke "$(slowest)" "$at/out"
  named '^shop/raft\.EntryLeaseRevoke$'
}
slow-apply-2() {
  between "$id-slow" slow "$(calls .)"
  named 'raft\.\(\*FSM\)\.Apply, 280, lease/7$'
}
slow-tenant-1() {
  for tenant in acme globex initech umbrella; do echo "$tenant $(truth "requests-$tenant")"; done > "$work/expected"
  parts > "$work/parts"
  same "$id-calls" "$work/expected" "$work/parts" "$at/out"
  equal "$id-slowest" "$(truth slow-tenant)" "$(slowest)" "$at/out"
  named "^initech$"
}
swallowed-error-1() {
  equal "$id-errors" "$(truth full)" "$(lines ' = .*no space left on device')" "$at/out"
  equal "$id-save" "$(truth errors-of-save)" "$(lines 'Store\)\.Save\(')" "$at/out"
  named 'shop/store\.\(\*Replica\)\.Write\(.*, id="doc-49".*\) = write /mnt/replica/docs\.db: no space left on device '
}
swallowed-error-2() {
  equal "$id-errors" "$(truth full)" "$(calls .)" "$at/out"
  named "Write, write /mnt/replica/docs\.db: no space left on device, shop/store\.\(\*Store\)\.Save \(store\.go:$(line_of store/store.go '_ = s.replica.Write')\)$"
}
mutex-convoy-1() {
  holds "$id-lock" "$at/out" '^ +(internal/)?sync\.\(\*Mutex\)\.lockSlow\+'
  named "^ +shop/metrics\.\(\*Registry\)\.Add\+[0-9]+ \(registry\.go:$(line_of metrics/registry.go 'r.mu.Lock()')\)$"
}
mutex-convoy-2() {
  printf 'shop/metrics.(*Registry).%s\n' "Add $(truth adds)" "Snapshot $(truth snapshots)" "encode $(truth snapshots)" > "$work/expected"
  parts > "$work/parts"
  same "$id-calls" "$work/expected" "$work/parts" "$at/out"
  # It sleeps for 25 ms, each time.
  equal "$id-slow" slow "$(latencies | awk '/encode$/ { print ($2 >= 25000 ? "slow" : "fast") }')" "$at/out"
  named '^shop/metrics\.\(\*Registry\)\.encode$'
}
goroutine-leak-1() {
  equal "$id-started" "$(truth subscribed) $(truth broadcast)" "$(calls 'Hub\)\.Subscribe') $(calls 'Hub\)\.Broadcast')" "$at/out"
  named "shop/feed\.\(\*Hub\)\.Subscribe \(hub\.go:$(line_of feed/hub.go 'go h.pump')\)$"
}
goroutine-leak-2() {
  equal "$id-ended" "$(truth broadcast)" "$(calls 'created by shop/feed\.\(\*Hub\)\.Broadcast')" "$at/out"
  equal "$id-left" "$(truth left)" "$(($(truth subscribed) - $(calls 'Hub\)\.Subscribe')))" "$at/out"
  named 'created by shop/feed\.\(\*Hub\)\.Broadcast\+'
}
retry-storm-1() {
  equal "$id-calls" "$(truth attempts) $(truth payments)" "$(calls 'Client\)\.post$') $(calls 'Client\)\.Pay$')" "$at/out"
  named 'shop/payment\.\(\*Client\)\.post$'
}
retry-storm-2() {
  equal "$id-failed" "$(truth failed-attempts)" "$(calls .)" "$at/out"
  named 'Client\)\.post, POST https://bank-eu-2/charges: 503 Service Unavailable$'
}
recovered-panic-1() {
  equal "$id-panics" "$(truth 500)" "$(lines ' panic: .*nil pointer dereference')" "$at/out"
  equal "$id-recovered" "$(truth 500)" "$(lines " recovered by shop/orders\.Recoverer\.func1\.1 \(handler\.go:$(line_of orders/handler.go 'recover() != nil')\)$")" "$at/out"
  named "^ +shop/orders\.total(\+[0-9]+| \[inlined\]) \(handler\.go:$(line_of orders/handler.go 'item.Coupon.Off')\)$"
}
slow-fsync-1() {
  equal "$id-calls" "$(truth appends)" "$(sed -nE 's/^  ([0-9]+) calls, .*/\1/p' "$at/out")" "$at/out"
  # It comes first: nothing takes more of the time.
  equal "$id-first" "$(truth appends) system call fsync" \
    "$(awk '/^ +time/ { getline; print $3, $5, $6, $7; exit }' "$at/out")" "$at/out"
  named ' system call fsync$'
}
slow-fsync-2() {
  equal "$id-calls" "$(truth appends)" "$(latencies | awk '/wal\.\(\*Log\)/ { n += $1 } END { print n }')" "$at/out"
  named "^shop/wal\.\(\*Log\)\.sync \(log\.go:$(line_of wal/log.go 'l.file.Sync()')\)$"
}
unexpected-nil-1() {
  equal "$id-nil" "$(truth nil)" "$(lines ' = nil, <nil>')" "$at/out"
  named 'shop/catalog\.\(\*Index\)\.Find\(.*sku="cup-7"\) = nil, <nil>'
}
unexpected-nil-2() {
  equal "$id-nil" "$(truth nil)" "$(calls .)" "$at/out"
  named "Find, cup-7, shop/catalog\.\(\*Index\)\.Quote \(catalog\.go:$(line_of catalog/catalog.go 'x.Find(sku)')\)$"
}
cold-cache-1() {
  equal "$id-misses" "$(truth misses) $(truth hits)" "$(calls 'Get, false$') $(calls 'Get, true$')" "$at/out"
  named 'shop/cache\.\(\*Cache\)\.Get, false$'
}
cold-cache-2() {
  equal "$id-lines" 6 "$(lines goroutine)" "$at/out"
  equal "$id-other-keys" 0 "$(lines 'Get\(.*@')" "$at/out"
  named 'Cache\)\.Put\(.*, key="profile/user-0@1", '
}
callers-deadline-1() {
  equal "$id-errors" "$(truth deadlines)" "$(lines 'Client\)\.Balance\(.*account="savings-9"\) = 0, .*(deadlineExceeded|deadline exceeded)')" "$at/out"
  named 'Client\)\.Balance\(.*account="savings-9"\) = 0, '
}
callers-deadline-2() {
  equal "$id-calls" "$(truth forwarded) $(($(truth forwarded) + $(truth audits)))" "$(calls ' 30, .*Forward') $(calls ' 5000, .*Balance')" "$at/out"
  named "WithTimeout, 30, shop/gateway\.\(\*Proxy\)\.Forward \(proxy\.go:$(line_of gateway/proxy.go WithTimeout)\)$"
}
slow-shard-1() {
  for ((i = 0; i < 6; i++)); do echo "shard-$i $(truth searches)"; done > "$work/expected"
  parts > "$work/parts"
  same "$id-calls" "$work/expected" "$work/parts" "$at/out"
  equal "$id-slowest" "$(truth slow-shard)" "$(slowest)" "$at/out"
  named '^shard-4$'
}

# line_of FILE TEXT: the number of the first line with it.
line_of() { grep -nF -- "$2" "$programs/incidents/$1" | head -n 1 | cut -d: -f1; }

mapfile -t incidents < <(sed -nE 's/^<!-- incident: (.*) -->$/\1/p' "$guide")
equal twelve 12 "${#incidents[@]}"
for version in $versions; do
  have_go "$version" || { skip "incidents-$version" "$(no_go "$version")"; continue; }
  program=$(go_program "$version" incidents) || { fail "incidents-$version" "it was not built"; continue; }
  # Side by side: each has a process of its own.
  for incident in "${incidents[@]}"; do
    n=0
    while IFS= read -r command; do
      while [ "$(jobs -rp | wc -l)" -ge 4 ]; do wait -n || true; done
      n=$((n + 1))
      respond "$work/$version-$incident-$n" "$program" "$incident" "$command" > /dev/null < /dev/null &
    done < <(commands "$incident")
    [ "$n" = 1 ] || [ "$n" = 2 ] || fail "$incident-commands" "$n commands"
  done
  wait
  for incident in "${incidents[@]}"; do
    for at in "$work/$version-$incident"-*; do
      n=${at##*-}
      id=$incident-$n-$version
      if [ "$(cat "$at/code" 2> /dev/null)" = 0 ]; then
        "$incident-$n"
      else
        fail "$id" "$at/err" "$at/out" "$at/own"
      fi
    done
  done
  # Of a package's path the end is enough where one package ends so.
  for names in 'store: shop/store:' 'raft.(*FSM).* shop/raft.(*FSM).*'; do
    "$GOTAP" list --exe "$program" "${names% *}" > "$work/short" 2>&1 || true
    "$GOTAP" list --exe "$program" "${names#* }" > "$work/long"
    same "ends-of-packages-${names% *}-$version" "$work/long" "$work/short"
  done
  code=0
  "$GOTAP" list --exe "$program" atomic: > "$work/short" 2>&1 || code=$?
  equal "several-packages-exit-$version" 1 "$code" "$work/short"
  holds "several-packages-$version" "$work/short" '^  sync/atomic:$'
done
finish
