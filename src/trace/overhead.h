// What the probes cost the traced processes, measured while they are attached, and whether that is
// more than they may.
// Entry point: Overhead.
//
// A hit costs a trap, as measured on ourselves, and the time of its program; the kernel counts both
// hits and time. All of it is the CPU time of the traced processes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "bpf/run_counts.h"

namespace gotap::trace {

/// A program that runs at hits.
struct HitProgram {
  int fd = -1;
  double trap_ns = 0;  ///< of a hit, without the program
};

/// CPU time that the processes have used, in nanoseconds; of one that has ended nothing.
uint64_t cpu_time_ns(const std::vector<int>& pids);

class Overhead {
 public:
  /// Looked at after 100 ms for the first time, then every second.
  static constexpr int64_t kFirst = 100'000'000, kEvery = 1'000'000'000;
  /// So much more than they may the probes can take, so that a burst of calls does not end the
  /// trace of a program that is quiet otherwise: less than a tenth of a second of one CPU.
  static constexpr double kBurst = 50'000'000;

  /// `most`: percent of the processes' CPU time, or, of one that does little, of half a CPU;
  /// without processes of a CPU. 0: any.
  Overhead(bpf::RunCounts& counts, std::vector<HitProgram> programs, std::vector<int> pids,
           double most)
      : counts_(counts), programs_(std::move(programs)), pids_(std::move(pids)), most_(most) {}

  /// From now on, a monotonic time in nanoseconds. Errors: as RunCounts::of().
  Result<void> start(int64_t now);
  /// When to look() next.
  int64_t next() const { return next_; }
  /// Whether the probes have taken more than they may, and a burst beyond: then why tracing must
  /// end.
  Result<std::optional<std::string>> look(int64_t now);
  /// "12 probe hits took 0.1 % of a CPU", since the start.
  Result<std::string> summary(int64_t now);

 private:
  struct Taken {
    uint64_t hits = 0;
    double ns = 0;
  };
  Result<Taken> taken();

  bpf::RunCounts& counts_;
  std::vector<HitProgram> programs_;
  std::vector<int> pids_;
  double most_;
  int64_t began_ = 0, last_ = 0, next_ = 0;
  Taken first_, before_;
  uint64_t cpu_before_ = 0;
  double excess_ = 0;  ///< what they took and might not, less what they might have taken since
};

}  // namespace gotap::trace
