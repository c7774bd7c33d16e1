// rtypes prints what reflect says of the program's own types and methods, in the format of
// image_dump --types and --signatures: the witness of tests/e2e/rtype-witness.sh. Its argument is the
// address of main.main in the file (hexadecimal), so that addresses are printed as the file has them.
package main

import (
	"bufio"
	"fmt"
	"os"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"unsafe"
)

const maxFields = 100 // as dump() in src/go/types.cc

var (
	fileMain, mainEntry uint64 // of main.main, in the file and in memory
	seen                = map[reflect.Type]bool{}
	methods             = map[uint64]map[string]bool{}
)

func inFile(address uint64) uint64 { return address - mainEntry + fileMain }

func descriptor(t reflect.Type) uint64 {
	return uint64((*[2]uintptr)(unsafe.Pointer(&t))[1])
}

// made tells types that reflect has made in the heap.
func made(t reflect.Type) bool {
	distance := int64(descriptor(t) - mainEntry)
	return distance > 1<<28 || distance < -1<<28
}

func escaped(path string) string {
	slash := strings.LastIndex(path, "/")
	var out strings.Builder
	for i := 0; i < len(path); i++ {
		c := path[i]
		if c <= ' ' || c == '%' || c == '"' || c >= 0x7f || c == '.' && i > slash {
			fmt.Fprintf(&out, "%%%02x", c)
		} else {
			out.WriteByte(c)
		}
	}
	return out.String()
}

func member(path, name string) string {
	if path == "" {
		return name
	}
	return escaped(path) + "." + name
}

func list(n int, at func(int) reflect.Type, variadic bool) string {
	var parts []string
	for i := 0; i < n; i++ {
		if variadic && i == n-1 {
			parts = append(parts, "..."+name(at(i).Elem()))
		} else {
			parts = append(parts, name(at(i)))
		}
	}
	return strings.Join(parts, ", ")
}

func results(t reflect.Type) string {
	switch t.NumOut() {
	case 0:
		return ""
	case 1:
		return " " + name(t.Out(0))
	}
	return " (" + list(t.NumOut(), t.Out, false) + ")"
}

func function(t reflect.Type) string {
	return "(" + list(t.NumIn(), t.In, t.IsVariadic()) + ")" + results(t)
}

func braces(word string, parts []string) string {
	if len(parts) == 0 {
		return word + " {}"
	}
	return word + " { " + strings.Join(parts, "; ") + " }"
}

// name is the type's name with full import paths.
func name(t reflect.Type) string {
	if t.Name() != "" {
		if t.PkgPath() == "" {
			return t.String()
		}
		return member(t.PkgPath(), t.Name())
	}
	switch t.Kind() {
	case reflect.Ptr:
		return "*" + name(t.Elem())
	case reflect.Slice:
		return "[]" + name(t.Elem())
	case reflect.Array:
		return fmt.Sprintf("[%d]%s", t.Len(), name(t.Elem()))
	case reflect.Map:
		return "map[" + name(t.Key()) + "]" + name(t.Elem())
	case reflect.Chan:
		elem := name(t.Elem())
		if t.ChanDir() == reflect.BothDir && strings.HasPrefix(elem, "<-") {
			elem = "(" + elem + ")"
		}
		return t.ChanDir().String() + " " + elem
	case reflect.Func:
		return "func" + function(t)
	case reflect.Struct:
		var parts []string
		for i := 0; i < t.NumField(); i++ {
			f := t.Field(i)
			part := name(f.Type)
			if !f.Anonymous {
				part = member(f.PkgPath, f.Name) + " " + part
			}
			if f.Tag != "" {
				part += " " + strconv.Quote(string(f.Tag))
			}
			parts = append(parts, part)
		}
		return braces("struct", parts)
	case reflect.Interface:
		var parts []string
		for i := 0; i < t.NumMethod(); i++ {
			m := t.Method(i)
			parts = append(parts, member(m.PkgPath, m.Name)+function(m.Type))
		}
		return braces("interface", parts)
	}
	return t.String()
}

var kinds = map[reflect.Kind]string{
	reflect.Bool: "bool", reflect.Int: "int", reflect.Int8: "int", reflect.Int16: "int",
	reflect.Int32: "int", reflect.Int64: "int", reflect.Uint: "uint", reflect.Uint8: "uint",
	reflect.Uint16: "uint", reflect.Uint32: "uint", reflect.Uint64: "uint", reflect.Uintptr: "uint",
	reflect.Float32: "float", reflect.Float64: "float", reflect.Complex64: "complex",
	reflect.Complex128: "complex", reflect.Array: "array", reflect.Chan: "chan", reflect.Func: "func",
	reflect.Interface: "interface", reflect.Map: "map", reflect.Ptr: "pointer",
	reflect.Slice: "slice", reflect.String: "string", reflect.Struct: "struct",
	reflect.UnsafePointer: "unsafe-pointer",
}

func dump(t reflect.Type) string {
	out := name(t) + " " + kinds[t.Kind()]
	switch t.Kind() {
	case reflect.Array:
		out += fmt.Sprintf("[%d] elem=%s", t.Len(), name(t.Elem()))
	case reflect.Map:
		out += " key=" + name(t.Key()) + " elem=" + name(t.Elem())
	case reflect.Chan, reflect.Ptr, reflect.Slice:
		out += " elem=" + name(t.Elem())
	case reflect.Interface:
		if t.NumMethod() == 0 {
			out += " any"
		}
	case reflect.Struct:
		var parts []string
		for i := 0; i < t.NumField() && i < maxFields; i++ {
			f := t.Field(i)
			embedded := " "
			if f.Anonymous {
				embedded = " embedded "
			}
			parts = append(parts, fmt.Sprintf("%s%s%s @%d", f.Name, embedded, name(f.Type), f.Offset))
		}
		out += "{" + strings.Join(parts, "; ") + "}"
	}
	return out + fmt.Sprintf(" %d rtype=%#x align=%d", t.Size(), inFile(descriptor(t)), t.Align())
}

func addMethods(t reflect.Type) {
	for i := 0; i < t.NumMethod(); i++ {
		m := t.Method(i)
		entry := inFile(uint64(m.Func.Pointer()))
		if methods[entry] == nil {
			methods[entry] = map[string]bool{}
		}
		methods[entry][function(m.Type)] = true
		walkAll(m.Type.NumIn(), m.Type.In)
		walkAll(m.Type.NumOut(), m.Type.Out)
	}
}

func walkAll(n int, at func(int) reflect.Type) {
	for i := 0; i < n; i++ {
		walk(at(i))
	}
}

func walk(t reflect.Type) {
	if seen[t] || made(t) {
		return
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Map:
		walk(t.Key())
		walk(t.Elem())
	case reflect.Array, reflect.Chan, reflect.Ptr, reflect.Slice:
		walk(t.Elem())
	case reflect.Struct:
		walkAll(t.NumField(), func(i int) reflect.Type { return t.Field(i).Type })
	case reflect.Func:
		walkAll(t.NumIn(), t.In)
		walkAll(t.NumOut(), t.Out)
	case reflect.Interface:
		walkAll(t.NumMethod(), func(i int) reflect.Type { return t.Method(i).Type })
	}
	if t.Kind() != reflect.Interface {
		addMethods(t)
		walk(reflect.PtrTo(t))
	}
}

func main() {
	mainEntry = uint64(reflect.ValueOf(main).Pointer())
	if len(os.Args) > 1 {
		fileMain, _ = strconv.ParseUint(os.Args[1], 16, 64)
	}
	for _, value := range values() {
		walk(reflect.TypeOf(value))
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	var lines []string
	for t := range seen {
		lines = append(lines, "type "+dump(t))
	}
	for entry, signatures := range methods {
		for signature := range signatures {
			if len(signatures) > 1 {
				signature = "unknown"
			}
			lines = append(lines, fmt.Sprintf("method %x\t%s", entry, signature))
		}
	}
	sort.Strings(lines)
	last := ""
	for _, line := range lines {
		if line != last {
			fmt.Fprintln(out, line)
		}
		last = line
	}
}
