// The calls in flight, seen from user space: which frames are still part of a goroutine's
// chain, and the sweeping of those that a panic or Goexit threw away, with what was kept of them.
#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "base/result.h"
#include "trace/maps.h"

namespace gotap::trace {

/// What a look at the frame map found.
struct FrameCensus {
  uint64_t in_flight = 0;  ///< frames that their goroutine's chain reaches: calls still open
  uint64_t unwound = 0;    ///< frames deleted now: no chain reaches them
  std::map<uint32_t, uint64_t> in_flight_of;  ///< by function of the plan; of the last look alone
};

class FrameSweeper {
 public:
  FrameSweeper(bpf::Kernel& kernel, const Maps& maps, const std::vector<int>& fds)
      : kernel_(kernel), maps_(maps), fds_(fds) {}

  /// Deletes frames that no chain reached, neither now nor in the sweep before. A program
  /// inserts a frame first and links it afterwards, so one look could take a frame that is
  /// being pushed for a dead one.
  Result<FrameCensus> sweep();
  /// The last look, when programs do nothing any more: one is enough, and nothing is deleted.
  Result<FrameCensus> count();

 private:
  struct View;
  Result<View> look() const;
  /// Whether the goroutine's chain, walked now and at most `limit` frames long, passes by.
  Result<bool> is_dead(const std::vector<uint8_t>& key, uint64_t start_ns, size_t limit) const;
  bool keeps_values() const;
  /// Deletes what was kept of calls that had no frame, neither now nor in the sweep before.
  Result<void> sweep_saved(const View& view);
  bpf::Kernel& kernel_;
  const Maps& maps_;
  const std::vector<int>& fds_;
  /// key -> start_ns, of the last sweep: frames, and what was kept without one.
  std::map<std::vector<uint8_t>, uint64_t> suspects_, saved_suspects_;
};

}  // namespace gotap::trace
