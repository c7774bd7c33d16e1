// Where our own code lies in our own file: for probes on ourselves, by which kernels are tried.
#pragma once

#include <cstdint>
#include <optional>

namespace gotap::bpf {

/// The file offset of `code` in /proc/self/exe; nothing if /proc is not mounted.
std::optional<uint64_t> own_file_offset(const void* code);

}  // namespace gotap::bpf
