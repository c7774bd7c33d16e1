// Calls main.step exactly as often as each line of its standard input says, and checks itself:
// the target of the tests of attaching and of the gate.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
)

//go:noinline
func inner(i int) int { return i*3 + 1 }

//go:noinline
func step(i int) int { return inner(i) - 1 }

func main() {
	fmt.Println("running")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		n, err := strconv.Atoi(lines.Text())
		if err != nil {
			fmt.Println("not a number")
			os.Exit(1)
		}
		total := 0
		for i := 0; i < n; i++ {
			total += step(i)
		}
		if total != 3*n*(n-1)/2 {
			fmt.Println("wrong total", total)
			os.Exit(1)
		}
		fmt.Println("did", n)
	}
	fmt.Println("end")
}
