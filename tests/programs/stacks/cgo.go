//go:build cgo
// +build cgo

package main

/*
#cgo LDFLAGS: -lpthread
#include <pthread.h>

extern int fromC(int n);

static int twice(int n) { return fromC(n) + fromC(n + 1); }

static void *run(void *n) { return (void *)(long)twice((int)(long)n); }

static int on_a_thread(int n) {
  pthread_t thread;
  void *result = 0;
  pthread_create(&thread, 0, run, (void *)(long)n);
  pthread_join(thread, &result);
  return (int)(long)result;
}
*/
import "C"

// Called by C, on the goroutine that called C or on a thread that Go does not know. What called
// it is not known to gotap: show() ends there.
//
//export fromC
func fromC(n C.int) C.int {
	x := &node{nil, int(n)}
	return C.int(call(func() int { return x.down(int(n)) + wide(int(n)) }))
}

//go:noinline
func throughC(n int) int { return int(C.twice(C.int(n))) + 1 }

//go:noinline
func throughThread(n int) int { return int(C.on_a_thread(C.int(n))) + 1 }

func init() {
	withC = func() {
		throughC(3)
		throughC(70) // the stack grows below C's frames
		spawn(func() { throughC(2) })
		throughThread(3)
		probed(4)
	}
}
