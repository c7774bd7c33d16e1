// --max-overhead: what is needed to watch what the probes cost the traced processes.
// Entry points: watch_overhead(), cost_line().
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bpf/kernel.h"
#include "bpf/run_counts.h"
#include "plan/plan.h"
#include "trace/session.h"

namespace gotap::cli {

/// Measures what a hit costs here and lets the kernel count hits, for Session to end when they take
/// more than `most` percent. Outlives the session. Errors: that cannot be measured here, and why.
Result<std::unique_ptr<bpf::RunCounts>> watch_overhead(bpf::Kernel& kernel, const plan::Plan& plan,
                                                       double most, trace::SessionOptions& options);

/// What is attached and costs what, for the user: "4 functions, 11 sites: about 25.3us a call". A
/// hit of each program costs `trap_ns`.
std::string cost_line(const plan::Plan& plan, const std::vector<double>& trap_ns);

}  // namespace gotap::cli
