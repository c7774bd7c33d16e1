// Where a line of source has code, of DWARF's line tables or the pclntab's. Entry point:
// find_line_sites(). Private to go/.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "elf/elf.h"
#include "go/dwarf_types.h"
#include "go/image.h"
#include "go/inline_tree.h"
#include "go/pclntab.h"

namespace gotap::go {

/// The program whose lines are looked for.
struct LineInput {
  const elf::Elf& elf;
  const Pclntab& pclntab;
  const std::vector<Function>& functions;
  const std::vector<PclnFunction>& rows;  ///< parallel to `functions`
  const InlineTables* inlined = nullptr;  ///< null: not known of this version
  std::optional<SourceRows> described;    ///< of DWARF; nothing: the pclntab's lines are taken
};

/// As far as can be had, one instruction runs each time that the line does: of all instructions
/// with which a statement of the line begins, those that are left when each is dropped to which
/// every way leads through another one of the same line and inlined copy. Instructions of a stack
/// check, which run again when a stack grows, stand for the first one behind it.
LineSites find_line_sites(const LineInput& input, std::string_view file, uint32_t line);

}  // namespace gotap::go
