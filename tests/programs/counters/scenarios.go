package main

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// hold keeps goroutines inside a probed function until release.
type hold struct {
	ready, done chan bool
	all         sync.WaitGroup
}

func newHold() *hold { return &hold{ready: make(chan bool), done: make(chan bool)} }

// start runs f on n goroutines and returns once all of them are inside their call.
func (h *hold) start(n int, f func()) {
	for i := 0; i < n; i++ {
		h.all.Add(1)
		go func() {
			defer h.all.Done()
			f()
		}()
	}
	for i := 0; i < n; i++ {
		<-h.ready
	}
}

func (h *hold) release() {
	close(h.done)
	h.all.Wait()
}

func holdInflight(n int) *hold {
	h := newHold()
	h.start(n, func() {
		timedAs(true, func(id int) int { return PInflight(id, h) }, "main.PInflight")
	})
	return h
}

var (
	generics   = func() {} // from Go 1.18
	cgo        = func() {} // in builds with C
	coroutines = func() {} // from Go 1.23
)

func check(ok bool) {
	if !ok {
		atomic.AddInt64(&wrong, 1)
	}
}

func counts(f func() int, names ...string) (r int) {
	counted(func() { r = f() }, names...)
	return r
}

func scenarios() {
	stacks()
	panics()
	exits()
	coroutines()
	methods()
	hotLoop(30000)
	shapes()
	generics()
	cgo()
}

func stacks() {
	fresh(3, func() { timed(func(id int) int { return PRec(id, 300) }, "main.PRec") })
	fresh(40, func() { timed(func(id int) int { return PGrow(id, 60) }, "main.PGrow") })
	fresh(20, func() { timed(func(id int) int { return PHuge(id, 80<<10) }, "main.PHuge") })
	fresh(20, func() { timed(func(id int) int { return PBig(id, 4<<10) }, "main.PBig") })
	fresh(20, func() { timed(func(id int) int { return PSmall(id, 0) }, "main.PSmall") })
	fresh(8, func() {
		for i := 0; i < 5; i++ {
			timed(func(id int) int { return PMigrate(id, 400) }, "main.PMigrate")
		}
	})
	h := newHold()
	h.start(20, func() {
		deepen(100)
		timed(func(id int) int { return PHold(id, h) }, "main.PHold")
	})
	for i := 0; i < 6; i++ {
		runtime.GC()
	}
	h.release()
	again := newHold()
	again.start(5, func() {
		timed(func(id int) int { return PInflight(id, again) }, "main.PInflight")
	})
	again.release()
	fresh(4, func() {
		for i := time.Duration(0); i < 5; i++ {
			timed(func(id int) int { return PSleep(id, i*time.Millisecond) }, "main.PSleep")
		}
	})
}

// Panics, and ordinary calls of the same functions at the same depth afterwards: what a lost
// frame left behind must not be taken for theirs.
func panics() {
	fresh(3, func() {
		for i := 0; i < 12; i++ {
			how := i % 4 * 20 // 0: no panic
			timed(func(id int) int { return PRecover(id, how) }, "main.PRecover")
			timed(func(id int) int { return PMid(id, 0) }, "main.PMid")
			timed(func(id int) int { return PRecoverLoop(id, how) }, "main.PRecoverLoop")
			timed(func(id int) int { return PRecoverNil(id, how) }, "main.PRecoverNil")
			timed(func(id int) int { return PRecoverMid(id, how) }, "main.PRecoverMid")
			timed(func(id int) int { return PMidDefer(id, 0) }, "main.PMidDefer")
			timed(func(id int) int { return PNine(id, how) }, "main.PNine")
			noReturn(i)
			timed(func(id int) int { return PDefer(id, i) }, "main.PDefer")
			leave("main.PDeferred")
		}
	})
}

func noReturn(i int) {
	defer func() { recover() }()
	enter("main.PNoReturn")
	PNoReturn(i)
}

func exits() {
	fresh(10, func() {
		enter("main.PCallsGoexit")
		PCallsGoexit(30)
	})
	for i := 0; i < 10; i++ {
		// Its frames end at the goroutine's end: counted as returned once the goroutine is gone.
		before := runtime.NumGoroutine()
		enter("main.PSpawned")
		go PSpawned()
		<-spawned
		for runtime.NumGoroutine() > before {
			time.Sleep(100 * time.Microsecond)
		}
		leave("main.PSpawned")
	}
}

func methods() {
	fresh(2, func() {
		for i := 0; i < 20; i++ {
			timed(func(id int) int { return outerGetter.Get(id) }, "main.(*POuter).Get", "main.(*PInner).Get")
			timed(func(id int) int { return otherGetter.Get(id) }, "main.(*POther).Get", "main.(*PInner).Get")
			timed(func(id int) int { return innerGetter.Get(id) }, "main.(*PInner).Get")
			timed(func(id int) int { return valueGetter.Get(id) }, "main.(*PValue).Get", "main.PValue.Get")
			timed(func(id int) int { return PValue{i}.Get(id) }, "main.PValue.Get")
		}
	})
}

// hotLoop calls a tiny function while the collector runs all the time.
func hotLoop(n int) {
	var done int32
	var all sync.WaitGroup
	all.Add(1)
	go func() {
		defer all.Done()
		for atomic.LoadInt32(&done) == 0 {
			runtime.GC()
		}
	}()
	total := 0
	for i := 0; i < n; i++ {
		total += PHot(i)
	}
	atomic.StoreInt32(&done, 1)
	all.Wait()
	check(total == n*(n-1)/2*3+n)
	t := tallies["main.PHot"]
	t.calls += int64(n)
	t.returns += int64(n)
}

func shapes() {
	closures := []func(int) int{}
	for i := 0; i < 20; i++ {
		check(counts(func() int { return PLeaf(i, 1) }, "main.PLeaf") == 2*i+1)
		counted(PEmpty, "main.PEmpty")
		counted(func() { PEmpty() }, "main.PEmpty")
		check(counts(func() int { return PVariadic("a", "bc", "def") }, "main.PVariadic") == 6)
		check(counts(func() int { return PVariadic() }, "main.PVariadic") == 0)
		counted(func() { closures = append(closures, makeClosure(i)) }, "main.PMakeClosure")
		check(counts(func() int { return int(PAsm(int64(i), 3)) }, "main.PAsm") == i+3)
		check(counts(func() int {
			a, b, _, _, _, _, _, _, _, _, _, l := PManyArgs(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
			return a*10000 + b*100 + l
		}, "main.PManyArgs") == 121101)
	}
	fresh(20, func() {
		check(counts(func() int { return int(PAsmFrame(9, 4)) }, "main.PAsmFrame") == 5)
	})
	for i, closure := range closures {
		check(counts(func() int { return closure(1) }, "main.PMakeClosure.func1") >= i+1)
	}
}
