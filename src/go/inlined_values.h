// Where the parameters of an inlined call are where it begins, by what DWARF says and the code
// bears out. Entry point: InlinedValues::place(). Private to go/.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "arch/x86_64.h"
#include "base/bytes.h"
#include "base/result.h"
#include "go/dwarf_types.h"
#include "go/pclntab.h"
#include "go/sites.h"

namespace gotap::go {

/// Of one function that calls were inlined into.
class InlinedValues {
 public:
  /// `code` is [entry, end). `keeps_registers`: whether what is called at an address leaves all
  /// registers alone.
  InlinedValues(Bytes code, uint64_t entry, const std::vector<PcRange>& stack_depths,
                const std::function<bool(uint64_t)>& keeps_registers);

  /// Where the parameter of `call` is right before the instruction at `pc` runs, and was passed
  /// with the call. Error: why that is not known, as it is printed.
  Result<ValueLocation> place(const Types& types, const InlinedCall& call,
                              const InlinedParameter& parameter, uint64_t pc) const;

 private:
  struct Step {
    uint64_t address = 0;
    arch::Writes writes;
    bool clobbers = false;         ///< a call after which no register is what it was
    int64_t depth = 0;             ///< of the stack, below the return address
    std::vector<uint32_t> before;  ///< steps that may have run right before
  };
  class Search;

  void link(const DecodedFunction& function);

  std::vector<Step> steps_;  // empty: the code cannot be read
  bool has_depths_ = true;
};

}  // namespace gotap::go
