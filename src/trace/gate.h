// Gate: the last look before attaching. What is about to be probed must be what was planned:
// in the opened files, and in the memory of every process that runs them.
//
// Facts: DESIGN rule 12; proc(5). A breakpoint in the middle of an instruction kills the program
// or silently changes what it does.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "bpf/kernel.h"
#include "plan/plan.h"
#include "trace/cgroup.h"
#include "trace/code_check.h"

namespace gotap::trace {

/// Nobody wrote to the files since they were read, and every site's bytes are in them. `fds` is
/// parallel to Plan::targets.
Result<void> check_files(const plan::Plan& plan, const std::vector<int>& fds);

/// Which processes the probes are for.
struct TracedProcesses {
  std::vector<int> pids;  ///< the user's; empty: every process that runs the files now
  int child = 0;          ///< instead of those: a process that has yet to exec the program
};

/// Every traced process runs these very files, nobody debugs it, the bytes at every site in its
/// memory are the file's or the file's with another tracer's uprobe in it, it will live through
/// the probes, and they fit into its memory. Errors name the difference, the debugger or the
/// breakpoint. Returns what is to be said although attaching is safe.
Result<std::vector<std::string>> check_processes(bpf::Kernel& kernel, const plan::Plan& plan,
                                                 const std::vector<int>& fds,
                                                 const TracedProcesses& traced,
                                                 const CgroupTree& cgroups);

}  // namespace gotap::trace
