// inlinedargs: a program whose functions I... are inlined where they are called, with arguments that
// are in registers, spilled, computed, constant, overwritten, not used any more. Each caller says what
// it passes, so that a tracer of inlined calls can be compared with it. It prints
// `NAME|CALLER|ARGUMENT|...`, a line a call.
//
// What is said is had in two ways, as it must not make a difference: from the very variables before
// the call, so that nothing needs them after it, or computed again after it.
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"
)

type node struct {
	ID    int
	Key   string
	Small int8
	Next  *node
}

type pair struct {
	A int
	S string
}

type big struct {
	A, B, C, D, E, F, G, H int
	Name                   string
}

type failure struct{ text string }

func (f *failure) Error() string { return f.text }

var (
	sink  int
	kept  [64]int
	next  int
	text  string
	words []int
	fault error
	real  float64
	array [64]int
	lines []string
)

// put stores; what it stores is never known to be in vain.
func put(n int) { kept[next&63] = n; next++ }

func IInts(a int, b int32, c uint8) { put(a + int(b) + int(c)) }
func IText(s string, n int)         { text = s; put(n) }
func ILength(s string)              { put(len(s)) }
func INode(r *node, n int)          { r.ID += n }
func IRead(r *node) int             { return r.ID + int(r.Small) }
func ISlice(b []int, i int)         { words = b; put(i) }
func IElement(b []int, i int) int   { put(1); return b[i] }
func IFloat(f float64, n int)       { real = f; put(n) }
func IBool(ok bool, n int16) {
	if ok {
		put(int(n))
	}
	put(1)
}
func IPair(p pair, n int)              { text = p.S; put(p.A + n) }
func IError(err error, n int)          { fault = err; put(n) }
func IUnused(a int, unused int)        { put(a) }
func INothing(unused int, other *node) { put(1) }
func IChange(n int)                    { n = n*3 + 1; put(n) }
func ITwice(n int)                     { n += n; put(n); n += 7; array[n&63] += n }
func IClamp(n int) {
	if n < 0 {
		n = 0
	}
	put(n)
}
func IDivide(x, y int)      { put(x / y) }
func IRest(x, y int)        { put(x % y); text = "rest" }
func ICall(x int, y int)    { sink = away(x) + y }
func IAddress(n int, m int) { fill(&n); put(n + m) }
func IBig(b big, n int)     { put(b.A + b.H + n); text = b.Name }
func IWide(a, b, c, d, e, f, g, h, i, j int) {
	put(a + b + c + d + e + f + g + h + i + j)
}
func INest(x int, s string) {
	IInts(x, int32(x), 7)
	IText(s, x+1)
	IChange(x)
}
func (r *node) IMethod(n int) { r.ID = n }
func (p pair) IValue(n int)   { put(p.A + n) }

//go:noinline
func away(x int) int { return x ^ 5 }

//go:noinline
func fill(p *int) { *p += 3 }

//go:noinline
func key(i int) string { return strings.Repeat("k", i%5) + fmt.Sprint("ey", i) }

//go:noinline
func made(i int) *node { return &node{ID: i * 11, Key: key(i), Small: int8(-i)} }

//go:noinline
func list(i int) []int { return array[i&7 : 40+i&7] }

//go:noinline
func failed(i int) error {
	if i%3 == 0 {
		return nil
	}
	return &failure{key(i)}
}

//go:noinline
func use(x int) { sink ^= x }

// say: what the caller passes.
//
//go:noinline
func say(name string, values ...interface{}) {
	pc, _, _, _ := runtime.Caller(1)
	line := name + "|" + runtime.FuncForPC(pc).Name()
	for _, value := range values {
		line += fmt.Sprintf("|%v", value)
	}
	lines = append(lines, line)
}

//go:noinline
func integers(n int) {
	for i := 0; i < n; i++ {
		a, b, c := away(i), int32(-i*1000), uint8(i*50)
		say("IInts", a, b, c)
		IInts(a, b, c)
	}
}

//go:noinline
func integersAgain(n int) {
	for i := 0; i < n; i++ {
		IInts(away(i), int32(-i*1000), uint8(i*50))
		say("IInts", away(i), int32(-i*1000), uint8(i*50))
	}
}

//go:noinline
func constants(n int) {
	for i := 0; i < n; i++ {
		say("IInts", 4, 5, 6)
		IInts(4, 5, 6)
		say("IText", "constant", i)
		IText("constant", i)
		say("IChange", 9)
		IChange(9)
	}
}

//go:noinline
func strs(n int) {
	for i := 0; i < n; i++ {
		s := key(i)
		say("IText", s, i)
		IText(s, i)
		say("ILength", s)
		ILength(s)
		IText(key(i+1), i*i)
		say("IText", key(i+1), i*i)
		say("IText", s[1:], len(s))
		IText(s[1:], len(s))
	}
}

//go:noinline
func nodes(n int) {
	for i := 0; i < n; i++ {
		r := made(i)
		say("INode", r.ID, r.Key, r.Small, i)
		INode(r, i)
		INode(made(i), away(i))
		say("INode", made(i).ID, made(i).Key, made(i).Small, away(i))
		say("IRead", r.ID, r.Key)
		use(IRead(r))
	}
}

//go:noinline
func slices(n int) {
	for i := 0; i < n; i++ {
		b := list(i)
		say("ISlice", len(b), cap(b), i)
		ISlice(b, i)
		say("IElement", len(b), i)
		use(IElement(b, i))
		ISlice(b[i:], i+1)
		say("ISlice", len(list(i))-i, cap(list(i))-i, i+1)
	}
}

//go:noinline
func floats(n int) {
	for i := 0; i < n; i++ {
		f := float64(i) / 4
		say("IFloat", fmt.Sprintf("%.2f", f), i)
		IFloat(f, i)
	}
}

//go:noinline
func bools(n int) {
	for i := 0; i < n; i++ {
		ok, m := away(i)&1 == 0, int16(-i)
		say("IBool", b2i(ok), m)
		IBool(ok, m)
	}
}

//go:noinline
func b2i(ok bool) int {
	if ok {
		return 1
	}
	return 0
}

//go:noinline
func pairs(n int) {
	for i := 0; i < n; i++ {
		p := pair{i * 7, key(i)}
		say("IPair", p.A, p.S, i)
		IPair(p, i)
		IPair(pair{away(i), key(i)}, 3)
		say("IPair", away(i), key(i), 3)
		say("pair.IValue", p.A, p.S, i)
		p.IValue(i)
	}
}

//go:noinline
func faults(n int) {
	for i := 0; i < n; i++ {
		err := failed(i)
		say("IError", b2i(err == nil), i)
		IError(err, i)
	}
}

// What is not used is nowhere, or somewhere it was before.
//
//go:noinline
func unused(n int) {
	for i := 0; i < n; i++ {
		a, b := away(i), away(i*3)
		say("IUnused", a, b)
		IUnused(a, b)
		r := made(i)
		say("INothing", a+b, r.ID)
		INothing(a+b, r)
	}
}

// Places on the stack that are used again before the call.
//
//go:noinline
func reused(n int) {
	for i := 0; i < n; i++ {
		a, b, c := away(i), away(i+1), away(i+2)
		use(a)
		say("IUnused", a, b)
		d, e, f := away(c), away(c+1), away(c+2)
		use(d + e)
		use(f)
		g := away(f)
		use(g * d)
		IUnused(a, b)
		use(d + e + f + g)
	}
}

// What the called function computes is there already.
//
//go:noinline
func common(n int) {
	for i := 0; i < n; i++ {
		a := away(i)
		y := a*3 + 1
		say("IChange", a)
		use(y)
		z := a + a
		say("IChange", a)
		IChange(a)
		IChange(a)
		use(z)
		say("ITwice", a)
		ITwice(a)
	}
}

//go:noinline
func commonInline(n int, a int) {
	y := a*3 + 1
	array[n&63] = y
	array[(n+1)&63] = a + a
	IChange(a)
	ITwice(a)
	array[n&31] = y
	say("IChange", a)
	say("ITwice", a)
}

//go:noinline
func changed(n int) {
	for i := -n; i < n; i++ {
		x := away(i)
		IChange(x)
		say("IChange", away(i))
		IClamp(i)
		say("IClamp", i)
		ITwice(i)
		say("ITwice", i)
	}
}

// Divisions write two registers.
//
//go:noinline
func divided(n int, by int) {
	for i := 1; i < n; i++ {
		x, y := away(i)+100, i+1
		q := x / by
		IDivide(x, y)
		array[i&63] = q
		say("IDivide", away(i)+100, i+1)
		IRest(x+q, y)
		say("IRest", away(i)+100+(away(i)+100)/by, i+1)
	}
}

//go:noinline
func pressed(a, b, c, d, e int) {
	q := a / b
	IInts(c, int32(d), uint8(e))
	array[1] = q
	r := d / e
	ICall(q, r)
	IDivide(c, d)
	array[2] = r + a + b + c + d + e
	IUnused(q, c)
	h := (a + q) % (b + 1)
	IUnused(h, a)
	IUnused(h+d, e)
	array[3] = h
	say("IInts", c, int32(d), uint8(e))
	say("ICall", a/b, d/e)
	say("IDivide", c, d)
	say("IUnused", a/b, c)
	say("IUnused", (a+a/b)%(b+1), a)
	say("IUnused", (a+a/b)%(b+1)+d, e)
}

//go:noinline
func called(n int) {
	for i := 0; i < n; i++ {
		say("ICall", i, i*2)
		ICall(i, i*2)
		say("ICall", away(i), away(i+1))
		ICall(away(i), away(i+1))
		say("IAddress", i, i+9)
		IAddress(i, i+9)
	}
}

//go:noinline
func bigs(n int) {
	for i := 0; i < n; i++ {
		b := big{A: i, H: away(i), Name: key(i)}
		say("IBig", b.A, b.H, b.Name, i)
		IBig(b, i)
	}
}

//go:noinline
func wide(n int) {
	for i := 0; i < n; i++ {
		a, b, c, d, e := away(i), away(i+1), away(i+2), away(i+3), away(i+4)
		f, g, h, j, k := away(i+5), away(i+6), away(i+7), away(i+8), away(i+9)
		say("IWide", a, b, c, d, e, f, g, h, j, k)
		IWide(a, b, c, d, e, f, g, h, j, k)
		IWide(k, j, h, g, f, e, d, c, b, a)
		say("IWide", k, j, h, g, f, e, d, c, b, a)
	}
}

//go:noinline
func nested(n int) {
	for i := 0; i < n; i++ {
		s := key(i)
		say("INest", i, s)
		say("IInts", i, i, 7)
		say("IText", s, i+1)
		say("IChange", i)
		INest(i, s)
	}
}

//go:noinline
func methods(n int) {
	r := made(n)
	for i := 0; i < n; i++ {
		say("(*node).IMethod", r.ID, r.Key, i)
		r.IMethod(i)
		r.IMethod(away(i))
		say("(*node).IMethod", i, r.Key, away(i))
	}
}

// The arguments do not change in the loop, in which all registers do.
//
//go:noinline
func same(n int, x int, s string, r *node) {
	for i := 0; i < n; i++ {
		say("IText", s, x)
		IText(s, x)
		say("INode", r.ID, r.Key, r.Small, x)
		INode(r, x)
		IChange(x)
		say("IChange", x)
		IUnused(i, x)
		say("IUnused", i, x)
	}
}

//go:noinline
func quick(n int, x int, s string) {
	for i := 0; i < n; i++ {
		IText(s, x)
		IUnused(i, x)
		IChange(x + i)
		x += i
	}
	y := x
	for i := n - 1; i >= 0; i-- {
		y -= i
	}
	for i := 0; i < n; i++ {
		say("IText", s, y)
		say("IUnused", i, y)
		say("IChange", y+i)
		y += i
	}
}

//go:noinline
func branches(n int) {
	for i := 0; i < n; i++ {
		switch x := away(i); {
		case x%3 == 0:
			IInts(x, 1, 2)
			say("IInts", away(i), 1, 2)
		case x%3 == 1:
			IDivide(x, 3)
			say("IDivide", away(i), 3)
		default:
			IText(key(x), x)
			say("IText", key(away(i)), away(i))
		}
	}
}

func main() {
	for round := 0; round < 3; round++ {
		n := 6 + 10*round
		integers(n)
		integersAgain(n)
		constants(n)
		strs(n)
		nodes(n)
		slices(n)
		floats(n)
		bools(n)
		pairs(n)
		faults(n)
		unused(n)
		reused(n)
		common(n)
		commonInline(n, n*5)
		changed(n)
		divided(n, 7)
		pressed(n+1000, n, n+77, n*13, n+2)
		called(n)
		bigs(n)
		wide(n)
		nested(n)
		methods(n)
		same(n, n*3, key(n), made(n))
		quick(n, n*3, key(n))
		branches(n)
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for _, line := range lines {
		fmt.Fprintln(out, line)
	}
}
