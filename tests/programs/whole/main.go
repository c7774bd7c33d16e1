// Whole makes values of many types, gives each to a function that is probed, and prints what the
// probe must show: of those called Same... what Go's own %+v prints, of those called Shown..., which
// hold what Go prints as an address or by a method, what show.go makes of them by reflection.
//
//	whole ROUNDS     each function that often, with other values
//	whole cut        long values, each once
//	whole bad        values whose memory cannot be read
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"reflect"
	"strconv"
	"syscall"
	"time"
	"unsafe"
)

type Small struct {
	A int8
	B string
	C bool
}

type Plain struct {
	I   int
	I8  int8
	I16 int16
	I32 int32
	U   uint
	U8  uint8
	U64 uint64
	F   float64
	F32 float32
	C   complex128
	S   string
	Ok  bool
	Ptr uintptr
}

type Kind int

type Base struct {
	ID   int32
	Name string
}

type Embeds struct {
	Base
	*Small
	Kind Kind
	_    int16
	last string
}

type Slices struct {
	Ints    []int
	Strings []string
	Structs []Small
	Floats  []float32
	Nested  [][]int16
	Empty   []struct{}
	Nil     []int
}

type Arrays struct {
	A [4]int16
	B [3]string
	C [20]uint8
	D [2]Small
	E [0]int
	Z struct{}
	F [2][2]bool
}

type Pointers struct {
	P     *Plain
	N     *int
	S     *string
	Next  *Pointers
	Nil   *Small
	Array *[3]int
	Slice *[]string
	Map   *map[string]int
	PP    **Small
	None  *struct{}
}

type Key struct {
	A int16
	B string
}

type Maps struct {
	SI  map[string]int
	IS  map[int]string
	F   map[float64]bool
	B   map[bool]int8
	Key map[Key]uint16
	Nil map[string]string
}

type MoreMaps struct {
	St  map[string]Small
	Set map[string]struct{}
	Arr map[[2]int8]string
}

type LargeMaps struct {
	MM  map[string]map[int8]int
	Big map[int][20]int64
	BK  map[[17]int64]int8
}

type MapPointers struct {
	P map[int]*Small
	I map[string]interface{}
	B map[string][]byte
}

type Named map[string][]string

type Interfaces struct {
	Any   interface{}
	Err   error
	Shape fmt.Stringer
	List  []interface{}
}

type Square struct{ Side int }

func (s Square) String() string { return "square" }

type Circle struct {
	Radius int
	Name   string
}

func (c *Circle) String() string { return "circle" }

type One struct{ P *Small }

type Times struct {
	At   time.Time
	For  time.Duration
	Zero time.Time
	IP   net.IP
	List []net.IP
	All  []time.Duration
}

type Bytes struct {
	Text []byte
	Raw  []byte
	Nil  []byte
}

type Refs struct {
	C    chan int
	R    <-chan string
	Nil  chan bool
	F    func(int) int
	None func()
}

type Tree struct {
	Name        string
	Left, Right *Tree
}

type Ring struct {
	N    int
	Next *Ring
}

type Secrets struct {
	User     string
	Password string
	Header   map[string][]string
	Inner    struct{ APIKey, Name string }
	UseToken bool
}

//go:noinline
func SamePlain(v Plain) { use(v.I) }

//go:noinline
func SamePlainPointer(v *Plain) { use(v.I) }

//go:noinline
func SameSmall(v Small) { use(int(v.A)) }

//go:noinline
func SameString(v string) { use(len(v)) }

//go:noinline
func SameInt8(v int8) { use(int(v)) }

//go:noinline
func SameStrings(v []string) { use(len(v)) }

//go:noinline
func SameSlices(v Slices) { use(len(v.Ints)) }

//go:noinline
func SameSlicesPointer(v *Slices) { use(len(v.Ints)) }

//go:noinline
func SameArrays(v Arrays) { use(int(v.A[0])) }

//go:noinline
func SameArray(v [1]Small) { use(int(v[0].A)) }

//go:noinline
func SameMaps(v *Maps) { use(len(v.SI)) }

//go:noinline
func SameMoreMaps(v *MoreMaps) { use(len(v.St)) }

//go:noinline
func SameLargeMaps(v LargeMaps) { use(len(v.MM)) }

//go:noinline
func SameMap(v map[string]int) { use(len(v)) }

//go:noinline
func SameNamed(v Named) { use(len(v)) }

//go:noinline
func SameKeys(v map[Key]Small) { use(len(v)) }

//go:noinline
func SameTwo(n int, v []Small, m int) { use(n + len(v) + m) }

//go:noinline
func ShownEmbeds(v Embeds) { use(int(v.ID)) }

//go:noinline
func ShownPointers(v Pointers) { use(0) }

//go:noinline
func ShownPointersPointer(v *Pointers) { use(0) }

//go:noinline
func ShownMapPointers(v MapPointers) { use(len(v.P)) }

//go:noinline
func ShownInterfaces(v Interfaces) { use(len(v.List)) }

//go:noinline
func ShownAny(v interface{}) { use(0) }

//go:noinline
func ShownError(v error) { use(0) }

//go:noinline
func ShownStringer(v fmt.Stringer) { use(0) }

//go:noinline
func ShownTimes(v Times) { use(int(v.For)) }

//go:noinline
func ShownDuration(v time.Duration) { use(int(v)) }

//go:noinline
func ShownIP(v net.IP) { use(len(v)) }

//go:noinline
func ShownBytes(v Bytes) { use(len(v.Text)) }

//go:noinline
func ShownRefs(v Refs) { use(cap(v.C)) }

//go:noinline
func ShownTree(v *Tree) { use(len(v.Name)) }

//go:noinline
func ShownRing(v *Ring) { use(v.N) }

//go:noinline
func ShownSecrets(v *Secrets) { use(len(v.User)) }

//go:noinline
func ShownContext(v context.Context) { use(0) }

//go:noinline
func List(n int, s string, p *Small, rest ...string) (int, error) {
	use(n + len(s) + len(rest))
	return n + 1, io.EOF
}

//go:noinline
func Whole(n int) Plain { return Plain{I: n, S: "made", F: 0.5} }

type Mixed struct {
	N int
	F float64
}

//go:noinline
func Floats(f float64, m Mixed) { use(int(f) + m.N) }

//go:noinline
func Bad(p *Small, s string, l []int, m map[string]int) { use(0) }

// bad gives values that point where nothing can be read.
func bad() {
	page, err := syscall.Mmap(-1, 0, 4096, syscall.PROT_READ, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		panic(err)
	}
	at := unsafe.Pointer(&page[0])
	if err := syscall.Mprotect(page, syscall.PROT_NONE); err != nil {
		panic(err)
	}
	words := [3]unsafe.Pointer{at, unsafe.Pointer(uintptr(3)), unsafe.Pointer(uintptr(3))}
	Bad((*Small)(at), *(*string)(unsafe.Pointer(&words)), *(*[]int)(unsafe.Pointer(&words)), *(*map[string]int)(unsafe.Pointer(&words)))
}

var used int

//go:noinline
func use(n int) { used += n }

func double(n int) int { return 2 * n }

var out *bufio.Writer

// call gives a value to the function named and says what must be shown.
func call(name string, function interface{}, arguments ...interface{}) {
	in := make([]reflect.Value, len(arguments))
	kind := reflect.TypeOf(function)
	for i, argument := range arguments {
		in[i] = reflect.New(kind.In(i)).Elem()
		if argument != nil {
			in[i].Set(reflect.ValueOf(argument))
		}
	}
	value := in[len(in)/2]
	text := ""
	if name[:4] == "Same" {
		text = fmt.Sprintf("%+v", value.Interface())
	} else {
		text = Show(value)
	}
	fmt.Fprintf(out, "main.%s %s\n", name, text)
	reflect.ValueOf(function).Call(in)
}

func all(r *Random) {
	var plain Plain
	var small Small
	var slices Slices
	var arrays Arrays
	var maps Maps
	r.Fill(reflect.ValueOf(&plain).Elem(), 0)
	r.Fill(reflect.ValueOf(&small).Elem(), 0)
	r.Fill(reflect.ValueOf(&slices).Elem(), 0)
	r.Fill(reflect.ValueOf(&arrays).Elem(), 0)
	r.Fill(reflect.ValueOf(&maps).Elem(), 0)
	maps.Nil = nil
	slices.Nil = nil
	call("SamePlain", SamePlain, plain)
	call("SamePlainPointer", SamePlainPointer, &plain)
	call("SameSmall", SameSmall, small)
	call("SameString", SameString, r.String())
	call("SameInt8", SameInt8, int8(r.Number()))
	call("SameStrings", SameStrings, slices.Strings)
	call("SameSlices", SameSlices, slices)
	call("SameSlicesPointer", SameSlicesPointer, &slices)
	call("SameArrays", SameArrays, arrays)
	call("SameArray", SameArray, [1]Small{small})
	call("SameMaps", SameMaps, &maps)
	var more MoreMaps
	var large LargeMaps
	r.Fill(reflect.ValueOf(&more).Elem(), 0)
	r.Fill(reflect.ValueOf(&large).Elem(), 0)
	call("SameMoreMaps", SameMoreMaps, &more)
	call("SameLargeMaps", SameLargeMaps, large)
	call("SameMap", SameMap, maps.SI)
	named := Named{}
	keys := map[Key]Small{}
	r.Fill(reflect.ValueOf(&named).Elem(), 0)
	r.Fill(reflect.ValueOf(&keys).Elem(), 0)
	call("SameNamed", SameNamed, named)
	call("SameKeys", SameKeys, keys)
	call("SameTwo", SameTwo, 1, slices.Structs, 2)

	embeds := Embeds{Base: Base{int32(r.Number()), r.String()}, Small: &small, Kind: 3, last: "x"}
	call("ShownEmbeds", ShownEmbeds, embeds)
	var pointers Pointers
	r.Fill(reflect.ValueOf(&pointers).Elem(), 0)
	call("ShownPointers", ShownPointers, pointers)
	call("ShownPointersPointer", ShownPointersPointer, &pointers)
	var mapPointers MapPointers
	r.Fill(reflect.ValueOf(&mapPointers.P).Elem(), 0)
	mapPointers.I = map[string]interface{}{"a": 1, "b": "two", "c": small, "d": &small, "e": nil}
	mapPointers.B = map[string][]byte{r.String(): []byte(r.String()), "raw": {1, 2, 255}}
	call("ShownMapPointers", ShownMapPointers, mapPointers)
	interfaces(r, small, plain)
	times := Times{time.Unix(r.Number(), r.Number()%1e9), time.Duration(r.Number()), time.Time{},
		net.IPv4(10, 0, byte(r.Number()), 1), []net.IP{net.ParseIP("2001:db8::1"), net.IPv6loopback, nil},
		[]time.Duration{0, 1500, time.Second, 90 * time.Minute, -3 * time.Millisecond}}
	times.At = times.At.Local()
	call("ShownTimes", ShownTimes, times)
	call("ShownDuration", ShownDuration, time.Duration(r.Number()))
	address := make(net.IP, 16)
	for i := range address {
		if r.Below(2) == 0 {
			address[i] = byte(r.Number())
		}
	}
	call("ShownIP", ShownIP, address)
	call("ShownBytes", ShownBytes, Bytes{[]byte(r.String() + "!"), []byte{0, 1, byte(r.Number())}, nil})
	c := make(chan int, 5)
	for i := r.Below(5); i > 0; i-- {
		c <- i
	}
	call("ShownRefs", ShownRefs, Refs{C: c, R: make(chan string), F: double})
	tree := &Tree{"root", &Tree{r.String(), &Tree{Name: "deep"}, nil}, &Tree{Name: r.String()}}
	call("ShownTree", ShownTree, tree)
	ring := &Ring{1, &Ring{2, &Ring{3, nil}}}
	ring.Next.Next.Next = ring
	call("ShownRing", ShownRing, ring)
	secrets := &Secrets{User: "bo", Password: r.String(), UseToken: true,
		Header: map[string][]string{"Authorization": {"Basic x"}, "Accept": {"text/html"}}}
	secrets.Inner.APIKey, secrets.Inner.Name = "key", "n"
	call("ShownSecrets", ShownSecrets, secrets)
}

func interfaces(r *Random, small Small, plain Plain) {
	// Kept in the heap: what an interface holds may be moved with the stack otherwise.
	list := []interface{}{nil, 7, int8(-3), "text", 2.5, true, small, &small, Square{4}, &Circle{2, "c"},
		[]int{1, 2}, map[string]int{"k": 1}, [2]string{"a", "b"}, One{&small}, time.Second,
		struct{}{}, uint16(9)}
	errs := []error{nil, errors.New("plain"), fmt.Errorf("with %w", io.EOF),
		&os.PathError{Op: "open", Path: "/x", Err: syscall.ENOENT}, syscall.EACCES, context.DeadlineExceeded}
	one := list[r.Below(len(list))]
	err := errs[r.Below(len(errs))]
	call("ShownInterfaces", ShownInterfaces, Interfaces{one, err, Square{r.Below(9)}, list[:r.Below(len(list))]})
	call("ShownAny", ShownAny, list[r.Below(len(list))])
	call("ShownError", ShownError, errs[r.Below(len(errs))])
	if r.Below(2) == 0 {
		call("ShownStringer", ShownStringer, &Circle{r.Below(9), r.String()})
	} else {
		call("ShownStringer", ShownStringer, Square{r.Below(9)})
	}
}

// cut: what is longer than the limits.
func cut() {
	r := NewRandom(7)
	long := ""
	for len(long) < 300 {
		long += "worldé世"
	}
	call("ShownAny", ShownAny, long)
	numbers := make([]string, 30)
	for i := range numbers {
		numbers[i] = strconv.Itoa(i)
	}
	call("SameStrings", SameStrings, numbers)
	big := map[string]int{}
	for i := 0; i < 200; i++ {
		big[strconv.Itoa(i)] = i
	}
	call("SameMap", SameMap, big)
	deep := &Tree{Name: "0"}
	for i := 1; i < 9; i++ {
		deep = &Tree{Name: strconv.Itoa(i), Left: deep}
	}
	call("ShownTree", ShownTree, deep)
	call("SameString", SameString, r.String())
}

func main() {
	out = bufio.NewWriter(os.Stdout)
	defer out.Flush()
	switch os.Args[1] {
	case "cut":
		cut()
		return
	case "bad":
		bad()
		return
	}
	rounds, _ := strconv.Atoi(os.Args[1])
	for i := 0; i < rounds; i++ {
		all(NewRandom(uint64(i) + 1))
	}
	background := context.Background()
	ctx, cancel := context.WithCancel(context.WithValue(background, Key{1, "k"}, "v"))
	defer cancel()
	ShownContext(ctx)
	List(3, "text", &Small{1, "b", true}, "x", "y")
	Whole(5)
	Floats(1.5, Mixed{1, 2.5})
}
