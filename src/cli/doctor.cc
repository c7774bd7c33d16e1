// `gotap doctor`: what will work on this machine, and on a program there; what it costs; how to get
// what is missing.
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <iterator>
#include <optional>

#include "base/terminal.h"
#include "bpf/kernel.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/machine.h"
#include "cli/report.h"
#include "cli/target_findings.h"
#include "trace/process.h"

namespace gotap::cli {

namespace {

void add(Findings& all, Findings more) {
  std::move(more.begin(), more.end(), std::back_inserter(all));
}

// The processes that are meant: those of -p and -n, or all that run the file now.
std::vector<int> processes_of(const Command& command, const Traced& traced) {
  if (command.exe.empty()) return traced.options.pids;
  trace::RunFile file;
  if (::fstat(traced.image->fd(), &file.file) != 0) return {};
  return trace::processes_that_run({file}).now;
}

}  // namespace

int run_doctor(const Command& command) {
  std::optional<Traced> traced;
  if (has_target(command)) {
    traced = open_traced(command);
    if (!traced) return kFailed;
  }
  auto kernel = bpf::linux_kernel();
  Findings all = machine_findings(*kernel);
  Traps traps = measure_trap_findings(*kernel);
  add(all, std::move(traps.findings));
  if (traced) {
    add(all, program_findings(*traced->image, traced->path, traps.cost));
    const trace::CgroupTree cgroups = trace::find_cgroups();
    for (const int pid : processes_of(command, *traced))
      add(all, process_findings(*kernel, cgroups, *traced->image, pid));
  }
  const std::string text = command.run.json ? json_head(command) + findings_json(all)
                                            : findings_text(all, terminal_width(STDOUT_FILENO));
  std::fputs(text.c_str(), stdout);
  return tracing_works(all) ? 0 : kFailed;
}

}  // namespace gotap::cli
