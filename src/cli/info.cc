// `gotap --info`: what works on this machine, found by trying it through the kernel door.
// Facts: capabilities(7); bpf(2); a kernel under lockdown says so in
// /sys/kernel/security/lockdown.
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "bpf/insn.h"
#include "bpf/kernel.h"
#include "cli/commands.h"
#include "trace/mode.h"

namespace gotap::cli {

namespace {

void line(const char* what, const std::string& answer) {
  std::printf("  %-34s %s\n", what, answer.c_str());
}

std::string no(const Error& error) {
  return "no: " + error.message + (error.hint.empty() ? "" : " (" + error.hint + ")");
}

template <typename T>
std::string yes_or_why(const Result<T>& result) {
  return result.ok() ? "yes" : no(result.error());
}

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

void print_system() {
  utsname system{};
  ::uname(&system);
  std::printf("System\n");
  line("kernel", std::string(system.release) + " " + system.machine);
  std::string lockdown = first_line("/sys/kernel/security/lockdown");
  if (!lockdown.empty()) line("lockdown", lockdown);
  constexpr unsigned kSysAdmin = 21, kPerfmon = 38, kBpf = 39;
  const unsigned long long mine = capabilities();
  std::string held;
  for (auto [number, name] : {std::pair{kSysAdmin, "CAP_SYS_ADMIN"},
                              std::pair{kPerfmon, "CAP_PERFMON"}, std::pair{kBpf, "CAP_BPF"}})
    if (mine >> number & 1) held += (held.empty() ? "" : ", ") + std::string(name);
  line("privileges",
       held.empty() ? "none of CAP_SYS_ADMIN, CAP_PERFMON, CAP_BPF: run as root" : held);
}

bpf::Program idle(bpf::ProgramKind kind) {
  bpf::Program program;
  program.name = "gotap_info";
  program.kind = kind;
  program.insns = bpf::idle_program();
  return program;
}

void print_kernel(bpf::Kernel& kernel) {
  std::printf("\nKernel\n");
  bpf::MapSpec hash{.name = "info", .key_size = 8, .value_size = 8, .max_entries = 16};
  line("maps", yes_or_why(kernel.create_map(hash)));
  bpf::MapSpec ring{.name = "info", .type = bpf::MapType::RingBuffer, .max_entries = 4096};
  line("events (ring buffer)", yes_or_why(kernel.create_map(ring)));
  line("programs on user functions",
       yes_or_why(kernel.load_program(idle(bpf::ProgramKind::Uprobe), {})));
  auto timer = kernel.load_program(idle(bpf::ProgramKind::RawTracepoint), {});
  auto ran = timer.ok() ? kernel.run_program(timer->get()) : Result<void>(timer.error());
  line("BEGIN, END, interval", yes_or_why(ran));
  auto filter = kernel.pid_filter_works();
  line("many probes at once (uprobe_multi)", yes_or_why(filter));
  if (filter.ok())
    line("its filter by process",
         *filter ? "yes" : "no: it loses threads' hits, so the programs compare");
  auto event = trace::event_works(kernel);
  line("the same by uprobe_events",
       event.ok() && !*event ? "no: its hits are lost" : yes_or_why(event));
  auto goroutines = kernel.struct_offset("task_struct", "thread.fsbase");
  line("goroutines without DWARF (BTF)", yes_or_why(goroutines));
  auto cpus = kernel.cpu_count();
  line("CPUs", cpus.ok() ? std::to_string(*cpus) : no(cpus.error()));
}

}  // namespace

int print_info() {
  std::printf("gotap %s\n\n", GOTAP_VERSION);
  print_system();
  auto kernel = bpf::linux_kernel();
  print_kernel(*kernel);
  std::printf("\nPrograms\n");
  line("Go", "1.15 to 1.27, stripped too; others by their tables, with a warning");
  line("C", "by symbol");
  return 0;
}

}  // namespace gotap::cli
