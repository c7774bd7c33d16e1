#!/usr/bin/env bash
# Debian 12's etcd-server (Go 1.19), unmodified, stripped, under load: the applier's Put is
# entered and returns exactly as often as keys were put, with a latency histogram; the server
# lives on after gotap's exit and after its death.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/servers_lib.sh"
name=${GOTAP_TEST_SERVER:-etcd}
need_tracing
need_server "$name" usr/bin/etcd
need_load
port=$(base_port)
client=127.0.0.1:$port peer=http://127.0.0.1:$((port + 1))

start_server etcd "$client" "$server" --name one --data-dir "$work/etcd" \
  --listen-client-urls "http://$client" --advertise-client-urls "http://$client" \
  --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" --initial-cluster "one=$peer"

# The package path differs between etcd 3.4 and 3.5.
cat > "$work/puts.bt" << END
uprobe:$server:"*/etcdserver.(*applierV3backend).Put" { @entry = count(); }
uretprobe:$server:"*/etcdserver.(*applierV3backend).Put"
{
  @return = count();
  @usecs = hist(duration / 1000);
}
END
if start_gotap -p "$server_pid" "$work/puts.bt"; then
  equal "$name-load" 'acknowledged 1500 failed 0' "$("$load" etcd "$client" put 1500 4 2>&1)" "$work/server.log"
  stop_gotap INT
  equal "$name-exit" 0 "$code" "$work/err"
  equal "$name-entries" '@entry: 1500' "$(grep '^@entry' "$work/out" || true)" "$work/out" "$work/err"
  equal "$name-returns" '@return: 1500' "$(grep '^@return' "$work/out" || true)" "$work/out" "$work/err"
  equal "$name-histogram" 1500 "$(hist_total "$work/out")" "$work/out" "$work/err"
  survives "$name-healthy-after-exit" etcd "$client"
else
  fail "$name-attach" "$work/err"
fi
killed_under_load "$name-kill-9" etcd "$client" "$work/puts.bt"
finish
