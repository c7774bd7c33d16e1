// Test support: a script to its BPF object without any binary. The plan is made up: the path of a
// probe says what the "program" is: `c`, `cframes` (C, with `duration` allowed), `go` (registers),
// `go15` (stack, g in RCX at entries), `gotls` (assembly: g in TLS), `gocheck` (entries on the
// stack check's branch). Entry point: compile_script().
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "bpf/object.h"
#include "lang/program.h"
#include "lang/settings.h"
#include "plan/plan.h"

namespace gotap::testing {

struct CompiledScript {
  lang::TypedProgram program;
  lang::Settings settings;
  plan::Plan plan;
  bpf::BpfObject object;
};

/// Parses, checks, plans and generates. Functions are numbered in the order of their first probe.
/// A function named `wrapped` gets wrappers: cookies name the functions 10 and 11 as wrapper1 and
/// wrapper2, and its return site runs every uretprobe clause for wrapper1 as well.
/// `change`, if any, is done to program and plan before the code is generated.
/// Errors: the first error diagnostic, or the generator's.
using Change = std::function<void(lang::TypedProgram&, plan::Plan&)>;
Result<CompiledScript> compile_script(const std::string& text, uint32_t max_strlen = 1024,
                                      uint32_t max_map_keys = 4096, const Change& change = {});

/// goid's offset in the made-up programs.
constexpr int32_t kTestGoidOffset = 152;

}  // namespace gotap::testing
