package main

import "testing"

// TestMain makes `go test` binaries do what the program does.
func TestMain(*testing.M) { main() }
