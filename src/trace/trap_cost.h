// What a hit of a probe costs on this machine, measured on ourselves.
// Entry point: measure_traps().
//
// Facts: DESIGN rules 2 and 15: which instructions the kernel emulates and which it single-steps.
#pragma once

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

}  // namespace gotap::trace
