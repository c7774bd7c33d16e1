// Calls main.probed in many ways, and prints of each call what runtime.Stack says of its stack, in
// gotap's form: a line "stack", then a line for each frame above main.probed, then who made the
// goroutine. What is the runtime's own is left out.
package main

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
)

// "\t/src/main.go:15 +0x39" as "+57 (main.go:15)"; without an offset it was inlined.
func place(line string) string {
	fields := strings.Fields(line)
	file := fields[0][strings.LastIndex(fields[0], "/")+1:]
	if len(fields) == 1 {
		return " [inlined] (" + file + ")"
	}
	offset, err := strconv.ParseInt(fields[len(fields)-1], 0, 64)
	if err != nil {
		panic(err)
	}
	return "+" + strconv.Itoa(int(offset)) + " (" + file + ")"
}

func show(text string) {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	fmt.Println("stack")
	for i := 1; i+1 < len(lines); i += 2 {
		name := lines[i]
		if strings.HasPrefix(name, "created by ") {
			if at := strings.Index(name, " in goroutine "); at > 0 {
				name = name[:at]
			}
		} else {
			name = name[:strings.LastIndex(name, "(")]
		}
		if name == "main.probed" || strings.Contains(lines[i+1], "/src/runtime/") {
			continue
		}
		fmt.Println("    " + name + place(lines[i+1]))
		if name == "main.fromC" {
			fmt.Println("    <further frames are not known>")
			return
		}
	}
}

//go:noinline
func probed(n int) int {
	text := make([]byte, 1<<16)
	show(string(text[:runtime.Stack(text, false)]))
	return n + 1
}

type node struct {
	next *node
	n    int
}

// Inlined into whatever calls them.
func outer(n int) int { return inner(n) * 2 }
func inner(n int) int { return probed(n) + 3 }

//go:noinline
func (x *node) down(n int) int {
	if n == 0 {
		return outer(x.n) + 1
	}
	return x.down(n-1) + 1
}

//go:noinline
func call(f func() int) int { return f() + 1 }

type caller interface{ call(n int) int }

type direct struct{ n int }

//go:noinline
func (d *direct) call(n int) int { return probed(d.n+n) + 1 }

//go:noinline
func through(c caller, n int) int { return c.call(n) + 1 }

// A page of stack, so that it grows below the callers.
//go:noinline
func wide(n int) int {
	var page [4096]byte
	page[n%len(page)] = byte(n)
	return probed(n) + int(page[(n+1)%len(page)])
}

// While a panic unwinds: deferred calls are made from inside of the function that failed.
//go:noinline
func recovers(fail func(*node) int) (n int) {
	defer func() {
		if recover() != nil {
			n = probed(1)
		}
	}()
	return fail(nil) + 1
}

// Reads through a nil pointer, having called another before and so having a frame.
//go:noinline
func faults(x *node) int {
	n := call(func() int { return 1 })
	return x.n + n
}

//go:noinline
func panics(x *node) int {
	if x == nil {
		panic("no node")
	}
	return x.n
}

//go:noinline
func spawn(f func()) {
	done := make(chan bool)
	go func() {
		f()
		done <- true
	}()
	<-done
}

// Set by the build with cgo.
var withC func()

func main() {
	if withC != nil {
		withC()
	}
	x := &node{nil, 7}
	x.down(3)
	x.down(60)
	call(func() int { return x.down(1) })
	through(&direct{1}, 2)
	spawn(func() { x.down(2) })
	spawn(func() { wide(3) })
	spawn(func() { spawn(func() { through(&direct{1}, 2) }) })
	recovers(panics)
	recovers(faults)
	f := x.down
	spawn(func() { f(2) })
	for i := 0; i < 2; i++ {
		probed(i)
		_, _ = probed(i), probed(i)
	}
}
