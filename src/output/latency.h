// LatencySink: histograms of durations as percentiles and rows that a person reads: `gotap
// latency`.
//
// Entry points: LatencySink, duration_text().
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "output/screen.h"
#include "output/text.h"

namespace gotap::output {

/// "850ns", "12.3us", "45ms", "2.1s": three digits.
std::string duration_text(uint64_t ns);

/// The end of the bucket that the call at `part` (0.99) of all, by duration, is in: no call of that
/// part took as long. Nanoseconds; 0: no calls.
uint64_t percentile(const Histogram& histogram, double part);

/// Shows the maps `@max` (the longest call, by the same keys) and `@ns` (histograms of nanoseconds
/// in fine parts), in this order; other maps as TextSink does.
class LatencySink : public TextSink {
 public:
  /// `live`: they are shown more than once.
  explicit LatencySink(const SinkOptions& options, bool live = false)
      : TextSink(options), screen_(options, live) {}
  void map(const MapDump& map) override;
  void end() override { ending(); }

 private:
  void append(const MapEntry& entry);
  Screen screen_;
  std::map<std::string, uint64_t> longest_;  ///< by the keys' text
};

}  // namespace gotap::output
