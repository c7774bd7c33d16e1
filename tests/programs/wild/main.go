// wild: a program for probes on every function there is, those of the runtime included. It calls
// the generated functions of functions.go (tests/e2e/wildcard.sh makes them) from many
// goroutines, counts the calls in the callers, and checks the results, while it does what makes
// the runtime do unusual things: it collects garbage all the time, profiles itself by signals,
// grows stacks, panics and recovers, ends goroutines and threads, starts processes, walks stacks.
//
//	wild ROUNDS     prints `count NAME CALLS` for each generated function and `wrong N`: N results
//	                were not what they should be
package main

import (
	"fmt"
	"io/ioutil"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

type entry struct {
	name  string
	run   func(x int) int
	calls int64
}

var wrong int64

func count(i int) { atomic.AddInt64(&functions[i].calls, 1) }

func check(ok bool) {
	if !ok {
		atomic.AddInt64(&wrong, 1)
	}
}

//go:noinline
func touch(p []byte, x int) int {
	p[0], p[len(p)-1] = byte(x), byte(x>>8)
	return int(p[0]) + int(p[len(p)-1])
}

type runner interface{ Run(x int) int }

// all calls every function once, in an order that depends on the seed.
func all(seed int) int {
	sum := 0
	for i := range functions {
		at := (i*7919 + seed*104729) % len(functions)
		count(at)
		sum += functions[at].run(at + seed)
	}
	return sum
}

func workers(rounds int) {
	var group sync.WaitGroup
	sums := make([][]int, 4)
	for w := range sums {
		w := w
		sums[w] = make([]int, rounds)
		group.Add(1)
		go func() {
			defer group.Done()
			for round := range sums[w] {
				done := make(chan int)
				go func() { done <- all(round) }() // on a fresh, small stack
				sums[w][round] = <-done
			}
		}()
	}
	group.Wait()
	for _, sum := range sums {
		for round := range sum {
			check(sum[round] == sums[0][round])
		}
	}
}

// until runs each of the tasks again and again until stop is closed.
func until(stop chan bool, group *sync.WaitGroup, tasks ...func()) {
	for _, task := range tasks {
		task := task
		group.Add(1)
		go func() {
			defer group.Done()
			for {
				select {
				case <-stop:
					return
				default:
					task()
				}
			}
		}()
	}
}

func collect() {
	garbage := make([][]byte, 100)
	for i := range garbage {
		garbage[i] = make([]byte, 1000+i)
	}
	runtime.SetFinalizer(&garbage[0][0], func(p *byte) {})
	runtime.GC()
	time.Sleep(5 * time.Millisecond)
}

func signals() {
	received := make(chan os.Signal, 1)
	signal.Notify(received, syscall.SIGUSR1)
	check(syscall.Kill(os.Getpid(), syscall.SIGUSR1) == nil)
	check(<-received == syscall.SIGUSR1)
	signal.Stop(received)
	time.Sleep(5 * time.Millisecond)
}

func threads() {
	done := make(chan bool)
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: its thread ends with it
		runtime.Goexit()
	}()
	<-done
	time.Sleep(20 * time.Millisecond)
}

func processes() {
	out, err := exec.Command("/bin/echo", "child").Output()
	check(err == nil && string(out) == "child\n")
	time.Sleep(50 * time.Millisecond)
}

func faults() {
	defer func() { check(recover() != nil) }()
	var p *int
	*p = 1
}

func stacks() {
	var deep func(n int) int
	deep = func(n int) int {
		var pad [200]byte
		if n == 0 {
			return len(debug.Stack()) + touch(pad[:], n)
		}
		return deep(n-1) + touch(pad[:], n)
	}
	done := make(chan int)
	go func() { done <- deep(100) }()
	check(<-done > 0)
	faults()
	time.Sleep(5 * time.Millisecond)
}

func structures() {
	m := map[string]int{}
	for i := 0; i < 200; i++ {
		m[strconv.Itoa(i)] = i
	}
	sum := 0
	for _, v := range m {
		sum += v
	}
	check(sum == 199*200/2)
	ticker := time.NewTicker(time.Millisecond)
	timeout := time.After(3 * time.Millisecond)
	for ticks := 0; ; ticks++ {
		select {
		case <-ticker.C:
			continue
		case <-timeout:
		}
		break
	}
	ticker.Stop()
}

func main() {
	rounds, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	debug.SetGCPercent(20)
	// Five times a second: with every function of the runtime probed, looking at a stack takes longer
	// than the hundredth of a second that is usual, and the program would do nothing else. (The
	// rate stays; pprof complains about it on standard error.)
	runtime.SetCPUProfileRate(5)
	check(pprof.StartCPUProfile(ioutil.Discard) == nil)
	var group sync.WaitGroup
	stop := make(chan bool)
	until(stop, &group, collect, signals, threads, processes, stacks, structures, foreign)
	workers(rounds)
	close(stop)
	group.Wait()
	pprof.StopCPUProfile()
	for i := range functions {
		fmt.Printf("count %s %d\n", functions[i].name, atomic.LoadInt64(&functions[i].calls))
	}
	fmt.Printf("wrong %d\n", wrong)
}
