// Sites: decodes one function whole and finds where its calls begin and return. Entry points:
// decode_function(), find_sites(). Pure: bytes in, facts out.
//
// Facts: the shapes of Go's stack check are those of cmd/internal/obj/x86/obj6.go (stacksplit)
// of every version; why the entry is behind the check and what makes a RET trustworthy is
// explained at find_sites().
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "arch/x86_64.h"
#include "base/bytes.h"
#include "go/image.h"
#include "go/pclntab.h"

namespace gotap::go {

struct Decoded {
  uint64_t address = 0;
  arch::Instruction insn;
};

/// All instructions of a function in order, without the padding behind it.
struct DecodedFunction {
  std::vector<Decoded> insns;
  /// Why the decoding is not to be trusted: an undecodable byte, a branch into the middle of an
  /// instruction. `insns` then ends before the bad byte, or is whole. Empty: it is clean.
  std::string problem;

  /// Index of the instruction at exactly `address`; insns.size() if there is none.
  size_t index_of(uint64_t address) const;
};

/// What find_sites() has to know of a function beside its code.
struct SiteInput {
  Bytes code;  ///< [entry, end)
  uint64_t entry = 0;
  bool is_go = false;
  GSource g = GSource::None;          ///< where g is when no stack check says better
  std::vector<PcRange> stack_depths;  ///< Go: from the pclntab
  bool entered_inside = false;        ///< Function::entered_inside
  /// Pclntab::deferreturn(), and whether its defers are open-coded.
  uint32_t deferreturn = 0;
  bool open_defers = false;
};

/// Whether the instruction at the start of `code` does nothing: it aligns the one behind it.
bool is_padding(Bytes code);
/// Whether the next instruction may run right after it.
bool goes_on(const arch::Instruction& insn);
/// By index, in order, which instructions may run right before each one; jumps through registers
/// are left out, as nobody knows where they lead.
std::vector<std::vector<uint32_t>> direct_ways(const DecodedFunction& function);
/// Takes padding that nothing leads to out of what may run right before each instruction.
void drop_padding(Bytes code, uint64_t entry, const std::vector<Decoded>& insns,
                  std::vector<std::vector<uint32_t>>& before);

DecodedFunction decode_function(Bytes code, uint64_t entry);
FunctionSites find_sites(const SiteInput& input);

}  // namespace gotap::go
