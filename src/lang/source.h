// Source: the text of a script and the name messages call it by. LineMap turns byte offsets
// into lines and columns.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lang/program.h"

namespace gotap::lang {

struct Source {
  std::string name;  ///< the file name, or `stdin` for a program given on the command line
  std::string text;
};

/// Where the lines of a text begin.
class LineMap {
 public:
  explicit LineMap(std::string_view text);
  /// The stretch [begin, end) with its line and column. `end` is never before `begin`.
  Location at(size_t begin, size_t end) const;

 private:
  std::vector<uint32_t> starts_;
};

}  // namespace gotap::lang
