//go:build cgo
// +build cgo

package main

import "counters/cside"

func init() {
	declare("timed", "main.PBack")
	declare("counted", "main.PThread")
	declare("c", "c_leaf", "c_back", "c_thread")
	cside.Main = main
	cside.Back = func(id int) int { return PBack(id, 20) }
	cside.Thread = PThread
	cgo = func() {
		fresh(3, func() {
			for i := 0; i < 10; i++ {
				check(counts(func() int { return cside.Leaf(i) }, "c_leaf") == 3*i)
				counted(func() { timed(cside.CallBack, "main.PBack") }, "c_back")
				check(counts(func() int { return cside.CallThread(i) }, "c_thread", "main.PThread") == i+1)
			}
		})
	}
}

// Main is what loaders of the plugin look up.
func Main() { main() }

// Called from C, on the goroutine that called C; its stack grows under the C frames.
//
//go:noinline
func PBack(id, n int) int {
	begin := now()
	deepen(n)
	inner[id] = now() - begin
	return id
}

// Called from a thread of C.
//
//go:noinline
func PThread(x int) int {
	deepen(x)
	return x + 1
}
