// Panics in many ways, and prints of each what `gotap panics` is to say of it: its value, which the
// table has as one reads it, of a runtime error what its Error() says, and the function and line that
// recovered it, by runtime.Caller. With an
// argument the last panic is recovered by nobody.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

type failure struct{ Code int }

var (
	none              []int
	anything, nothing interface{} = "text", nil
	err               error       = errors.New("an error")
)

func (f *failure) Error() string { return fmt.Sprint("code ", f.Code) }

var shown = []string{
	"(string)text",
	"an error",
	"(*main.failure)&{Code:7}",
	"(int)42",
}

// Those from here on are runtime errors.
const firstRuntimeError, lastRuntimeError = 4, 14

//go:noinline
func fail(n int) int {
	switch n {
	case 0:
		panic("text")
	case 1:
		panic(errors.New("an error"))
	case 2:
		panic(&failure{7})
	case 3:
		panic(42)
	case 4:
		var f *failure
		return f.Code
	case 5:
		return none[n]
	case 6:
		return none[-n]
	case 7:
		return len(none[n:])
	case 8:
		return len(none[:n])
	case 9:
		return n / len(none)
	case 10:
		var m map[string]int
		m["a"] = n
	case 11:
		return anything.(int)
	case 12:
		return len(anything.(error).Error())
	case 13:
		return len(nothing.(string))
	case 14:
		return err.(*failure).Code
	}
	return n
}

// The recover() is in the line before.
func say(value string) {
	pc, file, line, _ := runtime.Caller(1)
	fmt.Printf("panic: %s\nrecovered by %s (%s:%d)\n", value, runtime.FuncForPC(pc).Name(), filepath.Base(file), line-1)
}

//go:noinline
func handle(n int) (r int) {
	var e interface{}
	defer func() {
		e = recover()
		say(text(n, e))
	}()
	return fail(n)
}

func text(n int, e interface{}) string {
	if n < firstRuntimeError {
		return shown[n]
	}
	return e.(runtime.Error).Error()
}

//go:noinline
func again(n int) int {
	defer func() {
		recover()
		say(shown[n])
		panic("again")
	}()
	return fail(n)
}

// A panic with nothing is one all the same, also where recover() gives nil for it (until 1.20).
func nilPanic() {
	defer func() {
		recover()
		say("<nil>")
	}()
	var none interface{}
	panic(none)
}

// An error that is a nil pointer has no text.
func nilError() {
	var none *os.PathError
	defer func() {
		recover()
		say(fmt.Sprintf("(%T)<nil>", none))
	}()
	panic(none)
}

func main() {
	nilPanic()
	nilError()
	for n := 0; n <= lastRuntimeError; n++ {
		handle(n)
	}
	done := make(chan bool)
	go func() {
		defer close(done)
		defer func() {
			recover()
			say("(string)again")
		}()
		again(3)
	}()
	<-done
	// Nothing to recover, and nothing that panics.
	fmt.Fprintln(os.Stderr, recover(), fail(99))
	if len(os.Args) > 1 {
		fmt.Printf("panic: an error\nnot recovered: the program ends\n")
		fail(1)
	}
}
