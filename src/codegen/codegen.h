// The generator: TypedProgram + Plan -> BPF programs, maps and event layouts. Pure: nothing is
// asked of the kernel, the same input gives the same bytes anywhere. Entry point: generate().
#pragma once

#include "base/result.h"
#include "bpf/object.h"
#include "lang/program.h"
#include "plan/plan.h"

namespace gotap::codegen {

/// One BPF program for every plan program and every timer of `plan`.
/// Errors: the script needs more memory or code than a BPF program can have.
Result<bpf::BpfObject> generate(const lang::TypedProgram& program, const plan::Plan& plan);

}  // namespace gotap::codegen
