// What a hit of a probe costs on this machine, and how long a call that does nothing seems to take,
// measured on ourselves.
// Entry points: measure_traps(), measure_floor().
//
// Facts: DESIGN rules 2 and 15: which instructions the kernel emulates and which it single-steps.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "bpf/kernel.h"

namespace gotap::trace {

/// Nanoseconds of CPU time that a hit takes from the probed thread, with a program that counts.
struct TrapCost {
  double emulated_ns = 0;  ///< `push %rbp`: the entry of a function of Go 1.21 or newer
  double stepped_ns = 0;   ///< an instruction that is single-stepped: any other
  double return_ns = 0;    ///< a RET
};

/// Hits of this thread that are measured, for each of the three.
constexpr int kTrapHits = 900;

/// Probes a function of ours, instruction by instruction, and calls it. Errors: why there can be
/// no probe, or that the hits did not arrive, so that nothing was measured.
Result<TrapCost> measure_traps(bpf::Kernel& kernel, bool by_event);

/// How a function's calls are timed.
enum class Timed : uint8_t {
  Emulated,        ///< from an entry that the kernel emulates to a RET
  Stepped,         ///< from an entry that is single-stepped to a RET
  KernelReturned,  ///< from the function's first instruction to the kernel's own return probe
};

/// Calls that measure_floor() times.
constexpr int kTimedCalls = 201;

/// The floor of durations: the nanoseconds that a call which does nothing seems to take when it is
/// timed in this way, all of it the cost of the probes; of kTimedCalls calls of a function of ours
/// the median. Errors: why there can be no such probes, or that hits did not arrive.
Result<uint64_t> measure_floor(bpf::Kernel& kernel, bool by_event, Timed timed);

}  // namespace gotap::trace
