// What the tests of this room take the binaries of their scripts for: `./c` is a C program,
// `./old` of Go 1.15, `./future` of an unknown Go version, all others of Go 1.24.
#pragma once

#include "lang/check.h"

namespace gotap::lang {

inline std::optional<TargetFacts> test_facts(const ProbeSpec& spec) {
  if (spec.path == "./c") return TargetFacts{};
  if (spec.path == "./old") return TargetFacts{true, go::Abi::GoStack, "1.15.9", ""};
  TargetFacts facts{true, go::Abi::GoRegisters, "1.24.4", ""};
  if (spec.path == "./future") facts.no_goid = "is of a Go version that is not known";
  return facts;
}

}  // namespace gotap::lang
