// CountSink: how often, and how often a second, as a table: `gotap count`.
//
// Entry points: CountSink, CountStyle.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "output/screen.h"
#include "output/text.h"

namespace gotap::output {

struct CountStyle {
  uint32_t limit = 0;  ///< of more rows the others are one; 0: any number
  bool live = false;   ///< it is shown more than once
  /// What part of the calls returned an error, and what part a panic ended.
  bool share = false;
  /// Instead of the rate: how many calls a panic ended, of how many, and only such functions.
  bool panics = false;
  std::set<std::string> with_errors;  ///< functions that can return one
};

/// Shows the map `@calls` as a table, the most frequent first; a stack among its keys below its
/// row. With shares `@errors` and `@returned` are columns of it, by the same keys; with panics the
/// most of these come first. What has not returned, and is not in flight at the end, a panic ended;
/// where that does not come to the number of such calls in all, and before the end, they are shown
/// with "<=" (the share not at all before the end). Other maps as TextSink does. The rate is over
/// the time since the probes were attached.
class CountSink : public TextSink {
 public:
  explicit CountSink(const SinkOptions& options, CountStyle style = {})
      : TextSink(options), style_(std::move(style)), screen_(options, style_.live) {}
  void attached(uint64_t probes) override;
  void map(const MapDump& map) override;
  void end() override {
    ended_ = true;
    screen_.ending();
    ending();
  }
  void losses(const Losses& losses) override;
  void flush() override;

 private:
  struct Row {
    uint64_t calls = 0;
    uint64_t panics = 0;             ///< calls that a panic ended, for `panics`
    std::string shares, name;        ///< columns as they are shown
    std::vector<std::string> below;  ///< lines
  };
  Row row_of(MapEntry entry) const;
  bool by_outcome() const { return style_.share || style_.panics; }
  /// Calls that a panic ended, by function.
  struct Thrown {
    std::string at_most;  ///< "", or "<=": there are no more, but there may be less
    std::map<std::string, uint64_t> calls;
  };
  Thrown thrown(const Losses& losses);
  std::vector<Row> shared_rows(const Thrown& thrown);
  std::vector<Row> panic_rows(const Thrown& thrown);
  void show_outcomes(const Losses& losses);
  std::string columns_of(const Row& row, const std::string& at_most) const;
  void show(const std::vector<Row>& rows, const std::string& at_most = {});

  CountStyle style_;
  Screen screen_;
  std::map<std::string, std::map<std::string, uint64_t>> counts_;  ///< by map, by function
  bool ended_ = false, held_ = false;  ///< held: the table at the end waits for the losses
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace gotap::output
