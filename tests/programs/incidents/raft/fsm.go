// Package raft applies committed log entries to a state machine, one after the other.
package raft

import (
	"fmt"
	"time"
)

// EntryType says what an entry does.
type EntryType uint8

// The types of entries.
const (
	EntryPut EntryType = iota
	EntryDelete
	EntryLeaseRevoke
)

// Entry is one record of the log.
type Entry struct {
	Index uint64
	Type  EntryType
	Key   string
	Value []byte
}

// FSM is what the log is applied to.
type FSM struct {
	values map[string][]byte
	Slow   int // applies that took longer than 20 ms
}

// NewFSM returns an empty one.
func NewFSM() *FSM { return &FSM{values: map[string][]byte{}} }

// Apply applies one committed entry.
func (f *FSM) Apply(entry *Entry) error {
	began := time.Now()
	defer func() {
		if time.Since(began) > 20*time.Millisecond {
			f.Slow++
		}
	}()
	switch entry.Type {
	case EntryPut:
		f.values[entry.Key] = entry.Value
	case EntryDelete:
		delete(f.values, entry.Key)
	case EntryLeaseRevoke:
		return f.revokeLease(entry.Key)
	default:
		return fmt.Errorf("raft: entry %d of type %d", entry.Index, entry.Type)
	}
	return nil
}

// revokeLease deletes what hangs on a lease. It looks at every lease there is.
func (f *FSM) revokeLease(lease string) error {
	for key := range f.values {
		if key == lease {
			delete(f.values, key)
		}
	}
	time.Sleep(40 * time.Millisecond)
	return nil
}
