package main

import (
	"context"
	"encoding/json"
	"go/types"
	"io"
	"math/big"
	"net/http"
	"sync"
	"text/template"
	"unsafe"

	dotted "rtypes/dotted.v2"
)

type (
	number  int8
	flags   [3]bool
	pair    struct{ a, b float32 }
	handler func(context.Context, ...*pair) (n int, err error)
	tree    struct {
		left, right *tree
		value       interface{}
		_           int32
		name        string `json:"name,omitempty" x:"\"quoted\""`
	}
	private interface {
		Public(tree) error
		hidden(number)
	}
	empty    struct{}
	words    map[string][]tree
	pipe     chan<- (<-chan tree)
	pointing struct{ *tree } // one pointer: an interface holds it itself
	mapping  map[int]int
	deep     struct {
		sync.Mutex
		*pair
		io.Reader
		dotted.T
		big [200]pair
		end [0]int
	}
)

func (n number) Small(x uint8) number            { return n + number(x) }
func (n number) hidden(number)                   {}
func (n number) Public(tree) error               { return nil }
func (f *flags) Set(i int, on bool)              { f[i] = on }
func (p pair) Sum() float32                      { return p.a + p.b }
func (h handler) Call(ctx context.Context) error { _, err := h(ctx); return err }
func (t *tree) Walk(visit func(*tree) bool)      { visit(t) }
func (t tree) Copy() tree                        { return t }
func (empty) Nothing()                           {}
func (w words) Get(key string) []tree            { return w[key] }
func (m mapping) Len() int                       { return len(m) }
func (p pointing) Get() *tree                    { return p.tree }
func (d deep) Big(in [200]pair) (out deep)       { return d }

type many struct {
	f00, f01, f02, f03, f04, f05, f06, f07, f08, f09 int8
	f10, f11, f12, f13, f14, f15, f16, f17, f18, f19 int16
	f20, f21, f22, f23, f24, f25, f26, f27, f28, f29 int32
	f30, f31, f32, f33, f34, f35, f36, f37, f38, f39 int64
	f40, f41, f42, f43, f44, f45, f46, f47, f48, f49 string
	f50, f51, f52, f53, f54, f55, f56, f57, f58, f59 []byte
	f60, f61, f62, f63, f64, f65, f66, f67, f68, f69 error
	f70, f71, f72, f73, f74, f75, f76, f77, f78, f79 complex64
	f80, f81, f82, f83, f84, f85, f86, f87, f88, f89 bool
	f90, f91, f92, f93, f94, f95, f96, f97, f98, f99 uintptr
	beyond                                           int
}

func values() []interface{} {
	type local struct{ x, y int }
	type inner = struct {
		A int `tag:"a.b/c"`
		b *local
		io.Writer
		dotted.T
	}
	return append([]interface{}{
		number(1), flags{}, pair{}, handler(nil), &tree{}, new(private), empty{}, words{}, pipe(nil),
		pointing{}, mapping{}, deep{}, many{}, local{}, inner{}, dotted.T{}, uintptr(0), complex(1, 2), 'x',
		unsafe.Pointer(nil), make(chan int), make(<-chan (<-chan int)), make(chan (<-chan int)),
		make(chan<- func()), func(int, ...string) {}, func() (int, error) { return 0, nil },
		map[[2]string]map[int]*local{}, new(interface{}), new(error), [0]struct{}{}, [1]*int{},
		new(interface {
			Exported() error
			unexported(int, ...string)
		}),
		struct {
			_ int
			A string
		}{},
		&http.Server{}, &http.Request{}, &http.Transport{}, &json.Decoder{}, &types.Config{}, &big.Float{},
		&template.Template{}, new(types.Type), &http.Client{}, new(http.Handler),
	}, generics()...)
}
