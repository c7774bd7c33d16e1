// Functions and methods of every shape, for tests/e2e/dwarf-signatures.sh: what gotap reads of
// them from DWARF is compared with what go/types says of this source.
package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
	"unsafe"
)

type Color int

const (
	Red Color = iota + 1
	Green
	Blue Color = -7
)

type Level uint8

const (
	Low  Level = 1
	High Level = 200
)

type Inner struct{ A, B int32 }

type inner struct {
	small bool
	big   int64
}

type Node struct {
	Inner
	*inner
	Name  string
	Next  *Node
	Kids  map[string]*Node
	Ch    chan<- int
	Fn    func(int, ...string) error
	Err   error
	Any   interface{}
	Arr   [3]uint16
	_     int8
	Slice []Inner
	Ptr   unsafe.Pointer
	Col   Color
	C64   complex64
	Empty struct{}
	Anon  struct {
		X, Y float32
		s    []byte
	}
	When time.Time
}

type Shape interface {
	Area(scale float64) float64
	private() Color
}

type Text string
type Table map[Color][]Text
type Handler func(w http.ResponseWriter, r *http.Request) error
type Pair [2]Text
type Link *Node

//go:noinline
func (n *Node) Put(key string, v int) (int, error) { return v + len(key), errors.New(n.Name) }

//go:noinline
func (n Node) Val(x float64, r rune) (out string) { return n.Name + string(r) }

//go:noinline
func (*Node) NoReceiver(x int) int { return x * 2 }

//go:noinline
func (*Node) SameType(x *Node) *Node { return x.Next }

//go:noinline
func (_ Inner) Blank(_ int, y string) string { return y + "!" }

//go:noinline
func (c Color) Name(upper bool) (name Text, known bool) { return Text(fmt.Sprint(int(c), upper)), true }

//go:noinline
func (t Text) Cut(n uint16, c byte) (before, after Text) { return t[:n], t[n:] + Text(rune(c)) }

//go:noinline
func (t Table) Get(c Color) []Text { return t[c] }

//go:noinline
func (h Handler) Call(w http.ResponseWriter, _ *http.Request) error { return h(w, nil) }

//go:noinline
func (c Color) Area(scale float64) float64 { return scale * float64(c) }

//go:noinline
func (c Color) private() Color { return c + 1 }

//go:noinline
func (i *inner) grow(n int64) (_ int64, err error) { i.big += n; return i.big, err }

//go:noinline
func FirstBlank(_ int32, x int32, y int64) int64 { return int64(x) + y }

//go:noinline
func MiddleBlank(a int, _ string, z byte) byte { return byte(a) + z }

//go:noinline
func LastBlank(w io.Writer, _ *http.Request) { fmt.Fprint(w, "") }

//go:noinline
func Unnamed(int, string, *Node) int { return 7 }

//go:noinline
func UnnamedResults(a, b int) (int, string, error) { return a, fmt.Sprint(b), nil }

//go:noinline
func BlankResult(a int) (_ int, s string) { return a, s }

//go:noinline
func Variadic(prefix string, rest ...interface{}) (n int, err error) {
	return fmt.Fprintln(os.Stderr, prefix, rest)
}

//go:noinline
func Unused(a int, b string, c float64) int { return 3 }

//go:noinline
func Shadow(a int, err error) (b int, _ error) {
	if a := a * 2; a > 3 {
		err := fmt.Errorf("%d %v", a, err)
		return a, err
	}
	return b, err
}

//go:noinline
func Moved(a int, s string) (p *int, f func() string) {
	p = &a
	f = func() string { s += "!"; return s + fmt.Sprint(a) }
	return
}

//go:noinline
func ResultMoved(n int) (r int, s []string) {
	defer func() { r++; s = append(s, "x") }()
	r = n
	return r, s
}

//go:noinline
func Many(a, b, c, d, e, f, g, h, i, j int, k string, l float32, m [4]int16, n Inner) (Node, [2]int, error) {
	return Node{Name: k}, [2]int{a + b + c + d + e + f + g + h + i + j, int(m[0]) + int(n.A)}, nil
}

//go:noinline
func Small(a bool, b int8, c uint16, d float32, e [1]string, f [0]int, g struct{}) (bool, int8, uint16) {
	return a, b + int8(len(e[0])+len(f)), c + uint16(d)
}

//go:noinline
func Complex(c complex64, d complex128) complex128 { return complex128(c) * d }

//go:noinline
func Types(m map[Color]map[string][]*Node, c <-chan struct{}, d chan Inner, f func(a int, b ...Text) (Color, error),
	s struct {
		X int
		y string
	}, i interface{ Area(float64) float64 }, p *[]**Node, u unsafe.Pointer, up uintptr, e Shape, t Table, l Link, pr *Pair) {
	fmt.Fprint(os.Stderr, len(m), c, d, f == nil, s, i, p, u, up, e, t, l, pr)
}

//go:noinline
func Time(t time.Time, d time.Duration) time.Time { return t.Add(d) }

func Inlined(a int, s string) int           { return a + len(s) }
func InlinedNamed(a int) (sum, double int)  { return a + counter, a * 2 }
func InlinedBlank(_ int, s string) int      { return len(s) }
func inlinedTwice(w *strings.Builder) error { return deeper(w, 'x') }
func deeper(w io.ByteWriter, b byte) error  { return w.WriteByte(b) }

//go:noinline
func Closures(n int, s string) (func(int) int, func(b bool) string) {
	total := 0
	add := func(d int) int { total += d + n; return total }
	return add, func(bool) string { return s + fmt.Sprint(n) }
}

var (
	Global  = map[string]*Node{}
	counter int
	keep    = []interface{}{Inlined, InlinedNamed, InlinedBlank, inlinedTwice, deeper, http.ListenAndServe, http.DefaultClient.Do}
)

//go:noinline
func use(values ...interface{}) { fmt.Fprintln(os.Stderr, values...) }

func main() {
	n := &Node{Name: "x", inner: &inner{}}
	use(n, keep, Red, Green, Blue, Low, High)
	use(n.Put("a", 2))
	use(n.Val(2, 'r'), n.NoReceiver(2), n.SameType(n), Inner{}.Blank(1, "x"))
	use(Green.Name(true))
	use(Text("abc").Cut(1, 'x'))
	use(Table{}.Get(Red), Handler(func(http.ResponseWriter, *http.Request) error { return nil }).Call(nil, nil))
	use(n.inner.grow(3))
	use(FirstBlank(1, 2, 3), MiddleBlank(1, "a", 3), Unnamed(1, "a", nil))
	LastBlank(os.Stderr, nil)
	use(UnnamedResults(1, 2))
	use(BlankResult(3))
	use(Variadic("v", 1, 2))
	use(Unused(1, "q", 2))
	use(Shadow(3, nil))
	use(Moved(3, "s"))
	use(ResultMoved(4))
	use(Many(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, "k", 11, [4]int16{}, Inner{}))
	use(Small(true, 1, 2, 3, [1]string{"x"}, [0]int{}, struct{}{}))
	use(Complex(1, 2), Time(time.Unix(0, 0), 3), Shape(Green))
	Types(nil, nil, nil, nil, struct {
		X int
		y string
	}{}, Green, nil, nil, 0, Red, nil, nil, nil)
	add, text := Closures(3, "q")
	use(add(1), text(true))
	use(Inlined(counter, "12"), InlinedBlank(1, "x"))
	use(InlinedNamed(3))
	var b strings.Builder
	use(inlinedTwice(&b))
	Global["q"] = n
	generic()
}
