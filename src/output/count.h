// CountSink: how often, and how often a second, as a table: `gotap count`.
//
// Entry point: CountSink.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "output/text.h"

namespace gotap::output {

/// Shows the map `@calls` as a table, the most frequent first, of more than `limit` (0: any number)
/// the others in one row; other maps as TextSink does. The rate is over the time since the probes
/// were attached.
class CountSink : public TextSink {
 public:
  explicit CountSink(const SinkOptions& options, uint32_t limit = 0)
      : TextSink(options), limit_(limit) {}
  void attached(uint64_t probes) override;
  void map(const MapDump& map) override;
  void end() override { ending(); }

 private:
  uint32_t limit_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace gotap::output
