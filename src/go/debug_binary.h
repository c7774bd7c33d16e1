// DebugBinary: a build of the same source that was not stripped (no -ldflags "-s -w"). If its code
// is that of the traced program, then so are its functions' addresses, and its DWARF speaks of the
// program too. Entry point: DebugBinary::open().
//
// From Go 1.18 on a program holds the flags it was built with (runtime/debug.BuildInfo), so that a
// build with other -ldflags has its data some bytes elsewhere, and in its code the distances to the
// data differ. Nothing else may.
#pragma once

#include <map>
#include <memory>
#include <optional>
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
  /// its functions' entries, names or code.
  static Result<std::unique_ptr<DebugBinary>> open(const std::string& path, const elf::Elf& program,
                                                   const Pclntab& pclntab, int minor);

  const DwarfTypes& dwarf() const { return *dwarf_; }
  /// Where in the program the `size` bytes of data lie that lie at `address` here; nothing: no
  /// code tells.
  std::optional<uint64_t> in_program(uint64_t address, uint64_t size) const;

 private:
  DebugBinary() = default;
  Result<void> same_functions(const elf::Elf& program, const Pclntab& pclntab);
  bool same_code(const elf::Elf& program, const PclnFunction& function);
  void read_unmoved() const;
  bool same_types(const elf::Elf& program, const Pclntab& pclntab, int minor) const;

  std::string path_;
  MappedFile file_;
  elf::Elf elf_;
  std::optional<Pclntab> pclntab_;
  std::unique_ptr<DwarfTypes> dwarf_;
  // Data that code names: its address here, in the program. Empty: all is where it is here. What
  // has moved is found when both are compared, the rest when it is asked for.
  mutable std::map<uint64_t, uint64_t> data_;
  mutable bool unmoved_read_ = false;
};

}  // namespace gotap::go
