#!/usr/bin/env bash
# How probes get into processes: several -p, uprobe_multi links and uprobe_events alike; what
# belongs to others is neither counted nor touched, and nothing stays behind.
. "$(dirname "$0")/lib.sh"
need_tracing
GOTAP=${GOTAP_PLAIN:-$GOTAP} # it says itself which way
cd "$work"
cp "$(c_program calls)" calls
counter='uprobe:./calls:work { @[pid] = count(); } uretprobe:./calls:work { @returned[pid] = count(); }'

# target NAME: a ./calls of its own, told by tell NAME LINE.
declare -A target_of
target() {
  mkfifo "$1.in"
  ./calls < "$1.in" > "$1.out" 2>&1 &
  target_of[$1]=$!
  started+=("$!")
  eval "exec {fd_$1}> $1.in"
  until_line "$1.out" '^ready$' "${target_of[$1]}"
}
tell() {
  local fd=fd_$1 before
  before=$(grep -c '^done' "$1.out" || true)
  echo "$2" >&"${!fd}"
  local i
  for ((i = 0; i < 1200; i++)); do
    [ "$(grep -c '^done' "$1.out" || true)" = "$before" ] || return 0
    sleep 0.02
  done
  return 1
}
end_target() {
  local fd=fd_$1
  # The other targets hold this one's input open, so its end must be told.
  echo end >&"${!fd}"
  eval "exec ${!fd}>&-"
  wait "${target_of[$1]}" || true
  rm -f "$1.in"
}

# The uprobe events of gotap there are, by a mount of our own.
gotap_events() {
  "${apart[@]}" sh -c 'mount -t tracefs none /mnt && cat /mnt/uprobe_events; umount /mnt' | grep -c gotap_ || true
}

several() {
  local how=$1 a b c
  target a && target b && target c
  a=${target_of[a]} b=${target_of[b]} c=${target_of[c]}
  if start_gotap --attach="$how" -p "$a" -p "$b" -p "$a" -e "$counter"; then
    tell a 5
    tell b 'fork 100'
    tell b 7
    tell a 'vfork 100'
    tell c 1000
    end_target a
    tell b 2
    if kill -0 "$tracer" 2> /dev/null; then pass "attach-several-$how-lives"; else fail "attach-several-$how-lives" "gotap ended with the first of two" err; fi
    end_target b
    ended "$tracer"
    equal "attach-several-$how-exit" 0 "$code" err
    sed -nE 's/^@(returned)?\[([0-9]+)\]: ([0-9]+)$/\1 \2 \3/p' out | sort > seen
    printf ' %s %s\n' "$a" 5 "$b" 9 > expected
    printf 'returned %s %s\n' "$a" 5 "$b" 9 >> expected
    sort -o expected expected
    same "attach-several-$how-counts" expected seen err
  else
    fail "attach-several-$how" err
    end_target a
    end_target b
  fi
  tell c 1
  end_target c
}

one() {
  local how=$1 pid
  target d
  pid=${target_of[d]}
  if start_gotap --attach="$how" -p "$pid" -e "$counter"; then
    tell d 'fork 100'
    tell d 'vfork 100'
    tell d 11
    stop_gotap INT
    equal "attach-one-$how" "@[$pid]: 11 @returned[$pid]: 11" "$(grep '^@' out | paste -sd' ')" err
  else
    fail "attach-one-$how" err
  fi
  tell d 3
  end_target d
}

# A name that uprobe_events could not be told, and a program that is loaded anywhere.
names() {
  local how=$1 version=1.24 n
  if ! have_go $version; then
    skip "attach-names-$how" "$(no_go $version)"
    return
  fi
  mkdir -p 'odd dir'
  cp "$(go_program $version counters pie)" 'odd dir/a:b'
  "odd dir/a:b" -list | awk '$1 == "timed" { print $2; exit }' > name
  n=$(cat name)
  code=0
  "$GOTAP" --attach="$how" -c "'odd dir/a:b'" -e "uprobe:\"odd dir/a:b\":\"$n\" { @ = count(); @g[func] = count(); }" > out 2> err || code=$?
  equal "attach-names-$how-exit" 0 "$code" err
  holds "attach-names-$how" out '^@: [1-9]'
  equal "attach-names-$how-func" "@g[$n]: $(sed -n 's/^@: //p' out)" "$(grep '^@g' out)" err
}

# A killed gotap leaves definitions behind that hit nothing; the next one removes them, but never
# those of one that lives.
leftovers() {
  local before live
  before=$(gotap_events)
  target e
  start_gotap --attach=event -p "${target_of[e]}" -e "$counter" || fail attach-leftovers err
  live=$tracer
  start_gotap --attach=event -p "${target_of[e]}" -e 'uprobe:./calls:main { @second = count(); }' || fail attach-leftovers err
  kill -9 "$tracer"
  wait "$tracer" 2> /dev/null || true
  equal attach-leftovers-there $((before + 3)) "$(gotap_events)"
  tell e 4
  code=0
  "$GOTAP" --attach=event -c ./calls -e 'uprobe:./calls:work { @ = count(); }' < /dev/null > out2 2>&1 || code=$?
  equal attach-leftovers-next 0 "$code" out2
  equal attach-leftovers-removed $((before + 2)) "$(gotap_events)"
  tell e 5
  kill -INT "$live"
  ended "$live"
  equal attach-leftovers-none "$before" "$(gotap_events)"
  tell e 1
  end_target e
}

mounts=$(cat /proc/self/mountinfo)
for how in multi event; do
  several $how
  one $how
  names $how
done
leftovers
equal attach-mounts "$mounts" "$(cat /proc/self/mountinfo)"
finish
