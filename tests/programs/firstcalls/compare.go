package main

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

// seen reads what a script wrote: the text of each value by its number.
func seen(path string) map[int]string {
	text, err := os.ReadFile(path)
	check(err)
	// Delve writes a text as it is quoted in its scripts.
	if quoted, err := strconv.Unquote(string(text)); err == nil {
		text = []byte(quoted)
	}
	all := map[int]string{}
	for _, record := range strings.Split(string(text), end) {
		parts := strings.SplitN(record, separator, 2)
		if len(parts) != 2 {
			continue
		}
		number, err := strconv.Atoi(strings.TrimSpace(parts[0]))
		check(err)
		if _, twice := all[number]; !twice {
			all[number] = parts[1]
		}
	}
	return all
}

// What became of a value.
const (
	equal = iota
	moved
	unknownToDelve
	unknownToGotap
	unknownToBoth
	notTheSame
	different
	outcomes
)

var titles = [outcomes]string{unknownToDelve: "unknown to delve", unknownToGotap: "unknown to gotap",
	unknownToBoth: "unknown to both",
	notTheSame:    "not the same in two runs"}

func compareSeen(directory string) {
	in := func(name string) string { return filepath.Join(directory, name) }
	gotap, again, delve := seen(in("gotap.seen")), seen(in("gotap.again")), seen(in("delve.seen"))
	agreedLater := map[string]bool{}
	if _, err := os.Stat(in("agreed")); err == nil {
		for _, function := range readLines(in("agreed")) {
			agreedLater[function] = true
		}
	}
	run := &renaming{to: map[uint64]uint64{}, from: map[uint64]uint64{}}
	functions, differing := map[string]bool{}, map[string]bool{}
	var counts [outcomes]int
	reasons := map[string]int{}
	values := 0
	for number, line := range readLines(in("values")) {
		fields := strings.SplitN(line, "\t", 3)
		function, kind, what := fields[0], fields[1], fields[2]
		g, called := gotap[number]
		d, stopped := delve[number]
		if !called && !stopped {
			continue
		}
		functions[function] = true
		values++
		outcome, reason := different, ""
		if called && stopped {
			outcome, reason = judge(kind, g, again[number], d, run)
		}
		if outcome == different && agreedLater[function] {
			outcome, reason = notTheSame, "agreed in a later run of the program"
		}
		if outcome == different {
			differing[function] = true
			fmt.Printf("difference: %s: %s %s: gotap %q, delve %q\n", function, kind, what, g, d)
		}
		counts[outcome]++
		if reason != "" {
			reasons[titles[outcome]+": "+reason]++
		}
	}
	writeFile(in("differing"), func(w *bufio.Writer) {
		for function := range differing {
			fmt.Fprintln(w, function)
		}
	})
	var lines []string
	for reason, n := range reasons {
		lines = append(lines, fmt.Sprintf("%s: %d", reason, n))
	}
	sort.Strings(lines)
	for _, line := range lines {
		fmt.Println("  " + line)
	}
	both := ""
	if counts[unknownToBoth] > 0 {
		both = fmt.Sprintf("%d unknown to both, ", counts[unknownToBoth])
	}
	fmt.Printf("%d functions, %d values, %d equal, %d equal but for the address, %d unknown to delve, "+
		"%d unknown to gotap, %s%d not the same in two runs, %d differences\n", len(functions), values,
		counts[equal], counts[moved], counts[unknownToDelve], counts[unknownToGotap], both,
		counts[notTheSame], counts[different])
}

// judge says what the two make of a value, with the reason if they do not both know it.
func judge(kind, gotap, again, delve string, run *renaming) (int, string) {
	unknown := unknownTo(delve)
	isVariable := notKnownHere.FindStringSubmatch(gotap)
	switch {
	case isVariable != nil && unknown != "":
		return unknownToBoth, unknown
	case isVariable != nil:
		return unknownToGotap, isVariable[1]
	case agree(kind, gotap, delve):
		return equal, ""
	case unknown != "":
		return unknownToDelve, unknown
	case inFloatRegister.MatchString(gotap):
		return unknownToGotap, "in a floating-point register"
	case gotap == "<not readable>":
		// Memory that nobody has touched, or pages of the file that nobody has read.
		if isZero(kind, delve) {
			return unknownToGotap, "memory not touched yet"
		}
		return unknownToGotap, "page of the file not read yet"
	case run.same(kind, gotap, delve):
		return moved, ""
	case gotap != again:
		return notTheSame, "gotap's own two runs differ"
	}
	return different, ""
}

// unknownTo is why delve does not know a value; "": it knows.
func unknownTo(delve string) string {
	if !strings.HasPrefix(delve, "?") {
		return ""
	}
	for reason, sign := range map[string]string{
		"a place twice in the location (Go up to 1.20)":            "?a place twice",
		"another parameter is in the same register":                "?another parameter",
		"no padding in the location":                               "?no padding",
		"declared on a later line than the function":               "?no such parameter",
		"unused parameter without a location":                      "?empty OP stack",
		"slice of which only the length is left":                   "non-zero length array with nil base",
		"variable without a location there":                        "could not find loclist entry",
		"what an interface or a closure in registers leads to":     "read out of bounds",
		"type of an interface that delve does not find":            "?could not resolve interface type",
		"structure in several registers, whose parts are not read": "?not loaded",
	} {
		if strings.Contains(delve, sign) {
			return reason
		}
	}
	return ""
}

var (
	notKnownHere    = regexp.MustCompile(`^<(optimized out|not known here)>$`)
	inFloatRegister = regexp.MustCompile(`^<in XMM[0-9]+>$`)
	// What precedes the last part of a package path in a type's name.
	packagePath = regexp.MustCompile(`[^][*(){}, ]+/`)
	// The number of a constant, which delve shows behind its name.
	constant = regexp.MustCompile(`^.* \((-?[0-9]+)\)$`)
)

func isZero(kind, delve string) bool {
	if kind == "nil" {
		return delve == "1"
	}
	delve = constant.ReplaceAllString(delve, "$1")
	return delve == "0" || delve == "" || delve == "<nil>" || delve == "1"
}

func agree(kind, gotap, delve string) bool {
	switch kind {
	case "int", "uint":
		delve = constant.ReplaceAllString(delve, "$1")
	case "type":
		// DWARF has the whole path of a package, the runtime only its end.
		return packagePath.ReplaceAllString(gotap, "") == packagePath.ReplaceAllString(delve, "")
	case "float":
		a, failed := strconv.ParseFloat(gotap, 64)
		b, alsoFailed := strconv.ParseFloat(delve, 64)
		if failed == nil && alsoFailed == nil {
			return a == b || math.Abs(a-b) < 1e-5*math.Abs(b)
		}
	}
	return gotap == delve
}

// renaming of addresses: each run has its own heap, as threads that begin sooner or later move what is
// allocated next, and Go 1.26 puts it anywhere. Nothing is freed, so that one address of one run is always
// the same one of the other. The first thread's stack as a whole is a bit higher or lower.
type renaming struct {
	to, from map[uint64]uint64
	stack    uint64 // how far, once `placed`
	placed   bool
}

func (r *renaming) same(kind, gotap, delve string) bool {
	// The program itself is below, what the kernel places is above.
	const heap, libraries, stack = 1 << 32, 0x7f0000000000, 0x7fff00000000
	a, failed := strconv.ParseUint(gotap, 10, 64)
	b, alsoFailed := strconv.ParseUint(delve, 10, 64)
	if kind != "pointer" && kind != "uint" || failed != nil || alsoFailed != nil {
		return false
	}
	if a > stack && b > stack && a < 1<<47 && b < 1<<47 {
		if !r.placed {
			r.stack, r.placed = b-a, true
		}
		return b-a == r.stack
	}
	if a < heap || b < heap || a >= libraries || b >= libraries {
		return false
	}
	to, known := r.to[a]
	from, alsoKnown := r.from[b]
	if known || alsoKnown {
		return to == b && from == a
	}
	r.to[a], r.from[b] = b, a
	return true
}
