// Package wal is a write-ahead log: a record is kept when Append returns.
package wal

import (
	"encoding/binary"
	"os"
	"time"
)

// Log is an open log file.
type Log struct {
	file            *os.File
	size            int64
	Slow, SlowSyncs int // appends, and the syncs in them, that took longer than 50 ms
}

// Open opens the log.
func Open(path string) (*Log, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	return &Log{file: file}, nil
}

// Append writes a record and makes it safe.
func (l *Log) Append(record []byte) error {
	began := time.Now()
	defer func() {
		if time.Since(began) > 50*time.Millisecond {
			l.Slow++
		}
	}()
	if err := l.write(record); err != nil {
		return err
	}
	return l.sync()
}

func (l *Log) sync() error {
	began := time.Now()
	err := l.file.Sync()
	if time.Since(began) > 50*time.Millisecond {
		l.SlowSyncs++
	}
	return err
}

func (l *Log) write(record []byte) error {
	var header [4]byte
	binary.LittleEndian.PutUint32(header[:], uint32(len(record)))
	n, err := l.file.Write(append(header[:], record...))
	l.size += int64(n)
	return err
}

// Close closes the log.
func (l *Log) Close() error { return l.file.Close() }
