// How often loaded programs ran, and for how long: the kernel's own statistics.
// Entry point: linux_run_counts().
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"

namespace gotap::bpf {

struct Runs {
  uint64_t count = 0;
  uint64_t ns = 0;  ///< that the program itself took, without the trap that led to it
};

class RunCounts {
 public:
  virtual ~RunCounts() = default;
  /// Of a loaded program, since the kernel has been counting.
  virtual Result<Runs> of(int program_fd) = 0;
};

/// Lets the kernel count for as long as it lives, which costs every BPF program of the machine some
/// tens of nanoseconds a run. Errors: the kernel is older than 5.8, no CAP_SYS_ADMIN.
Result<std::unique_ptr<RunCounts>> linux_run_counts();

}  // namespace gotap::bpf
