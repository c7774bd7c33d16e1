//go:build !go1.18
// +build !go1.18

package main

import "go/types"

func isGeneric(*types.Signature) bool { return false }

func isGenericType(types.Type) bool { return false }

func (s speller) arguments(*types.Named) string { return "" }
