// Package work is what the soak program does all day: functions that are hard on a tracer, each
// of which counts itself (tally) and answers the same for the same seed.
//
// Every function is noinline and counted; what the compiler adds (wrappers of methods) is
// counted by its caller.
package work

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"runtime"
	"sort"
	"strings"
	"sync/atomic"
	"time"

	"soak/tally"
)

// Kinds are the parts of a round.
var Kinds = []struct {
	Name string
	Run  func(seed uint64) uint64
}{
	{"stacks", Stacks}, {"panics", Panics}, {"maps", Maps}, {"channels", Channels},
	{"threads", Threads}, {"timers", Timers}, {"sorting", Sorting}, {"methods", Methods},
	{"text", Text}, {"callers", Callers}, {"faults", Faults}, {"echoes", Echoes},
}

var (
	nStacks   = tally.New("Stacks")
	nDeepen   = tally.New("Deepen")
	nMaps     = tally.New("Maps")
	nThreads  = tally.New("Threads")
	nMoved    = tally.New("(*moved).Run")
	nTimers   = tally.New("Timers")
	nTick     = tally.New("(*tick).Run")
	nSorting  = tally.New("Sorting")
	nLess     = tally.New("closure")
	nLen      = tally.New("byTail.Len")
	nTailLess = tally.New("byTail.Less")
	nSwap     = tally.New("byTail.Swap")
	nPtrLen   = tally.New("(*byTail).Len") // the wrappers that package sort calls
	nPtrLess  = tally.New("(*byTail).Less")
	nPtrSwap  = tally.New("(*byTail).Swap")
	nText     = tally.New("Text")
	nMix      = tally.New("Mix")
	nCallers  = tally.New("Callers")
	nWhere    = tally.New("Where")
	nEchoes   = tally.New("Echoes")
	nEcho     = tally.New("Echo")
	nWide     = tally.New("Wide")
	nEmpty    = tally.New("Empty")
)

// Mix is a step of a hash (FNV-1a over words).
//
//go:noinline
func Mix(a, b uint64) uint64 {
	nMix.Enter()
	h := (a ^ b) * 1099511628211
	h ^= h >> 29
	nMix.Leave()
	return h
}

// Stacks grows a stack by recursion, with pointers into it that the runtime has to adjust, and
// has the collector shrink it while it is blocked.
//
//go:noinline
func Stacks(seed uint64) uint64 {
	nStacks.Enter()
	sum := seed
	for i := uint64(0); i < 3; i++ {
		sum = Deepen(20+int(seed%30)*int(i), &sum)
	}
	nStacks.Leave()
	return sum
}

//go:noinline
func Deepen(n int, above *uint64) uint64 {
	nDeepen.Enter()
	var pad [300]byte
	pad[n%300] = byte(n)
	own := Mix(*above, uint64(n))
	before := own
	if n > 0 {
		own += Deepen(n-1, &own)
	}
	if n%16 == 15 {
		runtime.Gosched()
	}
	sum := own ^ uint64(pad[n%300])
	if n > 0 && own == before {
		sum = 0
	}
	nDeepen.Leave()
	return sum
}

//go:noinline
func Maps(seed uint64) uint64 {
	nMaps.Enter()
	words, total := map[string]uint64{}, uint64(0)
	for i := uint64(0); i < 60; i++ {
		words[fmt.Sprint("key", (seed+i*7)%40)] += i
		if i%5 == 4 {
			delete(words, fmt.Sprint("key", i))
		}
	}
	for key, value := range words { // in any order
		total += value*uint64(len(key)) + uint64(key[len(key)-1])
	}
	nMaps.Leave()
	return total
}

type moved struct{ in, out uint64 }

var mayEnd uint32 // goroutines that could have ended their thread

// Run changes threads, is locked to one, and now and then ends with its thread: not every time,
// as while a CPU profile is taken Go (from 1.18 on) loses a timer of the system's with each
// thread that ends, and there is a limit to those, for all of a user's processes.
//
//go:noinline
func (m *moved) Run() {
	nMoved.Enter()
	m.out = m.in
	for i := uint64(0); i < 6; i++ {
		runtime.LockOSThread()
		m.out = Mix(m.out, i)
		runtime.Gosched()
		if i != 5 || m.in%4 != 0 || atomic.AddUint32(&mayEnd, 1)%64 != 0 { // else the thread dies with the goroutine
			runtime.UnlockOSThread()
		}
	}
	nMoved.Leave()
}

//go:noinline
func Threads(seed uint64) uint64 {
	nThreads.Enter()
	jobs, waits := [3]moved{}, [3]func(){}
	for i := range jobs {
		jobs[i].in = seed + uint64(i)
		waits[i] = tally.Go(&jobs[i])
	}
	sum := uint64(0)
	for i := range jobs {
		waits[i]()
		sum += jobs[i].out
	}
	nThreads.Leave()
	return sum
}

type tick struct{ sum uint64 }

//go:noinline
func (t *tick) Run() {
	nTick.Enter()
	t.sum = Mix(t.sum, 3)
	nTick.Leave()
}

//go:noinline
func Timers(seed uint64) uint64 {
	nTimers.Enter()
	t := &tick{seed}
	for i := 0; i < 2; i++ {
		run, wait := tally.Func(t, 1)
		time.AfterFunc(time.Duration(seed%3)*100*time.Microsecond, run)
		wait()
	}
	sum := t.sum
	nTimers.Leave()
	return sum
}

type byTail []string

//go:noinline
func (s byTail) Len() int {
	nPtrLen.Enter()
	nLen.Enter()
	n := len(s)
	nLen.Leave()
	nPtrLen.Leave()
	return n
}

//go:noinline
func (s byTail) Less(i, j int) bool {
	nPtrLess.Enter()
	nTailLess.Enter()
	a, b := s[i], s[j]
	less := a[len(a)-1] < b[len(b)-1]
	nTailLess.Leave()
	nPtrLess.Leave()
	return less
}

//go:noinline
func (s byTail) Swap(i, j int) {
	nPtrSwap.Enter()
	nSwap.Enter()
	s[i], s[j] = s[j], s[i]
	nSwap.Leave()
	nPtrSwap.Leave()
}

//go:noinline
func Sorting(seed uint64) uint64 {
	nSorting.Enter()
	values, names := make([]uint64, 30), make([]string, 15)
	for i := range values {
		values[i] = Mix(seed, uint64(i)) % 1000
	}
	less := func(i, j int) bool {
		nLess.Enter()
		is := values[i] < values[j]
		nLess.Leave()
		return is
	}
	nLess.Named(less)
	sort.Slice(values, less)
	for i := range names {
		names[i] = fmt.Sprint(values[i*2], values[29-i])
	}
	sort.Stable(byTail(names))
	sum := uint64(0)
	for i, value := range values {
		sum += value * uint64(i)
		if i > 0 && values[i-1] > value {
			sum = 0
		}
	}
	for _, name := range names {
		sum = sum*31 + uint64(name[len(name)-1])
	}
	nSorting.Leave()
	return sum
}

//go:noinline
func Text(seed uint64) uint64 {
	nText.Enter()
	record := map[string]interface{}{"seed": fmt.Sprint(seed), "list": []int{int(seed % 9), 2, 3},
		"name": strings.Repeat("soak", int(seed%20))}
	text, err := json.Marshal(record)
	var back map[string]interface{}
	if err != nil || json.Unmarshal(text, &back) != nil || back["seed"] != record["seed"] {
		text = nil
	}
	hash := sha256.Sum256(text)
	sum := binary.LittleEndian.Uint64(hash[:])
	nText.Leave()
	return sum
}

// Callers checks its own call chain: every return address on the stack is the compiler's.
//
//go:noinline
func Callers(seed uint64) uint64 {
	nCallers.Enter()
	sum := Where(int(seed % 12))
	nCallers.Leave()
	return sum
}

//go:noinline
func Where(n int) uint64 {
	nWhere.Enter()
	sum := uint64(0)
	if n > 0 {
		sum = Where(n-1) + 1
	} else {
		var pcs [64]uintptr
		frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs[:])])
		for {
			frame, more := frames.Next()
			if strings.HasPrefix(frame.Function, "soak/work.") {
				sum = sum*31 + uint64(len(frame.Function))
			}
			if !more {
				break
			}
		}
		if len(debugStack()) == 0 {
			sum = 0
		}
	}
	nWhere.Leave()
	return sum
}

var nDebugStack = tally.New("debugStack")

//go:noinline
func debugStack() []byte {
	nDebugStack.Enter()
	buffer := make([]byte, 4096)
	buffer = buffer[:runtime.Stack(buffer, false)]
	nDebugStack.Leave()
	return buffer
}

// Echo's arguments are bound to each other, so that a tracer can check what it reads:
// b = 7a + 1, and s has n = a%16 bytes, all 'e'.
//
//go:noinline
func Echo(a, b uint64, s string) uint64 {
	nEcho.Enter()
	r := a + b + uint64(len(s))
	nEcho.Leave()
	return r
}

// Wide has more arguments and results than registers, floats among them.
//
//go:noinline
func Wide(a, b, c, d, e, f, g, h, i, j uint64, x, y float64) (uint64, uint64, uint64, uint64, uint64, float64, float64, uint64, uint64, uint64, uint64, uint64) {
	nWide.Enter()
	nWide.Leave()
	return j, i, h, g, f, y, x, e, d, c, b, a
}

//go:noinline
func Empty() {}

//go:noinline
func Echoes(seed uint64) uint64 {
	nEchoes.Enter()
	sum := uint64(0)
	for i := uint64(0); i < 10; i++ {
		a := seed*100 + i
		if r := Echo(a, 7*a+1, strings.Repeat("e", int(a%16))); r != 8*a+1+a%16 {
			sum += 1 << 40
		}
		j, b, _, _, _, y, x, _, _, _, _, k := Wide(a, 2, 3, 4, 5, 6, 7, 8, 9, i, 1.5, 2.5)
		if j != i || b != 9 || k != a || x != 1.5 || y != 2.5 {
			sum += 1 << 41
		}
		nEmpty.Enter()
		Empty()
		nEmpty.Leave()
		sum += i
	}
	nEchoes.Leave()
	return sum
}
