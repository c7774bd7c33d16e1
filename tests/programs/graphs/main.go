// graphs: calls functions below others, on several goroutines, with errors, panics that are
// recovered at different heights and Goexit, and keeps account of it: the target of gotap graph's
// test. It waits for a line on its standard input, works, and prints each call of work() as a tree:
//
//	tree
//	main.work
//	  main.step
//	  main.guard
//	    main.thrower!             a panic ended it
//	  main.failing = no space     it returned that error
//
// and `steps N`: the calls of step, each of which takes more than two milliseconds.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

var (
	errSpace = errors.New("no space")
	steps    int64
	sink     int64
)

// account is what a goroutine knows of its calls.
type account struct {
	lines []string
	depth int
}

func (a *account) enter(name string) int {
	a.lines = append(a.lines, strings.Repeat("  ", a.depth)+"main."+name)
	a.depth++
	return len(a.lines) - 1
}

func (a *account) leave(at int, err error) {
	a.depth--
	if err != nil {
		a.lines[at] += " = " + err.Error()
	}
}

// lost: what began at line `at` and behind it, and has not been left, is gone. open has the lines.
func (a *account) lost(open []int, depth int) {
	for _, at := range open {
		a.lines[at] += "!"
	}
	a.depth = depth
}

//go:noinline
func leaf(a *account, n int) int {
	at := a.enter("leaf")
	atomic.AddInt64(&sink, int64(n))
	a.leave(at, nil)
	return n * 3
}

//go:noinline
func step(a *account, n int) int {
	at := a.enter("step")
	atomic.AddInt64(&steps, 1)
	time.Sleep(2 * time.Millisecond)
	n = leaf(a, n) + leaf(a, n+1)
	a.leave(at, nil)
	return n
}

//go:noinline
func failing(a *account, n int) error {
	at := a.enter("failing")
	var err error
	if leaf(a, n)%2 == 0 {
		err = errSpace
	}
	a.leave(at, err)
	return err
}

//go:noinline
func thrower(a *account, open *[]int, n int) int {
	*open = append(*open, a.enter("thrower"))
	leaf(a, n)
	if n >= 0 {
		panic("thrown")
	}
	return n
}

//go:noinline
func guard(a *account, n int) (err error) {
	at := a.enter("guard")
	var open []int
	depth := a.depth
	defer func() {
		if recover() != nil {
			a.lost(open, depth)
		}
		err = errSpace
		a.leave(at, err)
	}()
	thrower(a, &open, n)
	return nil
}

// work is what others are below.
//
//go:noinline
func work(a *account, open *[]int, n int) error {
	at := a.enter("work")
	*open = append(*open, at)
	step(a, n)
	for i := 0; i < 3; i++ {
		leaf(a, i)
	}
	if n%3 == 1 {
		if guard(a, n) == nil {
			panic("not recovered")
		}
	}
	if n%5 == 2 {
		thrower(a, open, n)
	}
	if n%11 == 7 {
		runtime.Goexit()
	}
	err := failing(a, n)
	*open = (*open)[:len(*open)-1]
	a.leave(at, err)
	return err
}

// around recovers what work leaves.
//
//go:noinline
func around(a *account, n int) {
	var open []int
	done := false
	defer func() {
		if recover() != nil || !done {
			a.lost(open, 0)
		}
		a.lines = append([]string{"tree"}, a.lines...)
	}()
	work(a, &open, n)
	done = true
}

// Calls of the same functions that are below no work.
func elsewhere(n int) {
	var a account
	leaf(&a, n)
	step(&a, n)
	guard(&a, n)
}

func main() {
	fmt.Println("ready")
	bufio.NewReader(os.Stdin).ReadString('\n')
	const goroutines, rounds = 3, 20
	all := make([][]string, goroutines*rounds)
	var wait sync.WaitGroup
	for g := 0; g < goroutines; g++ {
		g := g
		wait.Add(1)
		go func() {
			defer wait.Done()
			for i := 0; i < rounds; i++ {
				n := g*rounds + i
				elsewhere(n)
				if n%11 == 7 { // it ends its goroutine
					ended := make(chan bool)
					go func() {
						defer close(ended)
						a := new(account)
						defer func() { all[n] = a.lines }()
						around(a, n)
					}()
					<-ended
					continue
				}
				a := new(account)
				around(a, n)
				all[n] = a.lines
			}
		}()
	}
	wait.Wait()
	for _, lines := range all {
		fmt.Println(strings.Join(lines, "\n"))
	}
	fmt.Println("steps", atomic.LoadInt64(&steps))
}
