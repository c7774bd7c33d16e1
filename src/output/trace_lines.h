// TraceSink: the lines of `gotap trace` as a terminal shows them best: coloured, within its width,
// calls within calls indented.
//
// Entry points: TraceSink, TraceStyle.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "output/text.h"

namespace gotap::output {

struct TraceStyle {
  /// Names of the functions, by which their ends are found in a line.
  std::vector<std::string> functions;
  uint32_t limit = 0;   ///< shows so many lines and no more; 0: all
  bool nested = false;  ///< every call has a line when it begins and one when it returns
  bool colour = false;  ///< by the escape sequences of ECMA-48
  size_t width = 0;     ///< columns of a line; what is longer is cut, which `..` says; 0: any
};

/// How lines for the data of `options` are to look: plain unless a terminal shows them.
TraceStyle trace_style(const SinkOptions& options);

/// Shows lines of the form `TIME goroutine N [> |< ]FUNCTION(...)...  DURATION`, whose width may be
/// less than they need: then the date and the end of the values go, never the duration. The map
/// `@lines` is not shown; everything else is as in TextSink.
class TraceSink : public TextSink {
 public:
  TraceSink(const SinkOptions& options, TraceStyle style);
  void print(const Format& format, const std::vector<Value>& args) override;
  void map(const MapDump& map) override;
  bool is_complete() const override { return left_ == uint32_t{0}; }
  void end() override { ending(); }

  /// One line, without its end, as it is shown.
  std::string shown(std::string_view line);
  /// What follows the line that was shown last, a stack, as it is shown: indented as that is.
  std::string shown_below(std::string_view lines) const;

 private:
  size_t depth_of(int64_t goroutine, bool begins, std::string_view function);

  TraceStyle style_;
  size_t indent_ = 0;                                 ///< of the line that was shown last
  std::optional<uint32_t> left_;                      ///< lines; nothing: no limit
  std::map<int64_t, std::vector<std::string>> open_;  ///< calls, by goroutine
};

}  // namespace gotap::output
