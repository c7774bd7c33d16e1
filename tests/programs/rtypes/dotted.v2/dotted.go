// Package dotted has an import path whose last element has a dot.
package dotted

// T is a type with a method of each kind of receiver.
type T struct{ A, b int }

// Value has a value receiver.
func (t T) Value(other *T) T { return *other }

// Pointer has a pointer receiver.
func (t *T) Pointer(args ...interface{}) (int, error) { return len(args), nil }
