// Panics in many ways, and prints of each what `gotap panics` is to say of it: its value, which the
// table has as one reads it, and the function and line that recovered it, by runtime.Caller. With an
// argument the last panic is recovered by nobody.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
)

type failure struct{ Code int }

func (f *failure) Error() string { return fmt.Sprint("code ", f.Code) }

var shown = []string{
	"(string)text",
	"an error",
	"(*main.failure)&{Code:7}",
	"(runtime.errorString)invalid memory address or nil pointer dereference",
	"(runtime.boundsError)", // and its fields, which differ from version to version
	"(int)42",
	"(runtime.plainError)assignment to entry in nil map",
}

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
		var f *failure
		return f.Code
	case 4:
		var list []int
		return list[n]
	case 5:
		panic(42)
	case 6:
		var m map[string]int
		m["a"] = 1
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
		value := shown[n]
		e = recover()
		say(value + fields(n, &e))
	}()
	return fail(n)
}

func fields(n int, e *interface{}) string {
	if n != 4 {
		return ""
	}
	v := reflect.ValueOf(*e)
	return fmt.Sprintf("{x:%d y:%d signed:%t code:%d}", v.Field(0).Int(), v.Field(1).Int(), v.Field(2).Bool(), v.Field(3).Uint())
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

func main() {
	for n := range shown {
		handle(n)
	}
	done := make(chan bool)
	go func() {
		defer close(done)
		defer func() {
			recover()
			say("(string)again")
		}()
		again(5)
	}()
	<-done
	// Nothing to recover, and nothing that panics.
	fmt.Fprintln(os.Stderr, recover(), fail(9))
	if len(os.Args) > 1 {
		fmt.Printf("panic: an error\nnot recovered: the program ends\n")
		fail(1)
	}
}
