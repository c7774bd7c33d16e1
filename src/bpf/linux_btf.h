// Offsets in kernel structures, from the kernel's own type information (BTF).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "bpf/kernel.h"

namespace gotap::bpf {

/// Kernel::struct_offset. Loads the kernel's BTF (10 ms, 13 MB for the time of the call).
Result<std::vector<uint32_t>> btf_struct_offsets(std::span<const StructMember> members);

}  // namespace gotap::bpf
