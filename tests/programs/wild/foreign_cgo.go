//go:build cgo
// +build cgo

package main

/*
extern int wildBack(int);
static int wild_sum(int a, int b) { return wildBack(a) + b; }
*/
import "C"

import "time"

//export wildBack
func wildBack(x C.int) C.int { return x * 2 }

// foreign goes to C and from there back to Go.
func foreign() {
	for i := 0; i < 20; i++ {
		check(C.wild_sum(C.int(i), 1) == C.int(2*i+1))
	}
	time.Sleep(5 * time.Millisecond)
}
