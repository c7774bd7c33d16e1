#!/usr/bin/env bash
# Every script of tests/golden/bpftrace through gotap: standard output must be what bpftrace 0.27
# printed, to the byte, and so must the exit code (bpftrace does not pass on the one of a -c child).
#   tests/e2e/golden.sh [--json] [NAME...]     default: all
# --json: the same under -f json. NAME.ours.{out,json} is what gotap prints where it knows better:
# UTF-8 stays as it is; an average without values is not shown; a pointer is hexadecimal text; a
# key that is text in parentheses keeps them.
set -u
here=$(cd "$(dirname "$0")/../golden/bpftrace" && pwd)
gotap=${GOTAP:-$(cd "$(dirname "$0")/../.." && pwd)/build/gotap}
if [ "$(id -u)" != 0 ]; then echo "tracing needs root"; exit 77; fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
"${CC:-cc}" -O0 -g -o calls "$here/calls.c" || exit 1
suffix=out prefix=golden format=()
if [ "${1:-}" = --json ]; then
  suffix=json prefix=golden-json format=(-f json)
  shift
fi
if [ $# = 0 ]; then
  for script in "$here"/*.bt; do set -- "$@" "$(basename "$script" .bt)"; done
fi

failed=0
for name in "$@"; do
  read -ra args <<< "$(sed -n '1s|^// run: ||p' "$here/$name.bt")"
  want=$(cat "$here/$name.rc")
  # `calls` ends with 3; only exit(n) comes before that.
  if [[ " ${args[*]} " == *" -c "* ]] && [ "$want" = 0 ]; then want=3; fi
  expected=$here/$name.$suffix
  if [ -e "$here/$name.ours.$suffix" ]; then expected=$here/$name.ours.$suffix; fi
  timeout 30 "$gotap" "${format[@]}" "${args[@]}" "$here/$name.bt" > out 2> err
  code=$?
  if cmp -s out "$expected" && [ "$code" = "$want" ]; then
    echo "ok $prefix-$name"
    continue
  fi
  failed=1
  diff -u --label "bpftrace 0.27" --label gotap "$expected" out | head -n 30
  [ "$code" = "$want" ] || echo "exit code $code, wanted $want"
  head -n 5 err
  echo "not ok $prefix-$name"
done
exit $failed
