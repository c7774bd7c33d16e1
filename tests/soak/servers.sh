# shellcheck shell=bash
# The second half of the soak, sourced by `run`: etcd and prometheus of Debian, unmodified, answer
# requests whose answers are known, while a thousand of their functions are probed at entry and
# return, on and off for minutes.
# shellcheck disable=SC2154,SC2034 # variables of `run` and of the e2e tests' helpers

# script BINARY: on standard output, of the functions listed on standard input.
script() {
  sed "s|.*|\"&\"|" > quoted
  sed "s|^|uprobe:$1:|" quoted | paste -sd,
  echo '{ @begun[func] = count(); }'
  sed "s|^|uretprobe:$1:|" quoted | paste -sd,
  echo '{ @timed = count(); @ns = hist(duration); }'
}

# chosen BINARY REGEX: 1,000 of its functions whose names match, evenly spread over their list;
# without those that cannot be probed, as they never return.
chosen() {
  "$GOTAP" -l "uprobe:$1:*" | sed -E 's/^[^:]*:[^:]*://' | grep -E "$2" | grep -vE '["\\*?,[]' |
    awk '{ name[NR] = $0 } END { n = NR < 1200 ? NR : 1200; for (i = 0; i < n; i++) print name[int(i * NR / n) + 1] }' > candidates
  script "$1" < candidates > candidates.bt
  "$GOTAP" --dry-run candidates.bt 2>&1 | sed -nE 's/.*ERROR: (.*) cannot be probed.*/\1/p' > refused || true
  grep -vxF -f refused candidates | head -n 1000
}

# soak_server NAME KIND ADDRESS REGEX CMD...
soak_server() {
  local name=$1 kind=$2 address=$3 regex=$4 binary=$5 begun ended rest slack what
  shift 4
  version=$name program='' deviations=0 done_cycles=0 hits=0 miscounts=0
  work=$top_work/$name
  mkdir -p "$work" && cd "$work"
  start_server "$kind" "$address" "$@"
  program=$server_pid
  chosen "$binary" "$regex" > functions
  script "$binary" < functions > server.bt
  mkfifo running
  "$load" "$kind" "$address" check 0 3 < running > load.out 2> load.err &
  local requests=$!
  started+=("$requests")
  exec 4> running
  until_line load.out '^running$' "$requests" || deviation "no load" load.err
  local until=$((SECONDS + server_seconds))
  while [ $SECONDS -lt $until ] && [ "$deviations" -le 5 ]; do
    attach server.bt || continue
    if [ $((done_cycles % 5)) = 0 ]; then sleep 20; else sleep "0.$((RANDOM % 10))"; fi
    detach server.bt
    begun=$(total begun) ended=$(single timed) rest=0
    hits=$((hits + begun + ${ended:-0}))
    for what in 'never returned' '(had|have) not returned' '(was|were) not timed'; do rest=$((rest + $(lost "$what" || true) + 0)); done
    slack=$((begun - ${ended:-0} - rest))
    if [ "${slack#-}" -gt "$(nproc)" ]; then
      miscounts=$((miscounts + 1))
      deviation "$begun calls began, ${ended:-0} returned, $rest are under way or never return" "$work/err"
    fi
    kill -0 "$program" 2> /dev/null || deviation "the server is gone" server.log
  done
  exec 4>&-
  ended "$requests"
  grep -q 'failed 0$' load.out || deviation "requests failed: $(tail -n 1 load.out)" load.err
  "$load" "$kind" "$address" wait > healthy || deviation "not healthy at the end" server.log
  "$leftovers" code "$program" > left 2>&1 || deviation "its code is not its file's" left
  [ "$hits" -gt 0 ] || deviation "nothing was hit"
  echo "$name: $(wc -l < functions) functions probed, $done_cycles cycles, $hits hits, requests $(tail -n 1 load.out)," \
    "$miscounts miscounts, $deviations deviations"
  kill "$program" && ended "$program"
  [ "$deviations" = 0 ]
}

top_work=$work
need_load
port=$(base_port)
client=127.0.0.1:$port peer=http://127.0.0.1:$((port + 1))
if [ -x "$SERVERS/etcd/usr/bin/etcd" ]; then
  (
    on_its_own
    soak_server etcd etcd "$client" '/etcd/|etcd\.io' "$SERVERS/etcd/usr/bin/etcd" --name one --data-dir data \
      --listen-client-urls "http://$client" --advertise-client-urls "http://$client" \
      --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" --initial-cluster "one=$peer"
  ) || failed=1
else
  echo "skip etcd: $(cat "$SERVERS/etcd.vanished" 2> /dev/null || echo "./dev servers fetches it")"
fi
if [ -x "$SERVERS/prometheus/usr/bin/prometheus" ]; then
  (
    on_its_own
    mkdir -p "$work/prometheus"
    cat > "$work/prometheus/config.yml" << END
global: { scrape_interval: 1s }
scrape_configs: [{ job_name: own, static_configs: [{ targets: ["127.0.0.1:$((port + 2))"] }] }]
END
    soak_server prometheus prometheus "127.0.0.1:$((port + 2))" 'prometheus/prometheus/(promql|tsdb|web|scrape|model|storage|util|rules)' \
      "$SERVERS/prometheus/usr/bin/prometheus" --config.file=config.yml --storage.tsdb.path=data \
      --web.listen-address="127.0.0.1:$((port + 2))"
  ) || failed=1
else
  echo "skip prometheus: $(cat "$SERVERS/prometheus.vanished" 2> /dev/null || echo "./dev servers fetches it")"
fi
