// Facts: strftime(3); RFC 3339, 5.6, for the zone.
#include "output/local_time.h"

#include <ctime>

namespace gotap::output {

namespace {

// %:z, which is not strftime's own, is written out: "+05:30".
std::string with_zone(const std::string& format, const tm& local) {
  std::string known;
  for (size_t i = 0; i < format.size(); i++) {
    if (format[i] != '%' || i + 1 == format.size()) {
      known += format[i];
    } else if (format.compare(i, 3, "%:z") == 0) {
      char zone[16];
      const size_t length = std::strftime(zone, sizeof zone, "%z", &local);
      known += std::string(zone, length);
      if (length > 2) known.insert(known.size() - 2, ":");
      i += 2;
    } else {
      known += format[i];
      known += format[++i];
    }
  }
  return known;
}

std::string text_of(const std::string& strftime_format, time_t time) {
  tm local{};
  if (strftime_format.empty() || !::localtime_r(&time, &local)) return "";
  // strftime() answers 0 both for "too small" and for "nothing to print": one byte that is
  // always there tells them apart.
  const std::string format = with_zone(strftime_format, local) + "x";
  std::string text(256, '\0');
  while (text.size() <= 128 * format.size() + 8192) {
    size_t length = std::strftime(text.data(), text.size(), format.c_str(), &local);
    if (length > 0) return text.substr(0, length - 1);
    text.resize(text.size() * 2);
  }
  return "";
}

}  // namespace

std::string local_time(const std::string& strftime_format) {
  return text_of(strftime_format, ::time(nullptr));
}

std::string local_time(const std::string& format, int64_t ns) {
  constexpr int64_t kSecond = 1'000'000'000;
  const int64_t seconds = ns / kSecond - (ns % kSecond < 0 ? 1 : 0);
  std::string micros = std::to_string((ns % kSecond + kSecond) % kSecond / 1000);
  micros.insert(0, 6 - micros.size(), '0');
  // %f is not strftime's own, and %%f is no %f.
  std::string known;
  for (size_t i = 0; i < format.size(); i++) {
    const bool percent = format[i] == '%' && i + 1 < format.size();
    if (percent && format[i + 1] == 'f') {
      known += micros;
      i++;
      continue;
    }
    known += format[i];
    if (percent) known += format[++i];
  }
  return text_of(known, seconds);
}

}  // namespace gotap::output
