// CountSink: how often, and how often a second, as a table: `gotap count`.
//
// Entry point: CountSink.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "output/screen.h"
#include "output/text.h"

namespace gotap::output {

/// Shows the map `@calls` as a table, the most frequent first, of more than `limit` (0: any number)
/// the others in one row; other maps as TextSink does. The rate is over the time since the probes
/// were attached.
class CountSink : public TextSink {
 public:
  /// `live`: it is shown more than once.
  explicit CountSink(const SinkOptions& options, uint32_t limit = 0, bool live = false)
      : TextSink(options), limit_(limit), screen_(options, live) {}
  void attached(uint64_t probes) override;
  void map(const MapDump& map) override;
  void end() override {
    screen_.ending();
    ending();
  }

 private:
  uint32_t limit_;
  Screen screen_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace gotap::output
