// Recognises the stack check at the start of a Go function. Entry point: match_stack_check().
#pragma once

#include <cstdint>

#include "go/sites.h"

namespace gotap::go {

struct StackCheck {
  enum class Found : uint8_t {
    None,     ///< the function has no stack check
    Yes,      ///< `branch` and `g` are set
    Strange,  ///< it has one, but not of a shape we know to be safe
  };
  Found found = Found::None;
  size_t branch = 0;          ///< index of the last check branch in DecodedFunction::insns
  GSource g = GSource::None;  ///< R14 or Rcx, loaded or trusted by the check itself
};

/// Looks for the check in a cleanly decoded function.
StackCheck match_stack_check(const DecodedFunction& function, Bytes code, uint64_t entry);

}  // namespace gotap::go
