// One function as source, with its caller, and as clauses of the script.
package main

import (
	"fmt"
	"strings"
)

// A value as both sides speak of it.
type part struct {
	value
	script, program string
	floats          []int // registers.take
}

func (o *output) add(f *fn, w *world) {
	arguments, captured, results := o.parts(f)
	if f.nameless() && !o.knowsAll() {
		fmt.Fprintln(&o.nameless, f.name)
	}
	o.declare(f)
	o.caller(f, w, arguments, captured, results)

	seen := arguments
	if o.minor >= 23 { // before, DWARF does not say where they are
		seen = append(append([]part{}, arguments...), captured...)
	}
	o.printer("show", f, "", seen)
	o.printer("done", f, "", results)
	o.clause("uprobe", f, o.prints(f, "", seen))
	o.askShapes(f, arguments)
	again := ""
	if f.body == 2 { // what an argument was, told at the return
		o.printer("again", f, "again ", arguments)
		again = o.prints(f, "again ", arguments)
	}
	o.clause("uretprobe", f, o.prints(f, "", results)+again)
}

// askShapes writes clauses, each of which asks for what cannot be known.
func (o *output) askShapes(f *fn, arguments []part) {
	for _, p := range arguments {
		if p.typ.isShape() && (!p.nameless() || o.knowsAll()) {
			fmt.Fprintf(&o.shapes, "uprobe:./program:%s { printf(\"%s %%d\\n\", *%s); }\n", o.probe(f),
				f.name, p.script)
		}
	}
}

func (o *output) clause(provider string, f *fn, body string) {
	if body != "" {
		fmt.Fprintf(&o.script, "%s:./program:%s {\n%s}\n", provider, o.probe(f), body)
	}
}

// parts places the floats as it goes: receiver, dictionary, parameters; results anew.
func (o *output) parts(f *fn) (arguments, captured, results []part) {
	used := &registers{}
	dictionary := func() {
		if len(f.typeParams) > 0 {
			used.take(basics[1])
		}
	}
	if f.receiver == nil || o.minor <= 20 {
		dictionary()
	}
	add := func(v value) {
		p := part{value: v, program: fmt.Sprintf("v%d", len(arguments))}
		p.script = "args." + v.name
		if v.nameless() || o.stripped {
			p.script = fmt.Sprintf("args.%d", len(arguments))
		}
		p.floats = used.take(v.typ)
		arguments = append(arguments, p)
	}
	if f.receiver != nil {
		add(*f.receiver)
		if o.minor > 20 {
			dictionary()
		}
	}
	for _, v := range f.params {
		add(v)
	}
	for i, v := range f.captured {
		captured = append(captured, part{v, "captured." + v.name, fmt.Sprintf("k%d", i), nil})
	}
	used = &registers{}
	for i, v := range f.results {
		p := part{value: v, program: fmt.Sprintf("x%d", i), floats: used.take(v.typ)}
		switch {
		case f.named && !o.stripped:
			p.script = "retval." + v.name
		case len(f.results) == 1 && o.knowsAll():
			p.script = "retval"
		default:
			p.script = fmt.Sprintf("retval.%d", i)
		}
		results = append(results, p)
	}
	return arguments, captured, results
}

// knowsAll: whether no signature is refused. A bare retval of one that is would be a word.
func (o *output) knowsAll() bool { return o.minor >= 22 || o.stripped }

func (o *output) probe(f *fn) string {
	receiver := ""
	if f.receiver != nil {
		receiver = f.receiver.typ.spell
		if i := strings.Index(receiver, "["); i >= 0 { // spelled in its own way by each Go
			receiver = receiver[:i] + "[*"
		}
		if receiver[0] == '*' {
			receiver = "(" + receiver + ")"
		}
		receiver += "."
	}
	switch f.form {
	case closure:
		return `"main.Make` + f.name + `.func1"`
	case generic:
		return `"main.` + f.name + `[*"`
	}
	return `"main.` + receiver + f.name + `"`
}

// declare writes the function itself. It gives what the globals F17r0... hold.
func (o *output) declare(f *fn) {
	b := &o.source
	var globals, returned []string
	for i, r := range f.results {
		fmt.Fprintf(b, "\nvar %sr%d %s\n", f.name, i, r.typ.spell)
		global := fmt.Sprintf("%sr%d", f.name, i)
		globals = append(globals, global)
		if r.typ.as != "" {
			global = "*interface{}(&" + global + ").(*" + r.typ.as + ")"
		}
		returned = append(returned, global)
	}
	sinks := ""
	sink := func(v value, i int) {
		if !v.nameless() && v.typ.as == "" {
			fmt.Fprintf(b, "\nvar %ss%d %s\n", f.name, i, v.typ.spell)
			sinks += fmt.Sprintf("\t%ss%d = %s\n", f.name, i, v.name)
		}
	}
	for i, v := range f.captured {
		sink(v, 100+i)
	}
	if f.body == 1 {
		for i, v := range f.params {
			sink(v, i)
		}
	}
	leave := "return " + strings.Join(returned, ", ")
	body := "\t" + leave + "\n"
	switch f.body {
	case 1:
		body = "\ttouch(1)\n" + sinks + body
		sinks = ""
	case 2:
		body = "\tif calls%2 == 0 {\n\t\ttouch(1)\n\t\t" + leave + "\n\t}\n\ttouch(2)\n" + body
	case 3:
		body = "\tdefer touch(1)\n" + body
	}
	if f.named && f.body == 1 {
		body = strings.Replace(body, leave, "", 1)
		for i, r := range f.results {
			body += "\t" + r.name + " = " + returned[i] + "\n"
		}
		body += "\treturn\n"
	}
	o.function(f, sinks+body)
}

func (o *output) function(f *fn, body string) {
	var names []string
	for _, p := range f.typeParams {
		names = append(names, p.as+" any")
	}
	head := "\n//go:noinline\nfunc "
	if f.receiver != nil {
		head += "(" + strings.TrimSpace(f.receiver.name+" "+f.receiver.typ.inSignature()) + ") "
	}
	head += f.name
	if f.form == generic {
		head += "[" + strings.Join(names, ", ") + "]"
	}
	signature := "(" + list(f.params, f.variadic) + ")"
	if len(f.results) > 0 {
		results := append([]value{}, f.results...)
		for i := range results {
			if !f.named {
				results[i].name = ""
			}
		}
		signature += " (" + list(results, false) + ")"
	}
	if f.form != closure {
		o.source.WriteString(head + signature + " {\n" + body + "}\n")
		return
	}
	// A captured variable that is assigned to is captured by its address.
	made, assigns := strings.Replace(head, f.name, "Make"+f.name, 1), ""
	for i, c := range f.captured {
		if i == 1 {
			assigns = fmt.Sprintf("\tif calls < 0 {\n\t\t%s = %ss%d\n\t}\n", c.name, f.name, 100+i)
		}
	}
	o.source.WriteString(made + "(" + list(f.captured, false) + ") func" + signature + " {\n" +
		"\tmade := func" + signature + " {\n" + body + "}\n" + assigns + "\treturn made\n}\n")
}

func list(values []value, variadic bool) string {
	var all []string
	for i, v := range values {
		spelled := v.typ.inSignature()
		if variadic && i == len(values)-1 {
			spelled = "..." + spelled[2:]
		}
		all = append(all, strings.TrimSpace(v.name+" "+spelled))
	}
	return strings.Join(all, ", ")
}

// caller writes the function that calls it with random values.
func (o *output) caller(f *fn, w *world, arguments, captured, results []part) {
	b := &o.source
	fmt.Fprintf(b, "\nfunc call%s() {\n", f.name)
	for n := 0; n < callsOfEach; n++ {
		b.WriteString("\t{\n")
		for _, p := range append(append([]part{}, arguments...), captured...) {
			fmt.Fprintf(b, "\t\tvar %s %s = %s\n", p.program, p.typ.spell, w.literal(p.typ))
		}
		for i, p := range results {
			fmt.Fprintf(b, "\t\t%sr%d = %s\n", f.name, i, w.literal(p.typ))
		}
		passed := programs(arguments)
		shown := passed
		if o.minor >= 23 {
			shown = append(programs(arguments), programs(captured)...)
		}
		fmt.Fprintf(b, "\t\tshow%s(%s)\n\t\t", f.name, join(shown))
		if len(results) > 0 {
			fmt.Fprintf(b, "%s := ", join(programs(results)))
		}
		switch {
		case f.receiver != nil:
			b.WriteString("v0." + f.name)
			passed = passed[1:]
		case f.form == closure:
			fmt.Fprintf(b, "Make%s(%s)", f.name, join(programs(captured)))
		case f.form == generic:
			var spelled []string
			for _, p := range f.typeParams {
				spelled = append(spelled, p.spell)
			}
			b.WriteString(f.name + "[" + join(spelled) + "]")
		default:
			b.WriteString(f.name)
		}
		dots := ""
		if f.variadic {
			dots = "..."
		}
		fmt.Fprintf(b, "(%s%s)\n\t\tdone%s(%s)\n", join(passed), dots, f.name, join(programs(results)))
		if f.body == 2 {
			fmt.Fprintf(b, "\t\tagain%s(%s)\n", f.name, join(programs(arguments)))
		}
		b.WriteString("\t}\n")
	}
	b.WriteString("}\n")
	o.calls = append(o.calls, "\tcall"+f.name+"()\n")
}

func programs(parts []part) (all []string) {
	for _, p := range parts {
		all = append(all, p.program)
	}
	return all
}

func join(words []string) string { return strings.Join(words, ", ") }

// printer writes what prints all leaves of some values in the program.
func (o *output) printer(name string, f *fn, prefix string, parts []part) {
	var params []string
	body := ""
	for _, p := range parts {
		params = append(params, p.program+" "+p.typ.spell)
		for _, l := range o.leaves(p) {
			body += fmt.Sprintf("\tshow(\"%s %s%s\", %s)\n", f.name, prefix, l.script, l.program)
		}
	}
	fmt.Fprintf(&o.source, "\n//go:noinline\nfunc %s%s(%s) {\n%s}\n", name, f.name, join(params), body)
}

// leaves of a value; none of one without a name where DWARF leaves these out.
func (o *output) leaves(p part) []leaf {
	if p.nameless() && !o.knowsAll() {
		return nil
	}
	scalar := 0
	return leaves(p.typ, p.script, p.program, &scalar)
}

// prints writes the script's lines for the same leaves, and notes the floats in registers.
func (o *output) prints(f *fn, prefix string, parts []part) (lines string) {
	for _, p := range parts {
		for _, l := range o.leaves(p) {
			label := fmt.Sprintf("%s %s%s", f.name, prefix, l.script)
			lines += fmt.Sprintf("  printf(\"%s %s\\n\", %s);\n", label, l.format, l.script)
			if l.float && l.index >= 0 && p.floats != nil && o.minor >= 17 {
				fmt.Fprintf(&o.floats, "%s XMM%d\n", label, p.floats[l.index])
			}
		}
	}
	return lines
}
