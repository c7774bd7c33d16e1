// Package raft has the log entry in the layout that the article's script reads: the first word
// behind the pointer is the index.
package raft

type LogType uint8

type Log struct {
	Index uint64
	Term  uint64
	Type  LogType
	Data  []byte
}
