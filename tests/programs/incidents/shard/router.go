// Package shard asks all shards and waits for the slowest.
package shard

import (
	"sync"
	"sync/atomic"
	"time"
)

// Shard is one of them.
type Shard struct {
	Name    string
	Delay   time.Duration
	Queries int64 // so many were answered
}

// Router knows them all.
type Router struct{ Shards []*Shard }

// Search asks every shard, and adds up what they found.
func (r *Router) Search(query string) int {
	found := make([]int, len(r.Shards))
	var all sync.WaitGroup
	for i, shard := range r.Shards {
		all.Add(1)
		go func(i int, shard *Shard) {
			defer all.Done()
			found[i] = shard.Query(query)
		}(i, shard)
	}
	all.Wait()
	sum := 0
	for _, n := range found {
		sum += n
	}
	return sum
}

// Query asks one shard.
func (s *Shard) Query(query string) int {
	defer atomic.AddInt64(&s.Queries, 1)
	time.Sleep(s.Delay)
	return len(query)
}
