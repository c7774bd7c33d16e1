// Names of types: with full import paths, as DWARF spells them, from a descriptor, which has only
// the packages' last names. Entry points: full_name(), name_hash().
//
// Facts: cmd/compile/internal/types/fmt.go (tconv2, fldconv, LinkString), cmd/internal/objabi
// (PathToPrefix).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "go/descriptors.h"

namespace gotap::go {

/// Of a named type its package's path and its name, of others made from their parts:
/// "*net/http.Request", "map[string]main.T", "struct { A int }", "main.List[int]". A name that is
/// too long or leads to damage is the descriptor's own short one.
std::string full_name(const Descriptors& descriptors, const Descriptor& type);

/// Equal for the full and the short name of a type: of all but the packages.
uint32_t name_hash(std::string_view name);

}  // namespace gotap::go
