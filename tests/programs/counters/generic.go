//go:build go1.18
// +build go1.18

package main

type number interface{ ~int | ~uint8 | ~float64 }

//go:noinline
func PSum[T number](xs []T) T {
	var total T
	for _, x := range xs {
		total += x
	}
	return total
}

type PBox[T any] struct{ items []T }

//go:noinline
func (b *PBox[T]) PPut(x T) int {
	b.items = append(b.items, x)
	return len(b.items)
}

func init() {
	declare("generic", "main.PSum*", "main.(*PBox*).PPut")
	generics = func() {
		var strings PBox[string]
		var ints PBox[int]
		for i := 0; i < 20; i++ {
			check(counts(func() int { return PSum([]int{i, 1}) }, "main.PSum*") == i+1)
			check(counts(func() int { return int(PSum([]uint8{2, 1})) }, "main.PSum*") == 3)
			check(counts(func() int { return int(PSum([]float64{2.5, 1.5})) }, "main.PSum*") == 4)
			check(counts(func() int { return strings.PPut("x") }, "main.(*PBox*).PPut") == i+1)
			check(counts(func() int { return ints.PPut(i) }, "main.(*PBox*).PPut") == i+1)
		}
	}
}
