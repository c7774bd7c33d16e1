// Attaching through uprobe_multi links, and what the kernel can do there, found by trying.
#pragma once

#include <cstddef>
#include <vector>

#include "base/result.h"
#include "bpf/kernel.h"

namespace gotap::bpf {

/// Kernel::attach_uprobes over bpf(BPF_LINK_CREATE).
Result<Attachment> attach_uprobe_multi(const AttachRequest& request);

/// Whether links of `program_fd` can be uprobe_multi links: creates none.
bool has_uprobe_multi(int program_fd);

/// Whether the pid filter of a kernel that has such links is by process and not by thread; see
/// Kernel::pid_filter_works.
bool pid_filter_is_by_process(int program_fd);

/// Whether `err` says that an instruction cannot be probed.
bool is_refusal(int err);

/// What any other `err` of attaching `sites` sites means to the user.
Error attach_error(size_t sites, int err);

/// The indices of all sites; an error if the request makes no sense.
Result<std::vector<size_t>> sites_of(const AttachRequest& request);

}  // namespace gotap::bpf
