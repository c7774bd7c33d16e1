// Attaching a plan's sites to loaded programs, and letting go of them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "bpf/kernel.h"
#include "bpf/object.h"
#include "plan/plan.h"

namespace gotap::trace {

struct Attached {
  bpf::Links links;
  std::vector<std::string> refused;  ///< sites the kernel would not take, by name
  /// Probes as a user counts them: a function's returns are one, however many RETs it has.
  uint64_t probes = 0;
};

/// Attaches every uprobe program of `object` to its sites, those that end calls before those
/// that record them. `program_fds` is parallel to BpfObject::programs, `file_fds` to
/// Plan::targets; `pids` empty: every process. Instructions that cannot be probed are left out and
/// named. Errors: whatever stops all of it; then nothing stays attached.
Result<Attached> attach_all(bpf::Kernel& kernel, const bpf::BpfObject& object,
                            const plan::Plan& plan, const std::vector<int>& program_fds,
                            const std::vector<int>& file_fds, const std::vector<int>& pids);

/// Closes all links at once: each waits for the kernel, so each has a thread of its own.
void close_links(bpf::Links links);

}  // namespace gotap::trace
