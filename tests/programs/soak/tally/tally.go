// Package tally counts the calls and returns of package work's functions, so that a tracer of
// that package can be compared with it. Nothing in here is traced.
package tally

import (
	"reflect"
	"runtime"
	"sort"
	"sync"
	"sync/atomic"
)

// Counter counts one function. A function that ends by a panic or Goexit does not return.
type Counter struct {
	name           string
	calls, returns int64
}

var (
	mu  sync.Mutex
	all []*Counter
)

// New makes the counter of the function of that name.
func New(name string) *Counter {
	c := &Counter{name: "soak/work." + name}
	mu.Lock()
	defer mu.Unlock()
	all = append(all, c)
	return c
}

// Enter is called first thing in the function, Leave last.
func (c *Counter) Enter() { atomic.AddInt64(&c.calls, 1) }
func (c *Counter) Leave() { atomic.AddInt64(&c.returns, 1) }

// Named gives the counter of a closure its name, which differs between versions of Go.
func (c *Counter) Named(f interface{}) {
	mu.Lock()
	defer mu.Unlock()
	c.name = runtime.FuncForPC(reflect.ValueOf(f).Pointer()).Name()
}

// Count is what happened to one function.
type Count struct {
	Name           string
	Calls, Returns int64
}

// Take returns the counts since the last Take, by name, without functions never called.
func Take() (counts []Count) {
	mu.Lock()
	defer mu.Unlock()
	for _, c := range all {
		n := Count{c.name, atomic.SwapInt64(&c.calls, 0), atomic.SwapInt64(&c.returns, 0)}
		if n.Calls != 0 || n.Returns != 0 {
			counts = append(counts, n)
		}
	}
	sort.Slice(counts, func(i, j int) bool { return counts[i].Name < counts[j].Name })
	return counts
}

// Job is something to run.
type Job interface{ Run() }

// Go runs the job on a goroutine of its own; wait returns once it has returned or was ended by
// Goexit. As it is not the job that says so, its return is over by then.
//
//go:noinline
func Go(job Job) (wait func()) {
	done := make(chan bool)
	go func() {
		defer close(done)
		job.Run()
	}()
	return func() { <-done }
}

// Func is the job as a function and what waits for n runs of it.
//
//go:noinline
func Func(job Job, n int) (run func(), wait func()) {
	done := make(chan bool, n)
	run = func() {
		job.Run()
		done <- true
	}
	wait = func() {
		for i := 0; i < n; i++ {
			<-done
		}
	}
	return run, wait
}
