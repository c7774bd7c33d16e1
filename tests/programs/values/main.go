// values: calls functions with known values and prints what each call was given and gave, in the
// words of the script that looks at the same calls (tests/e2e/values.sh): `NAME text`.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
)

type Level int

const (
	Low  Level = 1
	Mid  Level = 5
	High Level = 9
)

type Header struct {
	Key  string
	Tags []string
}

type Owner struct {
	Name string
	Boss *Owner
}

type Request struct {
	Header
	ID      int64
	Size    uint32
	Body    []byte
	Weights [3]int16
	Flags   [2]bool
	Owner   *Owner
	Labels  map[string]int
	Done    chan int
	Level   Level
	Payload interface{}
	Err     error
	Ratio   float64
}

type Failure struct {
	Code int
	Msg  string
}

func (f *Failure) Error() string { return f.Msg }

type Small uint8

func (s Small) Error() string { return "small" }

var Counter int64
var Settings = struct {
	Name  string
	Limit uint16
}{"default", 77}

var sink int

//go:noinline
func Scalars(i8 int8, u16 uint16, ok bool, r rune, u uint64, p *int32) bool {
	fmt.Printf("Scalars %d %d %d %d %d %d\n", i8, u16, bit(ok), r, u, *p)
	return !ok
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

//go:noinline
func Handle(req *Request, name string) (code int, err error) {
	fmt.Printf("Handle %d %s %s %d %d %d\n", req.ID, req.Key, name, req.Size, req.Weights[2], bit(req.Flags[1]))
	fmt.Printf("Lengths %d %d %d %d %d %d %d\n", len(req.Key), len(req.Tags), cap(req.Body), len(req.Weights), len(req.Labels), len(req.Done), cap(req.Done))
	fmt.Printf("Body %s %.3s %c\n", req.Body, name, name[0])
	fmt.Printf("Level %d\n", int(req.Level))
	if req.Owner != nil {
		fmt.Printf("Owner %s\n", req.Owner.Name)
		if req.Owner.Boss != nil {
			fmt.Printf("Boss %s\n", req.Owner.Boss.Name)
		} else {
			fmt.Printf("Boss <nil pointer>\n")
		}
	} else {
		fmt.Printf("Owner <nil pointer>\nBoss <nil pointer>\n")
	}
	for i := 0; i < 3; i++ {
		if i < len(req.Tags) {
			fmt.Printf("Tag %s\n", req.Tags[i])
		} else {
			fmt.Printf("Tag <index out of range>\n")
		}
	}
	fmt.Printf("Nil %d %d %d %d\n", bit(req.Owner == nil), bit(req.Labels == nil), bit(req.Payload == nil), bit(req.Err == nil))
	code, name = len(name)+int(req.ID), "overwritten"
	if req.Size > 1024 {
		err = &Failure{int(req.Size), "too large"}
	}
	req.ID = -req.ID // the caller sees it, and so must no later read of the argument
	sink += len(name)
	return code, err
}

//go:noinline
func Fail(kind int) error {
	var err error
	text := "<nil>"
	switch kind {
	case 1:
		err = errors.New("plain")
	case 2:
		err = fmt.Errorf("wrapped %d: %w", 42, errors.New("inner"))
	case 3:
		_, err = os.Open("/no/such/file")
	case 4:
		err = syscall.EAGAIN
	case 5:
		err = &Failure{7, "my own"}
		text = "<*main.Failure>" // a type gotap knows nothing of
	case 6:
		err = Small(3)
		text = "<main.Small>"
	}
	if err != nil && text == "<nil>" {
		text = err.Error()
	}
	fmt.Printf("Fail %d %s\n", kind, text)
	return err
}

//go:noinline
func Any(v interface{}, e error) {
	fmt.Printf("Any %T %T\n", v, e)
	if f, ok := v.(*Failure); ok {
		fmt.Printf("Assert %d %s\n", f.Code, f.Msg)
	} else if v == nil {
		fmt.Printf("Assert <nil pointer> <nil pointer>\n")
	} else {
		fmt.Printf("Assert <another type> <another type>\n")
	}
}

//go:noinline
func Fact(n int, label string) int {
	result := 1
	if n > 1 {
		result = n * Fact(n-1, label+"x")
	}
	fmt.Printf("Fact %d %s %d\n", n, label, result)
	n, label = 0, ""
	return result
}

//go:noinline
func Many(a, b, c, d, e, f, g, h string) (string, string) {
	fmt.Printf("Many %s %s %s %s %s %s %s %s\n", a, b, c, d, e, f, g, h)
	fmt.Printf("ManyResults %s %s\n", a+h, b+g)
	return a + h, b + g
}

//go:noinline
func (o Owner) Value(n int) string {
	fmt.Printf("Value %s %d\n", o.Name, n)
	return o.Name
}

//go:noinline
func (o *Owner) Pointer(ns ...int) int {
	fmt.Printf("Pointer %s %d %d\n", o.Name, len(ns), ns[len(ns)-1])
	return len(ns)
}

//go:noinline
func Globals() {
	fmt.Printf("Globals %d %s %d\n", Counter, Settings.Name, Settings.Limit)
}

//go:noinline
func Float(f float64, req *Request) {
	fmt.Printf("Float %.3f\n", req.Ratio)
	sink += int(f)
}

type key struct{}

//go:noinline
func WithContext(ctx context.Context, long string) {
	fmt.Printf("Long %d\n", len(long))
	if ctx.Value(key{}) == nil {
		sink++
	}
}

func main() {
	var five int32 = -5
	for i := 0; i < 3; i++ {
		Scalars(int8(-3*i), uint16(65000+i), i%2 == 0, 'ä', 1<<63+uint64(i), &five)
	}
	boss := &Owner{Name: "bo"}
	requests := []*Request{
		{Header: Header{"first", []string{"a", "bb", "ccc"}}, ID: 7, Size: 10, Body: []byte("hello"), Weights: [3]int16{1, 2, -3},
			Flags: [2]bool{false, true}, Owner: &Owner{"ow", boss}, Labels: map[string]int{"x": 1, "y": 2}, Done: make(chan int, 4), Level: Mid,
			Payload: 5, Err: errors.New("e"), Ratio: 2.5},
		{Header: Header{"second", []string{"only"}}, ID: 8, Size: 4096, Body: make([]byte, 0, 9), Owner: boss, Level: High, Ratio: -0.125},
		{Header: Header{"", nil}, ID: -9, Size: 1025, Level: 3},
	}
	requests[0].Done <- 1
	for i, req := range requests {
		Handle(req, fmt.Sprintf("name-%d", i))
		Float(float64(i), req)
	}
	for kind := 0; kind <= 6; kind++ {
		Fail(kind)
	}
	Any(&Failure{3, "three"}, nil)
	Any(4, errors.New("x"))
	Any(nil, &Failure{})
	Any(map[string][]int{}, Small(1))
	Fact(5, "f")
	Many("a", "b", "c", "d", "e", "f", "g", "h")
	boss.Pointer(4, 5, 6)
	boss.Value(9)
	for i := 0; i < 2; i++ {
		Counter += 21
		Settings.Limit++
		Globals()
	}
	WithContext(context.WithValue(context.Background(), key{}, "v"), string(make([]byte, 1000000)))
}
