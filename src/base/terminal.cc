#include "base/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace gotap {

namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

}  // namespace

bool is_terminal(int fd) { return ::isatty(fd) == 1; }

size_t terminal_width(int fd) {
  constexpr size_t kUsual = 80;
  winsize size{};
  return ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kUsual;
}

bool wants_colour(int fd) {
  const std::string_view terminal = variable("TERM");
  return is_terminal(fd) && !terminal.empty() && terminal != "dumb" && variable("NO_COLOR").empty();
}

}  // namespace gotap
