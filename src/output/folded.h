// FoldedSink: maps of counts by stack as flamegraph.pl, inferno and speedscope read them,
// `outermost;...;innermost COUNT` a line.
//
// Entry points: FoldedSink, append_frame.
// Facts: flamegraph.pl takes the number behind the last blank as the count and divides what is
// before it at each `;`. As in its stackcollapse-perf.pl a `;` in a name is written `:`; a blank is
// `_`, as some readers take the first one for the last.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "output/text.h"

namespace gotap::output {

/// Appends a frame to a line of frames.
void append_frame(std::string& line, std::string_view name);

/// Shows `maps`, whose values are numbers and whose keys hold a stack, as folded stacks; stacks of
/// the same functions are one. Other parts of the key are frames around the stack, and of several
/// maps the map's name is the outermost. All else that a script prints is no stack, and goes as
/// text where messages go.
class FoldedSink : public TextSink {
 public:
  FoldedSink(const SinkOptions& options, std::vector<std::string> maps);

  void map(const MapDump& map) override;
  void end() override;
  void flush() override;
  bool ok() const override { return stacks_.ok(); }

 private:
  Writer stacks_;
  std::vector<std::string> maps_;
};

}  // namespace gotap::output
