// DwarfSections: the debugging sections of a file, each found and inflated when it is first asked
// for: plain `.debug_*`, compressed ones (SHF_COMPRESSED) and the older `.zdebug_*`. Entry point:
// DwarfSections::get().
//
// Facts: System V gABI "Section Compression", cmd/link/internal/ld/data.go (compressSyms).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "elf/elf.h"

namespace gotap::elf {

class DwarfSections {
 public:
  /// `elf` must outlive it.
  explicit DwarfSections(const Elf& elf) : elf_(elf) {}
  DwarfSections(const DwarfSections&) = delete;
  DwarfSections& operator=(const DwarfSections&) = delete;

  /// The contents of `.debug_NAME`; empty if there is none, or none that can be read.
  Bytes get(std::string_view name) const;
  bool has(std::string_view name) const { return find(name) != nullptr; }
  /// Why sections that are there could not be read.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  struct Contents {
    Bytes bytes;
    std::vector<uint8_t> inflated;
  };
  const Section* find(std::string_view name) const;
  void read(const Section& section, Contents* contents) const;

  const Elf& elf_;
  mutable std::map<std::string, Contents, std::less<>> known_;
  mutable std::vector<std::string> warnings_;
};

}  // namespace gotap::elf
