// Attaching through uprobe_multi links, and what the kernel can do there, found by trying.
#pragma once

#include "base/result.h"
#include "bpf/kernel.h"

namespace gotap::bpf {

/// Kernel::attach_uprobes over bpf(BPF_LINK_CREATE).
Result<Fd> attach_uprobe_multi(const AttachRequest& request);

/// Whether links of `program_fd` can be uprobe_multi links: creates none.
bool has_uprobe_multi(int program_fd);

/// Whether the pid filter is by process and not by thread; see Kernel::pid_filter_works.
bool pid_filter_is_by_process(int program_fd);

}  // namespace gotap::bpf
