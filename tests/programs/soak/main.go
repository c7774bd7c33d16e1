// soak WORKERS: a program that is hard on a tracer and checks itself. It first works out what
// every part of package work answers for every seed, then prints `ready` and obeys its standard
// input, a command a line, each answered by the line in brackets when it is done:
//
//	load      works until the next command ...  [load wrong N]
//	batch N   N rounds on each worker, from rest to rest; then what was called since the last
//	          time this was printed, `count NAME CALLS RETURNS` a line  [batch wrong N sum H]
//	skip      forgets the counts so far  [skip]
//	deep N    N + 1 calls of work.Deepen on top of each other  [deep]
//	daemon    starts itself again as a daemon, and ends; the daemon answers  [ready]
//	exec      becomes `soak -child`, in the same process  [nothing]
//
// It ends with its input; the exit code is 1 if any answer was wrong. Meanwhile the collector
// runs without a pause, a CPU profile is taken (SIGPROF), goroutines change threads, and it runs
// itself as a child (`soak -child`) that checks the same. The counts are those of this process.
package main

import (
	"bufio"
	"fmt"
	"io/ioutil"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"soak/tally"
	"soak/work"
)

const seeds = 16

var (
	right [][seeds]uint64 // by kind and seed
	wrong int64
)

// learn works out the right answers, twice.
func learn() {
	right = make([][seeds]uint64, len(work.Kinds))
	for kind := range work.Kinds {
		for seed := range right[kind] {
			right[kind][seed] = work.Kinds[kind].Run(uint64(seed))
			check(kind, seed)
		}
	}
}

func check(kind, seed int) {
	if got := work.Kinds[kind].Run(uint64(seed)); got != right[kind][seed] {
		atomic.AddInt64(&wrong, 1)
		fmt.Fprintf(os.Stderr, "wrong: %s(%d) is %#x, not %#x\n", work.Kinds[kind].Name, seed, got, right[kind][seed])
	}
}

// round runs every kind once, every other round on a goroutine with a small stack.
func round(worker, i int) {
	for kind := range work.Kinds {
		seed := (worker*5 + i*3 + kind) % seeds
		if i%2 == 0 {
			check(kind, seed)
			continue
		}
		done := make(chan bool)
		go func() {
			check(kind, seed)
			done <- true
		}()
		<-done
	}
}

// around runs f while everything else that is unpleasant goes on too.
func around(f func()) {
	stop := make(chan bool)
	var others sync.WaitGroup
	others.Add(2)
	go func() {
		defer others.Done()
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(3 * time.Millisecond):
			}
			runtime.GC()
			if i%50 == 0 {
				debug.FreeOSMemory()
			}
		}
	}()
	go func() {
		defer others.Done()
		for {
			child()
			select {
			case <-stop:
				return
			case <-time.After(time.Second):
			}
		}
	}()
	if err := pprof.StartCPUProfile(ioutil.Discard); err != nil {
		fmt.Fprintln(os.Stderr, "no profile:", err)
		atomic.AddInt64(&wrong, 1)
	}
	f()
	pprof.StopCPUProfile()
	close(stop)
	others.Wait()
}

func child() {
	if out, err := exec.Command("/proc/self/exe", "-child").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "wrong: the child: %v\n%s", err, out)
		atomic.AddInt64(&wrong, 1)
	}
}

func workers(n int, f func(worker int)) {
	var all sync.WaitGroup
	for w := 0; w < n; w++ {
		all.Add(1)
		go func(w int) {
			defer all.Done()
			f(w)
		}(w)
	}
	all.Wait()
}

func load(n int) (stop func()) {
	var stopping int32
	stopped := make(chan bool)
	go func() {
		around(func() {
			workers(n, func(w int) {
				for i := 0; atomic.LoadInt32(&stopping) == 0; i++ {
					round(w, i)
				}
			})
		})
		stopped <- true
	}()
	return func() {
		atomic.StoreInt32(&stopping, 1)
		<-stopped
		fmt.Println("load wrong", atomic.LoadInt64(&wrong))
	}
}

func batch(n, rounds int) {
	work.MarkOn()
	around(func() {
		workers(n, func(w int) {
			for i := 0; i < rounds; i++ {
				round(w, i)
			}
		})
	})
	work.MarkOff()
	out := bufio.NewWriter(os.Stdout)
	for _, count := range tally.Take() {
		fmt.Fprintln(out, "count", count.Name, count.Calls, count.Returns)
	}
	sum := uint64(0)
	for kind := range right {
		for _, answer := range right[kind] {
			sum = (sum ^ answer) * 1099511628211
		}
	}
	fmt.Fprintf(out, "batch wrong %d sum %x\n", atomic.LoadInt64(&wrong), sum)
	out.Flush()
}

func daemon() {
	command := exec.Command("/proc/self/exe", os.Args[1:]...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := command.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: soak WORKERS")
		os.Exit(2)
	}
	// The first of these starts a thread. In Go 1.15, once other threads have ended, it frees their stacks
	// where it must not, and the program dies of "attempt to execute system stack code on user stack"
	// (allocm, runtime/proc.go; since 1.16 on the system stack), traced or not.
	runtime.LockOSThread()
	runtime.UnlockOSThread()
	learn()
	if os.Args[1] == "-child" {
		round(0, 0)
		os.Exit(int(wrong))
	}
	n, _ := strconv.Atoi(os.Args[1])
	fmt.Println("ready")
	stop := func() {}
	input := bufio.NewReader(os.Stdin)
	for {
		line, err := input.ReadString('\n')
		stop()
		stop = func() {}
		words := strings.Fields(line)
		if err != nil || len(words) == 0 {
			break
		}
		switch words[0] {
		case "load":
			stop = load(n)
		case "batch":
			rounds, _ := strconv.Atoi(words[1])
			batch(n, rounds)
		case "skip":
			tally.Take()
			fmt.Println("skip")
		case "deep":
			depth, _ := strconv.Atoi(words[1])
			above := uint64(1)
			work.Deepen(depth, &above)
			fmt.Println("deep")
		case "daemon":
			daemon()
		case "exec":
			fmt.Fprintln(os.Stderr, syscall.Exec("/proc/self/exe", []string{"soak", "-child"}, os.Environ()))
			os.Exit(1)
		}
	}
	if atomic.LoadInt64(&wrong) != 0 {
		os.Exit(1)
	}
}
