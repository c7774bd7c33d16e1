// What the kernel does around uprobes, found by trying on ourselves.
// Entry points: is_uprobed, uretprobe_survives_seccomp.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace gotap::bpf {

/// See Kernel::has_uprobe.
Result<bool> is_uprobed(int file_fd, uint64_t offset);

/// See Kernel::uretprobe_survives_seccomp.
Result<bool> uretprobe_survives_seccomp();

}  // namespace gotap::bpf
