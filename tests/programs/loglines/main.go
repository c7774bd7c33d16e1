// loglines says at some lines what its variables are, right before the line behind runs: that one has a
// mark, `LOG name`, with the text for `gotap log`, which must see the same.
package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

var out strings.Builder

//go:noinline
func say(format string, args ...interface{}) { fmt.Fprintf(&out, format+"\n", args...) }

//go:noinline
func sayInts(name string, a, b int) { fmt.Fprintf(&out, "%s: %d %d\n", name, a, b) }

var counter int

var kept *int

type point struct{ X, Y int }

type cart struct {
	ID    string
	Items []string
	At    point
	Err   error
	Next  *cart
}

func loop(n int) int {
	total := 0
	for i := 0; i < n; i++ {
		say("loop: i=%d total=%d n=%d", i, total, n)
		total += i*i + 1 // LOG loop: i={i} total={total} n={n}
	}
	say("after: %d", total)
	return total * 2 // LOG after: {total}
}

func scaled(a, b int) int {
	c := a*3 + b
	sayInts("inlined", c, b)
	return c + counter // LOG inlined: {c} {b}
}

//go:noinline
func copies(n int) int {
	sum := scaled(n, 1)
	for i := 0; i < 3; i++ {
		sum += scaled(i, sum)
	}
	if n > 1 {
		sum += scaled(sum, n)
	}
	return sum
}

//go:noinline
func shadows(x int) int {
	y := x + 1
	if y > 2 {
		x := "inner" + strings.Repeat("!", y)
		say("shadow: %s %d", x, y)
		y += len(x) // LOG shadow: {x} {y}
	}
	say("outer: %d %d", x, y)
	return x + y // LOG outer: {x} {y}
}

//go:noinline
func closures(n int) func(int) int {
	seen := 0
	return func(m int) int {
		seen += m
		say("closure: %d %d", m, seen)
		return seen + n // LOG closure: {m} {seen}
	}
}

//go:noinline
func escapes(n int) int {
	x := n * 7
	kept = &x
	say("escaped: %d", x)
	*kept++ // LOG escaped: {x}
	say("escaped-after: %d", x)
	return x + n // LOG escaped-after: {x}
}

//go:noinline
func (c *cart) add(name string, price float64) (n int, err error) {
	if name == "" {
		err = errors.New("unnamed")
		say("error: %s %s", c.ID, err)
		return 0, err // LOG error: {c.ID} {err}
	}
	c.Items = append(c.Items, name)
	counter++
	last := len(c.Items) - 1
	say("cart: %s %s %d %d 100%% {%d} %d %g", c.ID, c.Items[last], len(c.Items), c.At.Y, last, counter, price)
	c.At.X += last // LOG cart: {c.ID} {name} {len(c.Items)} {c.At.Y} 100% {{{last}}} {main.counter} {price}
	return len(c.Items), c.Err
}

//go:noinline
func memory(n int) int {
	var table [16]int
	for i := range table {
		table[i] = i * n
	}
	at := n % 16
	say("memory: %d %d", table[3], at)
	table[at]++ // LOG memory: {table[3]} {at}
	return table[at]
}

//go:noinline
func switches(n int) string {
	text := "none"
	switch n {
	case 0:
		text = "zero"
	case 1, 2, 3, 4:
		text = fmt.Sprint("few", n)
	case 5:
		text = "five"
	case 6:
		text = "six"
	case 7:
		text = "seven"
	case 8:
		text = "eight"
	}
	say("switch: %s %d", text, n)
	return text + "." // LOG switch: {text} {n}
}

func main() {
	for round := 1; round <= 2; round++ {
		loop(round * 2)
		copies(round)
		shadows(round)
		shadows(round + 3)
		add := closures(round)
		add(2)
		add(3)
		escapes(round)
		c := &cart{ID: fmt.Sprint("c", round), At: point{round, round * 2}}
		c.add("apple", 1.5)
		c.add("", 0)
		c.add("pear", 2.25)
		memory(round + 4)
		for n := 0; n < 10; n++ {
			switches(n)
		}
	}
	os.Stdout.WriteString(out.String())
}
