// generate writes a program of functions with random signatures, and the gotap script that prints
// the same of each call as the program itself: tests/e2e/abi-conformance.sh compares the two.
//
//	generate -seed N -functions N [-go MINOR] [-stripped] DIRECTORY
//
// Into DIRECTORY it writes main.go, script.gt, whose probes name the file ./program, and `floats`:
// for each float in a register its line's words and the register, `F17 args.x XMM3`.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Numbers that are the same for a seed with every Go: xorshift64*.
type dice struct{ state uint64 }

func (d *dice) number() uint64 {
	d.state ^= d.state >> 12
	d.state ^= d.state << 25
	d.state ^= d.state >> 27
	return d.state * 2685821657736338717
}
func (d *dice) below(n int) int  { return int(d.number() >> 33 % uint64(n)) }
func (d *dice) oneIn(n int) bool { return d.below(n) == 0 }
func (d *dice) word() string {
	letters := []rune("abcdefghijklmnopqrstuvwxyz ABC_é")
	out := make([]rune, d.below(24))
	for i := range out {
		out[i] = letters[d.below(len(letters))]
	}
	return string(out)
}

func main() {
	seed := flag.Uint64("seed", 1, "of the random numbers")
	functions := flag.Int("functions", 160, "how many")
	minor := flag.Int("go", 27, "the Go version it is for, 1.N")
	stripped := flag.Bool("stripped", false, "only what a stripped program has signatures of: methods")
	flag.Parse()

	w := &world{dice: &dice{*seed*2654435769 + 1}}
	w.source.WriteString(namedSource)
	for i := 0; i < 30; i++ {
		w.declareStruct(fmt.Sprintf("T%d", i))
	}
	out := &output{minor: *minor, stripped: *stripped}
	for i := 0; i < *functions; i++ {
		f := w.function(i, *minor >= 18)
		if !*stripped || f.form == method {
			out.add(f, w)
		}
	}
	if *stripped {
		out.keepMethods(w)
	}
	directory := flag.Arg(0)
	write(filepath.Join(directory, "go.mod"), "module program\n\ngo 1.18\n")
	write(filepath.Join(directory, "main.go"), out.mainSource(w.source.String()))
	write(filepath.Join(directory, "script.gt"), out.script.String())
	write(filepath.Join(directory, "floats"), out.floats.String())
	write(filepath.Join(directory, "nameless"), out.nameless.String())
	write(filepath.Join(directory, "shapes.gt"), out.shapes.String())
}

func write(name, text string) {
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// What is written of all functions.
type output struct {
	minor                  int
	stripped               bool
	source, script, floats strings.Builder
	nameless               strings.Builder // functions whose DWARF leaves out arguments
	shapes                 strings.Builder // clauses that ask where generic pointers point to
	calls                  []string
}

// keepMethods makes the linker keep what the runtime knows of methods: any might be called by its
// number.
func (o *output) keepMethods(w *world) {
	var values []string
	for _, t := range append(append([]*typ{}, w.structs...), named...) {
		values = append(values, "new("+t.spell+")")
	}
	fmt.Fprintf(&o.source, "\nvar kept = []interface{}{%s}\n", strings.Join(values, ", "))
	o.calls = append(o.calls, "\tif calls < 0 {\n\t\treflect.ValueOf(kept[-calls]).Method(-calls).Call(nil)"+
		"\n\t}\n")
}

func (o *output) mainSource(types string) string {
	return "package main\n" + imports + types + o.source.String() +
		"\nfunc main() {\n\tdefer out.Flush()\n" + strings.Join(o.calls, "") + "}\n"
}

const imports = `
import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"syscall"
	"unsafe"
)

var (
	out    = bufio.NewWriter(os.Stdout)
	anchor int
	calls  int
	_      = errors.New
	_      = reflect.TypeOf
	_      = strconv.Itoa
	_      = syscall.Errno(0)
	_      = unsafe.Pointer(&anchor)
)

func fill(n, size int) chan int {
	c := make(chan int, size)
	for i := 0; i < n; i++ {
		c <- i
	}
	return c
}

func typeName(x interface{}) string {
	if x == nil {
		return "<nil>"
	}
	return fmt.Sprintf("%T", x)
}

func errorText(err error) string {
	if err == nil {
		return "<nil>"
	}
	return err.Error()
}

func show(what string, value interface{}) {
	switch v := value.(type) {
	case bool:
		n := 0
		if v {
			n = 1
		}
		fmt.Fprintf(out, "%s %d\n", what, n)
	case Flag:
		show(what, bool(v))
	case float32, float64, Ratio:
		fmt.Fprintf(out, "%s %f\n", what, v)
	default:
		fmt.Fprintf(out, "%s %v\n", what, v)
	}
}

//go:noinline
func touch(n int) { calls += n }
`
