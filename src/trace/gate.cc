// Entry points: check_files, check_processes.
#include "trace/gate.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <span>

#include "base/path.h"
#include "base/text.h"
#include "trace/code_check.h"
#include "trace/leftovers.h"
#include "trace/process.h"

namespace gotap::trace {

namespace {

// Less is not worth a line.
constexpr uint64_t kMuchMemory = 4 << 20;

bool has_bytes(int fd, uint64_t offset, std::span<const uint8_t> bytes) {
  std::vector<uint8_t> now(bytes.size());
  return read_at(fd, offset, now.data(), now.size()) &&
         std::equal(now.begin(), now.end(), bytes.begin());
}

Result<void> check_no_debugger(int pid, const Threads& threads) {
  if (!is_alive(pid)) return Error{"there is no process " + std::to_string(pid), ""};
  if (threads.tracer == 0) return {};
  return Error{process_name(pid) + " is being debugged by " + process_name(threads.tracer),
               "end the debugger first: two breakpoints on one instruction would corrupt it"};
}

Error not_running(const plan::Target& target, int pid) {
  const std::string folder = "/proc/" + std::to_string(pid);
  const std::string exe = link_target(folder + "/exe");
  Error error{process_name(pid) + " does not run " + target.path, ""};
  if (exe.ends_with(kDeleted))
    error.hint = "its own file was replaced or deleted since it started: name " + folder +
                 "/exe in the script";
  else if (!exe.empty())
    error.hint = "it runs " + escape_controls(exe);
  return error;
}

bool has_kernel_uretprobes(const plan::Plan& plan) {
  return std::any_of(plan.programs.begin(), plan.programs.end(), [](const plan::Program& program) {
    return program.shape.kernel_uretprobe && !program.sites.empty();
  });
}

/// One look at all the traced processes.
class Gate {
 public:
  Gate(bpf::Kernel& kernel, const plan::Plan& plan, const std::vector<int>& fds)
      : kernel_(kernel), plan_(plan), fds_(fds), code_(plan, fds), pages_(code_.pages()) {}

  Result<void> named(const std::vector<int>& pids);
  Result<void> everybody();
  Result<void> child(int pid);
  Result<void> finish(const CgroupTree& cgroups);

  std::vector<std::string> take_messages() { return std::move(messages_); }

 private:
  Result<std::vector<bool>> process(int pid);
  Result<void> check_seccomp(int pid, const Threads& threads);
  void add_memory(int pid, const std::vector<bool>& runs);

  bpf::Kernel& kernel_;
  const plan::Plan& plan_;
  const std::vector<int>& fds_;
  CodeCheck code_;
  std::vector<uint64_t> pages_;     // by target
  std::map<int, uint64_t> memory_;  // by process: bytes of the copies
  std::vector<std::string> messages_;
};

Result<std::vector<bool>> Gate::process(int pid) {
  const Threads threads = threads_of(pid);
  TRY_DO(check_no_debugger(pid, threads));
  if (auto swept = sweep_breakpoints(kernel_, pid, fds_); swept.ok() && *swept > 0)
    messages_.push_back("took out " + count_of(*swept, "breakpoint") +
                        " that a killed tracer had left in " + process_name(pid));
  TRY(runs, code_.check(pid));
  if (std::find(runs.begin(), runs.end(), true) != runs.end()) TRY_DO(check_seccomp(pid, threads));
  add_memory(pid, runs);
  return runs;
}

// A system call that the kernel's return probes make on some kernels is one more that a filter
// may kill for.
Result<void> Gate::check_seccomp(int pid, const Threads& threads) {
  if (!threads.seccomp || !has_kernel_uretprobes(plan_)) return {};
  auto survives = kernel_.uretprobe_survives_seccomp();
  if (survives.ok() && *survives) return {};
  const char* hint = "probe the function's entry, or single instructions of it (F+N)";
  if (survives.ok())
    return Error{"a return probe on a function that is not Go's would kill " + process_name(pid) +
                     ": it runs under seccomp, and this kernel's return probes do not heed that",
                 hint};
  return Error{process_name(pid) + " runs under seccomp, and whether it would live through a " +
                   "return probe cannot be found out: " + survives.error().message,
               hint};
}

void Gate::add_memory(int pid, const std::vector<bool>& runs) {
  for (size_t i = 0; i < runs.size(); i++)
    if (runs[i]) memory_[pid] += pages_[i] * kPage;
}

Result<void> Gate::named(const std::vector<int>& pids) {
  if (link_target("/proc/self") != std::to_string(::getpid()))
    return Error{
        "/proc is of another PID namespace than gotap: process ids mean other processes "
        "there",
        "mount the proc file system of gotap's own namespace on /proc, or run gotap "
        "outside"};
  std::vector<bool> anybody(plan_.targets.size());
  for (const int pid : pids) {
    TRY(runs, process(pid));
    // One of several files may be a library that is loaded later; none at all is a mistake.
    if (std::find(runs.begin(), runs.end(), true) == runs.end())
      return not_running(plan_.targets[0], pid);
    for (size_t i = 0; i < runs.size(); i++) anybody[i] = anybody[i] || runs[i];
  }
  for (size_t i = 0; i < anybody.size(); i++) {
    if (anybody[i]) continue;
    if (pids.size() == 1) {
      const Error error = not_running(plan_.targets[i], pids[0]);
      messages_.push_back(error.message + (error.hint.empty() ? "" : ": " + error.hint));
    } else {
      messages_.push_back("none of the processes runs " + plan_.targets[i].path);
    }
  }
  return {};
}

Result<void> Gate::everybody() {
  std::vector<RunFile> files;
  for (const int fd : fds_) {
    RunFile file;
    if (::fstat(fd, &file.file) != 0) continue;
    file.path = link_target("/proc/self/fd/" + std::to_string(fd));
    file.library = is_library(fd);
    files.push_back(std::move(file));
  }
  const Running running = processes_that_run(files);
  for (const int pid : running.now) {
    auto runs = process(pid);
    // Processes end at any time.
    if (!runs.ok() && is_alive(pid)) return std::move(runs.error());
  }
  if (!running.before.empty()) {
    const int pid = running.before[0];
    const size_t others = running.before.size() - 1;
    messages_.push_back(process_name(pid) +
                        (others ? " and " + std::to_string(others) + " more run" : " runs") +
                        " a file that was replaced since and is not traced: -p " +
                        std::to_string(pid) + " traces it");
  }
  if (!in_first_pid_namespace())
    messages_.push_back(
        "gotap runs in a PID namespace of its own: processes outside that run the "
        "same file are probed too, and could not be checked");
  return {};
}

// It is still a copy of ourselves: what can be asked of it now is what it inherits.
Result<void> Gate::child(int pid) {
  TRY_DO(check_seccomp(pid, threads_of(pid)));
  add_memory(pid, std::vector<bool>(plan_.targets.size(), true));
  return {};
}

Result<void> Gate::finish(const CgroupTree& cgroups) {
  TRY_DO(code_.explain_breakpoints(kernel_));
  TRY_DO(check_memory(cgroups, memory_));
  uint64_t most = 0;
  for (const auto& [pid, bytes] : memory_) most = std::max(most, bytes);
  if (most >= kMuchMemory)
    messages_.push_back("the probes take " + megabytes(most) + " of " +
                        (memory_.size() > 1 ? "each traced process's" : "the traced process's") +
                        " memory: a copy of each page of code that has one");
  return {};
}

}  // namespace

Result<void> check_files(const plan::Plan& plan, const std::vector<int>& fds) {
  auto changed = [](const plan::Target& target, const std::string& where) {
    return Error{target.path + " was changed while it was being read" + where,
                 "start again once it is written"};
  };
  for (const plan::Target& target : plan.targets)
    if (target.image && !target.image->is_unchanged()) return changed(target, "");
  for (const plan::Program& program : plan.programs) {
    const uint32_t target = program.shape.target;
    if (target >= fds.size() || target >= plan.targets.size() || fds[target] < 0)
      return Error{"internal error: a program without an opened file", ""};
    for (const plan::Site& site : program.sites)
      if (!has_bytes(fds[target], site.file_offset, site.bytes))
        return changed(plan.targets[target], " (at " + site_name(plan, site) + ")");
  }
  return {};
}

Result<std::vector<std::string>> check_processes(bpf::Kernel& kernel, const plan::Plan& plan,
                                                 const std::vector<int>& fds,
                                                 const TracedProcesses& traced,
                                                 const CgroupTree& cgroups) {
  if (plan.programs.empty()) return std::vector<std::string>{};
  Gate gate(kernel, plan, fds);
  if (traced.child)
    TRY_DO(gate.child(traced.child));
  else if (traced.pids.empty())
    TRY_DO(gate.everybody());
  else
    TRY_DO(gate.named(traced.pids));
  TRY_DO(gate.finish(cgroups));
  return gate.take_messages();
}

}  // namespace gotap::trace
