// The calls that the compiler replaced by the called function's body: which they are, which
// instructions are theirs, and where they begin. Entry points: InlineTables::read(),
// InlineTables::copies(), find_inlined_sites().
//
// Facts: runtime/symtabinl.go; genInlTreeSym in cmd/link/internal/ld/pcln.go; per-version numbers
// in go/versions.cc.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "elf/elf.h"
#include "go/image.h"
#include "go/pclntab.h"
#include "go/sites.h"
#include "go/versions.h"

namespace gotap::go {

struct InlineRecord {
  std::string_view name;  ///< of the function that was called
  int32_t parent = -1;    ///< the inlined call it is part of, an index; -1: of the function itself
  uint64_t mark = 0;      ///< address of an instruction of the calling line; see inline_sites.cc
};

/// Of one function.
struct InlineTree {
  std::vector<InlineRecord> calls;
  std::vector<PcRange> ranges;  ///< by address: `value` is the innermost call there, -1: none

  /// The innermost call that the instruction at `address` belongs to; -1: none.
  int32_t at(uint64_t address) const;
  /// Whether call `inner` is `outer` or part of it.
  bool is_within(int32_t inner, int32_t outer) const;
};

/// The tables of one program. What it is made of must outlive it.
class InlineTables {
 public:
  /// `gofunc`: moduledata.gofunc, from 1.18 on.
  InlineTables(const elf::Elf& elf, const Pclntab& pclntab, const VersionFacts& facts,
               uint64_t gofunc)
      : elf_(elf), pclntab_(pclntab), facts_(facts), gofunc_(gofunc) {}

  /// Empty where nothing was inlined, or the tables are damaged.
  InlineTree read(const PclnFunction& function) const;
  /// Image::inlined_copies().
  std::vector<InlinedCopies> copies(const std::vector<PclnFunction>& functions,
                                    const std::vector<std::string_view>& names) const;
  /// All functions of which there are inlined calls, by name.
  std::vector<InlinedFunction> inlined(const std::vector<PclnFunction>& functions) const;

 private:
  /// Calls use(index, place of the name) for each inlined call, function by function.
  template <class Use>
  void for_each_call(const std::vector<PclnFunction>& functions, Use use) const;
  std::optional<Bytes> records(const PclnFunction& function) const;

  const elf::Elf& elf_;
  const Pclntab& pclntab_;
  const VersionFacts& facts_;
  uint64_t gofunc_;
};

/// What find_inlined_sites() has to know of the function that calls were inlined into.
struct InlineInput {
  Bytes code;  ///< [entry, end)
  uint64_t entry = 0;
  GSource g = GSource::None;
  int minor = 0;  ///< of its Go version
  InlineTree tree;
  std::vector<PcRange> lines;  ///< Pclntab::lines()
};

InlinedSites find_inlined_sites(const InlineInput& input, std::string_view name);

}  // namespace gotap::go
