//go:build go1.18
// +build go1.18

package main

import (
	"net/http"

	dotted "rtypes/dotted.v2"
)

type stack[T any] struct {
	items []T
	other *stack[T]
}

type two[K comparable, V any] struct {
	key   K
	value V
	sub   stack[map[K]V]
}

//go:noinline
func (s *stack[T]) Push(item T) int {
	s.items = append(s.items, item)
	return len(s.items)
}

//go:noinline
func (s stack[T]) Top(fallback T) (T, bool) {
	if len(s.items) == 0 {
		return fallback, false
	}
	return s.items[len(s.items)-1], true
}

//go:noinline
func (t two[K, V]) Get(key K) (V, bool) { return t.value, key == t.key }

func generics() []interface{} {
	type local struct{ n int }
	return []interface{}{
		&stack[int]{}, stack[string]{}, &stack[*http.Request]{}, stack[struct{ A, b int }]{}, stack[dotted.T]{},
		two[string, *http.Server]{}, &two[dotted.T, []local]{}, stack[stack[float64]]{}, stack[local]{},
	}
}
