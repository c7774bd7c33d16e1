#!/usr/bin/env bash
# Go programs of every shape: each call and return counted exactly once, goid and duration of each
# call right, as the program (tests/programs/counters) knows them itself. Shapes: however it was
# compiled (-N -l, -trimpath -s -w, strip, race detector, go run, go test, go test -c), linked (C
# inside, position-independent by the C linker, static-pie), and loaded (plugin, C library); the
# section headers cut off; a Go version of the future.
# GOTAP_TEST_SHAPES="cgo-pie plugin ..." with GOTAP_TEST_VERSIONS: these for each of the versions,
# instead of the pairs below.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/counters_lib.sh"
need_tracing

pairs="noopt:1.15 noopt:1.24 trimpath:1.24 strip:1.19 race:1.24 go-run:1.27 go-test:1.19 test-c:1.15
  cgo:1.15 cgo-strip:1.27 cgo-pie:1.15 cgo-pie:1.24 cgo-pie-strip:1.19 static-pie:1.27
  plugin:1.24 shared:1.15 shared:1.27 no-sections:1.24 no-sections:1.15 future:1.24"
if [ -n "${GOTAP_TEST_SHAPES:-}" ]; then
  pairs=$(for shape in $GOTAP_TEST_SHAPES; do for version in $versions; do echo "$shape:$version"; done; done)
fi

# counters_go VERSION SHAPE CMD...: the go command, in the program's folder.
counters_go() {
  local version=$1 cgo=0
  case $2 in cgo* | static-pie | race | plugin | shared) cgo=1 ;; esac
  shift 2
  (cd "$programs/counters" && go_env "$version" env CGO_ENABLED=$cgo "$@") >&2
}

# build VERSION SHAPE BINARY
build() {
  local version=$1 shape=$2 out=$3
  case $shape in
    noopt) counters_go "$version" "$shape" go build -gcflags='-N -l' -o "$out" . ;;
    trimpath) counters_go "$version" "$shape" go build -trimpath -ldflags='-s -w' -o "$out" . ;;
    strip) strip -o "$out" "$(go_program "$version" counters plain)" ;;
    race) counters_go "$version" "$shape" go build -race -o "$out" . ;;
    # What these would execute, they hand to a script that keeps it.
    go-run) counters_go "$version" "$shape" go run -exec "$work/keep $out" . ;;
    go-test) counters_go "$version" "$shape" go test -count=1 -exec "$work/keep $out" . ;;
    test-c) counters_go "$version" "$shape" go test -c -o "$out" . ;;
    cgo) counters_go "$version" "$shape" go build -o "$out" . ;;
    cgo-strip) counters_go "$version" "$shape" go build -ldflags='-s -w' -o "$out" . ;;
    cgo-pie) counters_go "$version" "$shape" go build -buildmode=pie -o "$out" . ;;
    cgo-pie-strip) counters_go "$version" "$shape" go build -buildmode=pie -ldflags='-s -w' -o "$out" . ;;
    static-pie)
      counters_go "$version" "$shape" go build -buildmode=pie -ldflags='-linkmode external -extldflags -static-pie' -o "$out" .
      ;;
    plugin) counters_go "$version" "$shape" go build -buildmode=plugin -o "$out" . ;;
    shared) counters_go "$version" "$shape" go build -buildmode=c-shared -o "$out" . ;;
    no-sections) cp "$(go_program "$version" counters stripped)" "$out" && drop_section_headers "$out" ;;
    future) cp "$(go_program "$version" counters stripped)" "$out" && claim_version "$out" go1.99 ;;
    *) echo "no such shape: $shape"; return 1 ;;
  esac
}

# e_shoff, and e_shentsize e_shnum e_shstrndx of the ELF header.
drop_section_headers() {
  printf '\0\0\0\0\0\0\0\0' | dd of="$1" bs=1 seek=40 conv=notrunc status=none
  printf '\0\0\0\0\0\0' | dd of="$1" bs=1 seek=58 conv=notrunc status=none
}

# claim_version FILE go1.NN: in its build information, where the version stands behind a header of
# 32 bytes and its own length (Go >= 1.18).
claim_version() {
  local at
  at=$(grep -obUaP '\xff Go buildinf:' "$1" | head -n 1 | cut -d: -f1)
  printf %s "$2" | dd of="$1" bs=1 seek=$((at + 33)) conv=notrunc status=none
}

# binary_of VERSION SHAPE: builds it if needed, prints the path.
binary_of() {
  local binary=$BUILD/programs/$1/shape-$2
  if [ ! -e "$binary" ] || [ -n "$(find "$programs/counters" -newer "$binary" -print -quit)" ]; then
    mkdir -p "${binary%/*}"
    rm -f "$binary"
    build "$1" "$2" "$binary" || return 1
    touch "$binary"
  fi
  echo "$binary"
}

# loader VERSION SHAPE: the program that loads a plugin or library; empty for others.
loader() {
  case $2 in
    plugin)
      [ -e "$BUILD/programs/$1/loader" ] || (cd "$programs/loader" &&
        go_env "$1" env CGO_ENABLED=1 go build -o "$BUILD/programs/$1/loader" .) >&2
      echo "$BUILD/programs/$1/loader"
      ;;
    shared) c_program libloader -ldl ;;
  esac
}

# script VERSION SHAPE BINARY: everything counted, every timed call printed. Names are listed by a
# program of the same functions, as libraries cannot; stripped ones have no C functions.
script() {
  local list=$3 package=main
  case $2 in
    *-strip) list=$(binary_of "$1" cgo) ;;
    plugin) list=$(binary_of "$1" cgo) package=counters ;;
    shared) list=$(binary_of "$1" cgo) ;;
    go-test | test-c) package=counters ;;
  esac
  {
    count_script "$list"
    case $2-$1 in
      future-*) span_script "$1" "$list" | sed 's/, goid/, 0/' ;;
      shared-1.15) ;;
      *) span_script "$1" "$list" ;;
    esac
  } | without_unknown "$2-$1" | sed "s|:$list:\"main\.|:$3:\"$package.|; s|:$list:|:$3:|"
}

# A library of Go <= 1.16 finds g where the loader decided: calls and returns are counted, but
# what rests on frames is refused.
without_unknown() {
  case $1 in
    shared-1.15) sed '/^uretprobe.*POther\|^uretprobe.*POuter/d' ;;
    *-strip-*) sed '/:"c_[a-z]*",$/d' ;; # nothing names the C functions
    *) cat ;;
  esac
}

# refused NAME PROBE TEXT REGEX: a script that must not start, and why.
refused() {
  code=0
  "$GOTAP" -e "$2 { $3 }" > "$work/out" 2> "$work/err" || code=$?
  equal "$1-exit" 1 "$code" "$work/err"
  holds "$1-why" "$work/err" "$4"
}

judge() {
  local version=$1 shape=$2 name=$2-$1 binary load
  if ! binary=$(binary_of "$version" "$shape" 2> "$work/build"); then
    fail "$name" "cannot be built" "$work/build"
    return
  fi
  load=$(loader "$version" "$shape")
  script "$version" "$shape" "$binary" > "$work/script.bt"
  code=0
  "$GOTAP" -o "$work/seen" -c "${load:+$load }$binary" "$work/script.bt" > "$work/own" 2> "$work/err" || code=$?
  if [ "$code" != 0 ] || ! grep -q '^facts .* wrong 0$' "$work/own"; then
    fail "$name" "exit code $code" "$work/err" "$work/own"
    return
  fi
  sed -i 's/\bcounters\./main./' "$work/seen"
  expected_counts "$work/own" > "$work/expected"
  case $shape in *-strip) sed -i '/ c_/d' "$work/expected" ;; esac
  case $name in shared-1.15) sed -i '/^return .*PO[tu]/d' "$work/expected" ;; esac
  seen_counts "$work/seen" > "$work/counts"
  same "$name-counts" "$work/expected" "$work/counts" "$work/err"
  case $name in
    shared-1.15)
      refused "$name-duration" "uretprobe:$binary:main.PRec" '@ = max(duration);' 'cannot be timed: .* shared library'
      refused "$name-goid" "uprobe:$binary:main.PRec" '@[goid] = count();' 'is a shared library'
      return
      ;;
    future-*)
      # No goroutine ids; durations all the same.
      holds "$name-said" "$work/err" 'built by Go 1.99, newer than what is known'
      refused "$name-goid" "uprobe:$binary:main.PRec" '@[goid] = count();' 'goid: .* is of a Go version of which it is not known'
      sed -i -E 's/^(span [^ ]+ [0-9]+) [0-9]+/\1 0/' "$work/own"
      ;;
  esac
  compare_spans "$work/own" "$work/seen" no > "$work/mismatches"
  if [ -s "$work/mismatches" ]; then
    fail "$name-durations" "$(wc -l < "$work/mismatches") mismatches" "$work/mismatches" "$work/err"
  else
    pass "$name-durations"
  fi
}

cat > "$work/keep" << 'END'
#!/bin/sh
cp "$2" "$1"
END
chmod +x "$work/keep"
for pair in $pairs; do
  version=${pair#*:} shape=${pair%:*}
  if ! have_go "$version"; then
    skip "$shape-$version" "$(no_go "$version")"
  elif [ "$shape" = race ] && ! ls "$GO_ROOT/$version"/src/runtime/race/{,internal/amd64v1/}race_linux*.syso > /dev/null 2>&1; then
    skip "$shape-$version" "Debian's Go $version comes without the race detector's runtime"
  else
    judge "$version" "$shape"
  fi
done
finish
