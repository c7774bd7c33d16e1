// typewitness DIRECTORY IMPORT-PATH MINOR < SIGNATURES: compares the signatures that
// `image_dump --signatures` found in a program with what go/types says of the source of one of its
// packages. Prints each difference, then one line of counts. MINOR is the program's Go: up to 21
// DWARF lacks parameters without names.
package main

import (
	"bufio"
	"fmt"
	"go/ast"
	"go/build"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

type function struct {
	name          string // as the linker calls it; type arguments are `[...]`
	values        []string
	generic       bool
	blank         bool // a parameter or the receiver has no name
	lastAreBlank  int  // so many at the end
	params        int
	seen, unknown int
}

func main() {
	minor, err := strconv.Atoi(os.Args[3])
	check(err)
	functions := load(os.Args[1], os.Args[2])
	differ := 0
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		fields := strings.Split(in.Text(), "\t")
		name := erase(fields[0])
		f := functions[name]
		if f == nil {
			continue
		}
		f.seen++
		if strings.HasPrefix(fields[1], "! ") {
			f.unknown++
			if minor >= 22 || !f.blank {
				fmt.Println("unknown:", in.Text())
			}
			continue
		}
		if want, got := expected(f, minor, fields[1:]), strings.Join(fields[1:], "\t"); want != got {
			differ++
			fmt.Printf("%s:\n  go/types: %s\n  gotap:    %s\n", fields[0], want, got)
		}
	}
	check(in.Err())
	known, unknown, excused := 0, 0, 0
	for _, f := range functions {
		known += f.seen - f.unknown
		if f.unknown > 0 && minor < 22 && f.blank {
			excused += f.unknown
		} else {
			unknown += f.unknown
		}
	}
	fmt.Printf("%d known, %d differ, %d unknown, %d unknown with blank parameters\n", known, differ, unknown, excused)
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// expected is what gotap is to say. Where it lacks the last parameters, which have no names, one
// of unknown type stands for them. Of generic functions only the names are compared: their types
// are shapes in the program.
func expected(f *function, minor int, got []string) string {
	values := f.values
	if minor < 22 && f.lastAreBlank > 0 {
		for i, value := range got {
			if value != "_ ?" {
				continue
			}
			missing := f.params - i
			if missing >= 1 && missing <= f.lastAreBlank {
				all := append([]string{}, values[:i]...)
				all = append(all, "_ ?")
				values = append(all, values[f.params:]...)
			}
			break
		}
	}
	if f.generic {
		values = append([]string{}, values...)
		for i, value := range values {
			if i >= len(got) || i == 0 || value == "->" {
				continue
			}
			name, kept := strings.SplitN(value, " ", 2)[0], strings.SplitN(got[i], " ", 2)
			if len(kept) == 2 {
				values[i] = name + " " + kept[1]
			}
		}
	}
	return strings.Join(values, "\t")
}

// erase replaces type arguments.
func erase(name string) string {
	var out strings.Builder
	depth := 0
	for _, c := range name {
		if c == '[' {
			if depth == 0 {
				out.WriteString("[...]")
			}
			depth++
		}
		if depth == 0 {
			out.WriteRune(c)
		}
		if c == ']' {
			depth--
		}
	}
	return out.String()
}

func load(directory, path string) map[string]*function {
	pkg, err := build.Default.ImportDir(directory, 0)
	check(err)
	set := token.NewFileSet()
	var files []*ast.File
	for _, name := range pkg.GoFiles {
		file, err := parser.ParseFile(set, filepath.Join(directory, name), nil, 0)
		check(err)
		files = append(files, file)
	}
	info := &types.Info{Defs: map[*ast.Ident]types.Object{}}
	config := types.Config{Importer: importer.ForCompiler(set, "source", nil)}
	// The directory leads the importer to vendored packages.
	typed, err := config.Check(path, set, files, info)
	check(err)
	spell := speller{main: typed}
	functions := map[string]*function{}
	for _, file := range files {
		for _, declaration := range file.Decls {
			d, ok := declaration.(*ast.FuncDecl)
			if !ok || d.Body == nil || d.Name.Name == "_" || d.Name.Name == "init" {
				continue
			}
			f := spell.function(path, info.Defs[d.Name].(*types.Func))
			functions[f.name] = f
		}
	}
	return functions
}

type speller struct{ main *types.Package }

func (s speller) function(path string, of *types.Func) *function {
	signature := of.Type().(*types.Signature)
	f := &function{name: path + "." + of.Name(), values: []string{"func"}}
	f.generic = isGeneric(signature)
	if f.generic {
		f.name += "[...]"
	}
	if receiver := signature.Recv(); receiver != nil {
		t, pointer := receiver.Type(), false
		if p, ok := t.(*types.Pointer); ok {
			t, pointer = p.Elem(), true
		}
		name := t.(*types.Named).Obj().Name()
		if isGenericType(t) {
			f.generic = true
			name += "[...]"
		}
		if pointer {
			name = "(*" + name + ")"
		}
		f.name = path + "." + name + "." + of.Name()
		f.values[0] = "method"
		f.blank = receiver.Name() == "" || receiver.Name() == "_"
		f.values = append(f.values, s.value(receiver))
	}
	for i := 0; i < signature.Params().Len(); i++ {
		v := signature.Params().At(i)
		f.values = append(f.values, s.value(v))
		if v.Name() == "" || v.Name() == "_" {
			f.blank = true
			f.lastAreBlank++
		} else {
			f.lastAreBlank = 0
		}
	}
	f.params = len(f.values)
	f.values = append(f.values, "->")
	for i := 0; i < signature.Results().Len(); i++ {
		f.values = append(f.values, s.value(signature.Results().At(i)))
	}
	return f
}

func (s speller) value(v *types.Var) string {
	name := v.Name()
	if name == "" {
		name = "_"
	}
	return name + " " + s.spell(v.Type())
}

// spell writes a type as the linker does.
func (s speller) spell(t types.Type) string {
	switch t := t.(type) {
	case *types.Basic:
		if t.Kind() == types.UnsafePointer {
			return "unsafe.Pointer"
		}
		return types.Typ[t.Kind()].Name() // byte is uint8
	case *types.Named:
		if t.Obj().Pkg() == nil {
			return t.Obj().Name()
		}
		return s.qualified(t.Obj().Pkg(), t.Obj().Name()) + s.arguments(t)
	case *types.Pointer:
		return "*" + s.spell(t.Elem())
	case *types.Slice:
		return "[]" + s.spell(t.Elem())
	case *types.Array:
		return fmt.Sprintf("[%d]%s", t.Len(), s.spell(t.Elem()))
	case *types.Map:
		return "map[" + s.spell(t.Key()) + "]" + s.spell(t.Elem())
	case *types.Chan:
		elem := s.spell(t.Elem())
		switch t.Dir() {
		case types.SendOnly:
			return "chan<- " + elem
		case types.RecvOnly:
			return "<-chan " + elem
		}
		if strings.HasPrefix(elem, "<-") {
			elem = "(" + elem + ")"
		}
		return "chan " + elem
	case *types.Signature:
		return "func" + s.signature(t)
	case *types.Struct:
		return s.structure(t)
	case *types.Interface:
		return s.interfaceType(t)
	}
	if under := unalias(t); under != t {
		return s.spell(under)
	}
	return t.String()
}

func (s speller) qualified(pkg *types.Package, name string) string {
	path := pkg.Path()
	if pkg == s.main {
		path = s.main.Path()
	}
	return path + "." + name
}

func (s speller) signature(t *types.Signature) string {
	var params, results []string
	for i := 0; i < t.Params().Len(); i++ {
		v := t.Params().At(i).Type()
		if slice, ok := v.(*types.Slice); ok && t.Variadic() && i == t.Params().Len()-1 {
			params = append(params, "..."+s.spell(slice.Elem()))
		} else {
			params = append(params, s.spell(v))
		}
	}
	for i := 0; i < t.Results().Len(); i++ {
		results = append(results, s.spell(t.Results().At(i).Type()))
	}
	out := "(" + strings.Join(params, ", ") + ")"
	switch len(results) {
	case 0:
		return out
	case 1:
		return out + " " + results[0]
	}
	return out + " (" + strings.Join(results, ", ") + ")"
}

func (s speller) structure(t *types.Struct) string {
	if t.NumFields() == 0 {
		return "struct {}"
	}
	var fields []string
	for i := 0; i < t.NumFields(); i++ {
		f := t.Field(i)
		text := s.spell(f.Type())
		if !f.Embedded() {
			name := f.Name()
			if !f.Exported() {
				name = s.qualified(f.Pkg(), name)
			}
			text = name + " " + text
		}
		if t.Tag(i) != "" {
			text += " " + strconv.Quote(t.Tag(i))
		}
		fields = append(fields, text)
	}
	return "struct { " + strings.Join(fields, "; ") + " }"
}

func (s speller) interfaceType(t *types.Interface) string {
	if t.NumMethods() == 0 {
		return "interface {}"
	}
	var methods []string
	for i := 0; i < t.NumMethods(); i++ {
		m := t.Method(i)
		name := m.Name()
		if !m.Exported() {
			name = s.qualified(m.Pkg(), name)
		}
		methods = append(methods, name+s.signature(m.Type().(*types.Signature)))
	}
	return "interface { " + strings.Join(methods, "; ") + " }"
}
