// Entry point: measure_traps.
// Facts: clock_gettime(2), CLOCK_THREAD_CPUTIME_ID: the time of the trap is the thread's own.
#include "trace/trap_cost.h"

#include <time.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string>

#include "trace/attach.h"
#include "trace/trial.h"

namespace gotap::trace {

namespace {

// A function for each kind of instruction: its probe stays while the next one is measured.
extern "C" void gotap_trap_push();
extern "C" void gotap_trap_move();
extern "C" void gotap_trap_return();
extern "C" void gotap_trap_ret();  // the RET in it
asm(R"(
  .pushsection .text.gotap_trap, "ax", @progbits
  .hidden gotap_trap_push, gotap_trap_move, gotap_trap_return, gotap_trap_ret
  .globl gotap_trap_push, gotap_trap_move, gotap_trap_return, gotap_trap_ret
gotap_trap_push:
  push %rbp
  pop %rbp
  ret
gotap_trap_move:
  mov %rsp, %rax
  ret
gotap_trap_return:
  nop
gotap_trap_ret:
  ret
  .popsection
)");

constexpr int kBatches = 9;
constexpr int kCalls = kTrapHits / kBatches;

// Of a call, in nanoseconds: of the batches the one that other programs disturbed least.
double cost_of_call(void (*function)()) {
  std::array<double, kBatches> batches;
  for (double& batch : batches) {
    timespec from, to;
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
    for (int i = 0; i < kCalls; i++) function();
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
    const auto seconds = static_cast<double>(to.tv_sec - from.tv_sec);
    batch = (seconds * 1e9 + static_cast<double>(to.tv_nsec - from.tv_nsec)) / kCalls;
  }
  return *std::min_element(batches.begin(), batches.end());
}

// Of a hit of a probe at `site`, which each call of `function` meets once.
Result<double> cost_of_hit(bpf::Kernel& kernel, bool by_event, void (*function)(), void (*site)(),
                           bpf::Links& links) {
  const double untraced = cost_of_call(function);
  TRY(trial, Trial::start(kernel, reinterpret_cast<const void*>(site), by_event));
  std::ranges::move(trial.take_links(), std::back_inserter(links));
  const double traced = cost_of_call(function);
  TRY(hits, trial.noted(kernel));
  if (hits != kTrapHits)
    return Error{"of " + std::to_string(kTrapHits) + " hits of a probe on ourselves " +
                     std::to_string(hits) + " were counted",
                 ""};
  return std::max(traced - untraced, 0.0);
}

Result<TrapCost> measure(bpf::Kernel& kernel, bool by_event, bpf::Links& links) {
  TRY(emulated, cost_of_hit(kernel, by_event, gotap_trap_push, gotap_trap_push, links));
  TRY(stepped, cost_of_hit(kernel, by_event, gotap_trap_move, gotap_trap_move, links));
  TRY(ret, cost_of_hit(kernel, by_event, gotap_trap_return, gotap_trap_ret, links));
  return TrapCost{emulated, stepped, ret};
}

}  // namespace

Result<TrapCost> measure_traps(bpf::Kernel& kernel, bool by_event) {
  bpf::Links links;
  auto cost = measure(kernel, by_event, links);
  close_links(std::move(links));
  return cost;
}

}  // namespace gotap::trace
