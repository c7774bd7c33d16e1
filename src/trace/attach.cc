// Entry points: attach_all, close_links.
// Facts: DESIGN rules 13 and 16; closing a link waits for an RCU grace period of about 30 ms,
// and eight closed from eight threads take no longer than one.
#include "trace/attach.h"

#include <algorithm>
#include <atomic>
#include <set>
#include <system_error>
#include <thread>
#include <tuple>

#include "trace/gate.h"

namespace gotap::trace {

namespace {

using Sites = std::vector<const plan::Site*>;

// Attaches one program's sites, halving a batch that holds an instruction the kernel will not
// take until that instruction stands alone.
class Attacher {
 public:
  Attacher(bpf::Kernel& kernel, const plan::Plan& plan, Attached& out)
      : kernel_(kernel), plan_(plan), out_(out) {}

  Result<void> attach(const bpf::AttachRequest& program, const Sites& sites) {
    if (sites.empty()) return {};
    std::vector<uint64_t> offsets, cookies;
    for (const plan::Site* site : sites) {
      offsets.push_back(site->file_offset);
      cookies.push_back(site->cookie);
    }
    bool bad_site = false;
    bpf::AttachRequest request = program;
    request.offsets = offsets;
    request.cookies = cookies;
    request.bad_site = &bad_site;
    auto link = kernel_.attach_uprobes(request);
    if (link.ok()) {
      out_.links.push_back(std::move(link.value()));
      attached_.insert(attached_.end(), sites.begin(), sites.end());
      return {};
    }
    if (!bad_site) return std::move(link.error());
    if (sites.size() == 1) {
      out_.refused.push_back(site_name(plan_, *sites[0]));
      return {};
    }
    const auto middle = sites.begin() + static_cast<std::ptrdiff_t>(sites.size() / 2);
    TRY_DO(attach(program, Sites(sites.begin(), middle)));
    return attach(program, Sites(middle, sites.end()));
  }

  /// The sites attached since the last call.
  Sites take_attached() { return std::exchange(attached_, {}); }

 private:
  bpf::Kernel& kernel_;
  const plan::Plan& plan_;
  Attached& out_;
  Sites attached_;
};

uint64_t function_of(const plan::Site& site, plan::Role role) {
  const plan::Cookie cookie = plan::Cookie::unpack(site.cookie);
  switch (role) {
    case plan::Role::Self: return cookie.self;
    case plan::Role::Wrapper1: return cookie.wrapper1;
    case plan::Role::Wrapper2: return cookie.wrapper2;
  }
  return cookie.self;
}

// A trap would be refused where a process has it mapped, and silently never be probed where
// none has yet.
bool is_trap(const plan::Site& site) { return !site.bytes.empty() && site.bytes[0] == 0xcc; }

}  // namespace

Result<Attached> attach_all(bpf::Kernel& kernel, const bpf::BpfObject& object,
                            const plan::Plan& plan, const std::vector<int>& program_fds,
                            const std::vector<int>& file_fds, int pid) {
  Attached out;
  Attacher attacher(kernel, plan, out);
  // What a user calls one probe: a spec at a function at a moment (and, for an instruction,
  // its address).
  std::set<std::tuple<uint32_t, uint64_t, plan::Moment, uint64_t>> probes;

  std::vector<size_t> order;
  for (size_t i = 0; i < object.programs.size(); i++)
    if (object.programs[i].kind == bpf::ProgramKind::Uprobe) order.push_back(i);
  auto records_calls = [&](size_t i) {
    const uint32_t at = object.programs[i].plan_program;
    return at < plan.programs.size() && plan.programs[at].shape.push_frame;
  };
  // Ends of calls first: then no call is recorded whose end would not be seen.
  std::stable_partition(order.begin(), order.end(), [&](size_t i) { return !records_calls(i); });

  for (size_t i : order) {
    const uint32_t at = object.programs[i].plan_program;
    if (at >= plan.programs.size() || plan.programs[at].shape.target >= file_fds.size())
      return Error{"internal error: a program that is not in the plan", ""};
    const plan::Program& program = plan.programs[at];
    Sites sites;
    for (const plan::Site& site : program.sites) {
      if (is_trap(site))
        out.refused.push_back(site_name(plan, site));
      else
        sites.push_back(&site);
    }
    TRY_DO(attacher.attach({.program_fd = program_fds[i],
                            .file_fd = file_fds[program.shape.target],
                            .on_return = program.shape.kernel_uretprobe,
                            .pid = pid},
                           sites));
    for (const plan::Site* site : attacher.take_attached())
      for (const plan::Action& action : program.shape.actions)
        probes.emplace(action.spec, function_of(*site, action.role), action.moment,
                       action.moment == plan::Moment::Instruction ? site->address : 0);
  }
  out.probes = probes.size();
  return out;
}

void close_links(std::vector<Fd> links) {
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
