//go:build !cgo
// +build !cgo

package main

import "time"

func foreign() { time.Sleep(10 * time.Millisecond) }
