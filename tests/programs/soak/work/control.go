package work

import (
	"runtime"

	"soak/tally"
)

// What leaves a function by another way than its return: panics, signals that become panics,
// Goexit; and calls that come by another way: wrappers of methods, deferred calls.

var (
	nPanics   = tally.New("Panics")
	nRescued  = tally.New("Rescued")
	nRescue   = tally.New("Rescue")
	nMiddle   = tally.New("Middle")
	nNoise    = tally.New("Noise")
	nThrow    = tally.New("Throw")
	nAgain    = tally.New("Again")
	nFaults   = tally.New("Faults")
	nFault    = tally.New("Fault")
	nLeaver   = tally.New("(*leaver).Run")
	nChannels = tally.New("Channels")
	nProduce  = tally.New("(*producer).Run")
	nMethods  = tally.New("Methods")
	nInnerGet = tally.New("(*inner).Get")
	nOuterGet = tally.New("(*outer).Get") // a wrapper that leaves by a jump
	nValueGet = tally.New("value.Get")
	nPtrGet   = tally.New("(*value).Get") // a wrapper that calls
)

// Rescue recovers for the function that deferred it, which then returns.
//
//go:noinline
func Rescue(caller *tally.Counter, out *uint64) {
	nRescue.Enter()
	if what := recover(); what != nil {
		caller.Leave()
		*out += 1000
		if n, is := what.(uint64); is {
			*out += n
		}
	}
	nRescue.Leave()
}

//go:noinline
func Throw(n uint64) uint64 {
	nThrow.Enter()
	if n%3 != 0 {
		panic(n)
	}
	nThrow.Leave()
	return n
}

//go:noinline
func Noise(out *uint64) {
	nNoise.Enter()
	*out += Deepen(3, out)
	nNoise.Leave()
}

// Again panics while it is run by a panic.
//
//go:noinline
func Again(n uint64) {
	nAgain.Enter()
	if n%5 == 0 {
		panic(n + 1)
	}
	nAgain.Leave()
}

//go:noinline
func Middle(n uint64, out *uint64) {
	nMiddle.Enter()
	defer Noise(out)
	defer Again(n)
	*out += Throw(n)
	if n%5 != 0 {
		nMiddle.Leave()
	}
}

//go:noinline
func Rescued(n uint64) (out uint64) {
	nRescued.Enter()
	defer Rescue(nRescued, &out)
	Middle(n, &out)
	nRescued.Leave()
	return out
}

//go:noinline
func Panics(seed uint64) uint64 {
	nPanics.Enter()
	sum := uint64(0)
	for i := uint64(0); i < 6; i++ {
		sum = sum*7 + Rescued(seed+i)
	}
	nPanics.Leave()
	return sum
}

// Fault does what the processor or the runtime forbids: signals become panics.
//
//go:noinline
func Fault(kind int, p *int, list []int) (out uint64) {
	nFault.Enter()
	defer Rescue(nFault, &out)
	switch kind {
	case 0:
		*p = 1
	case 1:
		out = uint64(kind / len(list))
	case 2:
		out = uint64(list[kind])
	case 3:
		var job tally.Job
		job.Run()
	case 4:
		out = 7
	}
	nFault.Leave()
	return out
}

type leaver struct{ out uint64 }

// Run ends its goroutine.
//
//go:noinline
func (l *leaver) Run() {
	nLeaver.Enter()
	defer Noise(&l.out)
	runtime.Goexit()
}

//go:noinline
func Faults(seed uint64) uint64 {
	nFaults.Enter()
	sum := uint64(0)
	for kind := 0; kind < 5; kind++ {
		sum = sum*11 + Fault(kind, nil, nil)
	}
	l := &leaver{seed}
	tally.Go(l)()
	sum += l.out
	nFaults.Leave()
	return sum
}

type producer struct {
	n   uint64
	out chan<- uint64
}

//go:noinline
func (p *producer) Run() {
	nProduce.Enter()
	for i := uint64(0); i < p.n; i++ {
		p.out <- i * i
	}
	nProduce.Leave()
}

//go:noinline
func Channels(seed uint64) uint64 {
	nChannels.Enter()
	channel := make(chan uint64, seed%3)
	first, second := tally.Go(&producer{20, channel}), tally.Go(&producer{seed % 25, channel})
	sum := uint64(0)
	for i := uint64(0); i < 20+seed%25; i++ {
		select {
		case n := <-channel:
			sum += n
		}
	}
	first()
	second()
	nChannels.Leave()
	return sum
}

type getter interface{ Get(n uint64) uint64 }

type inner struct{ base uint64 }

//go:noinline
func (i *inner) Get(n uint64) uint64 {
	nInnerGet.Enter()
	sum := i.base*3 + n
	nInnerGet.Leave()
	return sum
}

type outer struct {
	name string
	inner
}

type value struct{ base uint64 }

//go:noinline
func (v value) Get(n uint64) uint64 {
	nValueGet.Enter()
	sum := v.base*5 + n
	nValueGet.Leave()
	return sum
}

var (
	wrapped  getter = &outer{"outer", inner{4}}
	direct   getter = &inner{5}
	indirect getter = &value{6}
)

//go:noinline
func Methods(seed uint64) uint64 {
	nMethods.Enter()
	nOuterGet.Enter()
	sum := wrapped.Get(seed)
	nOuterGet.Leave()
	sum += direct.Get(seed)
	nPtrGet.Enter()
	sum += indirect.Get(seed)
	nPtrGet.Leave()
	nMethods.Leave()
	return sum
}
