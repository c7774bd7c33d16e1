// Breakpoints that nobody owns any more, in the memory of a traced process.
//
// When a tracer, of whatever kind, is killed (SIGKILL) while the kernel puts its probes in or
// takes them out, the kernel gives up in the middle: the breakpoints stay, each costs the process
// a trap, and nothing removes them as long as it lives. Whoever attaches there next and detaches
// again takes them along; that is done here for all of a process's code.
//
// Facts: uprobe_unregister_nosync() in kernel/events/uprobes.c ("failed to unregister, leaking
// uprobe"): the page is not to be had once a fatal signal is pending. proc(5): pagemap; pages of
// code with breakpoints are copies, no longer the file's.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "bpf/kernel.h"

namespace gotap::trace {

/// Takes out the kernel's breakpoints that no tracer holds from the code that process `pid` runs
/// of the opened files `fds`; those of living tracers stay. Returns their number. Errors: the
/// process may not be read, or the kernel does not take probes; then nothing has changed.
Result<uint64_t> sweep_breakpoints(bpf::Kernel& kernel, int pid, const std::vector<int>& fds);

/// Breakpoints in the code of a process that its file has not.
struct Breakpoints {
  uint64_t uprobes = 0;  ///< the kernel's: another tracer's, or one's that was killed
  /// Of nobody the kernel knows: a debugger's. Of many every n-th is asked about
  /// (question_step()), and the answer holds for those up to the next.
  uint64_t foreign = 0;
};

/// Of the opened file `file` in the memory of process `pid`. Errors: it may not be read; the kernel
/// does not say whose they are.
Result<Breakpoints> look_at_breakpoints(bpf::Kernel& kernel, int pid, int file);

}  // namespace gotap::trace
