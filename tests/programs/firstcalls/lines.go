package main

import (
	"bufio"
	"debug/dwarf"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

// listLines writes lines of source that have code and variables, FILE:LINE, `most` of them at most, evenly
// spread over the files whose path holds `pattern`.
func listLines(path, pattern string, most int, w io.Writer) {
	p := openProgram(path)
	type place struct {
		file string
		line int
	}
	addresses := map[place]uint64{}
	units := p.data.Reader()
	for {
		unit, err := units.Next()
		check(err)
		if unit == nil {
			break
		}
		units.SkipChildren()
		if unit.Tag != dwarf.TagCompileUnit {
			continue
		}
		lines, err := p.data.LineReader(unit)
		check(err)
		if lines == nil {
			continue
		}
		var row dwarf.LineEntry
		for lines.Next(&row) == nil {
			if row.IsStmt && !row.EndSequence && row.File != nil && strings.Contains(row.File.Name, pattern) {
				at := place{row.File.Name, row.Line}
				if first, known := addresses[at]; !known || row.Address < first {
					addresses[at] = row.Address
				}
			}
		}
	}
	var all []place
	for at, address := range addresses {
		if len(p.visible(address, at.line)) > 0 {
			all = append(all, at)
		}
	}
	sort.Slice(all, func(i, j int) bool {
		return all[i].file < all[j].file || all[i].file == all[j].file && all[i].line < all[j].line
	})
	step := 1 + len(all)/most
	for i := 0; i < len(all); i += step {
		fmt.Fprintf(w, "%s:%d\n", all[i].file, all[i].line)
	}
}

type codeRange struct {
	begin, end uint64
	function   dwarf.Offset
}

// functionAround is the function whose code the address is in.
func (p *program) functionAround(address uint64) (dwarf.Offset, bool) {
	if p.code == nil {
		for _, at := range p.functions {
			ranges, err := p.data.Ranges(p.entry(at))
			check(err)
			for _, r := range ranges {
				p.code = append(p.code, codeRange{r[0], r[1], at})
			}
		}
		sort.Slice(p.code, func(i, j int) bool { return p.code[i].begin < p.code[j].begin })
	}
	i := sort.Search(len(p.code), func(i int) bool { return p.code[i].begin > address })
	if i == 0 || address >= p.code[i-1].end {
		return 0, false
	}
	return p.code[i-1].function, true
}

func (p *program) covers(entry *dwarf.Entry, address uint64) bool {
	ranges, err := p.data.Ranges(entry)
	check(err)
	for _, r := range ranges {
		if address >= r[0] && address < r[1] {
			return true
		}
	}
	return false
}

// visible are the entries, by name, of the variables that the source means at a line: of the innermost
// inlined call, and of the innermost block.
func (p *program) visible(address uint64, line int) map[string]*dwarf.Entry {
	at, ok := p.functionAround(address)
	if !ok {
		return nil
	}
	inlined := false
	for descended := true; descended; {
		descended = false
		for _, child := range p.children(at) {
			if child.Tag == dwarf.TagInlinedSubroutine && p.covers(child, address) {
				at, descended, inlined = child.Offset, true, true
				break
			}
		}
	}
	found, twice := map[string]*dwarf.Entry{}, map[string]bool{}
	var add func(block dwarf.Offset)
	add = func(block dwarf.Offset) {
		var inner []dwarf.Offset
		for _, child := range p.children(block) {
			switch child.Tag {
			case dwarf.TagFormalParameter, dwarf.TagVariable:
				name, _ := p.inherited(child, dwarf.AttrName).(string)
				declared, _ := p.inherited(child, dwarf.AttrDeclLine).(int64)
				name = strings.TrimPrefix(name, "&")
				// Go 1.27 lists places of its own, `name.len`.
				if name == "" || name == "_" || strings.ContainsAny(name, "~.#") ||
					child.Tag == dwarf.TagVariable && int(declared) >= line {
					continue
				}
				if _, ok := p.inherited(child, dwarf.AttrType).(dwarf.Offset); !ok {
					continue
				}
				twice[name] = inlined && found[name] != nil
				found[name] = child
			case dwarf.TagLexDwarfBlock:
				if p.covers(child, address) {
					inner = append(inner, child.Offset)
				}
			}
		}
		for _, block := range inner {
			add(block)
		}
	}
	add(at)
	for name, more := range twice {
		if more {
			delete(found, name)
		}
	}
	return found
}

// lineValues are the values of the variables at a line.
func (p *program) lineValues(address uint64, line int) []value {
	visible := p.visible(address, line)
	var names []string
	for name := range visible {
		names = append(names, name)
	}
	sort.Strings(names)
	var all []value
	for _, name := range names {
		entry := visible[name]
		typ, _ := p.inherited(entry, dwarf.AttrType).(dwarf.Offset)
		whole, _ := p.inherited(entry, dwarf.AttrName).(string)
		if strings.HasPrefix(whole, "&") {
			pointer, _ := p.underlying(typ)
			to, ok := pointer.Val(dwarf.AttrType).(dwarf.Offset)
			if !ok {
				continue
			}
			typ = to
		}
		all = append(all, p.parts(value{param: name, size: p.size(typ)}, typ, 1)...)
	}
	return all
}

type sourceLine struct {
	where  string // FILE:LINE
	sites  []uint64
	first  int // number of the first value
	values []value
}

var (
	planClause = regexp.MustCompile(`^  clause ([0-9]+) `)
	planSite   = regexp.MustCompile(`^  (0x[0-9a-f]+) file `)
)

// writeLineScripts: `plan` is gotap's plan of a script with a clause for each line of `lines`, in order.
// Lines that share an instruction are left out, for which delve would have one stop, and so are values
// that are not variables of the same type in all code of the line.
func writeLineScripts(path, lines, plan, directory string) {
	p := openProgram(path)
	var all []*sourceLine
	for _, where := range readLines(lines) {
		all = append(all, &sourceLine{where: where})
	}
	var clauses []int
	fresh := true
	used := map[uint64]int{}
	for _, row := range readLines(plan) {
		if m := planClause.FindStringSubmatch(row); m != nil {
			if fresh {
				clauses = nil
			}
			fresh = false
			clause, err := strconv.Atoi(m[1])
			check(err)
			clauses = append(clauses, clause)
		} else if m := planSite.FindStringSubmatch(row); m != nil {
			fresh = true
			address, err := strconv.ParseUint(m[1], 0, 64)
			check(err)
			used[address] += len(clauses)
			for _, clause := range clauses {
				all[clause].sites = append(all[clause].sites, address)
			}
		}
	}
	var kept []*sourceLine
	number := 0
	for _, it := range all {
		alone := len(it.sites) > 0
		common := map[string]int{}
		line, err := strconv.Atoi(it.where[strings.LastIndexByte(it.where, ':')+1:])
		check(err)
		for _, site := range it.sites {
			alone = alone && used[site] == 1
			it.values = p.lineValues(site, line)
			for _, v := range it.values {
				common[v.kind+v.String()]++
			}
		}
		var values []value
		for _, v := range it.values {
			if common[v.kind+v.String()] == len(it.sites) {
				values = append(values, v)
			}
		}
		if it.values = values; alone && len(values) > 0 {
			it.first = number
			number += len(values)
			kept = append(kept, it)
		}
	}
	writeFile(filepath.Join(directory, "values"), func(w *bufio.Writer) {
		for _, it := range kept {
			for _, v := range it.values {
				fmt.Fprintf(w, "%s\t%s\t%s\n", it.where, v.kind, v)
			}
		}
	})
	writeFile(filepath.Join(directory, "gotap.bt"), func(w *bufio.Writer) {
		for i, it := range kept {
			fmt.Fprintf(w, "uprobe:%s@%s /!@seen[%d]/ {\n  @seen[%d] = 1;\n", path, it.where, i, i)
			for j, v := range it.values {
				format, expression := v.gotap("local.")
				fmt.Fprintf(w, "  printf(\"%d\\x1f%s\\x1e\", %s);\n", it.first+j, format, expression)
			}
			fmt.Fprint(w, "}\n")
		}
		fmt.Fprint(w, "END { clear(@seen); }\n")
	})
	writeFile(filepath.Join(directory, "delve.star"), func(w *bufio.Writer) {
		var stops []stop
		for i, it := range kept {
			for _, site := range it.sites {
				stops = append(stops, stop{site, i, it.first, it.values})
			}
		}
		delveScript(w, stops, true, directory)
	})
}
