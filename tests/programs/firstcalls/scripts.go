package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// What both scripts write: NUMBER separator VALUE end, where NUMBER is the line of the file `values`.
// Neither sign occurs in texts of programs.
const (
	separator = "\x1f"
	end       = "\x1e"
)

type function struct {
	name    string
	address uint64 // of the site
	first   int    // number of the first value
	values  []value
}

func writeScripts(path, sites, directory string) {
	p := openProgram(path)
	var functions []function
	named := map[string]int{}
	name := func(line string) string { // the last word is NAME+OFFSET
		word := strings.SplitN(strings.TrimSpace(line), " ", 4)[3]
		return word[:strings.LastIndexByte(word, '+')]
	}
	for _, line := range readLines(sites) {
		named[name(line)]++
	}
	number := 0
	for _, line := range readLines(sites) {
		fields := strings.SplitN(strings.TrimSpace(line), " ", 4)
		site, err := strconv.ParseUint(fields[0], 0, 64)
		check(err)
		plus := strings.LastIndexByte(fields[3], '+')
		offset, err := strconv.ParseUint(fields[3][plus+1:], 10, 64)
		check(err)
		f := function{name: fields[3][:plus], address: site, first: number, values: p.values(site - offset)}
		// A clause of gotap is of all functions of a name.
		if len(f.values) > 0 && named[f.name] == 1 {
			functions = append(functions, f)
			number += len(f.values)
		}
	}
	writeFile(filepath.Join(directory, "values"), func(w *bufio.Writer) {
		for _, f := range functions {
			for _, v := range f.values {
				fmt.Fprintf(w, "%s\t%s\t%s\n", f.name, v.kind, v)
			}
		}
	})
	writeFile(filepath.Join(directory, "gotap.bt"), func(w *bufio.Writer) { gotapScript(w, path, functions) })
	writeFile(filepath.Join(directory, "delve.star"), func(w *bufio.Writer) {
		var stops []stop
		for i, f := range functions {
			stops = append(stops, stop{f.address, i, f.first, f.values})
		}
		delveScript(w, stops, false, directory)
	})
}

// gotapScript has a clause a function, which does something the first time only.
func gotapScript(w *bufio.Writer, path string, functions []function) {
	for i, f := range functions {
		fmt.Fprintf(w, "uprobe:%s:\"%s\" /!@seen[%d]/ {\n  @seen[%d] = 1;\n", path, f.name, i, i)
		for j, v := range f.values {
			format, expression := v.gotap("args.")
			fmt.Fprintf(w, "  printf(\"%d\\x1f%s\\x1e\", %s);\n", f.first+j, format, expression)
		}
		fmt.Fprint(w, "}\n")
	}
	fmt.Fprint(w, "END { clear(@seen); }\n")
}

func (v value) gotap(root string) (format, expression string) {
	expression = v.path(root + v.param)
	switch v.kind {
	case "int", "bool":
		return "%d", expression
	case "len", "cap":
		return "%d", v.kind + "(" + expression + ")"
	case "uint", "pointer":
		return "%lu", expression
	case "float":
		return "%g", expression
	case "string":
		return "%s", expression
	case "nil":
		return "%d", expression + " == nil"
	case "type":
		return "%s", "typeof(" + expression + ")"
	}
	panic(v.kind)
}

// stop is where delve is to look at values: at the first of those with the same number.
type stop struct {
	address uint64
	number  int
	first   int // number of the first value
	values  []value
}

// delveScript sets a breakpoint at each site and takes it, and those of its number, away at the first stop
// there. What delve does not know, or says is not to be read, begins with "?".
func delveScript(w *bufio.Writer, stops []stop, locals bool, directory string) {
	fmt.Fprint(w, "sites = {\n")
	for _, f := range stops {
		fmt.Fprintf(w, "  %d: (%d, [", f.address, f.number)
		for i, v := range f.values {
			var steps []string
			for _, step := range v.steps {
				steps = append(steps, strconv.Quote(step))
			}
			fmt.Fprintf(w, "(%d, %q, %d, [%s], %q), ", f.first+i, v.param, v.size, strings.Join(steps, ", "), v.kind)
		}
		fmt.Fprint(w, "]),\n")
	}
	fmt.Fprintf(w, "}\nlocals = %s\n", map[bool]string{false: "False", true: "True"}[locals])
	fmt.Fprintf(w, "seen_file = %q\n", filepath.Join(directory, "delve.seen"))
	fmt.Fprint(w, delveRest)
}

const delveRest = `
SHADOWED = 2
RESULT = 16
config = {"FollowPointers": True, "MaxVariableRecurse": 1, "MaxStringLen": 1024, "MaxArrayValues": 1, "MaxStructFields": -1}

def unknown(v):
  if v.Unreadable:
    return "?" + v.Unreadable
  if v.OnlyAddr:
    return "?not loaded"
  return ""

def wrong_place(location, size, registers):
  # What the compiler says of a value in several pieces is wrong where it has one place twice, or does
  # not count the padding between two of them: delve then takes bytes that are not those of the value.
  words = location.split(" ")
  for word in words:
    if word in registers and registers[word] == None:
      return "?another parameter"
  pieces = [int(words[i + 1], 16) for i in range(len(words) - 1) if words[i] == "DW_OP_piece"]
  total = 0
  for it in pieces:
    total += it
  if not pieces or total == size:
    return ""
  return "?a place twice" if total > size else "?no padding"

def show(v, steps, kind):
  for step in steps:
    if str(v.Kind) == "ptr":
      if unknown(v):
        return unknown(v)
      if v.Children[0].Addr == 0:
        return "<nil pointer>"
      v = v.Children[0]
    if unknown(v):
      return unknown(v)
    if step == "*":
      continue
    found = None
    if step == "[0]":
      if v.Len == 0:
        return "<index out of range>"
      found = v.Children[0] if v.Children else None
    else:
      for child in v.Children:
        if child.Name == step:
          found = child
          break
    if found == None:
      return "?no " + step
    v = found
  if kind == "pointer" and not v.Unreadable:
    return str(v.Children[0].Addr)
  if unknown(v):
    return unknown(v)
  if str(v.Kind) == "chan" and kind != "nil":
    # A channel is the structure of the runtime to delve.
    fields = {child.Name: child.Value for child in v.Children}
    return str(fields.get("qcount" if kind == "len" else "dataqsiz", "0"))
  if kind == "len":
    return str(v.Len)
  if kind == "cap":
    return str(v.Cap)
  if kind == "string":
    return v.Value + (".." if v.Len > len(v.Value) else "")
  if kind == "bool":
    return "1" if v.Value else "0"
  if kind == "type":
    return v.Children[0].Type if str(v.Children[0].Kind) != "invalid" else "<nil>"
  if kind == "nil" and str(v.Kind) == "interface":
    return "1" if str(v.Children[0].Kind) == "invalid" else "0"
  text = str(v)[len("Variable<"):-1]
  if kind == "nil":
    return "1" if text.endswith("nil") or text.endswith("(0x0)") else "0"
  return text

def main():
  number, group = {}, {}
  for address in sites:
    number[address] = create_breakpoint({"Addr": address}).Breakpoint.ID
    group.setdefault(sites[address][0], []).append(address)
  seen = []
  for stop in range(1000000):
    state = raw_command("continue").State
    if state.Exited:
      break
    address = state.CurrentThread.PC
    if address not in number:
      continue
    variables, registers = {}, {}
    for v in function_args(cur_scope(), config).Args:
      variables.setdefault(v.Name, v)
      if not int(str(v.Flags)) & RESULT:
        for word in v.LocationExpr.split(" "):
          if word.startswith("DW_OP_reg") and registers.setdefault(word, v.Name) != v.Name:
            # Of two parameters in one register the compiler has got one wrong.
            registers[word] = None
    if locals:
      # A value that several variables have is in one register for all of them.
      registers = {}
      for v in local_vars(cur_scope(), config).Variables:
        if not int(str(v.Flags)) & SHADOWED:
          variables[v.Name] = v
    for what in sites[address][1]:
      v = variables.get(what[1])
      text = "?no such parameter"
      if v:
        text = wrong_place(v.LocationExpr, what[2], registers) or show(v, what[3], what[4])
      seen.append(str(what[0]) + "\x1f" + text + "\x1e")
    for other in group[sites[address][0]]:
      if other in number:
        clear_breakpoint(number.pop(other))
  write_file(seen_file, "".join(seen))
`

func readLines(path string) []string {
	file, err := os.Open(path)
	check(err)
	defer file.Close()
	var lines []string
	for s := bufio.NewScanner(file); s.Scan(); {
		lines = append(lines, s.Text())
	}
	return lines
}

func writeFile(path string, write func(*bufio.Writer)) {
	file, err := os.Create(path)
	check(err)
	w := bufio.NewWriter(file)
	write(w)
	check(w.Flush())
	check(file.Close())
}
