// Entry points: program_findings, process_findings.
// Facts: proc(5): status (TracerPid, Seccomp), exe, mem; DESIGN rules 2, 9, 12.
#include "cli/target_findings.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "base/fd.h"
#include "base/path.h"
#include "base/text.h"
#include "cli/machine.h"
#include "go/type_info.h"
#include "plan/plan.h"
#include "trace/leftovers.h"
#include "trace/process.h"

namespace gotap::cli {

namespace {

using State = Finding::State;

// At most so many functions stand for all.
constexpr size_t kSample = 500;

std::string part_of(size_t n, size_t all) {
  if (n == all) return "all functions";
  if (n == 0) return "no function";
  const auto percent = std::lround(100.0 * static_cast<double>(n) / static_cast<double>(all));
  return std::to_string(std::clamp(percent, 1l, 99l)) + " % of the functions";
}

std::vector<uint32_t> sample_of(const go::Image& image) {
  std::vector<uint32_t> all;
  for (uint32_t i = 0; i < image.functions().size(); i++)
    if (image.functions()[i].is_go == image.is_go()) all.push_back(i);
  std::vector<uint32_t> sample;
  const size_t step = (all.size() + kSample - 1) / kSample;
  for (size_t i = 0; i < all.size(); i += step) sample.push_back(all[i]);
  return sample;
}

class ProgramReport {
 public:
  ProgramReport(const go::Image& image, const std::string& path,
                const std::optional<trace::TrapCost>& cost)
      : image_(image), part_("Program " + escape_controls(path)), cost_(cost) {}

  Findings make() {
    add_language();
    const std::vector<uint32_t> sample = sample_of(image_);
    if (sample.empty()) {
      add({"", "functions", "none has a name", State::Fails, "",
           "a build with symbols: without -s, not stripped"});
      return std::move(all_);
    }
    add({"", "functions", std::to_string(image_.functions().size()), State::Works,
         "gotap list shows them"});
    if (image_.is_go()) add_types(sample);
    add_probes(sample);
    return std::move(all_);
  }

 private:
  void add(Finding finding) {
    finding.part = part_;
    all_.push_back(std::move(finding));
  }

  void add_language() {
    if (!image_.is_go()) {
      add({"", "language", "not Go", State::Works,
           "traced by its symbols and by argN; return probes are the kernel's"});
      return;
    }
    std::string answer = image_.go_version();
    if (image_.stripped()) answer += ", stripped";
    if (image_.is_pie()) answer += ", position-independent";
    if (image_.version_warning().empty())
      add({"", "Go", answer});
    else
      add({"", "Go", answer, State::Limited, image_.version_warning(), "a newer gotap"});
    if (image_.goid_offset() == 0)
      add({"", "goroutine ids", "not known", State::Limited,
           "calls are told apart all the same; goid is refused", "a newer gotap"});
  }

  void add_types(const std::vector<uint32_t>& sample) {
    const go::TypeInfo& info = image_.type_info();
    size_t dwarf = 0, runtime = 0, user = 0;
    for (const uint32_t function : sample) {
      const auto signature = info.signature(function);
      if (!signature.ok()) continue;
      switch (signature->source) {
        case go::Signature::Source::Dwarf:
        case go::Signature::Source::DebugBinary: dwarf++; break;
        case go::Signature::Source::Runtime: runtime++; break;
        case go::Signature::Source::User: user++; break;
      }
    }
    const size_t known = dwarf + runtime + user;
    const std::string more =
        "--debug-binary FILE: a build of the same source without -s -w; or --signature";
    if (dwarf + user > 0 && known * 2 > sample.size())
      add({"", "types", "DWARF, " + part_of(known, sample.size()), State::Works,
           "args.NAME, retval.NAME"});
    else if (known > 0)
      add({"", "types", "the runtime's, " + part_of(known, sample.size()), State::Limited,
           "args.N and retval.N, without names; of the others argN", more});
    else
      add({"", "types", "none", State::Limited, "argN and retval only, as integers", more});
    for (const std::string& warning : info.warnings())
      add({"", "types", "damaged", State::Limited, warning});
  }

  void add_probes(const std::vector<uint32_t>& sample) {
    size_t entries = 0, emulated = 0, returns = 0;
    for (const uint32_t function : sample) {
      const go::FunctionSites sites = image_.sites(function);
      entries += sites.entry.has_value();
      emulated += sites.entry && sites.entry->emulated;
      returns += plan::unseen_returns(sites).empty();
    }
    const auto cost = [&](double trace::TrapCost::*of) {
      return cost_ ? cost_text((*cost_).*of) : std::string();
    };
    const bool cheap = emulated * 2 > entries;
    add({"", "calls", "in " + part_of(entries, sample.size()),
         entries ? State::Works : State::Fails,
         cost(cheap ? &trace::TrapCost::emulated_ns : &trace::TrapCost::stepped_ns)});
    if (!image_.is_go()) return;
    add({"", "returns", "in " + part_of(returns, sample.size()),
         returns ? State::Works : State::Limited, cost(&trace::TrapCost::return_ns)});
  }

  const go::Image& image_;
  const std::string part_;
  const std::optional<trace::TrapCost>& cost_;
  Findings all_;
};

// Bytes of the copies if every function had a probe at its entry and its returns: all its code.
uint64_t most_memory(const go::Image& image) {
  std::set<uint64_t> pages;
  for (const go::Function& function : image.functions())
    for (uint64_t page = function.entry / trace::kPage;
         function.end > function.entry && page <= (function.end - 1) / trace::kPage; page++)
      pages.insert(page);
  return pages.size() * trace::kPage;
}

class ProcessReport {
 public:
  ProcessReport(const go::Image& image, int pid)
      : image_(image), pid_(pid), part_(trace::process_name(pid)) {
    part_[0] = 'P';
  }

  Findings make(bpf::Kernel& kernel, const trace::CgroupTree& cgroups) {
    if (!add_file()) return std::move(all_);
    const trace::Threads threads = trace::threads_of(pid_);
    if (threads.tracer)
      add("debugger", trace::process_name(threads.tracer), State::Fails,
          "two breakpoints on one instruction would corrupt the program", "end the debugger first");
    else
      add("debugger", "none");
    add_breakpoints(kernel);
    add_seccomp(kernel, threads);
    add_memory(cgroups);
    return std::move(all_);
  }

 private:
  void add(const char* what, std::string answer, State state = State::Works,
           std::string effect = "", std::string remedy = "") {
    all_.push_back({part_, what, std::move(answer), state, std::move(effect), std::move(remedy)});
  }

  // Whether there is more to be looked at.
  bool add_file() {
    struct stat file;
    const auto mappings = trace::code_mappings(pid_);
    if (!mappings.ok()) {
      add("memory", "not readable, " + mappings.error().message, State::Fails, "",
          mappings.error().hint);
      return false;
    }
    Fd memory(::open(("/proc/" + std::to_string(pid_) + "/mem").c_str(), O_RDONLY | O_CLOEXEC));
    if (!memory) {
      add("memory", "not readable", State::Fails, "code cannot be checked before it is probed",
          "run it as root, or with CAP_SYS_PTRACE");
      return false;
    }
    if (::fstat(image_.fd(), &file) != 0 || !trace::runs_file(pid_, file)) {
      add("file", "another one", State::Fails, "it does not run " + escape_controls(image_.path()),
          "-p " + std::to_string(pid_) + " alone looks at the file that it runs");
      return false;
    }
    const bool replaced =
        link_target("/proc/" + std::to_string(pid_) + "/exe").ends_with(trace::kDeleted);
    add("file", replaced ? "replaced or deleted since it started" : "as it was read", State::Works,
        replaced ? "-p traces the file that it runs" : "");
    return true;
  }

  void add_breakpoints(bpf::Kernel& kernel) {
    const auto found = trace::look_at_breakpoints(kernel, pid_, image_.fd());
    if (!found.ok()) {
      add("other tracers", "not known, " + found.error().message, State::Limited, "",
          found.error().hint);
      return;
    }
    if (found->foreign)
      add("other tracers", count_of(found->foreign, "breakpoint") + " of a debugger", State::Fails,
          "functions with one are refused", "end the debugger first");
    else if (found->uprobes)
      add("other tracers", count_of(found->uprobes, "uprobe"), State::Works,
          "no obstacle; each costs a hit. Those of a killed tracer are taken out when a trace "
          "starts");
    else
      add("other tracers", "none");
  }

  void add_seccomp(bpf::Kernel& kernel, const trace::Threads& threads) {
    if (!threads.seccomp) {
      add("seccomp", "no filter");
      return;
    }
    const auto survives = kernel.uretprobe_survives_seccomp();
    if (survives.ok() && *survives)
      add("seccomp", "a filter", State::Works, "no obstacle on this kernel");
    else
      add("seccomp", "a filter", State::Limited,
          "return probes on functions that are not Go's would kill the process: refused",
          "probe entries, or instructions (F+N)");
  }

  void add_memory(const trace::CgroupTree& cgroups) {
    const uint64_t most = most_memory(image_);
    const std::string all = "all functions probed take " + trace::megabytes(most);
    const auto left = trace::headroom(cgroups, pid_);
    if (!left)
      add("memory", "no cgroup limit", State::Works, all);
    else if (left->room / 2 >= trace::kPage)
      add("memory", trace::megabytes(left->room) + " left of " + trace::megabytes(left->limit),
          left->room / 2 >= most ? State::Works : State::Limited,
          left->room / 2 >= most
              ? all
              : "a copy of each page of code with a probe must fit into half of that: " +
                    std::to_string(left->room / 2 / trace::kPage) + " pages of 4 KB (" + all + ")",
          left->room / 2 >= most ? "" : "name fewer functions, or raise the group's limit");
    else
      add("memory", "none left of " + trace::megabytes(left->limit), State::Fails,
          "the copies of code with probes do not fit into the cgroup " + left->group,
          "raise the group's limit");
  }

  const go::Image& image_;
  const int pid_;
  std::string part_;
  Findings all_;
};

}  // namespace

Findings program_findings(const go::Image& image, const std::string& path,
                          const std::optional<trace::TrapCost>& cost) {
  return ProgramReport(image, path, cost).make();
}

Findings process_findings(bpf::Kernel& kernel, const trace::CgroupTree& cgroups,
                          const go::Image& image, int pid) {
  return ProcessReport(image, pid).make(kernel, cgroups);
}

}  // namespace gotap::cli
