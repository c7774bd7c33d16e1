// CountSink: how often, and how often a second, as a table: `gotap count`.
//
// Entry point: CountSink.
#pragma once

#include <chrono>
#include <string>

#include "output/text.h"

namespace gotap::output {

/// Shows the map `@calls` as a table, the most frequent first; other maps as TextSink does. The
/// rate is over the time since the probes were attached.
class CountSink : public TextSink {
 public:
  explicit CountSink(const SinkOptions& options) : TextSink(options) {}
  void attached(uint64_t probes) override;
  void map(const MapDump& map) override;
  void end() override { ending(); }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace gotap::output
