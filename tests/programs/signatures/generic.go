//go:build go1.18
// +build go1.18

package main

type List[E any] struct {
	items []E
	next  *List[E]
}

type Number interface{ ~int | ~float64 }

//go:noinline
func (l *List[E]) Push(e E, n int) (was int) {
	was = len(l.items)
	l.items = append(l.items, e)
	return was + n
}

//go:noinline
func (l List[E]) Len(q string) int { return len(l.items) + len(q) }

//go:noinline
func Sum[K comparable, V Number](m map[K]V, start V) (sum V) {
	sum = start
	for _, v := range m {
		sum += v
	}
	return
}

//go:noinline
func Map[T, U any](in []T, f func(T) U) []U {
	var out []U
	for _, t := range in {
		out = append(out, f(t))
	}
	return out
}

func generic() {
	l, p := &List[string]{}, &List[*Node]{}
	use(l.Push("a", 1), l.Len("q"), p.Push(nil, 1))
	use(Sum(map[string]int{"q": 1}, 3), Sum(map[Color]float64{}, 3))
	use(Map([]int{1}, func(i int) string { return "" }))
}
