// Offsets in kernel structures, from the kernel's own type information (BTF).
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace gotap::bpf {

/// Kernel::struct_offset. Loads the kernel's BTF (10 ms, 13 MB for the time of the call).
Result<uint32_t> btf_struct_offset(const std::string& type, const std::string& member);

}  // namespace gotap::bpf
