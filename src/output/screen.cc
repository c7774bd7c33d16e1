// Entry point: Screen.
// Facts: ECMA-48: 8.3.21 (CUP), 8.3.39 (ED), 8.3.41 (EL).
#include "output/screen.h"

#include "base/terminal.h"

namespace gotap::output {

Screen::Screen(const SinkOptions& options, bool live)
    : live_(live && is_terminal(options.data_fd) && can_draw()) {
  // A line above, the head, the sum, and where the cursor is.
  constexpr size_t kOther = 5;
  const size_t height = terminal_height(options.data_fd);
  rows_ = height > kOther ? height - kOther : 1;
}

// Line over line: a screen that is cleared as a whole flickers, and terminals keep what was on it.
void Screen::redraw(std::string& data, size_t begin) const {
  if (!live_) return;
  const std::string table = data.substr(begin);
  data.resize(begin);
  data += "\033[H";
  for (const char c : table) data += c == '\n' ? std::string("\033[K\n") : std::string(1, c);
  data += "\033[J";
}

}  // namespace gotap::output
