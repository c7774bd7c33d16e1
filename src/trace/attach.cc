// Entry points: attach_all, close_links.
// Facts: DESIGN rules 13 and 16; closing a link waits for an RCU grace period of about 30 ms,
// and eight closed from eight threads take no longer than one.
#include "trace/attach.h"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <set>
#include <system_error>
#include <thread>
#include <tuple>

#include "trace/gate.h"
#include "trace/waiter.h"

namespace gotap::trace {

namespace {

// A trap would be refused where a process has it mapped, and silently never be probed where
// none has yet.
bool is_trap(const plan::Site& site) { return !site.bytes.empty() && site.bytes[0] == 0xcc; }

}  // namespace

Result<Attached> attach_all(bpf::Kernel& kernel, const bpf::BpfObject& object,
                            const plan::Plan& plan, const std::vector<int>& program_fds,
                            const std::vector<int>& file_fds, const std::vector<int>& pids) {
  const HoldSignals held;
  Attached out;
  // What a user calls one probe: a clause's spec at a function at a moment (and, for an
  // instruction, its address).
  std::set<std::tuple<uint32_t, uint32_t, uint64_t, plan::Moment, uint64_t>> probes;

  std::vector<size_t> order;
  for (size_t i = 0; i < object.programs.size(); i++)
    if (object.programs[i].kind == bpf::ProgramKind::Uprobe) order.push_back(i);
  auto records_calls = [&](size_t i) {
    const uint32_t at = object.programs[i].plan_program;
    if (at >= plan.programs.size()) return false;
    const plan::Shape& shape = plan.programs[at].shape;
    return shape.push_frame ||
           std::any_of(shape.actions.begin(), shape.actions.end(), [](const plan::Action& action) {
             return action.moment == plan::Moment::Entry;
           });
  };
  // Ends of calls first: then no call is recorded whose end would not be seen.
  std::stable_partition(order.begin(), order.end(), [&](size_t i) { return !records_calls(i); });

  for (size_t i : order) {
    const uint32_t at = object.programs[i].plan_program;
    if (at >= plan.programs.size() || plan.programs[at].shape.target >= file_fds.size())
      return Error{"internal error: a program that is not in the plan", ""};
    const plan::Program& program = plan.programs[at];
    std::vector<const plan::Site*> sites;
    std::vector<uint64_t> offsets, cookies;
    for (const plan::Site& site : program.sites) {
      if (is_trap(site)) {
        out.refused.push_back(site_name(plan, site));
        continue;
      }
      sites.push_back(&site);
      offsets.push_back(site.file_offset);
      cookies.push_back(site.cookie);
    }
    if (sites.empty()) continue;
    TRY(attachment, kernel.attach_uprobes({.program_fd = program_fds[i],
                                           .file_fd = file_fds[program.shape.target],
                                           .offsets = offsets,
                                           .cookies = cookies,
                                           .on_return = program.shape.kernel_uretprobe,
                                           .pids = pids,
                                           .by_event = object.programs[i].by_event}));
    std::move(attachment.links.begin(), attachment.links.end(), std::back_inserter(out.links));
    for (size_t at : attachment.refused) {
      out.refused.push_back(site_name(plan, *sites[at]));
      sites[at] = nullptr;
    }
    for (const plan::Site* site : sites) {
      if (!site) continue;
      for (const plan::Action& action : program.shape.actions)
        probes.emplace(action.clause, action.spec,
                       plan::Cookie::unpack(site->cookie).of(action.role), action.moment,
                       action.moment == plan::Moment::Instruction ? site->address : 0);
    }
  }
  out.probes = probes.size();
  return out;
}

void close_links(bpf::Links links) {
  const HoldSignals held;  // the threads begin with the mask of this one
  constexpr size_t kThreads = 16;
  std::atomic<size_t> next = 0;
  auto work = [&] {
    for (size_t i = next++; i < links.size(); i = next++) links[i].reset();
  };
  std::vector<std::thread> threads;
  try {
    for (size_t t = 1; t < std::min(links.size(), kThreads); t++) threads.emplace_back(work);
  } catch (const std::system_error&) {
    // No more threads to be had: those there are, and this one, do it.
  }
  work();
  for (std::thread& thread : threads) thread.join();
}

}  // namespace gotap::trace
