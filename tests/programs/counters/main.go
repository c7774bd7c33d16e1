// counters: a program that knows by itself how often each of its functions was called and
// returned, on which goroutine, and how long the calls took, so that a tracer can be compared
// with it. The probed functions have names beginning with P and live in probed.go; everything is
// counted by their callers, never inside them.
//
//	counters -list      the probed functions, `KIND NAME` a line:
//	                      timed    func(2 words) int: word 1, or 2 in methods, is an id, the result is it too
//	                      counted  calls and returns are counted
//	                      entry    never returns (has no RET)
//	                      generic  NAME is a glob over its instantiations
//	                      c        a C function, in builds with cgo
//	counters            runs all scenarios and prints
//	                      count NAME CALLS RETURNS
//	                      span NAME ID GOID INNER OUTER [early]    a timed call that returned:
//	                        INNER <= its duration <= OUTER, in ns of CLOCK_MONOTONIC
//	                      facts ...   what happened to the stacks; `wrong 0`: all results were right
//	counters -wait      prints `ready` first, with calls of PInflight in flight (`early` above),
//	                    and waits for a line on standard input; ends at the next line or its end
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"runtime"
	"sort"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

type tally struct {
	kind           string
	calls, returns int64
}

type span struct {
	name         string
	id           int
	goid         int64
	inner, outer int64
	early        bool
}

const maxID = 1 << 16

var (
	tallies = map[string]*tally{}
	started = time.Now()
	lastID  int64
	wrong   int64
	inner   [maxID]int64 // by id, written by the probed function itself
	mu      sync.Mutex
	spans   []span
)

func declare(kind string, names ...string) {
	for _, name := range names {
		tallies[name] = &tally{kind: kind}
	}
}

// now is CLOCK_MONOTONIC in ns since the program began.
func now() int64 { return int64(time.Since(started)) }

func goid() int64 {
	var buf [64]byte
	fields := bytes.Fields(buf[:runtime.Stack(buf[:], false)])
	id, _ := strconv.ParseInt(string(fields[1]), 10, 64)
	return id
}

func enter(names ...string) {
	for _, name := range names {
		atomic.AddInt64(&tallies[name].calls, 1)
	}
}

func leave(names ...string) {
	for _, name := range names {
		atomic.AddInt64(&tallies[name].returns, 1)
	}
}

// counted calls f, a call of each of `names`; a panic passes through and is no return.
func counted(f func(), names ...string) {
	enter(names...)
	f()
	leave(names...)
}

// timed calls f(id), a call of each of `names` that returns the id.
func timed(f func(id int) int, names ...string) { timedAs(false, f, names...) }

func timedAs(early bool, f func(id int) int, names ...string) {
	id := int(atomic.AddInt64(&lastID, 1))
	g := goid()
	enter(names...)
	begin := now()
	got := f(id)
	outer := now() - begin
	leave(names...)
	if got != id {
		atomic.AddInt64(&wrong, 1)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, name := range names {
		spans = append(spans, span{name, id, g, inner[id], outer, early})
	}
}

// fresh runs f on n goroutines of its own, each with the smallest stack, and waits for them.
func fresh(n int, f func()) {
	var all sync.WaitGroup
	for i := 0; i < n; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			f()
		}()
	}
	all.Wait()
}

func list() {
	for _, name := range names() {
		fmt.Println(tallies[name].kind, name)
	}
}

func names() (all []string) {
	for name := range tallies {
		all = append(all, name)
	}
	sort.Strings(all)
	return all
}

func main() {
	runtime.GOMAXPROCS(4)
	mode := ""
	if len(os.Args) > 1 {
		mode = os.Args[1]
	}
	if mode == "-list" {
		list()
		return
	}
	holding := holdInflight(5)
	if mode == "-wait" {
		fmt.Println("ready")
		if !line() {
			return
		}
	}
	holding.release()
	scenarios()
	out := bufio.NewWriter(os.Stdout)
	for _, name := range names() {
		if t := tallies[name]; t.calls > 0 {
			fmt.Fprintln(out, "count", name, t.calls, t.returns)
		}
	}
	for _, s := range spans {
		fmt.Fprintln(out, "span", s.name, s.id, s.goid, s.inner, s.outer, early(s.early))
	}
	fmt.Fprintln(out, "facts moved", moved, "migrated", migrated, "wrong", wrong)
	out.Flush()
	if mode == "-wait" {
		line()
	}
}

func early(is bool) string {
	if is {
		return "early"
	}
	return "-"
}

var stdin = bufio.NewReader(os.Stdin)

func line() bool {
	_, err := stdin.ReadString('\n')
	return err == nil
}
