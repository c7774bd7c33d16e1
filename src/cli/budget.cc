// Entry points: watch_overhead, cost_line.
// Facts: DESIGN rule 15: a RET is single-stepped, and costs more than another instruction.
#include "cli/budget.h"

#include <algorithm>
#include <cmath>

#include "arch/x86_64.h"
#include "base/text.h"
#include "output/latency.h"
#include "trace/trap_cost.h"

namespace gotap::cli {

namespace {

bool is_at_return(const plan::Shape& shape) {
  return shape.pop_frame || shape.kernel_uretprobe ||
         std::any_of(shape.actions.begin(), shape.actions.end(), [](const plan::Action& action) {
           return action.moment == plan::Moment::Return;
         });
}

// What a hit costs at most of the program's sites.
double trap_of(const plan::Program& program, const trace::TrapCost& cost) {
  if (program.shape.kernel_uretprobe) return cost.return_ns;
  size_t emulated = 0;
  for (const plan::Site& site : program.sites) {
    const auto instruction =
        arch::decode(Bytes(site.bytes.data(), site.bytes.size()), site.address);
    if (instruction && instruction->emulated) emulated++;
  }
  if (emulated * 2 > program.sites.size()) return cost.emulated_ns;
  return is_at_return(program.shape) ? cost.return_ns : cost.stepped_ns;
}

}  // namespace

Result<std::unique_ptr<bpf::RunCounts>> watch_overhead(bpf::Kernel& kernel, const plan::Plan& plan,
                                                       double most,
                                                       trace::SessionOptions& options) {
  TRY(cost, trace::measure_traps(kernel, options.attach.by_event));
  TRY(counts, bpf::linux_run_counts());
  options.run_counts = counts.get();
  options.max_overhead = most;
  for (const plan::Program& program : plan.programs)
    options.trap_ns.push_back(trap_of(program, cost));
  return counts;
}

// A call meets one entry and one of its returns, if there are probes at those.
std::string cost_line(const plan::Plan& plan, const std::vector<double>& trap_ns) {
  struct Sites {
    size_t count = 0;
    double ns = 0;
    double mean() const { return count ? ns / static_cast<double>(count) : 0; }
  } entries, returns;
  for (size_t i = 0; i < std::min(plan.programs.size(), trap_ns.size()); i++) {
    Sites& sites = is_at_return(plan.programs[i].shape) ? returns : entries;
    sites.count += plan.programs[i].sites.size();
    sites.ns += static_cast<double>(plan.programs[i].sites.size()) * trap_ns[i];
  }
  const auto cost = static_cast<uint64_t>(std::llround(entries.mean() + returns.mean()));
  return count_of(plan.functions.size(), "function") + ", " +
         count_of(entries.count + returns.count, "site") + ": about " +
         output::duration_text(cost) + " a call";
}

}  // namespace gotap::cli
