// A probe on ourselves, by which it is found out what the kernel can do and what a hit costs.
// Entry point: Trial::start().
#pragma once

#include <cstdint>

#include "base/fd.h"
#include "base/result.h"
#include "bpf/kernel.h"

namespace gotap::trace {

class Trial {
 public:
  /// What its program does at a hit.
  enum class Notes : uint8_t {
    Hits,    ///< counts it
    Cookie,  ///< keeps the cookie that the probe was attached with
    Time,    ///< keeps when it was, on the monotonic clock, as programs do that time calls
  };

  /// Probes the instruction at `code`, of this program, in this process alone; `on_return`: the
  /// returns of the function that begins there, as the kernel finds them. Errors: why there can be
  /// no such probe.
  static Result<Trial> start(bpf::Kernel& kernel, const void* code, bool by_event,
                             Notes notes = Notes::Hits, uint64_t cookie = 0,
                             bool on_return = false);

  /// Hits so far, the cookie, or the last hit's time in nanoseconds; 0: there was no hit.
  Result<uint64_t> noted(bpf::Kernel& kernel) const;
  /// Letting go takes the kernel tens of milliseconds, of many no longer than of one: left to
  /// whoever holds them.
  bpf::Links take_links() { return std::move(links_); }

 private:
  Fd map_;
  bpf::Links links_;
};

}  // namespace gotap::trace
