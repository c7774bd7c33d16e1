// Functions that spend known times in known ways, for tests/e2e/waits.sh. What a goroutine waits for is
// taken from the runtime's own words in a stack dump, made while it waits. A line each:
//
//	NAME WHAT CALLS TIMES ATLEAST MEASURED
//
// (tabs between): main.NAME was called so often, waited so often (+: or more) for WHAT, at least so many
// nanoseconds; the program's own clock around the calls says MEASURED. Lines of one name add up.
package main

import (
	"fmt"
	"io/ioutil"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	rounds = 3
	pause  = 30 * time.Millisecond
)

var (
	mutex    sync.Mutex
	group    sync.WaitGroup
	channel  = make(chan int)
	other    = make(chan int)
	file     *os.File
	conn     net.Conn
	sink     uint64
	observed string        // what goroutine 1 waited for
	seen     time.Duration // for how long it was seen to wait at least
)

//go:noinline
func sleeps() { time.Sleep(2 * pause) }

//go:noinline
func locks() { mutex.Lock(); mutex.Unlock() }

//go:noinline
func gathers() { group.Wait() }

//go:noinline
func receives() { <-channel }

//go:noinline
func sends() { channel <- 1 }

//go:noinline
func selects() {
	select {
	case <-channel:
	case <-other:
	}
}

//go:noinline
func reads() {
	var buffer [1]byte
	conn.Read(buffer[:])
}

//go:noinline
func writes() {
	var block [4096]byte
	for i := 0; i < 25; i++ {
		file.Write(block[:])
	}
	file.Sync()
}

//go:noinline
func computes() {
	for begin := time.Now(); time.Since(begin) < pause; {
		for i := uint64(0); i < 1000; i++ {
			sink += i * sink
		}
	}
}

//go:noinline
func yields() {
	for i := 0; i < 50; i++ {
		runtime.Gosched()
	}
}

// Its calls within calls are part of the outermost.
//
//go:noinline
func nests(depth int) {
	if depth > 0 {
		nests(depth - 1)
	}
	if depth == 1 {
		time.Sleep(2 * pause)
	}
}

// Never returns.
//
//go:noinline
func fails() {
	time.Sleep(time.Millisecond)
	if file != nil {
		panic("as it should")
	}
}

// Never returns either, while it is looked at.
//
//go:noinline
func hangs() { <-make(chan int) }

// What goroutine 1 does, in the words of the runtime.
func state() string {
	dump := make([]byte, 1<<16)
	text := string(dump[:runtime.Stack(dump, true)])
	const head = "goroutine 1 ["
	at := strings.Index(text, head)
	if at < 0 {
		return ""
	}
	text = text[at+len(head):]
	return text[:strings.IndexAny(text, ",]")]
}

func idle(what string) bool { return what != "" && what != "running" && what != "runnable" }

// Calls f when goroutine 1 has waited for `pause` and is seen to wait still, for the same: it may have
// been on its way there only, in the system call that finds nothing to read.
func releases(f func()) {
	go func() {
		for {
			what := state()
			begin := time.Now()
			time.Sleep(pause)
			waited := time.Since(begin)
			if idle(what) && state() == what {
				observed = what
				seen += waited
				break
			}
		}
		f()
	}()
}

// For how long goroutine 1 is seen asleep.
func watches(done chan bool) {
	var first, last time.Time
	for {
		select {
		case <-done:
			seen += last.Sub(first)
			done <- true
			return
		default:
		}
		time.Sleep(2 * time.Millisecond)
		before := time.Now()
		if what := state(); idle(what) && what != "chan send" && what != "chan receive" {
			if first.IsZero() {
				first = time.Now()
			}
			last, observed = before, what
			if last.Before(first) {
				last = first
			}
		}
	}
}

func phase(name, what, times string, prepare, call func()) time.Duration {
	var measured time.Duration
	observed, seen = what, 0
	for i := 0; i < rounds; i++ {
		if prepare != nil {
			prepare()
		}
		begin := time.Now()
		call()
		measured += time.Since(begin)
	}
	if what != "" {
		observed = what
	}
	fmt.Printf("%s\t%s\t%d\t%s\t%d\t%d\n", name, observed, rounds, times, seen.Nanoseconds(), measured.Nanoseconds())
	return measured
}

// While `call` runs another goroutine watches it.
func watched(name, times string, call func()) {
	done := make(chan bool)
	var measured time.Duration
	observed, seen = "", 0
	for i := 0; i < rounds; i++ {
		go watches(done)
		begin := time.Now()
		call()
		measured += time.Since(begin)
		done <- true
		<-done
	}
	fmt.Printf("%s\t%s\t%d\t%s\t%d\t%d\n", name, observed, rounds, times, seen.Nanoseconds(), measured.Nanoseconds())
}

// Processor time of this thread.
func used() time.Duration {
	var usage syscall.Rusage
	const thread = 1
	syscall.Getrusage(thread, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func connect() (here, there net.Conn) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	go func() {
		here, err := net.Dial("tcp", listener.Addr().String())
		check(err)
		conn = here
		channel <- 1
	}()
	there, err = listener.Accept()
	check(err)
	<-channel
	return conn, there
}

func main() {
	// Waits that are in none of the calls.
	var noise sync.Mutex
	for i := 0; i < 2; i++ {
		go func() {
			for {
				noise.Lock()
				time.Sleep(3 * time.Millisecond)
				noise.Unlock()
			}
		}()
	}
	go hangs()
	var err error
	file, err = ioutil.TempFile("", "waits")
	check(err)
	defer os.Remove(file.Name())
	_, peer := connect()

	watched("sleeps", "3", sleeps)
	watched("nests", "3", func() { nests(3) })
	phase("locks", "", "3", func() { mutex.Lock(); releases(mutex.Unlock) }, locks)
	phase("gathers", "", "3", func() { group.Add(1); releases(group.Done) }, gathers)
	phase("receives", "", "3", func() { releases(func() { channel <- 1 }) }, receives)
	phase("sends", "", "3", func() { releases(func() { <-channel }) }, sends)
	phase("selects", "", "3", func() { releases(func() { other <- 1 }) }, selects)
	phase("reads", "", "3", func() { releases(func() { peer.Write([]byte{1}) }) }, reads)
	measured := phase("writes", "syscall write", "75", nil, writes)
	fmt.Printf("writes\tsyscall fsync\t0\t3\t0\t%d\n", measured.Nanoseconds())
	phase("yields", "runnable", "150+", nil, yields)

	runtime.LockOSThread()
	var processor time.Duration
	phase("computes", "running", "0", nil, func() {
		begin := used()
		computes()
		processor += used() - begin
		seen = processor * 3 / 4
	})
	runtime.UnlockOSThread()

	for i := 0; i < rounds; i++ {
		func() {
			defer func() { recover() }()
			fails()
		}()
	}
	// What was left behind by those is not taken for part of these.
	phase("locks", "", "3", func() { mutex.Lock(); releases(mutex.Unlock) }, locks)
}
