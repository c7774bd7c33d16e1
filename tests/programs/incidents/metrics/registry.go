// Package metrics counts, and is asked for all counters from time to time.
package metrics

import (
	"sort"
	"strconv"
	"sync"
	"time"
)

// Registry holds all counters under one mutex.
type Registry struct {
	mu       sync.Mutex
	counters map[string]int64
}

// NewRegistry returns an empty one.
func NewRegistry() *Registry { return &Registry{counters: map[string]int64{}} }

// Add adds to a counter.
func (r *Registry) Add(name string, n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counters[name] += n
}

// Snapshot returns all counters as text.
func (r *Registry) Snapshot() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.encode()
}

// encode writes the counters out; the mutex is held all the while.
func (r *Registry) encode() []byte {
	var names []string
	for name := range r.counters {
		names = append(names, name)
	}
	sort.Strings(names)
	var text []byte
	for _, name := range names {
		text = append(text, name...)
		text = strconv.AppendInt(append(text, ' '), r.counters[name], 10)
		text = append(text, '\n')
	}
	time.Sleep(25 * time.Millisecond)
	return text
}
