// The traced program of the benchmark, and its stopwatch for whole commands.
//
//	target serve            reads "run N", "fields N" and "line N" lines; answers with the thread CPU
//	                        time of a call of Work, of Fields, or of Line, in ns; "deep N" is Fields
//	                        below 60 more frames
//	target start N CMD...   runs CMD N times; prints median wall time in us and peak memory in KiB
package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

//go:noinline
func leaf(n int) int { return n + 1 }

// Work has a stack check, as it calls; one RET.
//
//go:noinline
func Work(n int) int { return leaf(n) * 3 }

// Object is what Fields is given: numbers, two strings, and what is shown whole.
type Object struct {
	N        [16]int64
	Key, Msg string
	Record   *Record
	Tree     *Branch
}

// Record has ten fields.
type Record struct {
	ID     int64
	Key    string
	Size   int32
	Ok     bool
	Kind   uint8
	Ratio  float64
	Name   string
	Made   int64
	Parent uint32
	Tag    string
}

// Branch is a node of a tree.
type Branch struct {
	Name        string
	Left, Right *Branch
}

func tree(levels int) *Branch {
	if levels == 0 {
		return nil
	}
	return &Branch{"level " + strconv.Itoa(levels), tree(levels - 1), tree(levels - 1)}
}

// Fields has a stack check too.
//
//go:noinline
func Fields(o *Object) int { return leaf(int(o.N[0])) * 3 }

var object = &Object{Key: "/registry/pods/default/web-7", Msg: "no leader",
	Record: &Record{ID: 7, Key: "/registry/pods/default/web-7", Size: 1024, Ok: true, Kind: 3,
		Ratio: 0.5, Name: "web-7", Made: 1700000000, Parent: 6, Tag: "default"},
	Tree: tree(3)}

// Line has three variables when its last line runs.
//
//go:noinline
func Line(n int) int {
	first := leaf(n)
	second := leaf(first * 2)
	third := leaf(second + n)
	return first + second*third // LOGGED
}

// below runs f below so many more frames.
//
//go:noinline
func below(frames int, f func() float64) float64 {
	if frames == 0 {
		return f()
	}
	return below(frames-1, f) + 0
}

const threadCPU = 3 // CLOCK_THREAD_CPUTIME_ID

func cpuNow() int64 {
	var ts syscall.Timespec
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, threadCPU, uintptr(unsafe.Pointer(&ts)), 0)
	return ts.Sec*1e9 + ts.Nsec
}

// run calls `work` n times in batches and returns the median cost of a call.
func run(n int, work func(int) int) float64 {
	const batches = 20
	per := n / batches
	costs := make([]float64, 0, batches)
	for b := 0; b < batches; b++ {
		start, sum := cpuNow(), 0
		for i := 0; i < per; i++ {
			sum += work(i)
		}
		costs = append(costs, float64(cpuNow()-start)/float64(per))
		if sum == 42 {
			fmt.Fprintln(os.Stderr, "unlikely")
		}
	}
	sort.Float64s(costs)
	return costs[batches/2]
}

func serve() {
	runtime.LockOSThread()
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		words := strings.Fields(in.Text())
		work, frames := Work, 0
		if len(words) == 2 {
			switch words[0] {
			case "deep":
				frames = 60
				work = func(int) int { return Fields(object) }
			case "fields":
				work = func(int) int { return Fields(object) }
			case "line":
				work = Line
			}
		}
		n, err := 0, error(nil)
		if len(words) == 2 {
			n, err = strconv.Atoi(words[1])
		}
		if err != nil || n == 0 {
			fmt.Println("what?")
			continue
		}
		fmt.Printf("%.1f\n", below(frames, func() float64 { return run(n, work) }))
	}
}

func start(times int, command []string) error {
	var walls, peaks []int64
	for i := 0; i < times; i++ {
		cmd := exec.Command(command[0], command[1:]...)
		before := time.Now()
		err := cmd.Run()
		wall := time.Since(before)
		if err != nil {
			return fmt.Errorf("%s: %w", command[0], err)
		}
		walls = append(walls, wall.Microseconds())
		peaks = append(peaks, cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)
	}
	sort.Slice(walls, func(i, j int) bool { return walls[i] < walls[j] })
	sort.Slice(peaks, func(i, j int) bool { return peaks[i] < peaks[j] })
	fmt.Println(walls[times/2], peaks[times/2])
	return nil
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "serve" {
		serve()
		return
	}
	if len(os.Args) > 3 && os.Args[1] == "start" {
		times, err := strconv.Atoi(os.Args[2])
		if err == nil && times > 0 {
			if err := start(times, os.Args[3:]); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			return
		}
	}
	fmt.Fprintln(os.Stderr, "usage: target serve | target start N CMD...")
	os.Exit(2)
}
