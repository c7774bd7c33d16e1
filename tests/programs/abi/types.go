// Random Go types: how they are spelled, random values of them, and their leaves: the parts that
// both the program under test and gotap can print.
package main

import (
	"fmt"
	"strconv"
	"strings"
)

type kind int

const (
	boolean kind = iota
	signed
	unsigned
	float
	complexes
	text
	slice
	array
	structure
	pointer
	mapping
	channel
	function
	anything // interface{}
	failure  // error
	shape    // an interface with a method of the program's own
	unsafely // unsafe.Pointer
)

type typ struct {
	kind   kind
	spell  string // in the program's source
	as     string // in the signature, where that is a type parameter's name
	bits   int    // of numbers
	elem   *typ   // of slices, arrays, pointers
	length int    // of arrays
	fields []field
}

type field struct {
	name     string // "_": blank
	typ      *typ
	embedded bool
}

// What a part is called in a script, how the program has it, and how a script prints it.
type leaf struct {
	script, program, format string
	float                   bool
	index                   int // of a float: which of the value's scalars it is
}

func basic(k kind, name string, bits int) *typ { return &typ{kind: k, spell: name, bits: bits} }

var basics = []*typ{
	basic(boolean, "bool", 8),
	basic(signed, "int", 64), basic(signed, "int8", 8), basic(signed, "int16", 16),
	basic(signed, "int32", 32), basic(signed, "int64", 64),
	basic(unsigned, "uint", 64), basic(unsigned, "uint8", 8), basic(unsigned, "uint16", 16),
	basic(unsigned, "uint32", 32), basic(unsigned, "uint64", 64), basic(unsigned, "uintptr", 64),
	basic(float, "float32", 32), basic(float, "float64", 64),
	basic(complexes, "complex64", 64), basic(complexes, "complex128", 128),
	basic(text, "string", 0), basic(text, "string", 0),
}

var named = []*typ{
	basic(signed, "Tiny", 8), basic(unsigned, "Mask", 32), basic(text, "Name", 0),
	basic(boolean, "Flag", 8), basic(float, "Ratio", 64), basic(signed, "Count", 64),
}

const namedSource = `
type Tiny int8
type Mask uint32
type Name string
type Flag bool
type Ratio float64
type Count int
type Empty struct{}
type Shape interface{ Area() int }
type Square struct{ Side int }
type Circle struct{ R, Q int }

func (s Square) Area() int  { return s.Side * s.Side }
func (c *Circle) Area() int { return c.R }
`

var empty = &typ{kind: structure, spell: "Empty"}

func sliceOf(t *typ) *typ { return &typ{kind: slice, spell: "[]" + t.spell, elem: t} }
func arrayOf(n int, t *typ) *typ {
	return &typ{kind: array, spell: "[" + strconv.Itoa(n) + "]" + t.spell, elem: t, length: n}
}
func pointerTo(t *typ) *typ { return &typ{kind: pointer, spell: "*" + t.spell, elem: t} }

// Types of the program's own structs, and the source that declares them.
type world struct {
	*dice
	structs []*typ
	source  strings.Builder
}

// A struct of up to five fields, some of them blank, embedded or of no size.
func (w *world) declareStruct(name string) *typ {
	t := &typ{kind: structure, spell: name}
	fmt.Fprintf(&w.source, "\ntype %s struct {\n", name)
	used := map[string]bool{}
	for i, n := 0, 1+w.below(5); i < n; i++ {
		f := field{name: string(rune('A' + i)), typ: w.any(2)}
		switch {
		case w.oneIn(12):
			f.name = "_"
		case w.oneIn(8) && len(w.structs) > 0:
			f.typ = w.structs[w.below(len(w.structs))]
			f.name, f.embedded = f.typ.spell, !used[f.typ.spell]
			if !f.embedded {
				f.name = string(rune('A' + i))
			}
		case w.oneIn(10):
			f.name = string(rune('a' + i))
		}
		used[f.name] = true
		if f.embedded {
			fmt.Fprintf(&w.source, "\t%s\n", f.typ.spell)
		} else {
			fmt.Fprintf(&w.source, "\t%s %s\n", f.name, f.typ.spell)
		}
		t.fields = append(t.fields, f)
	}
	w.source.WriteString("}\n")
	w.structs = append(w.structs, t)
	return t
}

// Any type; `depth` bounds the nesting.
func (w *world) any(depth int) *typ {
	n := w.below(100)
	switch {
	case n < 45 || depth == 0:
		return basics[w.below(len(basics))]
	case n < 53:
		return named[w.below(len(named))]
	case n < 66 && len(w.structs) > 0:
		return w.structs[w.below(len(w.structs))]
	case n < 72:
		return sliceOf(w.any(depth - 1))
	case n < 79:
		return arrayOf(w.below(3), w.any(depth-1))
	case n < 84:
		if len(w.structs) > 0 && w.oneIn(2) {
			return pointerTo(w.structs[w.below(len(w.structs))])
		}
		return pointerTo(basics[1+w.below(11)])
	case n < 87:
		return &typ{kind: mapping, spell: "map[string]int"}
	case n < 89:
		return &typ{kind: channel, spell: "chan int"}
	case n < 91:
		return &typ{kind: function, spell: "func(int) string"}
	case n < 93:
		return &typ{kind: anything, spell: "interface{}"}
	case n < 96:
		return &typ{kind: failure, spell: "error"}
	case n < 97:
		return &typ{kind: shape, spell: "Shape"}
	case n < 98:
		return &typ{kind: unsafely, spell: "unsafe.Pointer"}
	}
	return empty
}

// literal is a random value of type t, as Go source.
func (w *world) literal(t *typ) string {
	switch t.kind {
	case boolean:
		return [...]string{"false", "true"}[w.below(2)]
	case signed:
		return strconv.FormatInt(int64(w.number())>>(64-t.bits), 10)
	case unsigned:
		return strconv.FormatUint(w.number()>>(64-t.bits), 10)
	case float:
		return strconv.FormatFloat(float64(w.below(200000)-100000)/4, 'f', 2, 64)
	case complexes:
		return fmt.Sprintf("complex(%d.5, -%d.25)", w.below(1000), w.below(1000))
	case text:
		return strconv.Quote(w.word())
	case slice:
		items := []string{}
		for i, n := 0, 1+w.below(3); i < n; i++ {
			items = append(items, w.literal(t.elem))
		}
		return fmt.Sprintf("append(make(%s, 0, %d), %s)", t.spell, len(items)+w.below(3),
			strings.Join(items, ", "))
	case array:
		items := []string{}
		for i := 0; i < t.length; i++ {
			items = append(items, w.literal(t.elem))
		}
		return t.spell + "{" + strings.Join(items, ", ") + "}"
	case structure:
		items := []string{}
		for _, f := range t.fields {
			if f.name != "_" {
				items = append(items, f.name+": "+w.literal(f.typ))
			}
		}
		return t.spell + "{" + strings.Join(items, ", ") + "}"
	case pointer:
		return fmt.Sprintf("func() %s { v := %s(%s); return &v }()", t.spell, t.elem.spell,
			w.literal(t.elem))
	case channel:
		return fmt.Sprintf("fill(%d, %d)", w.below(3), 2+w.below(5))
	}
	return w.reference(t)
}

func (w *world) reference(t *typ) string {
	options := map[kind][]string{
		mapping:  {"nil", `map[string]int{}`, `map[string]int{"a": 1, "b": 2}`},
		function: {"nil", "strconv.Itoa"},
		anything: {"nil", "7", `"text"`, "Square{3}", "&Circle{1, 2}", "Mask(5)", "[]int{1}"},
		failure: {"nil", "errors.New(" + strconv.Quote(w.word()) + ")",
			`fmt.Errorf("` + w.word() + `: %w", errors.New("cause"))`,
			"syscall.Errno(2)", `&os.PathError{Op: "open", Path: "/x", Err: syscall.Errno(13)}`},
		shape:    {"nil", "Square{4}", "&Circle{5, 6}"},
		unsafely: {"nil", "unsafe.Pointer(&anchor)"},
	}[t.kind]
	return options[w.below(len(options))]
}

// leaves are the parts of a value called `script` in scripts and `program` in the program.
// `scalar` counts the scalars before it in the whole value.
func leaves(t *typ, script, program string, scalar *int) (all []leaf) {
	add := func(script, program, format string) {
		all = append(all, leaf{script: script, program: program, format: format})
	}
	switch t.kind {
	case boolean, signed:
		add(script, program, "%lld")
	case unsigned:
		add(script, program, "%llu")
	case float:
		all = append(all, leaf{script, program, "%f", true, *scalar})
	case text:
		add(script, program, "%s")
		add("len("+script+")", "len("+program+")", "%lld")
	case slice:
		add("len("+script+")", "len("+program+")", "%lld")
		add("cap("+script+")", "cap("+program+")", "%lld")
		all = append(all, behind(t.elem, script+"[0]", program+"[0]")...)
	case array:
		for i := 0; i < t.length; i++ {
			at := "[" + strconv.Itoa(i) + "]"
			all = append(all, leaves(t.elem, script+at, program+at, scalar)...)
		}
		return all
	case structure:
		for _, f := range t.fields {
			name := "." + f.name
			if promotes(t, f) {
				name = ""
			}
			if f.name == "_" {
				*scalar += scalars(f.typ)
				continue
			}
			all = append(all, leaves(f.typ, script+name, program+name, scalar)...)
		}
		return all
	case pointer:
		add(script+" == nil", program+" == nil", "%lld")
		switch {
		case t.isShape(): // an instance does not know what it points to
		case t.elem.kind == structure:
			all = append(all, behind(t.elem, script, program)...)
		default:
			all = append(all, behind(t.elem, "*"+script, "*"+program)...)
		}
	case mapping, channel:
		add(script+" == nil", program+" == nil", "%lld")
		add("len("+script+")", "len("+program+")", "%lld")
	case anything, shape:
		add(script+" == nil", program+" == nil", "%lld")
		add("typeof("+script+")", "typeName("+program+")", "%s")
	case failure:
		add(script+" == nil", program+" == nil", "%lld")
		add(script, "errorText("+program+")", "%s")
	case function, unsafely:
		add(script+" == nil", program+" == nil", "%lld")
	}
	*scalar += scalars(t)
	return all
}

// isShape: whether it is a type parameter's pointer.
func (t *typ) isShape() bool { return t.kind == pointer && strings.HasPrefix(t.as, "P") }

// Whether the fields of the embedded f are spoken of as t's own: nothing else has their names.
func promotes(t *typ, f field) bool {
	used := map[string]bool{}
	for _, g := range t.fields {
		used[g.name] = true
	}
	for _, g := range f.typ.fields {
		if g.embedded || used[g.name] {
			return false
		}
	}
	for _, g := range t.fields {
		if g.embedded && g.name != f.name {
			return false
		}
	}
	return f.embedded
}

// scalars is how many machine words and floats a value is made of.
func scalars(t *typ) (n int) {
	switch t.kind {
	case structure:
		for _, f := range t.fields {
			n += scalars(f.typ)
		}
		return n
	case array:
		return t.length * scalars(t.elem)
	case complexes, text, anything, shape, failure:
		return 2
	case slice:
		return 3
	}
	return 1
}

// What is in memory behind a pointer: its floats are no scalars of the value.
func behind(t *typ, script, program string) []leaf {
	scalar := 0
	all := leaves(t, script, program, &scalar)
	for i := range all {
		all[i].index = -1
	}
	return all
}
