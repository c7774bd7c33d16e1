// Functions with random signatures: their source, a caller that prints what it gives and gets,
// and the clauses that print the same.
package main

import (
	"fmt"
	"strings"
)

type form int

const (
	plain form = iota
	method
	generic
	genericMethod
	closure
)

type value struct {
	name string // "": it has none, and is spoken of by its number
	typ  *typ
}

func (v value) nameless() bool { return v.name == "" || v.name == "_" }

type fn struct {
	name            string // F17
	form            form
	typeParams      []*typ // what P0, P1 are in the one instance there is
	receiver        *value
	params, results []value
	captured        []value
	variadic        bool
	named           bool // its results have names
	body            int  // which shape of body
}

const callsOfEach = 2

// nameless: whether an argument of the function has no name.
func (f *fn) nameless() bool {
	if f.receiver != nil && f.receiver.nameless() {
		return true
	}
	for _, v := range f.params {
		if v.nameless() {
			return true
		}
	}
	return false
}

// function makes the i-th function. Every form and every length of lists comes up.
func (w *world) function(i int, generics bool) *fn {
	f := &fn{name: fmt.Sprintf("F%d", i), body: w.below(4)}
	switch n := w.below(20); {
	case n < 5:
		f.form = method
	case n < 7 && generics:
		f.form = generic
	case n < 9 && generics:
		f.form = genericMethod
	case n < 11:
		f.form = closure
	}
	if f.form == generic || f.form == genericMethod {
		f.body %= 3 // what is deferred there is a function of nearly the same name
		for p := 0; p < 1+w.below(2); p++ {
			t := *w.typeArgument()
			t.as = fmt.Sprintf("P%d", p)
			f.typeParams = append(f.typeParams, &t)
		}
	}
	most := [...]int{3, 6, 14}[w.below(3)]
	unnamed := w.oneIn(15)
	for p, n := 0, w.below(most+1); p < n; p++ {
		v := value{fmt.Sprintf("p%d", p), w.parameterType(f)}
		if unnamed {
			v.name = ""
		} else if w.oneIn(15) {
			v.name = "_"
		}
		f.params = append(f.params, v)
	}
	if n := len(f.params); n > 0 && w.oneIn(8) {
		f.variadic = true
		f.params[n-1].typ = sliceOf(w.any(1))
	}
	f.named = w.oneIn(3)
	for r, n := 0, w.below([...]int{2, 4, 12}[w.below(3)]+1); r < n; r++ {
		f.results = append(f.results, value{fmt.Sprintf("r%d", r), w.parameterType(f)})
	}
	w.addReceiver(f)
	if f.form == closure {
		for c := 0; c < 1+w.below(3); c++ {
			f.captured = append(f.captured, value{fmt.Sprintf("c%d", c), w.capturedType(c)})
		}
	}
	return f
}

// capturedType: of composite ones that are captured by value DWARF forgets some; the second one is
// captured by its address.
func (w *world) capturedType(number int) *typ {
	for {
		t := w.any(2)
		if number == 1 || t.kind != structure && t.kind != array {
			return t
		}
	}
}

func (w *world) typeArgument() *typ {
	switch w.below(4) {
	case 0:
		return w.any(2)
	case 1:
		return pointerTo(w.structs[w.below(len(w.structs))])
	}
	return basics[w.below(len(basics))]
}

func (w *world) parameterType(f *fn) *typ {
	if len(f.typeParams) > 0 && w.oneIn(2) {
		t := f.typeParams[w.below(len(f.typeParams))]
		if w.oneIn(4) {
			s := sliceOf(t)
			s.as = "[]" + t.as
			return s
		}
		return t
	}
	return w.any(3)
}

func (w *world) addReceiver(f *fn) {
	if f.form != method && f.form != genericMethod {
		return
	}
	base := w.structs[w.below(len(w.structs))]
	if f.form == genericMethod {
		base = w.genericReceiver(f)
	} else if w.oneIn(4) {
		base = named[w.below(len(named))]
	}
	name := "recv"
	if w.oneIn(10) {
		name = ""
	}
	f.receiver = &value{name, base}
	if w.oneIn(2) {
		f.receiver.typ = pointerTo(base)
		if base.as != "" {
			f.receiver.typ.as = "*" + base.as
		}
	}
}

// genericReceiver declares `type G17[P0 any] struct{ N int; V P0 }`.
func (w *world) genericReceiver(f *fn) *typ {
	var params, arguments, names []string
	t := &typ{kind: structure, fields: []field{{name: "N", typ: basics[1]}}}
	source := "\tN int\n"
	for i, p := range f.typeParams {
		params = append(params, p.as+" any")
		names = append(names, p.as)
		arguments = append(arguments, p.spell)
		t.fields = append(t.fields, field{name: fmt.Sprintf("V%d", i), typ: p})
		source += fmt.Sprintf("\tV%d %s\n", i, p.as)
	}
	name := "G" + f.name[1:]
	fmt.Fprintf(&w.source, "\ntype %s[%s] struct {\n%s}\n", name, strings.Join(params, ", "), source)
	t.spell = name + "[" + strings.Join(arguments, ", ") + "]"
	t.as = name + "[" + strings.Join(names, ", ") + "]"
	return t
}

func (t *typ) inSignature() string {
	if t.as != "" {
		return t.as
	}
	return t.spell
}
