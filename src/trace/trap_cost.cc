// Entry points: measure_traps, measure_floor.
// Facts: clock_gettime(2), CLOCK_THREAD_CPUTIME_ID: the time of the trap is the thread's own.
#include "trace/trap_cost.h"

#include <time.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <vector>

#include "trace/attach.h"
#include "trace/trial.h"

namespace gotap::trace {

namespace {

// A function for each kind of instruction: its probe stays while the next one is measured.
extern "C" void gotap_trap_push();
extern "C" void gotap_trap_move();
extern "C" void gotap_trap_return();
extern "C" void gotap_trap_ret();  // the RET in it
// For calls that are timed, with the RETs in them.
extern "C" void gotap_timed_push();
extern "C" void gotap_timed_push_ret();
extern "C" void gotap_timed_move();
extern "C" void gotap_timed_move_ret();
asm(R"(
  .pushsection .text.gotap_trap, "ax", @progbits
  .hidden gotap_trap_push, gotap_trap_move, gotap_trap_return, gotap_trap_ret
  .globl gotap_trap_push, gotap_trap_move, gotap_trap_return, gotap_trap_ret
  .hidden gotap_timed_push, gotap_timed_push_ret, gotap_timed_move, gotap_timed_move_ret
  .globl gotap_timed_push, gotap_timed_push_ret, gotap_timed_move, gotap_timed_move_ret
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
gotap_timed_push:
  push %rbp
  pop %rbp
gotap_timed_push_ret:
  ret
gotap_timed_move:
  mov %rsp, %rax
gotap_timed_move_ret:
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

// What is called to be timed, and where its return is probed.
struct TimedCode {
  void (*function)();
  void (*returns)();
};

TimedCode code_of(Timed timed) {
  switch (timed) {
    case Timed::Emulated: return {gotap_timed_push, gotap_timed_push_ret};
    case Timed::Stepped: return {gotap_timed_move, gotap_timed_move_ret};
    case Timed::KernelReturned: return {gotap_timed_push, gotap_timed_push};
  }
  return {};
}

Result<uint64_t> floor_of(bpf::Kernel& kernel, bool by_event, Timed timed, bpf::Links& links) {
  const TimedCode code = code_of(timed);
  const auto trial = [&](void (*place)(), bool on_return) {
    return Trial::start(kernel, reinterpret_cast<const void*>(place), by_event, Trial::Notes::Time,
                        0, on_return);
  };
  TRY(begin, trial(code.function, false));
  std::ranges::move(begin.take_links(), std::back_inserter(links));
  TRY(end, trial(code.returns, timed == Timed::KernelReturned));
  std::ranges::move(end.take_links(), std::back_inserter(links));
  std::vector<uint64_t> durations;
  uint64_t before = 0;
  for (int i = 0; i < kTimedCalls; i++) {
    code.function();
    TRY(from, begin.noted(kernel));
    TRY(to, end.noted(kernel));
    if (from <= before || to < from) return Error{"hits of probes on ourselves were not seen", ""};
    before = from;
    durations.push_back(to - from);
  }
  const auto middle = durations.begin() + kTimedCalls / 2;
  std::nth_element(durations.begin(), middle, durations.end());
  return *middle;
}

}  // namespace

Result<uint64_t> measure_floor(bpf::Kernel& kernel, bool by_event, Timed timed) {
  bpf::Links links;
  auto floor = floor_of(kernel, by_event, timed, links);
  close_links(std::move(links));
  return floor;
}

Result<TrapCost> measure_traps(bpf::Kernel& kernel, bool by_event) {
  bpf::Links links;
  auto cost = measure(kernel, by_event, links);
  close_links(std::move(links));
  return cost;
}

}  // namespace gotap::trace
