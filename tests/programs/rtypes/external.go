//go:build cgo
// +build cgo

package main

// Links C code, so that the system's linker makes the program.

// int twice(int x) { return 2 * x; }
import "C"

func init() { C.twice(21) }
