#!/usr/bin/env bash
# What gotap reads from the type descriptors of stripped programs, held against what the programs
# themselves say by reflect: layouts and names of types, signatures and entries of methods; on every Go
# version, plain, position-independent, and linked by the system's linker (cgo).
# Runs beside the others: it traces nothing.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

dump=$BUILD/rtype_dump
[ -x "$dump" ] || skip_all "no rtype_dump in $BUILD: build the tests first"
tab=$(printf '\t')

# build VERSION VARIANT: prints the program's path; the variants are all without symbols and DWARF.
build() {
  local binary=$BUILD/programs/$1/rtypes-$2 options=(-ldflags="-s -w") cgo=0
  if [ ! -e "$binary" ] || [ -n "$(find "$programs/rtypes" -newer "$binary" -print -quit)" ]; then
    mkdir -p "${binary%/*}"
    case $2 in *pie) options+=(-buildmode=pie) ;; esac
    case $2 in cgo-*) cgo=1 ;; esac
    (cd "$programs/rtypes" && go_env "$1" env CGO_ENABLED=$cgo go build "${options[@]}" -o "$binary" .) >&2
    touch "$binary"
  fi
  echo "$binary"
}

# agrees NAME BINARY: 0 differences between the program and gotap.
agrees() {
  local name=$1 binary=$2 main
  main=$(echo main.main | "$BUILD/image_dump" --find "$binary")
  "$binary" "${main%% *}" > "$work/said"
  sed -n 's/^type //p' "$work/said" | sort > "$work/types.expected"
  sed -nE 's/.* rtype=0x([0-9a-f]+) align=.*/\1/p' "$work/types.expected" |
    "$dump" --types "$binary" 2> "$work/warnings" | sort > "$work/types.seen"
  sed -n 's/^method //p' "$work/said" | sort > "$work/methods.expected"
  "$dump" --signatures "$binary" 2>> "$work/warnings" | cut -f1,2 |
    sed 's/signature unknown.*/unknown/' | sort > "$work/signatures"
  cut -f1 "$work/methods.expected" | sort -u |
    join -t "$tab" - "$work/signatures" | sort > "$work/methods.seen"
  # So that nothing read is nothing proven.
  if [ "$(wc -l < "$work/types.expected")" -lt 500 ] || [ "$(wc -l < "$work/methods.expected")" -lt 700 ]; then
    fail "$name: enough types and methods" "$work/said"
  fi
  same "$name: types" "$work/types.expected" "$work/types.seen"
  same "$name: methods" "$work/methods.expected" "$work/methods.seen"
  equal "$name: no warnings" "" "$(cat "$work/warnings")"
}

for version in $versions; do
  variants=stripped
  if is_sample "$version"; then variants="stripped pie cgo-pie"; fi
  for variant in $variants; do
    if ! have_go "$version"; then
      skip "$version $variant" "$(no_go "$version")"
    elif [ "$variant" = cgo-pie ] && ! command -v gcc > /dev/null; then
      skip "$version $variant" "no gcc"
    else
      agrees "$version $variant" "$(build "$version" "$variant")"
    fi
  done
done

# Facts about real programs.
# known NAME BINARY FUNCTION ENTRY SIGNATURE
known() {
  if [ ! -x "$2" ]; then
    skip "$1" "no such program: ./dev servers"
    return
  fi
  equal "$1" "$4$tab$5" "$("$dump" --signatures "$2" "$3" | cut -f1,2)"
}
fsm=github.com/hashicorp/consul/agent/consul/fsm
known "consul: FSM.Apply" "$SERVERS/consul/usr/bin/consul" "$fsm.(*FSM).Apply" 190ea00 \
  "(*$fsm.FSM, *github.com/hashicorp/raft.Log) interface {}"
etcd=go.etcd.io/etcd/server/etcdserver
known "etcd: Put" "$SERVERS/etcd-new/usr/bin/etcd" "$etcd.(*applierV3backend).Put" cd9f20 \
  "(*$etcd.applierV3backend, context.Context, go.etcd.io/etcd/server/mvcc.TxnWrite, *go.etcd.io/etcd/api/etcdserverpb.PutRequest) (*go.etcd.io/etcd/api/etcdserverpb.PutResponse, *go.etcd.io/etcd/pkg/traceutil.Trace, error)"
finish
