#!/usr/bin/env bash
# Values by name on real programs. etcd (Go >= 1.24) and consul (Go 1.15), unmodified and stripped:
# what every write carried is what the client wrote, by name and as a whole (%v), from the runtime's own types. A net/http server
# with DWARF: method, path, status and duration of each request, its code untouched.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/servers_lib.sh"
need_tracing
need_load
port=$(base_port)

# server_there NAME PROGRAM: like need_server, for a part.
server_there() {
  server=$SERVERS/$1/$2
  [ ! -x "$server" ] || return 0
  skip "$1-values" "$(cat "$SERVERS/$1.vanished" 2> /dev/null || echo "no $server: ./dev servers fetches it")"
  return 1
}

etcd_values() {
  server_there etcd-new usr/bin/etcd || return 0
  local client=127.0.0.1:$port peer=http://127.0.0.1:$((port + 1))
  start_server etcd "$client" "$server" --name one --data-dir "$work/etcd" \
    --listen-client-urls "http://$client" --advertise-client-urls "http://$client" \
    --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" --initial-cluster "one=$peer"
  # Put(receiver, ctx, txn, request) (response, trace, error): a stripped program knows no names.
  cat > "$work/puts.bt" << END
uretprobe:$server:"*/etcdserver.(*applierV3backend).Put"
{
  printf("put %s %d %s\n", str(args.3.Key), len(args.3.Value), retval.2);
  @prefix[str(args.3.Key[:6])] = count();
}
uprobe:$server:"*/etcdserver.(*applierV3backend).Put" { printf("whole %v\n", args.3); }
uretprobe:$server:"*/etcdserver.(*applierV3backend).Put" /retval.2 != nil || duration > 3600000000000/ { @bad = count(); }
END
  if start_gotap -p "$server_pid" "$work/puts.bt"; then
    equal etcd-values-load 'acknowledged 1500 failed 0' "$("$load" etcd "$client" put 1500 4 2>&1)" "$work/server.log"
    stop_gotap INT
    equal etcd-values-exit 0 "$code" "$work/err"
    # The load writes key000001 to key001500, each "a value".
    seq 1 1500 | awk '{ printf "put key%06d 7 <nil>\n", $1 }' > "$work/expected"
    grep '^put ' "$work/out" | sort > "$work/puts" || true
    same etcd-values "$work/expected" "$work/puts" "$work/err"
    seq 1 1500 | awk '{ printf "whole &{Key:key%06d Value:a value Lease:0 PrevKv:false IgnoreValue:false IgnoreLease:false}\n", $1 }' > "$work/expected"
    # (Fields that the generator of etcd's messages adds.)
    sed -nE '/^whole /{s/ XXX_[A-Za-z_]+:(\{\}|\[\]|0)//g;p}' "$work/out" | sort > "$work/whole"
    same etcd-whole "$work/expected" "$work/whole" "$work/err"
    printf '@prefix[key000]: 999\n@prefix[key001]: 501\n' > "$work/expected"
    grep '^@prefix' "$work/out" | sort > "$work/prefixes" || true
    same etcd-prefixes "$work/expected" "$work/prefixes" "$work/err"
    equal etcd-none-slow-or-failed '@bad: 0' "$(grep '^@bad' "$work/out" || true)"
    survives etcd-values-healthy etcd "$client"
  else
    fail etcd-values-attach "$work/err"
  fi
  kill "$server_pid" 2> /dev/null || true
}

consul_values() {
  server_there consul usr/bin/consul || return 0
  local base=$((port + 4)) apply='github.com/hashicorp/consul/agent/consul/fsm.(*FSM).Apply'
  local http=127.0.0.1:$base
  start_server consul "$http" "$server" agent -dev -bind 127.0.0.1 -client 127.0.0.1 -node n1 \
    -disable-host-node-id -http-port "$base" -dns-port -1 -grpc-port -1 \
    -server-port $((base + 1)) -serf-lan-port $((base + 2)) -serf-wan-port $((base + 3))
  # raft applies one entry after the other: its indexes rise by one, whoever wrote them.
  cat > "$work/apply.bt" << END
uretprobe:$server:"$apply"
{
  printf("apply %d %d %d %d %d\n", args.1.Index, args.1.Type, len(args.1.Data), args.1.Data[0], retval == nil);
}
END
  if start_gotap -p "$server_pid" "$work/apply.bt"; then
    equal consul-values-load 'acknowledged 500 failed 0' "$("$load" consul "$http" put 500 4 2>&1)" "$work/server.log"
    stop_gotap INT
    equal consul-values-exit 0 "$code" "$work/err"
    grep '^apply ' "$work/out" > "$work/applies" || true
    # A KV write (first byte 2): type 0 (LogCommand), an answer of nil or true, one length: all keys
    # and values have the same. A gap is an entry that raft keeps for itself.
    awk '$5 == 2 && $3 == 0 { n++; lengths[$4] = 1 }
      $2 <= last { bad++ } { last = $2 }
      END { for (l in lengths) kinds++; print "writes " n ", lengths " kinds ", out of order " bad + 0 }' \
      "$work/applies" > "$work/summary"
    equal consul-values 'writes 500, lengths 1, out of order 0' "$(cat "$work/summary")" "$work/applies" "$work/err"
    survives consul-values-healthy consul "$http"
  else
    fail consul-values-attach "$work/err"
  fi
  kill "$server_pid" 2> /dev/null || true
}

http_values() {
  local version binary
  for version in 1.15 1.19 1.24 1.27; do
    if ! have_go "$version"; then
      skip "http-values-$version" "$(no_go "$version")"
      continue
    fi
    binary=$(go_program "$version" web)
    # The handler's goroutine finishes the request itself: the status is known then, and 0 where
    # nobody has written one.
    cat > "$work/requests.bt" << END
uretprobe:$binary:net/http.serverHandler.ServeHTTP { @took[goid] = duration; @us = hist(duration / 1000); }
uprobe:$binary:"net/http.(*response).finishRequest"
{
  \$status = args.w.status == 0 ? 200 : args.w.status;
  if (@took[goid] > 0) { printf("%s %s %d\n", args.w.req.Method, args.w.req.URL.Path, \$status); }
  delete(@took[goid]);
}
END
    code=0
    "$GOTAP" -q -o "$work/seen" -c "$binary" "$work/requests.bt" > "$work/witness" 2> "$work/err" || code=$?
    equal "http-values-exit-$version" 0 "$code" "$work/err"
    sort "$work/witness" > "$work/expected"
    grep -E '^(GET|POST|DELETE) ' "$work/seen" | sort > "$work/requests" || true
    same "http-values-$version" "$work/expected" "$work/requests" "$work/err"
    equal "http-durations-$version" 400 "$(hist_total "$work/seen")" "$work/seen" "$work/err"
  done
}

etcd_values
consul_values
http_values
finish
