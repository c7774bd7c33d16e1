// incidents: a shop of twelve small services, with something wrong in each of them. `incidents NAME` says `ready`, waits for
// a line on its standard input, puts load on one of them and says at its end what it knows of it itself:
// `truth KEY VALUE`. What to ask gotap about each is in docs/incidents.md.
package main

import (
	"bufio"
	"fmt"
	"os"
	"sort"
)

// An incident runs its load and says what is true of it.
type incident func(truth func(key string, value interface{}))

var incidents = map[string]incident{
	"slow-apply":       slowApply,
	"slow-tenant":      slowTenant,
	"swallowed-error":  swallowedError,
	"mutex-convoy":     mutexConvoy,
	"goroutine-leak":   goroutineLeak,
	"retry-storm":      retryStorm,
	"recovered-panic":  recoveredPanic,
	"slow-fsync":       slowFsync,
	"unexpected-nil":   unexpectedNil,
	"cold-cache":       coldCache,
	"callers-deadline": callersDeadline,
	"slow-shard":       slowShard,
}

func main() {
	var run incident
	if len(os.Args) == 2 {
		run = incidents[os.Args[1]]
	}
	if run == nil {
		var names []string
		for name := range incidents {
			names = append(names, name)
		}
		sort.Strings(names)
		fmt.Fprintln(os.Stderr, "usage: incidents NAME, of", names)
		os.Exit(2)
	}
	fmt.Println("ready")
	bufio.NewReader(os.Stdin).ReadString('\n')
	run(func(key string, value interface{}) { fmt.Println("truth", key, value) })
}
