// firstcalls has a debugger and gotap look at the same values of a program, each function's at the
// first call of it:
//
//	firstcalls scripts PROGRAM SITES DIRECTORY   writes gotap.bt, delve.star and values
//	firstcalls compare DIRECTORY                 compares what they saw
//
// or at lines of source, the variables that have names there:
//
//	firstcalls lines PROGRAM PATTERN MOST                    writes some lines of files with PATTERN in their path
//	firstcalls line-scripts PROGRAM LINES PLAN DIRECTORY     writes the scripts of those lines
//
// SITES are lines of `gotap --dump plan`, `  ADDRESS file OFFSET FUNCTION+OFFSET`. Which values a function has, DWARF says, as
// the Go standard library reads it: its parameters, and one step into what they are made of or point to.
package main

import (
	"debug/dwarf"
	"debug/elf"

	"log"
	"os"
	"strconv"
	"strings"
)

func main() {
	log.SetFlags(0)
	switch {
	case len(os.Args) == 5 && os.Args[1] == "scripts":
		writeScripts(os.Args[2], os.Args[3], os.Args[4])
	case len(os.Args) == 5 && os.Args[1] == "lines":
		most, err := strconv.Atoi(os.Args[4])
		check(err)
		listLines(os.Args[2], os.Args[3], most, os.Stdout)
	case len(os.Args) == 6 && os.Args[1] == "line-scripts":
		writeLineScripts(os.Args[2], os.Args[3], os.Args[4], os.Args[5])
	case len(os.Args) == 3 && os.Args[1] == "compare":
		compareSeen(os.Args[2])
	default:
		log.Fatal("usage: firstcalls scripts PROGRAM SITES DIRECTORY | firstcalls compare DIRECTORY")
	}
}

func check(err error) {
	if err != nil {
		log.Fatal("firstcalls: ", err)
	}
}

// value is one thing to be looked at: the way from a parameter, and what is at its end.
type value struct {
	param string
	size  int64    // of the parameter
	steps []string // "*", "[0]" or the name of a field
	kind  string   // int, uint, bool, float, string, pointer, nil, len, cap, type
}

// path is how both languages spell the way to the value, from the parameter's own spelling.
func (v value) path(text string) string {
	for _, step := range v.steps {
		switch step {
		case "*":
			text = "*" + text
		case "[0]":
			text += step
		default:
			text += "." + step
		}
	}
	return text
}

func (v value) String() string {
	text := v.path(v.param)
	switch v.kind {
	case "len", "cap", "type", "nil":
		return v.kind + "(" + text + ")"
	}
	return text
}

// program reads the functions' parameters.
type program struct {
	data      *dwarf.Data
	functions map[uint64]dwarf.Offset // by address
	entries   map[dwarf.Offset]*dwarf.Entry
	code      []codeRange // by address, once it is asked for
}

func openProgram(path string) *program {
	file, err := elf.Open(path)
	check(err)
	data, err := file.DWARF()
	check(err)
	p := &program{data, map[uint64]dwarf.Offset{}, map[dwarf.Offset]*dwarf.Entry{}, nil}
	for r := data.Reader(); ; {
		entry, err := r.Next()
		check(err)
		if entry == nil {
			return p
		}
		if entry.Tag == dwarf.TagSubprogram {
			if at, ok := entry.Val(dwarf.AttrLowpc).(uint64); ok {
				p.functions[at] = entry.Offset
			}
			r.SkipChildren()
		}
	}
}

func (p *program) entry(at dwarf.Offset) *dwarf.Entry {
	if entry := p.entries[at]; entry != nil {
		return entry
	}
	r := p.data.Reader()
	r.Seek(at)
	entry, err := r.Next()
	check(err)
	p.entries[at] = entry
	return entry
}

// inherited is an attribute of the entry, or of the one that it is a copy of.
func (p *program) inherited(entry *dwarf.Entry, attr dwarf.Attr) interface{} {
	if it := entry.Val(attr); it != nil {
		return it
	}
	if origin, ok := entry.Val(dwarf.AttrAbstractOrigin).(dwarf.Offset); ok {
		return p.inherited(p.entry(origin), attr)
	}
	return nil
}

func (p *program) children(at dwarf.Offset) []*dwarf.Entry {
	r := p.data.Reader()
	r.Seek(at)
	parent, err := r.Next()
	check(err)
	var all []*dwarf.Entry
	for parent.Children {
		entry, err := r.Next()
		check(err)
		if entry == nil || entry.Tag == 0 {
			break
		}
		all = append(all, entry)
		if entry.Children {
			r.SkipChildren()
		}
	}
	return all
}

// values of the function at the address.
func (p *program) values(address uint64) []value {
	var all []value
	const variableParameter = dwarf.Attr(0x4b)
	function, ok := p.functions[address]
	if !ok {
		return nil
	}
	for _, entry := range p.children(function) {
		if entry.Tag != dwarf.TagFormalParameter {
			continue
		}
		name, _ := p.inherited(entry, dwarf.AttrName).(string)
		result, _ := p.inherited(entry, variableParameter).(bool)
		typ, typed := p.inherited(entry, dwarf.AttrType).(dwarf.Offset)
		// Results, dictionaries, what a function literal captures by reference.
		if name == "" || name == "_" || name[0] == '~' || name[0] == '.' || name[0] == '&' || result || !typed {
			continue
		}
		all = append(all, p.parts(value{param: name, size: p.size(typ)}, typ, 1)...)
	}
	return all
}

const (
	goKind        = dwarf.Attr(0x2900)
	kindBool      = 1
	kindInt       = 2
	kindInt64     = 6
	kindUint      = 7
	kindUintptr   = 12
	kindFloat32   = 13
	kindFloat64   = 14
	kindArray     = 17
	kindChan      = 18
	kindFunc      = 19
	kindInterface = 20
	kindMap       = 21
	kindPointer   = 22
	kindSlice     = 23
	kindString    = 24
	kindStruct    = 25
	kindUnsafe    = 26
)

// underlying follows typedefs to the entry that says what kind of type it is.
func (p *program) underlying(at dwarf.Offset) (*dwarf.Entry, int64) {
	for {
		entry := p.entry(at)
		if kind, ok := entry.Val(goKind).(int64); ok && kind != 0 {
			// A named map, channel or struct: its own entry is the next.
			if next, ok := entry.Val(dwarf.AttrType).(dwarf.Offset); ok && entry.Tag == dwarf.TagTypedef && kind == kindStruct {
				at = next
				continue
			}
			return entry, kind
		}
		next, ok := entry.Val(dwarf.AttrType).(dwarf.Offset)
		if !ok || entry.Tag != dwarf.TagTypedef {
			return entry, 0
		}
		at = next
	}
}

// isShape says whether the type is what a type parameter became that stands for any pointer.
func (p *program) isShape(at dwarf.Offset) bool {
	for {
		entry := p.entry(at)
		name, _ := entry.Val(dwarf.AttrName).(string)
		next, ok := entry.Val(dwarf.AttrType).(dwarf.Offset)
		if strings.HasPrefix(name, "go.shape.*") {
			return true
		}
		if !ok || entry.Tag != dwarf.TagTypedef {
			return false
		}
		at = next
	}
}

// size of a type in bytes; 0: DWARF does not say.
func (p *program) size(at dwarf.Offset) int64 {
	entry := p.entry(at)
	if size, ok := entry.Val(dwarf.AttrByteSize).(int64); ok {
		return size
	}
	if next, ok := entry.Val(dwarf.AttrType).(dwarf.Offset); ok && entry.Tag == dwarf.TagTypedef {
		return p.size(next)
	}
	return 0
}

// parts are the values of what `v` leads to, of that type; `more` steps further at most.
func (p *program) parts(v value, typ dwarf.Offset, more int) []value {
	entry, kind := p.underlying(typ)
	as := func(kind string) value {
		v.kind = kind
		return v
	}
	switch {
	case kind == kindBool:
		return []value{as("bool")}
	case kind >= kindInt && kind <= kindInt64:
		return []value{as("int")}
	case kind >= kindUint && kind <= kindUintptr:
		return []value{as("uint")}
	case kind == kindFloat32 || kind == kindFloat64:
		return []value{as("float")}
	case kind == kindString:
		return []value{as("string"), as("len")}
	case kind == kindFunc || kind == kindUnsafe:
		return []value{as("nil")}
	case kind == kindMap || kind == kindChan:
		return []value{as("len"), as("nil")}
	case kind == kindInterface:
		return []value{as("type"), as("nil")}
	case kind == kindSlice:
		all := []value{as("len"), as("cap"), as("nil")}
		if more > 0 {
			if element, ok := p.element(entry); ok {
				all = append(all, p.parts(v.step("[0]"), element, 0)...)
			}
		}
		return all
	case kind == kindArray:
		if element, ok := entry.Val(dwarf.AttrType).(dwarf.Offset); ok && more > 0 && p.hasElements(entry) {
			return p.parts(v.step("[0]"), element, 0)
		}
	case kind == kindPointer:
		all := []value{as("pointer")}
		// One function for all pointers: DWARF's *uint8 stands for any.
		if p.isShape(typ) {
			return all
		}
		if to, ok := entry.Val(dwarf.AttrType).(dwarf.Offset); ok && more > 0 {
			if _, kind := p.underlying(to); kind == kindStruct {
				all = append(all, p.parts(v, to, more)...)
			} else if kind != kindPointer && kind != kindArray {
				all = append(all, p.parts(v.step("*"), to, 0)...)
			}
		}
		return all
	case kind == kindStruct && more > 0:
		var all []value
		for _, field := range p.children(entry.Offset) {
			name, _ := field.Val(dwarf.AttrName).(string)
			typ, typed := field.Val(dwarf.AttrType).(dwarf.Offset)
			if field.Tag == dwarf.TagMember && typed && name != "" && name != "_" {
				all = append(all, p.parts(v.step(name), typ, more-1)...)
			}
		}
		return all
	}
	return nil
}

func (v value) step(name string) value {
	v.steps = append(append([]string{}, v.steps...), name)
	return v
}

// element is the type of a slice's elements: its first field points to them.
func (p *program) element(slice *dwarf.Entry) (dwarf.Offset, bool) {
	for _, field := range p.children(slice.Offset) {
		if name, _ := field.Val(dwarf.AttrName).(string); name == "array" {
			if typ, ok := field.Val(dwarf.AttrType).(dwarf.Offset); ok {
				to, ok := p.entry(typ).Val(dwarf.AttrType).(dwarf.Offset)
				return to, ok
			}
		}
	}
	return 0, false
}

func (p *program) hasElements(array *dwarf.Entry) bool {
	for _, part := range p.children(array.Offset) {
		if count, ok := part.Val(dwarf.AttrCount).(int64); ok {
			return count > 0
		}
	}
	return false
}
