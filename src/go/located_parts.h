// Parts of a value that are in places of their own: what DWARF and the types say of them. Private
// to go/. Entry points: add_parts(), offset_of().
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "go/dwarf_types.h"

namespace gotap::go {

constexpr uint16_t kFirstFloat = 17;  ///< DWARF's number of XMM0
constexpr uint16_t kFloats = 16;

bool is_same_place(const LocatedPiece& a, const LocatedPiece& b);
bool is_float(const LocatedPiece& piece);
/// Whether it is a word, or less, in a general register or the frame: the code can be asked about
/// it.
bool is_word(const LocatedPiece& piece);
/// The offset of a general register's piece in struct pt_regs.
uint16_t register_of(const LocatedPiece& piece);

struct Part {
  uint32_t offset = 0, size = 0;
};

/// The scalars that a value is made of. False: not known, or too many.
bool add_parts(const Types& types, TypeId id, uint32_t at, std::vector<Part>& parts,
               unsigned depth = 0);

/// Where the piece begins in the value: DWARF's parts are the value's only if they are all there.
std::optional<uint32_t> offset_of(const LocatedPiece& piece, const LocatedValue& value,
                                  const std::vector<Part>& parts);

}  // namespace gotap::go
