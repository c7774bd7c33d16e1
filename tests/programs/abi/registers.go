// Where floats are, told by Go's rules independently of gotap: src/cmd/compile/abi-internal.md.
// All other values have their own witness, the program's output; a float in a register does not,
// as BPF cannot see it.
package main

// The registers one call's arguments, or its results, have used up.
type registers struct{ ints, floats int }

// take gives each scalar of a value the number of its float register; -1: not one; nil: the value
// is in memory.
func (r *registers) take(t *typ) []int {
	before := *r
	var places []int
	if !r.add(t, &places) {
		*r = before
		return nil
	}
	return places
}

func (r *registers) add(t *typ, places *[]int) bool {
	switch t.kind {
	case structure:
		for _, f := range t.fields {
			if !r.add(f.typ, places) {
				return false
			}
		}
		return true
	case array:
		return t.length == 0 || t.length == 1 && r.add(t.elem, places)
	}
	for i := 0; i < scalars(t); i++ {
		if t.kind == float || t.kind == complexes {
			*places = append(*places, r.floats)
			r.floats++
		} else {
			*places = append(*places, -1)
			r.ints++
		}
	}
	return r.ints <= 9 && r.floats <= 15
}
