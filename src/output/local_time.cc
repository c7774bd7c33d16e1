// Facts: strftime(3).
#include "output/local_time.h"

#include <ctime>

namespace gotap::output {

std::string local_time(const std::string& strftime_format) {
  if (strftime_format.empty()) return "";
  time_t now = ::time(nullptr);
  tm local{};
  if (!::localtime_r(&now, &local)) return "";
  // strftime() answers 0 both for "too small" and for "nothing to print": one byte that is
  // always there tells them apart.
  const std::string format = strftime_format + "x";
  std::string text(256, '\0');
  while (text.size() <= 128 * format.size() + 8192) {
    size_t length = std::strftime(text.data(), text.size(), format.c_str(), &local);
    if (length > 0) return text.substr(0, length - 1);
    text.resize(text.size() * 2);
  }
  return "";
}

}  // namespace gotap::output
