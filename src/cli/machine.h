// What tracing finds on this machine, by trying it through the kernel door; never by version.
// Shared by `--info` and `gotap doctor`.
//
// Entry points: machine_findings(), measure_trap_findings().
#pragma once

#include <optional>

#include "bpf/kernel.h"
#include "cli/finding.h"
#include "trace/trap_cost.h"

namespace gotap::cli {

/// Parts "System" and "Kernel".
Findings machine_findings(bpf::Kernel& kernel);

/// What hits cost here.
struct Traps {
  std::optional<trace::TrapCost> cost;  ///< nothing: it cannot be measured, as the findings say
  Findings findings;                    ///< part "Costs"
};
Traps measure_trap_findings(bpf::Kernel& kernel);

/// "12us a hit, 12 % of a CPU at 10,000 a second".
std::string cost_text(double nanoseconds);

}  // namespace gotap::cli
