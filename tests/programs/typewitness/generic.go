//go:build go1.18
// +build go1.18

package main

import (
	"go/types"
	"strings"
)

func isGeneric(t *types.Signature) bool { return t.TypeParams().Len() > 0 }

func isGenericType(t types.Type) bool { return t.(*types.Named).TypeParams().Len() > 0 }

func (s speller) arguments(t *types.Named) string {
	var all []string
	for i := 0; i < t.TypeArgs().Len(); i++ {
		all = append(all, s.spell(t.TypeArgs().At(i)))
	}
	if len(all) == 0 {
		return ""
	}
	return "[" + strings.Join(all, ",") + "]"
}
