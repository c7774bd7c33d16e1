#!/usr/bin/env bash
# Probes on everything: uprobe:BIN:* on programs that do all the runtime can do (tests/programs/wild),
# judged by their own results and by their own counts of 300 functions; on prometheus, the largest
# program there is (130,000 functions), judged by the requests it is sent, its health, and gotap's own
# peak of memory. And what must never be probed: instructions that the kernel runs wrongly, addresses
# that are no instruction.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/servers_lib.sh"
need_tracing
export BPFTRACE_MAX_MAP_KEYS=200000

# The functions of tests/programs/wild: leaves, small and huge frames, panics, chains, methods.
wild_functions() {
  awk -v n="$1" 'BEGIN {
    print "package main\n"
    for (i = 0; i < n; i++) {
      f = sprintf("F%03d", i); kind = i % 6
      if (kind == 5) printf "type T%03d struct{ n int }\n", i
      print "//go:noinline"
      if (kind == 0) printf "func %s(x int) int { return x*%d + 1 }\n", f, i + 3
      if (kind == 1) printf "func %s(x int) int { var pad [%d]byte; return touch(pad[:], x) + %d }\n", f, 40 + i, i
      if (kind == 2) printf "func %s(x int) int { var pad [%d]byte; return touch(pad[:], x) - %d }\n", f, 3000 + 50 * i, i
      if (kind == 3) printf "func %s(x int) (r int) { defer func() { r = recover().(int) + %d }(); panic(x) }\n", f, i
      if (kind == 4) printf "func %s(x int) int { count(%d); return functions[%d].run(x+1) + %d }\n", f, i - 1, i - 1, i
      if (kind == 5) printf "func (t *T%03d) Run(x int) int { return x + t.n }\n", i
    }
    print "var functions []entry\nfunc init() { functions = []entry{"
    for (i = 0; i < n; i++)
      if (i % 6 == 5) printf "{name: \"main.(*T%03d).Run\", run: runner(&T%03d{%d}).Run},\n", i, i, i
      else printf "{name: \"main.F%03d\", run: F%03d},\n", i, i
    print "} }"
  }'
}

# wild_program VERSION: compiles it if needed and prints the path.
wild_program() {
  local binary=$BUILD/programs/$1/wild source=$BUILD/programs/$1/wild.src
  if [ ! -e "$binary" ] || [ -n "$(find "$programs/wild" "$0" -newer "$binary" -print -quit)" ]; then
    rm -rf "$source" && mkdir -p "$source"
    cp "$programs"/wild/* "$source"
    wild_functions 300 > "$source/functions.go"
    (cd "$source" && go_env "$1" go build -o "$binary" .) >&2
    rm -rf "$source"
  fi
  echo "$binary"
}

every_function() {
  local version=$1 name="wildcard-$1" binary
  binary=$(wild_program "$version")
  code=0
  timeout 200 "$GOTAP" -o "$work/maps" -c "$binary 1" -e "uprobe:$binary:* { @[func] = count(); }" \
    > "$work/own" 2> "$work/err" || code=$?
  equal "$name-unharmed" "0 wrong 0" "$code $(tail -n 1 "$work/own")" "$work/err"
  sed -nE 's/^count (.*)$/\1/p' "$work/own" | sort > "$work/expected"
  sed -nE 's/^@\[(main\.(F|\(\*T)[0-9]+.*)\]: (.*)$/\1 \3/p' "$work/maps" | grep -v func1 | sort > "$work/seen"
  same "$name-counts" "$work/expected" "$work/seen" "$work/err"
  # Each function once: no two lines of the map have one name.
  sed -nE 's/^@\[(.*)\]: .*$/\1/p' "$work/maps" | sort | uniq -d > "$work/twice"
  equal "$name-names" "" "$(cat "$work/twice")"
  # The kernel had nothing to refuse: it was left out before, with the reason.
  equal "$name-planned" "" "$(grep 'left out: ' "$work/err" | grep -v ' left out: [a-z]*\.' || true)"
  holds "$name-left-out" "$work/err" "functions? left out"
}

# health PORT: one request, and the word of the answer.
health() {
  exec 5<> "/dev/tcp/127.0.0.1/$1"
  printf 'GET /-/healthy HTTP/1.0\r\n\r\n' >&5
  grep -o Healthy <&5 || true
  exec 5>&-
}

# prometheus, running: every function of it.
every_function_of_prometheus() {
  local port address i seen peak
  need_server prometheus usr/bin/prometheus
  port=$(base_port) address=127.0.0.1:$port
  cp "$server" "$work/prometheus"
  echo 'global: {}' > "$work/prometheus.yml"
  "$work/prometheus" --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/tsdb" \
    --web.listen-address="$address" > "$work/server.log" 2>&1 &
  server_pid=$!
  started+=("$server_pid")
  if ! until_line "$work/server.log" 'Server is ready' "$server_pid"; then
    fail prometheus "it does not start without gotap" "$work/server.log"
    return
  fi
  if ! start_gotap -p "$server_pid" -e "uprobe:$work/prometheus:* { @[func] = count(); }"; then
    if [ "${GOTAP_ATTACH:-}" = event ]; then # more than can be attached so
      holds prometheus-refused "$work/err" '^ERROR: cannot attach 1[0-9]{5} probes through uprobe events'
      equal prometheus-lives Healthy "$(health "$port")" "$work/server.log"
    else
      fail prometheus-attached "$work/err"
    fi
    return
  fi
  holds prometheus-attached "$work/err" '^Attached 1[0-9]{5} probes$'
  seen=0
  for ((i = 0; i < 25; i++)); do
    if [ "$(health "$port")" = Healthy ]; then seen=$((seen + 1)); fi
  done
  equal prometheus-answers 25 "$seen"
  peak=$(awk '/^VmHWM:/ { print int($2 / 1024) }' "/proc/$tracer/status")
  echo "# gotap's peak of memory: $peak MB"
  if is_sanitized; then
    skip prometheus-memory "ASan takes twice as much"
  elif [ "$peak" -le 150 ]; then
    pass prometheus-memory
  else
    fail prometheus-memory "$peak MB are more than 150"
  fi
  stop_gotap
  equal prometheus-requests 25 "$(map_lines '' "$work/out" | sed -n 's/^net\/http\.serverHandler\.ServeHTTP //p')" "$work/err"
  equal prometheus-lives Healthy "$(health "$port")" "$work/server.log"
}

# Instructions on which the kernel takes a probe, and then runs the program wrongly.
cat > "$work/harm.c" << 'END'
#include <stdio.h>
#include <string.h>
__attribute__((naked, noinline)) long swaps(void) { __asm__("xchg %r8, %rax\n xchg %r8, %rax\n ret"); }
__attribute__((naked, noinline)) long flags(void) { __asm__("pushfq\n popq %rax\n ret"); }
__attribute__((naked, noinline)) long swapped(void) {
  __asm__("mov $7, %r8\n mov $9, %rax\n call swap\n ret\n swap: xchg %r8, %rax\n ret");
}
int main(void) {
  swaps();
  printf("%ld %d\n", swapped(), (int)(flags() >> 8 & 1));
  return 0;
}
END
cc -g -O1 -no-pie -o "$work/harm" "$work/harm.c"
code=0
"$GOTAP" -o "$work/maps" -c "$work/harm" -e "uprobe:$work/harm:* { @[func] = count(); }" \
  > "$work/own" 2> "$work/err" || code=$?
equal harm-unharmed "0 7 0" "$code $(cat "$work/own")" "$work/err"
holds harm-named "$work/err" 'no kernel probe works: .*(swaps|flags)'
for function in swaps flags; do
  code=0
  "$GOTAP" --dry-run -e "uprobe:$work/harm:$function+0 { }" > "$work/own" 2> "$work/err" || code=$?
  holds "harm-$function" "$work/err" "no kernel probe works on an instruction like that at $function\+0"
done

# Addresses: `probe` is printed as by bpftrace 0.27, in decimal.
main=$((16#$(nm "$work/harm" | awk '$3 == "main" { print $1 }')))
"$GOTAP" -o "$work/out" -c "$work/harm" -e "uprobe:$work/harm:$(printf '0x%x' "$main") { printf(\"%s %s\n\", probe, func); }" \
  > "$work/own" 2> "$work/err" || true
holds address-probe "$work/out" "^uprobe:$work/harm:$main main$"
inside=$((main + $(offsets "$work/harm" main '' | sed -n 2p) + 1))
objdump -d --no-show-raw-insn "$work/harm" | grep -q "^ *$(printf '%x' "$inside"):" && inside=$((inside + 1))
"$GOTAP" --dry-run -e "uprobe:$work/harm:$(printf '0x%x' "$inside") { }" > "$work/own" 2> "$work/err" || true
holds address-inside "$work/err" "main\+$((inside - main)) is inside an instruction"
holds address-neighbours "$work/err" "the nearest instructions start at main\+[0-9]+ \(0x[0-9a-f]+\) and main\+[0-9]+ \(0x"
"$GOTAP" --dry-run -e "uprobe:$work/harm:0x10 { }" > "$work/own" 2> "$work/err" || true
holds address-outside "$work/err" "no function of .* holds the address 0x10"

for version in ${GOTAP_TEST_VERSIONS:-1.15 1.19 1.24 1.27}; do
  if have_go "$version"; then every_function "$version"; else skip "wildcard-$version" "$(no_go "$version")"; fi
done
if [ -x "$SERVERS/prometheus/usr/bin/prometheus" ]; then
  every_function_of_prometheus
else
  skip prometheus "$(cat "$SERVERS/prometheus.vanished" 2> /dev/null || echo "no prometheus: ./dev servers fetches it")"
fi
finish
