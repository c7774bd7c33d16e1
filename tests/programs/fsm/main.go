// fsm WORKERS CALLS [PAUSE]: WORKERS goroutines apply CALLS log entries each, cycling through
// all message types; prints how often Apply was called and returned, counted by its callers.
// CALLS 0: until standard input ends; prints `running` once every worker has made a call.
// With PAUSE (a duration) each worker sleeps that long every hundred calls.
package main

import (
	"fmt"
	"io"
	"io/ioutil"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/nomad/nomad"
	"github.com/hashicorp/nomad/raft"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: fsm WORKERS CALLS [PAUSE]")
		os.Exit(2)
	}
	workers, _ := strconv.Atoi(os.Args[1])
	calls, _ := strconv.Atoi(os.Args[2])
	var pause time.Duration
	if len(os.Args) > 3 {
		pause, _ = time.ParseDuration(os.Args[3])
	}
	fsm := nomad.New()
	var called, returned, failed, wrong, begun int64
	var stop int32
	endless := calls == 0
	if endless {
		calls = 1 << 40
		go func() {
			io.Copy(ioutil.Discard, os.Stdin)
			atomic.StoreInt32(&stop, 1)
		}()
	}
	var all sync.WaitGroup
	for w := 0; w < workers; w++ {
		all.Add(1)
		go func(w int) {
			defer all.Done()
			for i := 0; i < calls && atomic.LoadInt32(&stop) == 0; i++ {
				kind := byte(i % 52) // 50 and 51 are unknown
				if i%3 == 0 && kind >= 50 {
					kind |= 0x80
				}
				log := raft.Log{Index: uint64(w*calls + i), Term: 1, Data: []byte{kind, 1, 2, 3}}
				atomic.AddInt64(&called, 1)
				result := fsm.Apply(&log)
				atomic.AddInt64(&returned, 1)
				switch r := result.(type) {
				case error:
					atomic.AddInt64(&failed, 1)
				case uint64:
					if r != log.Index+uint64(kind%5) {
						atomic.AddInt64(&wrong, 1)
					}
				}
				if i == 0 && atomic.AddInt64(&begun, 1) == int64(workers) && endless {
					fmt.Println("running")
				}
				if pause > 0 && i%100 == 0 {
					time.Sleep(pause)
				}
			}
		}(w)
	}
	all.Wait()
	fmt.Printf("called %d returned %d unknown %d wrong %d bytes %d\n", called, returned, failed, wrong, fsm.Bytes())
}
