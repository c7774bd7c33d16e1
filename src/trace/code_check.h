// CodeCheck: the code at every site, in the memory of every traced process, is the file's, or
// the file's with a probe of the kernel's in it.
//
// Facts: DESIGN rule 12. A uprobe and a debugger's breakpoint are both an int3 in memory; the
// kernel alone knows which places are its own. From Linux 6.18 on it may turn a probed 5-byte
// nop into a call (arch/x86/kernel/uprobes.c).
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "bpf/kernel.h"
#include "plan/plan.h"

namespace gotap::trace {

/// "main.swap at 0x4a1234": a site as the user knows it.
std::string site_name(const plan::Plan& plan, const plan::Site& site);

/// The kernel is asked about every n-th of so many breakpoints. Each question about a place where
/// there is a probe leaves a line in its log: where another tracer has thousands of them, 32,
/// evenly chosen, stand for all.
size_t question_step(size_t breakpoints);

class CodeCheck {
 public:
  /// `fds`, the opened files, are parallel to Plan::targets. Both must outlive this.
  CodeCheck(const plan::Plan& plan, const std::vector<int>& fds);

  /// Compares the memory of `pid` with the file's bytes at every site of a file that it runs.
  /// Returns which targets it runs. Errors: it may not be read, or its code differs.
  Result<std::vector<bool>> check(int pid);

  /// Asks the kernel whether the breakpoints seen by check() are probes of its own. An error
  /// names the one that is not.
  Result<void> explain_breakpoints(bpf::Kernel& kernel) const;

  /// Pages of code that get a probe, by target.
  std::vector<uint64_t> pages() const;

 private:
  struct Target {
    struct stat file {};
    std::vector<const plan::Site*> sites;  ///< by file offset
  };
  struct Memory;

  Result<void> check_mapping(const Memory& memory, uint32_t target);
  Result<void> check_site(const plan::Site& site, const uint8_t* memory, uint32_t target, int pid);

  const plan::Plan& plan_;
  const std::vector<int>& fds_;
  std::vector<Target> targets_;
  /// Where a process has a breakpoint: target and site, and the process.
  std::map<std::pair<uint32_t, const plan::Site*>, int> breakpoints_;
};

}  // namespace gotap::trace
