// A table that is shown again and again: on a terminal each time in place of the last.
#pragma once

#include <cstddef>
#include <string>

#include "output/writer.h"

namespace gotap::output {

class Screen {
 public:
  Screen() = default;
  /// `live`: the table will be shown more than once. Nothing is redrawn but on a terminal that can.
  Screen(const SinkOptions& options, bool live);

  /// Makes what stands in `data` from `begin` on, a table, take the place of the last one.
  void redraw(std::string& data, size_t begin) const;
  /// Rows that a table may have until the end, so that its head stays on the screen; 0: any number.
  size_t rows() const { return live_ && !ending_ ? rows_ : 0; }
  /// The table at the end is the last one, and whole.
  void ending() { ending_ = true; }

 private:
  bool live_ = false, ending_ = false;
  size_t rows_ = 0;
};

}  // namespace gotap::output
