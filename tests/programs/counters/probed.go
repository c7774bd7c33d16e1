package main

import (
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

func init() {
	declare("timed", "main.PRec", "main.PGrow", "main.PHold", "main.PMigrate", "main.PRecover",
		"main.PRecoverLoop", "main.PRecoverNil", "main.PRecoverMid", "main.PNine", "main.PMid",
		"main.PMidDefer", "main.PHuge", "main.PBig", "main.PSmall", "main.PInflight",
		"main.PDefer", "main.PSleep", "main.(*PInner).Get", "main.(*POuter).Get",
		"main.(*POther).Get", "main.PValue.Get", "main.(*PValue).Get")
	declare("counted", "main.PHot", "main.PLeaf", "main.PEmpty", "main.PVariadic",
		"main.PMakeClosure", "main.PMakeClosure.func1", "main.PAsm", "main.PAsmFrame",
		"main.PGoexit", "main.PCallsGoexit", "main.PDeferred", "main.PSpawned", "main.PManyArgs",
		"main.PPanic")
	declare("entry", "main.PNoReturn")
}

var moved, migrated int64 // calls whose stack, whose thread was another one at the end

// ours: never inlined, not probed.

//go:noinline
func deepen(n int) int {
	var pad [1024]byte
	pad[n&1023] = byte(n)
	if n == 0 {
		return int(pad[0])
	}
	return deepen(n-1) + int(pad[(n+1)&1023])
}

//go:noinline
func touch(p []byte) { p[len(p)-1]++ }

//go:noinline
func address(p *int) uintptr { return uintptr(unsafe.Pointer(p)) }

func noteMove(before, after uintptr) {
	if before != after {
		atomic.AddInt64(&moved, 1)
	}
}

// Recursion: every level is a call timed by the level above.
//
//go:noinline
func PRec(id, depth int) int {
	begin := now()
	var pad [200]byte
	touch(pad[:])
	if depth > 0 {
		timed(func(id int) int { return PRec(id, depth-1) }, "main.PRec")
	}
	inner[id] = now() - begin
	return id
}

// The stack grows below it.
//
//go:noinline
func PGrow(id, n int) int {
	begin := now()
	var here int
	before := address(&here)
	deepen(n)
	noteMove(before, address(&here))
	inner[id] = now() - begin
	return id
}

// The garbage collector shrinks the stack while it is blocked.
//
//go:noinline
func PHold(id int, h *hold) int {
	begin := now()
	var here int
	before := address(&here)
	h.ready <- true
	<-h.done
	noteMove(before, address(&here))
	inner[id] = now() - begin
	return id
}

// It comes back on another thread.
//
//go:noinline
func PMigrate(id, tries int) int {
	begin := now()
	tid := syscall.Gettid()
	for i := 0; i < tries && syscall.Gettid() == tid; i++ {
		if i%8 == 7 {
			runtime.LockOSThread()
			runtime.Gosched()
			runtime.UnlockOSThread()
		}
		runtime.Gosched()
	}
	if syscall.Gettid() != tid {
		atomic.AddInt64(&migrated, 1)
	}
	inner[id] = now() - begin
	return id
}

// Panics through PMid, recovered here: PMid and PPanic never return.
//
//go:noinline
func PRecover(id, panics int) (r int) {
	begin := now()
	r = id
	defer func() {
		recover()
		inner[id] = now() - begin
	}()
	timed(func(id int) int { return PMid(id, panics) }, "main.PMid")
	return r
}

// A defer in a loop: not open-coded.
//
//go:noinline
func PRecoverLoop(id, panics int) (r int) {
	begin := now()
	r = id
	for i := 0; i < 3; i++ {
		defer func() {
			recover()
			inner[id] = now() - begin
		}()
	}
	timed(func(id int) int { return PMid(id, panics) }, "main.PMid")
	return r
}

var nilPointer *int

//go:noinline
func PRecoverNil(id, x int) (r int) {
	begin := now()
	r = id
	defer func() {
		recover()
		inner[id] = now() - begin
	}()
	*nilPointer = x
	return 0
}

// A frame with a deferred call of its own lies between panic and recovery.
//
//go:noinline
func PRecoverMid(id, panics int) (r int) {
	begin := now()
	r = id
	defer func() {
		recover()
		inner[id] = now() - begin
	}()
	timed(func(id int) int { return PMidDefer(id, panics) }, "main.PMidDefer")
	return r
}

//go:noinline
func PMidDefer(id, panics int) int {
	defer func() { counted(func() { PDeferred(id) }, "main.PDeferred") }()
	timed(func(id int) int { return PMid(id, panics) }, "main.PMid")
	return id
}

//go:noinline
func PMid(id, panics int) int {
	begin := now()
	if panics != 0 {
		enter("main.PPanic")
		PPanic(panics)
		leave("main.PPanic")
	}
	inner[id] = now() - begin
	return id
}

//go:noinline
func PPanic(panics int) int {
	if panics > 1 {
		deepen(panics)
	}
	if panics > 0 {
		panic(panics)
	}
	return 1
}

//go:noinline
func PNoReturn(x int) {
	panic(x)
}

// Nine defers: too many for open coding.
//
//go:noinline
func PNine(id, panics int) (r int) {
	begin := now()
	r = id
	defer func() { inner[id] = now() - begin }()
	defer func() { recover() }()
	defer touch(make([]byte, 3))
	defer touch(make([]byte, 4))
	defer touch(make([]byte, 5))
	defer touch(make([]byte, 6))
	defer touch(make([]byte, 7))
	defer touch(make([]byte, 8))
	defer touch(make([]byte, 9))
	enter("main.PPanic")
	PPanic(panics)
	leave("main.PPanic")
	return r
}

//go:noinline
func PDefer(id, x int) int {
	begin := now()
	enter("main.PDeferred") // returns before PDefer does
	defer PDeferred(x)
	inner[id] = now() - begin
	return id
}

//go:noinline
func PDeferred(x int) {
	deepen(x & 3)
}

//go:noinline
func PGoexit(x int) int {
	deepen(x)
	if x >= 0 {
		runtime.Goexit()
	}
	return x
}

//go:noinline
func PCallsGoexit(x int) int {
	defer deepen(x)
	enter("main.PGoexit")
	return PGoexit(x) + 1
}

// Frames of all sizes: with a small, a big and a huge stack check.
//
//go:noinline
func PSmall(id, x int) int {
	begin := now()
	inner[id] = now() - begin
	return id
}

//go:noinline
func PBig(id, x int) int {
	begin := now()
	var pad [4 << 10]byte
	touch(pad[:x])
	inner[id] = now() - begin
	return id
}

//go:noinline
func PHuge(id, x int) int {
	begin := now()
	var pad [80 << 10]byte
	touch(pad[:x])
	inner[id] = now() - begin
	return id
}

//go:noinline
func PSleep(id int, d time.Duration) int {
	begin := now()
	time.Sleep(d)
	inner[id] = now() - begin
	return id
}

//go:noinline
func PInflight(id int, h *hold) int {
	begin := now()
	h.ready <- true
	<-h.done
	inner[id] = now() - begin
	return id
}

// Methods. Those of PInner are promoted: the wrappers (*POuter).Get and (*POther).Get leave by
// a jump, (*PValue).Get calls.
type getter interface{ Get(id int) int }

type PInner struct{ n int64 }

//go:noinline
func (p *PInner) Get(id int) int {
	begin := now()
	atomic.AddInt64(&p.n, 1)
	inner[id] = now() - begin
	return id
}

type POuter struct {
	name string
	PInner
}

type POther struct{ *PInner }

type PValue struct{ n int }

//go:noinline
func (p PValue) Get(id int) int {
	begin := now()
	inner[id] = now() - begin
	return id
}

var (
	outerGetter getter = &POuter{name: "outer"}
	otherGetter getter = &POther{&PInner{}}
	innerGetter getter = &PInner{}
	valueGetter getter = &PValue{1} // the interface holds a pointer: calls go through (*PValue).Get
	makeClosure        = PMakeClosure
)

// A call in the hot loop: the collector preempts it in its prologue.
//
//go:noinline
func PHot(x int) int {
	return PLeafOf(x) + 1
}

//go:noinline
func PLeafOf(x int) int { return x * 3 }

//go:noinline
func PLeaf(a, b int) int { return a*2 + b }

//go:noinline
func PEmpty() {}

//go:noinline
func PVariadic(words ...string) int {
	n := 0
	for _, word := range words {
		n += len(word)
	}
	return n
}

//go:noinline
func PMakeClosure(x int) func(int) int {
	return func(y int) int {
		x += y + deepen(1)
		return x
	}
}

// More arguments than registers.
//
//go:noinline
func PManyArgs(a, b, c, d, e, f, g, h, i, j, k, l int) (int, int, int, int, int, int, int, int, int, int, int, int) {
	return l, k, j, i, h, g, f, e, d, c, b, a
}

//go:noinline
func PSpawned() {
	spawned <- true
}

var spawned = make(chan bool, 1000)

func PAsm(a, b int64) int64
func PAsmFrame(a, b int64) int64
