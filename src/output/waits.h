// WaitsSink: where the time of calls went, as tables that a person reads: `gotap waits`.
//
// Entry point: WaitsSink.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "output/screen.h"
#include "output/text.h"

namespace gotap::output {

/// Shows, in this order of maps: `@calls` by function; `@left_out`, calls of which something was
/// lost; `@longest`, `@spent` (nanoseconds) and `@waits` (how often) by function and what was
/// waited for. The function with the most time first, of more than `limit` (0: any number) only how
/// many. Other maps are the script's own and not shown.
class WaitsSink : public TextSink {
 public:
  /// `live`: they are shown more than once.
  explicit WaitsSink(const SinkOptions& options, uint32_t limit = 0, bool live = false)
      : TextSink(options), limit_(limit), screen_(options, live) {}
  void map(const MapDump& map) override;
  void end() override {
    screen_.ending();
    ending();
  }

 private:
  struct Part {
    uint64_t ns = 0, times = 0, longest_ns = 0;
  };
  struct Function {
    uint64_t calls = 0, ns = 0;
    std::map<std::string, Part> parts;  ///< by what was waited for
  };

  void show();
  void append(const std::string& name, const Function& function);

  uint32_t limit_;
  Screen screen_;
  std::map<std::string, Function> functions_;
  uint64_t left_out_ = 0;
};

}  // namespace gotap::output
