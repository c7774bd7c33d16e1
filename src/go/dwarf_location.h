// Where a value is, read from a location expression of DWARF. Entry point: read_location().
//
// Facts: DWARF 5 section 2.6; the AMD64 supplement (numbers of registers); of Go:
// cmd/compile/internal/ssa/debug.go (which operations it uses).
#pragma once

#include <optional>
#include <vector>

#include "elf/dwarf.h"
#include "go/dwarf_types.h"

namespace gotap::go {

/// By offset in the value; what is nowhere is left out. Nothing: it is nowhere, or the expression
/// is not understood. `parts`: the sizes of all its parts are added there.
std::vector<LocatedPiece> read_location(const elf::Dwarf& dwarf, const elf::DwarfUnit& unit,
                                        Bytes expression, uint64_t value_size,
                                        std::vector<uint32_t>* parts = nullptr);

}  // namespace gotap::go
