// What the tests of this room take the binaries of their scripts for: `./c` is a C program,
// `./old` of Go 1.15, all others of Go 1.24.
#pragma once

#include "lang/check.h"

namespace gotap::lang {

inline std::optional<TargetFacts> test_facts(const ProbeSpec& spec) {
  if (spec.path == "./c") return TargetFacts{};
  if (spec.path == "./old") return TargetFacts{true, go::Abi::GoStack, "1.15.9"};
  return TargetFacts{true, go::Abi::GoRegisters, "1.24.4"};
}

}  // namespace gotap::lang
