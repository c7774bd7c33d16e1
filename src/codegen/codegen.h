// The generator: TypedProgram + Plan -> BPF programs, maps and event layouts. Pure: nothing is
// asked of the kernel, the same input gives the same bytes anywhere. Entry point: generate().
#pragma once

#include "base/result.h"
#include "bpf/object.h"
#include "lang/program.h"
#include "plan/plan.h"

namespace gotap::codegen {

/// What the kernel and the way of attaching ask of the programs.
struct Options {
  bool by_event = false;       ///< attached by uprobe_events: no cookies
  bool several_tgids = false;  ///< compare the process with the set BpfObject::tgids
  /// Not 0: compare the process's cgroup of this level with the set BpfObject::cgroups.
  uint32_t cgroup_level = 0;
};

/// One BPF program for every plan program and every timer of `plan`.
/// Errors: the script needs more memory or code than a BPF program can have.
Result<bpf::BpfObject> generate(const lang::TypedProgram& program, const plan::Plan& plan,
                                const Options& options = {});

}  // namespace gotap::codegen
