// inlined: a program whose functions I... the compiler inlines where they are called: in loops,
// conditions, expressions, into one another. Each caller counts its calls, on a line of its own,
// so that a tracer of inlined calls can be compared with it. (Of some calls a compiler leaves no
// instruction, nor a trace in any table: there are none of those here.) It prints `count NAME CALLER CALLS`.
package main

import (
	"fmt"
	"runtime"
	"sort"
)

var counts = map[string]int{}

var (
	sink  int
	array [64]int
	ptr   = &array
	flags = [4]bool{true, false, true, true}
)

// IStore: a store, nothing to move.
func IStore(x int) { sink = x }

// IPure only computes.
func IPure(x int) int { return x*3 + 7 }

// ILoad reads memory.
func ILoad(i int) int { return array[i&63] }

// IBranch decides.
func IBranch(x int) int {
	if x&1 == 0 {
		sink++
		return x / 2
	}
	return x + 1
}

// ILoop (inlined from 1.16 on).
func ILoop(n int) int {
	s := 0
	for i := 0; i < n; i++ {
		s += array[i&63]
		sink = s
	}
	return s
}

// INested is made of others.
func INested(x int) int {
	IStore(x)
	if x > 10 {
		IStore(x + 1)
	}
	return IBranch(x) + ILoad(x)
}

// ICall calls what is not inlined.
func ICall(x int) int { return away(x) + 1 }

// IPointer stores a pointer: with a write barrier.
func IPointer(p *node, to *node) { p.next = to }

// IPanic may panic in the caller's arguments and in itself.
func IPanic(i int) int { return ptr[i] }

// ITwice has a copy out of line, too: it is called through a variable.
func ITwice(x int) int {
	sink = x
	return 2 * x
}

// IEven is a comparison.
func IEven(x int) bool { return x&1 == 0 }

// IQuot divides.
func IQuot(x, y int) int { return x / y }

// IFloat computes with floats.
func IFloat(x float64) float64 { return x*2.5 + 1 }

type node struct{ next *node }

type counter struct{ n int }

// Inc is a method that is inlined.
func (c *counter) IInc(by int) { c.n += by }

var indirect = ITwice

//go:noinline
func away(x int) int { return x ^ 5 }

//go:noinline
func add(name string, n int) {
	pc, _, _, _ := runtime.Caller(1)
	counts["main."+name+" "+runtime.FuncForPC(pc).Name()] += n
}

//go:noinline
func use(x int) { sink ^= x }

//go:noinline
func store(n int) {
	for i := 0; i < n; i++ {
		IStore(i)
		add("IStore", 1)
	}

}

//go:noinline
func pure(n int) {
	s := 0
	for i := 0; i < n; i++ {
		s += IPure(i)
		add("IPure", 1)
	}
	use(s)
}

//go:noinline
func load(n int) {
	s := 0
	for i := 0; i < n; i++ {
		s += ILoad(i)
		add("ILoad", 1)
	}
	use(s)
}

//go:noinline
func loop(n int) {
	s := 0
	for i := 0; i < n; i++ {
		s += ILoop(i)
		add("ILoop", 1)
	}
	use(s)
}

//go:noinline
func branch(n int) {
	s := 0
	for i := 0; i < n; i++ {
		s += IBranch(i)
		add("IBranch", 1)
	}
	use(s)
}

//go:noinline
func once(n int) {
	use(n)
	IStore(n + 1)
	add("IStore", 1)
	use(n)
	IStore(n + 2)
	add("IStore", 1)
}

//go:noinline
func nested(n int) {
	for i := 0; i < n; i++ {
		use(INested(i))
		add("INested", 1)
		add("IStore", 1)
		if i > 10 {
			add("IStore", 1)
		}
		add("IBranch", 1)
		add("ILoad", 1)
	}

}

// As often as the loop turns, and once more.
//
//go:noinline
func head(n int) {
	for i := 0; ILoad(i) >= 0 && i < n; i++ {
		add("ILoad", 1)
	}
	add("ILoad", 1)
}

//go:noinline
func bounds(n int) {
	for i := IBranch(n); i < ITwice(n); i++ {
		add("ITwice", 1)
	}
	add("IBranch", 1)
	add("ITwice", 1)
}

// Conditions in the line of the call.
//
//go:noinline
func onlyif(n int) {
	for i := 0; i < n; i++ {
		c := flags[i&3]
		if c && ILoad(i) >= 0 {
			use(i)
		}
		if c {
			add("ILoad", 1)
		}
	}

}

//go:noinline
func both(n int) {
	for i := 0; i < n; i++ {
		c := flags[i&3]
		ok := c && IPure(i) > 9
		if c {
			add("IPure", 1)
		}
		if ok {
			use(i)
		}
	}

}

//go:noinline
func either(n int) {
	for i := 0; i < n; i++ {
		c := flags[i&3]
		if c || ITwice(i) > 100 {
			use(i)
		}
		if !c {
			add("ITwice", 1)
		}
	}

}

// What only computes is moved to where it is used.
//
//go:noinline
func sinks(n int) {
	for i := 0; i < n; i++ {
		y := IPure(i) + 1
		add("IPure", 1)
		if flags[i&3] {
			use(y)
		}
	}

}

//go:noinline
func sinksload(n int) {
	for i := 0; i < n; i++ {
		y := ILoad(i) * 3
		add("ILoad", 1)
		if flags[i&3] {
			use(y)
		}
	}

}

// From Go 1.26 on the call is made although the condition does not hold.
//
//go:noinline
func early(n int) {
	for i := 0; i < n; i++ {
		z := i
		if flags[i&3] {
			z = IPure(i)
		}
		if flags[i&3] {
			add("IPure", 1)
		}
		use(z)
	}

}

//go:noinline
func earlyload(n int) {
	for i := 0; i < n; i++ {
		z := i
		if flags[i&3] {
			z = ILoad(i) + 1
		}
		if flags[i&3] {
			add("ILoad", 1)
		}
		use(z)
	}

}

//go:noinline
func earlybool(n int) {
	for i := 0; i < n; i++ {
		ok := false
		if i > 7 {
			ok = IEven(i)
		}
		if i > 7 {
			add("IEven", 1)
		}
		if ok {
			use(i)
		}
	}

}

//go:noinline
func cases(n int) {
	for i := 0; i < n; i++ {
		switch i % 9 {
		case 0:
			IStore(i)
			add("IStore", 1)
		case 1, 2:
			use(IBranch(i))
			add("IBranch", 1)
		case 3:
			use(ICall(i) + ICall(i+1))
			add("ICall", 2)
		case 4:
			use(ICall(i))
			add("ICall", 1)
		case 5:
			use(int(IFloat(float64(i))))
			add("IFloat", 1)
		case 7:
			use(IQuot(i, i&3+1))
			add("IQuot", 1)
		}
	}

}

//go:noinline
func indirectly(n int) {
	for i := 0; i < n; i++ {
		use(indirect(i))
		add("ITwice", 1)
	}
}

//go:noinline
func chain(n int) {
	for i := 0; i < n; i++ {
		IStore(ICall(ITwice(i)))
		add("IStore", 1)
		add("ICall", 1)
		add("ITwice", 1)
	}

}

//go:noinline
func pointer(n int) {
	head := &node{}
	for i := 0; i < n; i++ {
		next := &node{}
		IPointer(next, head)
		add("IPointer", 1)
		head = next
	}

}

//go:noinline
func method(n int) {
	c := &counter{}
	for i := 0; i < n; i++ {
		c.IInc(i)
		add("(*counter).IInc", 1)
	}
	use(c.n)
}

//go:noinline
func deferred(n int) {
	for i := 0; i < n; i++ {
		func() {
			defer add("IStore", 1)
			IStore(i)
		}()
	}

}

// A panic in an argument: the call is not made.
//
//go:noinline
func args(n int) {
	index := func(i int) int {
		if i%5 == 4 {
			panic("index")
		}
		return away(i) & 63
	}
	for i := 0; i < n; i++ {
		func() {
			defer func() { recover() }()
			use(IPanic(index(i)))
			add("IPanic", 1)
		}()
	}

}

//go:noinline
func last(n int) {
	if n < 3 {
		use(IBranch(n))
		add("IBranch", 1)
		return
	}
	use(ITwice(n))
	add("ITwice", 1)
}

//go:noinline
func infinite(n int) {
	i := 0
	for {
		IStore(i)
		add("IStore", 1)
		if i++; i > n {
			return
		}
	}
}

func main() {
	for _, f := range []func(int){store, pure, load, loop, branch, once, nested, head, bounds, onlyif, both, either, sinks, sinksload, early, earlyload, earlybool, cases, indirectly, chain, pointer, method, deferred, args, last, infinite} {
		for _, n := range []int{2, 30, 90} {
			f(n)
		}
	}
	var names []string
	for name := range counts {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		fmt.Println("count", name, counts[name])
	}
}
