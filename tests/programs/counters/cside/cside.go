//go:build cgo
// +build cgo

// Package cside is the C side of counters: C functions that call Go, from Go's threads and from
// one of C's own; and the way in for a C program that loads counters as a library.
package cside

/*
#cgo LDFLAGS: -lpthread
int c_back(int id);
int c_thread(int x);
int c_leaf(int x);
*/
import "C"

// What C calls, set by package main.
var (
	Main   func()
	Back   func(id int) int
	Thread func(x int) int
)

//export counters_main
func counters_main() { Main() }

//export go_back
func go_back(id C.int) C.int { return C.int(Back(int(id))) }

//export go_thread
func go_thread(x C.int) C.int { return C.int(Thread(int(x))) }

// CallBack goes to C and from there to Back.
func CallBack(id int) int { return int(C.c_back(C.int(id))) }

// CallThread goes to C, which calls Thread on a thread that Go does not know.
func CallThread(x int) int { return int(C.c_thread(C.int(x))) }

func Leaf(x int) int { return int(C.c_leaf(C.int(x))) }
