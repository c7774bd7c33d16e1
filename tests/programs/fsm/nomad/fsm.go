// Package nomad has a method of the shape that made the article write a script generator: a
// switch over the message's first byte with a return in every case. (Written for this test.)
package nomad

import (
	"fmt"
	"sync/atomic"

	"github.com/hashicorp/nomad/raft"
)

const ignoreUnknown = 0x80

type nomadFSM struct {
	bytes int64
}

func New() *nomadFSM { return &nomadFSM{} }

// Bytes tells how much data was applied.
func (n *nomadFSM) Bytes() int64 { return atomic.LoadInt64(&n.bytes) }

func (n *nomadFSM) Apply(log *raft.Log) interface{} {
	buf := log.Data
	kind := buf[0]
	ignore := false
	if kind&ignoreUnknown != 0 {
		kind &^= ignoreUnknown
		ignore = true
	}
	switch kind {
	case 0:
		return n.apply0(buf[1:], log.Index)
	case 1:
		return n.apply1(buf[1:], log.Index)
	case 2:
		return n.apply2(buf[1:], log.Index)
	case 3:
		return n.apply3(buf[1:], log.Index)
	case 4:
		return n.apply4(buf[1:], log.Index)
	case 5:
		return n.apply0(buf[1:], log.Index)
	case 6:
		return n.apply1(buf[1:], log.Index)
	case 7:
		return n.apply2(buf[1:], log.Index)
	case 8:
		return n.apply3(buf[1:], log.Index)
	case 9:
		return n.apply4(buf[1:], log.Index)
	case 10:
		return n.apply0(buf[1:], log.Index)
	case 11:
		return n.apply1(buf[1:], log.Index)
	case 12:
		return n.apply2(buf[1:], log.Index)
	case 13:
		return n.apply3(buf[1:], log.Index)
	case 14:
		return n.apply4(buf[1:], log.Index)
	case 15:
		return n.apply0(buf[1:], log.Index)
	case 16:
		return n.apply1(buf[1:], log.Index)
	case 17:
		return n.apply2(buf[1:], log.Index)
	case 18:
		return n.apply3(buf[1:], log.Index)
	case 19:
		return n.apply4(buf[1:], log.Index)
	case 20:
		return n.apply0(buf[1:], log.Index)
	case 21:
		return n.apply1(buf[1:], log.Index)
	case 22:
		return n.apply2(buf[1:], log.Index)
	case 23:
		return n.apply3(buf[1:], log.Index)
	case 24:
		return n.apply4(buf[1:], log.Index)
	case 25:
		return n.apply0(buf[1:], log.Index)
	case 26:
		return n.apply1(buf[1:], log.Index)
	case 27:
		return n.apply2(buf[1:], log.Index)
	case 28:
		return n.apply3(buf[1:], log.Index)
	case 29:
		return n.apply4(buf[1:], log.Index)
	case 30:
		return n.apply0(buf[1:], log.Index)
	case 31:
		return n.apply1(buf[1:], log.Index)
	case 32:
		return n.apply2(buf[1:], log.Index)
	case 33:
		return n.apply3(buf[1:], log.Index)
	case 34:
		return n.apply4(buf[1:], log.Index)
	case 35:
		return n.apply0(buf[1:], log.Index)
	case 36:
		return n.apply1(buf[1:], log.Index)
	case 37:
		return n.apply2(buf[1:], log.Index)
	case 38:
		return n.apply3(buf[1:], log.Index)
	case 39:
		return n.apply4(buf[1:], log.Index)
	case 40:
		return n.apply0(buf[1:], log.Index)
	case 41:
		return n.apply1(buf[1:], log.Index)
	case 42:
		return n.apply2(buf[1:], log.Index)
	case 43:
		return n.apply3(buf[1:], log.Index)
	case 44:
		return n.apply4(buf[1:], log.Index)
	case 45:
		return n.apply0(buf[1:], log.Index)
	case 46:
		return n.apply1(buf[1:], log.Index)
	case 47:
		return n.apply2(buf[1:], log.Index)
	case 48:
		return n.apply3(buf[1:], log.Index)
	case 49:
		return n.apply4(buf[1:], log.Index)
	}
	if ignore {
		return nil
	}
	return fmt.Errorf("unknown message type %d at index %d", kind, log.Index)
}

//go:noinline
func (n *nomadFSM) apply0(buf []byte, index uint64) interface{} {
	atomic.AddInt64(&n.bytes, int64(len(buf)))
	return index + 0
}

//go:noinline
func (n *nomadFSM) apply1(buf []byte, index uint64) interface{} {
	atomic.AddInt64(&n.bytes, int64(len(buf)))
	return index + 1
}

//go:noinline
func (n *nomadFSM) apply2(buf []byte, index uint64) interface{} {
	atomic.AddInt64(&n.bytes, int64(len(buf)))
	return index + 2
}

//go:noinline
func (n *nomadFSM) apply3(buf []byte, index uint64) interface{} {
	atomic.AddInt64(&n.bytes, int64(len(buf)))
	return index + 3
}

//go:noinline
func (n *nomadFSM) apply4(buf []byte, index uint64) interface{} {
	atomic.AddInt64(&n.bytes, int64(len(buf)))
	return index + 4
}
