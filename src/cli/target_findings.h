// What is known of a program, and of a process that runs it, before it is traced.
// Entry points: program_findings(), process_findings().
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "bpf/kernel.h"
#include "cli/finding.h"
#include "go/image.h"
#include "trace/cgroup.h"
#include "trace/trap_cost.h"

namespace gotap::cli {

/// Part "Program PATH": its Go version, where its types are known from, what its probes cost by
/// `cost`. Thousands of functions are judged by some, evenly spread.
Findings program_findings(const go::Image& image, const std::string& path,
                          const std::optional<trace::TrapCost>& cost);

/// Part "Process 42 (etcd)": who else is at work there, seccomp, memory.
Findings process_findings(bpf::Kernel& kernel, const trace::CgroupTree& cgroups,
                          const go::Image& image, int pid);

}  // namespace gotap::cli
