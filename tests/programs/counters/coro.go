//go:build go1.23
// +build go1.23

package main

import "iter"

func init() {
	// Goexit in an iter.Pull ends its goroutine, which does not end in goexit, and the caller's.
	coroutines = func() {
		fresh(5, func() {
			next, stop := iter.Pull(func(yield func(int) bool) {
				enter("main.PGoexit")
				PGoexit(3)
			})
			defer stop()
			next()
		})
	}
}
