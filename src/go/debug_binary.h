// DebugBinary: a build of the same source that was not stripped (no -ldflags "-s -w"). If its code
// is that of the traced program to the byte, then so are its addresses, and its DWARF speaks of the
// program too. Entry point: DebugBinary::open().
#pragma once

#include <memory>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "elf/elf.h"
#include "go/dwarf_types.h"
#include "go/pclntab.h"
#include "go/rtype.h"

namespace gotap::go {

class DebugBinary {
 public:
  /// Errors: it cannot be read, has no DWARF, or is of another program: the first difference in
  /// its functions' entries, names or code, or in its type descriptors.
  static Result<std::unique_ptr<DebugBinary>> open(const std::string& path, const elf::Elf& program,
                                                   const Pclntab& pclntab, int minor);

  const DwarfTypes& dwarf() const { return *dwarf_; }

 private:
  DebugBinary() = default;
  Result<void> same_functions(const elf::Elf& program, const Pclntab& pclntab) const;
  Result<void> same_types(const elf::Elf& program, const Pclntab& pclntab, int minor) const;

  std::string path_;
  MappedFile file_;
  elf::Elf elf_;
  std::optional<Pclntab> pclntab_;
  std::unique_ptr<DwarfTypes> dwarf_;
};

}  // namespace gotap::go
