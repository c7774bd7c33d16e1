// Where the parameters of an inlined call are where it begins, and where variables are at any
// instruction, by what DWARF says and the code bears out. Entry points: InlinedValues::place(),
// InlinedValues::place_local(). Private to go/.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "arch/x86_64.h"
#include "base/bytes.h"
#include "base/result.h"
#include "go/dwarf_types.h"
#include "go/inline_tree.h"
#include "go/pclntab.h"
#include "go/sites.h"

namespace gotap::go {

/// What the pclntab says of a function's code.
struct CodeLines {
  std::vector<PcRange> lines;  ///< Pclntab::lines()
  InlineTree inlined;
  int minor = 0;  ///< of its Go version
};

/// Of one function, also of one that calls were inlined into.
class InlinedValues {
 public:
  /// `code` is [entry, end). `keeps_registers`: whether what is called at an address leaves all
  /// registers alone.
  InlinedValues(Bytes code, uint64_t entry, const std::vector<PcRange>& stack_depths,
                const std::function<bool(uint64_t)>& keeps_registers, const CodeLines& lines);

  /// Where the parameter of `call` is right before the instruction at `pc` runs, and was passed
  /// with the call. Error: why that is not known, as it is printed.
  Result<ValueLocation> place(const Types& types, const InlinedCall& call,
                              const InlinedParameter& parameter, uint64_t pc) const;
  /// Where the variable is right before the instruction at `point` runs. `passed`: where the
  /// function's caller put it, if it is one of its parameters. Error: why that is not known, as it
  /// is printed. Rules at local_values.cc.
  Result<ValueLocation> place_local(const Types& types, const LocalVariable& variable,
                                    const std::optional<ValueLocation>& passed,
                                    const LinePoint& point) const;

 private:
  struct Step {
    uint64_t address = 0;
    arch::Writes writes;
    bool clobbers = false;         ///< a call after which no register is what it was
    int64_t depth = 0;             ///< of the stack, below the return address
    int32_t line = 0;              ///< 0: not known
    int32_t inlined = -1;          ///< the innermost inlined call it is of
    std::vector<uint32_t> before;  ///< steps that may have run right before
  };
  class Search;
  class LocalSearch;

  static int64_t from_sp(const Step& step, const LocatedPiece& place);
  static bool overwrites(const Step& step, const LocatedPiece& place);
  static bool copies(const Step& step, const LocatedPiece& from, const LocatedPiece& to);
  void link(const DecodedFunction& function, Bytes code);

  std::vector<Step> steps_;  // empty: the code cannot be read
  bool has_depths_ = true;
  int minor_ = 0;
};

}  // namespace gotap::go
