// Calls that return nil, return an error, or are ended by a panic or runtime.Goexit, and how many of each
// there were: what `gotap count --share` shows of them. Those that are ended are also listed, as
// `ended main.work(n=10)`: what `gotap trace --panics` shows. With an argument the last of them ends the program.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
)

type outcome struct{ calls, failed, ended int }

var counts = map[string]*outcome{"main.work": {}, "main.plain": {}, "main.inner": {}, "main.leave": {}, "main.steady": {}}

var errOdd = errors.New("odd")

var ended []string

func ends(call string, n int) {
	ended = append(ended, fmt.Sprintf("ended main.%s(n=%d)", call, n))
}

//go:noinline
func work(n int) (int, error) {
	counts["main.work"].calls++
	switch {
	case n%10 == 0:
		counts["main.work"].ended++
		ends("work", n)
		inner(n)
	case n%2 == 1:
		counts["main.work"].failed++
		return 0, errOdd
	}
	return n, nil
}

//go:noinline
func inner(n int) {
	counts["main.inner"].calls++
	if n == 0 {
		return
	}
	counts["main.inner"].ended++
	ends("inner", n)
	panic(n)
}

// While its panic is on, another comes and goes.
//
//go:noinline
func nested(n int) {
	defer func() { mend(n + 1000) }()
	ends("nested", n)
	inner(n)
}

//go:noinline
func mend(n int) {
	defer func() { recover() }()
	inner(n)
}

//go:noinline
func around(n int) {
	defer func() { recover() }()
	nested(n)
}

//go:noinline
func crash(n int) {
	fmt.Printf("ended main.crash(n=%d)\n", n)
	panic("crash")
}

//go:noinline
func plain(n int) (r int) {
	counts["main.plain"].calls++
	// It returns, as it recovers.
	defer func() {
		if e := recover(); e != nil {
			r = -1
		}
	}()
	r, _ = work(n)
	return r
}

//go:noinline
func steady(n int) error {
	counts["main.steady"].calls++
	if n < 0 {
		return errOdd
	}
	return nil
}

// The other place that steady is called from.
//go:noinline
func again(n int) error {
	err := steady(n)
	return err
}

//go:noinline
func leave() {
	counts["main.leave"].calls++
	counts["main.leave"].ended++
	ended = append(ended, "ended main.leave()")
	if len(counts) > 0 {
		runtime.Goexit()
	}
}

// A thousand nested calls that one panic ends.
//go:noinline
func deep(n int) int {
	if n == 0 {
		panic("deep")
	}
	return deep(n-1) + 1
}

// It is open until the program ends.
//go:noinline
func idle(began chan<- bool, never <-chan bool) {
	began <- true
	<-never
}

func main() {
	began := make(chan bool)
	go idle(began, make(chan bool))
	<-began
	for n := 1; n <= 100; n++ {
		plain(n)
		if err := steady(n); err != nil {
			panic(err)
		}
		if n%2 == 0 {
			if err := again(n); err != nil {
				panic(err)
			}
		}
	}
	around(1)
	around(2)
	var wait sync.WaitGroup
	wait.Add(1)
	go func() {
		defer wait.Done()
		defer mend(2000)
		leave()
	}()
	wait.Wait()
	for name, it := range counts {
		fmt.Println(name, it.calls, it.failed, it.ended)
	}
	for _, it := range ended {
		fmt.Println(it)
	}
	if len(os.Args) > 1 && os.Args[1] == "deep" {
		func() {
			defer func() { recover() }()
			deep(999)
		}()
	} else if len(os.Args) > 1 {
		crash(len(os.Args))
	}
}
