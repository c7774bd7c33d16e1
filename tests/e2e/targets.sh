#!/usr/bin/env bash
# What traced processes do to themselves: they stop, are killed, end while gotap attaches, become
# another program, a daemon, another user's, and have children. -p is that process alone; by path
# is every process that runs the file, children too. None of them notices.
. "$(dirname "$0")/lib.sh"
need_tracing
cd "$work"
version=1.24
have_go "$version" || skip_all "$(no_go "$version")"
cp "$(go_program "$version" soak)" soak
cp "$(c_program sum)" sum
leftovers=$(c_program leftovers)

start_program() {
  rm -f commands
  mkfifo commands
  ./soak 2 < commands > own 2> own.err &
  program=$!
  started+=("$program")
  exec 8> commands
  until_line own '^ready' "$program" || fail targets-start own.err
}

tell() { echo "$1" >&8; }

# right NAME: the program ends well, having answered rightly all the time.
right() {
  exec 8>&-
  ended "$program"
  equal "$1-own-exit" 0 "$code" own own.err
  same "$1-own-errors" /dev/null own.err
}

cat > all.bt << END
$(soak_probes uprobe ./soak) { @calls[func] = count(); }
$(soak_probes uretprobe ./soak) { @ns = sum(duration); }
END

# A process that stands still can be attached to and let go.
stopped() {
  start_program
  tell load
  kill -STOP "$program"
  if start_gotap -p "$program" all.bt; then
    kill -CONT "$program"
    sleep 0.1
    kill -STOP "$program"
    stop_gotap INT
    equal targets-stopped-exit 0 "$code" err
    holds targets-stopped-calls out '^@calls\[soak/work.Mix\]: [1-9]'
    "$leftovers" code "$program" > left || fail targets-stopped-code left
    kill -CONT "$program"
  else
    fail targets-stopped-attach err
    kill -CONT "$program"
  fi
  right targets-stopped
}

# gotap ends with its target however that ends, and prints what it has.
killed() {
  start_program
  tell load
  if start_gotap -p "$program" all.bt; then
    sleep 0.1
    kill -KILL "$program"
    ended "$tracer"
    equal targets-killed-exit 0 "$code" err
    holds targets-killed-calls out '^@calls\[soak/work.Mix\]: [1-9]'
  else
    fail targets-killed-attach err
    kill -KILL "$program"
  fi
  exec 8>&-
  ended "$program"
}

# Processes that end before, while and after gotap attaches: it traces them or says that they ended.
ends_during_attach() {
  local i pid odd=0
  for i in $(seq 30); do
    ./soak -child > own 2>&1 &
    pid=$!
    sleep "0.0$((RANDOM % 90 + 10))"
    code=0
    "$GOTAP" -p "$pid" all.bt > out 2> err || code=$?
    ended_code=0
    wait "$pid" || ended_code=$?
    if [ "$ended_code" != 0 ] || [ -s own ]; then
      fail "targets-ending-own-$i" "exit code $ended_code" own err
    fi
    case $code in
      0) ;;
      1) grep -Eq "ERROR: (there is no process $pid|.*has ended|.*may just have ended|process $pid .*does not run|cannot read the memory)" err ||
        grep -q 'HINT: it .*ended' err || odd=1 ;;
      *) odd=1 ;;
    esac
    if [ $odd = 1 ]; then
      fail targets-ending "exit code $code" err
      return
    fi
  done
  pass targets-ending
}

# Children that run the file are seen by path and not by -p; both to the call.
children() {
  code=0
  "$GOTAP" -o out -c './soak -child' all.bt > /dev/null 2> err || code=$?
  equal targets-one-exit 0 "$code" err
  map_lines calls out > one
  if start_gotap all.bt; then
    ./soak -child && ./soak -child && ./soak -child
    stop_gotap INT
    map_lines calls out > three
    awk '{ print $1, $2 * 3 }' one > expected
    same targets-by-path expected three err
  else
    fail targets-by-path-attach err
  fi
  # The batch runs `soak -child` beside itself.
  start_program
  tell skip && until_line own '^skip' "$program"
  if start_gotap -p "$program" all.bt; then
    tell 'batch 1' && until_line own '^batch' "$program"
    stop_gotap INT
    awk '/^count/ { print $2, $3 }' own | sort > expected
    map_lines calls out | awk 'FILENAME == "expected" { known[$1] = 1; next } known[$1]' expected - > seen
    same targets-not-children expected seen err
  else
    fail targets-not-children-attach err
  fi
  right targets-parent
}

becomes() { # exec|daemon
  start_program
  if start_gotap -p "$program" all.bt; then
    tell "$1"
    if [ "$1" = daemon ]; then until_line own '^ready$' || true; fi
    exec 8>&-
    ended "$program"
    equal "targets-$1-own-exit" 0 "$code" own own.err
    ended "$tracer"
    equal "targets-$1-exit" 0 "$code" err
  else
    fail "targets-$1-attach" err
    exec 8>&-
  fi
}

# A program that runs as another user than the one who starts it.
setuid() {
  cp sum sum-setuid
  chmod 4755 sum-setuid
  chmod 755 .
  if start_gotap -e 'uprobe:./sum-setuid:sum { @calls[uid] = count(); }'; then
    setpriv --reuid 65534 --regid 65534 --clear-groups ./sum-setuid 100 > own 2> own.err || fail targets-setuid-own own.err
    stop_gotap INT
    equal targets-setuid '100' "$(map_lines calls out | awk '{ n += $2 } END { print n }')" out err
  else
    fail targets-setuid-attach err
  fi
}

stopped
killed
ends_during_attach
children
becomes exec
becomes daemon
setuid
finish
