// What the tests of this room take the binaries of their scripts for: `./c` is a C program,
// `./old` of Go 1.15, `./future` of an unknown Go version, `./demo` the program of
// support/go_demo.h with its types, all others of Go 1.24, of which no types are known.
#pragma once

#include "base/text.h"
#include "lang/check.h"
#include "support/go_demo.h"

namespace gotap::lang {

inline std::optional<TargetFacts> test_facts(const ProbeSpec& spec) {
  if (spec.path == "./c") return TargetFacts{};
  if (spec.path == "./old") return TargetFacts{true, go::Abi::GoStack, "1.15.9", ""};
  TargetFacts facts{true, go::Abi::GoRegisters, "1.24.4", ""};
  if (spec.path == "./future") facts.no_goid = "is of a Go version that is not known";
  if (spec.path == "./demo") {
    static const std::unique_ptr<const go::FakeTypeInfo> demo = go::demo();
    facts.types = demo.get();
    for (uint32_t i = 0; i < demo->functions.size(); i++)
      if (spec.file.empty() && glob_match(spec.function, demo->functions[i].name))
        facts.functions.push_back(i);
    if (!spec.file.empty()) {
      facts.functions = {0};
      facts.lines = {{go::kDemoLine, spec.line}};
    }
  }
  return facts;
}

}  // namespace gotap::lang
