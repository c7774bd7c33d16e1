// Entry points: machine_findings, measure_trap_findings.
// Facts: capabilities(7); bpf(2); a kernel under lockdown says so in
// /sys/kernel/security/lockdown; Documentation/admin-guide/sysctl/net.rst: bpf_jit_enable.
#include "cli/machine.h"

#include <sys/resource.h>
#include <sys/utsname.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "base/text.h"
#include "bpf/insn.h"
#include "output/latency.h"
#include "trace/mode.h"
#include "trace/process.h"
#include "trace/trial.h"

namespace gotap::cli {

namespace {

using State = Finding::State;

std::string first_line(const char* path) {
  std::ifstream file(path);
  std::string text;
  std::getline(file, text);
  return text;
}

// A bit for each (capability.h).
unsigned long long capabilities() {
  std::ifstream status("/proc/self/status");
  for (std::string text; std::getline(status, text);)
    if (text.starts_with("CapEff:"))
      return std::strtoull(text.c_str() + text.find_last_of(" \t"), nullptr, 16);
  return 0;
}

Finding privileges() {
  constexpr unsigned kPtrace = 19, kSysAdmin = 21, kPerfmon = 38, kBpf = 39;
  const unsigned long long mine = capabilities();
  const auto has = [&](unsigned number) { return (mine >> number & 1) != 0; };
  std::string held;
  for (auto [number, name] :
       {std::pair{kSysAdmin, "CAP_SYS_ADMIN"}, std::pair{kPerfmon, "CAP_PERFMON"},
        std::pair{kBpf, "CAP_BPF"}, std::pair{kPtrace, "CAP_SYS_PTRACE"}})
    if (has(number)) held += (held.empty() ? "" : ", ") + std::string(name);
  Finding found{"System", "privileges", held.empty() ? "none that tracing needs" : held};
  if (!has(kSysAdmin) && !(has(kBpf) && has(kPerfmon))) {
    found.state = State::Fails;
    found.remedy = "run it as root, or with CAP_BPF and CAP_PERFMON (and CAP_SYS_PTRACE for -p)";
  } else if (!has(kPtrace)) {
    found.state = State::Limited;
    found.effect = "the memory of other users' processes may not be read, so -p is refused";
    found.remedy = "run it as root, or with CAP_SYS_PTRACE as well";
  }
  return found;
}

Findings system_findings() {
  utsname system{};
  ::uname(&system);
  Findings all{{"System", "kernel", std::string(system.release) + " " + system.machine}};
  if (const std::string lockdown = first_line("/sys/kernel/security/lockdown"); !lockdown.empty())
    all.push_back({"System", "lockdown", lockdown});
  all.push_back(privileges());
  if (trace::in_first_pid_namespace())
    all.push_back({"System", "process ids", "those of the machine"});
  else
    all.push_back({"System", "process ids", "those of a container", State::Limited,
                   "processes outside of it cannot be named, nor checked before they are probed",
                   "run gotap in the PID namespace of the machine (docker run --pid=host)"});
  if (const std::string jit = first_line("/proc/sys/net/core/bpf_jit_enable"); jit == "0")
    all.push_back({"System", "BPF compiler", "off", State::Limited,
                   "programs are interpreted, which takes several times as long",
                   "sysctl net.core.bpf_jit_enable=1"});
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  constexpr rlim_t kFiles = 1024;
  Finding open{"System", "open files", "up to " + std::to_string(files.rlim_cur)};
  if (files.rlim_cur < kFiles) {
    open.state = State::Limited;
    open.effect = "a trace of many functions needs two for each";
    open.remedy = "ulimit -n " + std::to_string(kFiles);
  }
  all.push_back(open);
  return all;
}

// "yes" with what it is good for, or why not.
template <typename T>
Finding tried(const char* what, const Result<T>& result, State otherwise, std::string effect,
              std::string without) {
  if (result.ok()) return {"Kernel", what, "yes", State::Works, std::move(effect)};
  return {"Kernel",           what, "no, " + result.error().message, otherwise, std::move(without),
          result.error().hint};
}

bpf::Program idle(bpf::ProgramKind kind, size_t instructions = 2) {
  bpf::Program program{.name = "gotap_info", .kind = kind, .insns = bpf::idle_program()};
  const bpf::Insn first = program.insns.front();
  if (instructions > program.insns.size())
    program.insns.insert(program.insns.begin(), instructions - program.insns.size(), first);
  return program;
}

Findings program_findings(bpf::Kernel& kernel) {
  Findings all;
  const bpf::MapSpec hash{.name = "info", .key_size = 8, .value_size = 8, .max_entries = 16};
  all.push_back(tried("maps", kernel.create_map(hash), State::Fails, "", "nothing can be kept"));
  const bpf::MapSpec ring{.name = "info", .type = bpf::MapType::RingBuffer, .max_entries = 8 << 20};
  all.push_back(tried("ring buffer", kernel.create_map(ring), State::Fails, "events, up to 8 MB",
                      "no event can be printed"));
  const auto small = kernel.load_program(idle(bpf::ProgramKind::Uprobe), {});
  all.push_back(tried("programs", small, State::Fails, "on functions of programs",
                      "nothing can run when a function is called"));
  constexpr size_t kLarge = 100'000;
  if (small.ok())
    all.push_back(tried("large programs",
                        kernel.load_program(idle(bpf::ProgramKind::Uprobe, kLarge), {}),
                        State::Limited, "of 100,000 instructions",
                        "a call with many or deep values may not fit into a program"));
  auto timer = kernel.load_program(idle(bpf::ProgramKind::RawTracepoint), {});
  auto ran = timer.ok() ? kernel.run_program(timer->get()) : Result<void>(timer.error());
  all.push_back(tried("BEGIN, END, interval", ran, State::Fails, "",
                      "scripts with those, and --for, do not run"));
  return all;
}

extern "C" __attribute__((noinline, used)) void gotap_cookie_trial() { asm volatile("nop"); }

// Whether a probe's cookie is what its program is told.
Result<bool> cookies_work(bpf::Kernel& kernel) {
  constexpr uint64_t kCookie = 0x676f746170;
  TRY(trial, trace::Trial::start(kernel, reinterpret_cast<const void*>(gotap_cookie_trial), false,
                                 trace::Trial::Notes::Cookie, kCookie));
  gotap_cookie_trial();
  TRY(noted, trial.noted(kernel));
  return noted == kCookie;
}

Findings attach_findings(bpf::Kernel& kernel) {
  Findings all;
  const auto multi = kernel.has_uprobe_multi();
  const auto filter = kernel.pid_filter_works();
  const auto mode = trace::choose_attach(kernel, trace::AttachWay::Auto, true);
  const auto event = trace::event_works(kernel);
  const bool by_link = multi.ok() && *multi && mode.ok() && !mode->by_event;
  const bool by_event = event.ok() && *event;
  const State missing = by_link || by_event ? State::Limited : State::Fails;
  const std::string slower = "uprobe_events are used: letting go takes 0.1 s a clause";
  if (multi.ok() && !*multi)
    all.push_back({"Kernel", "uprobe_multi links", "no", missing, slower,
                   "a kernel that has them: Linux 6.6 or newer"});
  else
    all.push_back(
        tried("uprobe_multi links", multi, missing, "10,000 probes on and off in 0.2 s", slower));
  if (multi.ok() && *multi) {
    if (filter.ok() && !by_link)
      all.push_back({"Kernel", "filter by process", "no, it loses hits of threads", missing, slower,
                     "a kernel that has it: Linux 6.10 or newer"});
    else
      all.push_back(tried("filter by process", filter, missing,
                          "other processes that run the file pay nothing", slower));
    const auto cookies = cookies_work(kernel);
    if (cookies.ok() && !*cookies)
      all.push_back({"Kernel", "cookies", "no", missing, slower});
    else
      all.push_back(
          tried("cookies", cookies, missing, "one program serves thousands of functions", slower));
  }
  const std::string spare = by_link ? "not needed here" : "how probes are attached here";
  if (event.ok() && !*event)
    all.push_back({"Kernel", "uprobe_events", "no, their hits are lost",
                   by_link ? State::Works : State::Fails, by_link ? spare : ""});
  else
    all.push_back(tried("uprobe_events", event, by_link ? State::Limited : State::Fails, spare,
                        by_link ? "not needed here, but by --attach=event" : ""));
  const auto btf = kernel.struct_offset("task_struct", "thread.fsbase");
  all.push_back(tried("BTF", btf, by_link ? State::Limited : State::Fails,
                      "goroutines are known in every Go version",
                      by_link ? "goroutines are not known in Go 1.16 and older, nor in assembly"
                              : "uprobe_events cannot tell their probes apart"));
  return all;
}

Finding cost_finding(const char* what, double nanoseconds) {
  return {"Costs", what, cost_text(nanoseconds)};
}

}  // namespace

std::string cost_text(double nanoseconds) {
  // Of a CPU, at 10,000 hits a second.
  const double percent = nanoseconds * 10'000 / 1e9 * 100;
  char text[32];
  std::snprintf(text, sizeof text, percent < 10 ? "%.1f" : "%.0f", percent);
  return output::duration_text(static_cast<uint64_t>(std::llround(nanoseconds))) + " a hit, " +
         text + " % of a CPU at 10,000 a second";
}

Findings machine_findings(bpf::Kernel& kernel) {
  Findings all = system_findings();
  for (Findings& part : std::array{program_findings(kernel), attach_findings(kernel)})
    std::move(part.begin(), part.end(), std::back_inserter(all));
  const auto cpus = kernel.cpu_count();
  all.push_back(tried("CPUs", cpus, State::Fails, "", ""));
  if (cpus.ok()) all.back().answer = std::to_string(*cpus);
  return all;
}

Traps measure_trap_findings(bpf::Kernel& kernel) {
  Traps traps;
  const auto mode = trace::choose_attach(kernel, trace::AttachWay::Auto, true);
  auto cost = mode.ok() ? trace::measure_traps(kernel, mode->by_event)
                        : Result<trace::TrapCost>(mode.error());
  if (!cost.ok()) {
    traps.findings.push_back({"Costs", "hits", "not measured, " + cost.error().message,
                              State::Fails, "", cost.error().hint});
    return traps;
  }
  traps.cost = *cost;
  traps.findings = {cost_finding("an entry, emulated", cost->emulated_ns),
                    cost_finding("an entry, stepped", cost->stepped_ns),
                    cost_finding("a return (RET)", cost->return_ns)};
  traps.findings[0].effect = "Go 1.21 and newer";
  traps.findings[1].effect = "older Go, C, single instructions (F+N)";
  traps.findings[2].effect = "trace, latency, uretprobe; the entry comes on top";
  return traps;
}

}  // namespace gotap::cli
