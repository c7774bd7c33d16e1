package p

import "unsafe"

type T struct { a, b int; s string }

type I interface { F(x int, y string) (int, error) }

type G[K comparable, V any] struct { m map[K]V; next *G[K, V] }

func (g *G[K, V]) Get(k K) (V, bool) { v, ok := g.m[k]; return v, ok }

const size = unsafe.Sizeof(T{})

var table = [...]string{0: "zero", 3: "three"}

func (t *T) F(x int, y string) (n int, err error) {
	m := map[string]int{"a": 1, y: x}
	defer func() { if r := recover(); r != nil { n = -1 } }()
loop:
	for i, c := range y {
		if c == 65 { m[y+table[i&3]] += i; continue loop }
		switch { case x > 3: return x << 2, nil; case x == 2: fallthrough; default: x++ }
	}
	ch := make(chan float64, 1)
	go func() { defer println("x"); ch <- 1.5 * float64(x) }()
	select { case f := <-ch: n += int(f); default: goto out }
out:
	var i I = t
	switch v := i.(type) { case *T: n += v.a + len(v.s); case nil: panic("nil") }
	b := append([]byte(nil), y...)
	copy(b[1:], "abc")
	g := &G[string, int]{m: m}
	if v, ok := g.Get("k"); ok { n += v / (x | 1) % 7 &^ 3 }
	z := complex(1, float64(n))
	return m[y] + t.a + int(real(z)) + int(size), nil
}
