// LatencySink: histograms of durations as percentiles and rows that a person reads: `gotap
// latency`.
//
// Entry points: LatencySink, duration_text(), told_apart_from().
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

/// Durations below this are not told apart from the cost of the probes, where a call that does
/// nothing seems to take `floor` nanoseconds (DESIGN rule 10): three times that, or up to 3 % more,
/// so that it is the end of a bucket of hist(ns, 5). 0 for 0.
uint64_t told_apart_from(uint64_t floor);

/// Shows the maps `@max` (the longest call, by the same keys) and `@ns` (histograms of nanoseconds
/// in fine parts), in this order, with a stack among their keys as lines; other maps as TextSink
/// does.
class LatencySink : public TextSink {
 public:
  /// `live`: they are shown more than once. `floor`: what a call that does nothing seems to take,
  /// in nanoseconds: durations below told_apart_from(floor) show as `< floor`; 0: not known.
  explicit LatencySink(const SinkOptions& options, bool live = false, uint64_t floor = 0)
      : TextSink(options), screen_(options, live), floor_(floor), least_(told_apart_from(floor)) {}
  void map(const MapDump& map) override;
  void end() override { ending(); }

 private:
  void append(const MapEntry& entry);
  void append_rows(const Histogram& histogram);
  std::string below(uint64_t ns) const;  ///< "1.28us", "floor"
  Screen screen_;
  uint64_t floor_, least_;                   ///< nanoseconds
  std::map<std::string, uint64_t> longest_;  ///< by the keys' text
};

}  // namespace gotap::output
