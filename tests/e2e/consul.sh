#!/usr/bin/env bash
# consul 1.8.7 of Debian 11 (Go 1.15), unmodified, stripped, under load: the article's FSM.Apply.
# Its calls whose first data byte is 2 (a KV operation) are as many as keys were written.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/servers_lib.sh"
need_tracing
need_server consul usr/bin/consul
need_load
port=$(base_port)
http=127.0.0.1:$port
apply='github.com/hashicorp/consul/agent/consul/fsm.(*FSM).Apply'

start_server consul "$http" "$server" agent -dev -bind 127.0.0.1 -client 127.0.0.1 -node n1 \
  -disable-host-node-id -http-port "$port" -dns-port -1 -grpc-port -1 \
  -server-port $((port + 1)) -serf-lan-port $((port + 2)) -serf-wan-port $((port + 3))

# Log{Index 0, Term 8, Type 16, Data 24}; the log is the second word of the arguments.
cat > "$work/apply.bt" << END
uprobe:$server:"$apply" { @types[*(uint8*)*(sarg1 + 24)] = count(); @entry = count(); }
uretprobe:$server:"$apply" { @return = count(); }
END
# The script that replaces the article's generated one, as it stands in the documentation.
cat > "$work/latency.bt" << END
uretprobe:$server:"$apply" { @usecs = hist(duration / 1000); }
END
if start_gotap -p "$server_pid" "$work/apply.bt"; then
  equal consul-load 'acknowledged 1000 failed 0' "$("$load" consul "$http" put 1000 4 2>&1)" "$work/server.log"
  stop_gotap INT
  equal consul-exit 0 "$code" "$work/err"
  equal consul-keys-written '@types[2]: 1000' "$(grep -F '@types[2]' "$work/out" || true)" "$work/out" "$work/err"
  # consul's own entries go on: one call may be in flight at either end.
  between=$(awk '/^@(entry|return): / { n[$1] = $2 } END { d = n["@entry:"] - n["@return:"]; print (n["@entry:"] >= 1000 && d <= 1 && d >= -1) }' "$work/out")
  equal consul-entry-return 1 "$between" "$work/out" "$work/err"
  survives consul-healthy-after-exit consul "$http"
else
  fail consul-attach "$work/err"
fi
if start_gotap -p "$server_pid" "$work/latency.bt"; then
  "$load" consul "$http" put 500 4 > "$work/load.out" 2>&1 || true
  stop_gotap INT
  total=$(hist_total "$work/out")
  # consul applies entries of its own too, so at least the 500.
  if [ "$total" -ge 500 ]; then pass consul-latency; else fail consul-latency "$total in the histogram" "$work/out" "$work/err"; fi
else
  fail consul-latency-attach "$work/err"
fi
killed_under_load consul-kill-9 consul "$http" "$work/latency.bt"
finish
