#include "trace/value_kinds.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>

#include "base/text.h"

namespace gotap::trace {

namespace {

constexpr uint64_t kHasMonotonic = uint64_t{1} << 63;
constexpr uint64_t kNanosecondMask = (uint64_t{1} << 30) - 1;
constexpr int64_t kDay = 86400;
// Seconds from the year 1 to 1885, from which the packed form counts, and to 1970.
constexpr int64_t kYear1885 = (int64_t{1884} * 365 + 1884 / 4 - 1884 / 100 + 1884 / 400) * kDay;
constexpr int64_t kYear1970 = (int64_t{1969} * 365 + 1969 / 4 - 1969 / 100 + 1969 / 400) * kDay;

struct CivilDate {
  int64_t year = 0;
  unsigned month = 1, day = 1;
};

// Of a number of days since 1970-01-01, in the Gregorian calendar (H. Hinnant, "chrono-compatible
// low-level date algorithms", civil_from_days).
CivilDate civil_date(int64_t days) {
  days += 719468;
  const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const auto of_era = static_cast<unsigned>(days - era * 146097);
  const unsigned year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  const unsigned of_year = of_era - (365 * year + year / 4 - year / 100);
  const unsigned march = (5 * of_year + 2) / 153;
  const unsigned month = march < 10 ? march + 3 : march - 9;
  return {static_cast<int64_t>(year) + era * 400 + (month <= 2), month,
          of_year - (153 * march + 2) / 5 + 1};
}

// ".5", ".000000001", or nothing.
std::string fraction(uint64_t value, int digits) {
  if (value == 0) return "";
  std::string text = std::to_string(value);
  text.insert(0, static_cast<size_t>(digits) - std::min<size_t>(text.size(), digits), '0');
  while (text.back() == '0') text.pop_back();
  return "." + text;
}

std::string hex_groups(Bytes bytes) {
  std::array<unsigned, 8> groups{};
  for (size_t i = 0; i < 8; i++)
    groups[i] = static_cast<unsigned>(bytes[2 * i]) << 8 | bytes[2 * i + 1];
  // The longest run of zeros, of two at least, is left out.
  size_t from = 8, length = 1;
  for (size_t i = 0; i < 8; i++) {
    size_t end = i;
    while (end < 8 && groups[end] == 0) end++;
    if (end - i > length) from = i, length = end - i;
  }
  std::string text;
  for (size_t i = 0; i < 8;) {
    if (i == from) {
      text += "::";
      i += length;
      continue;
    }
    if (i > 0 && text.back() != ':') text += ':';
    char digits[8];
    std::snprintf(digits, sizeof digits, "%x", groups[i++]);
    text += digits;
  }
  return text;
}

}  // namespace

std::string go_time_text(uint64_t wall, int64_t ext) {
  const uint64_t nanoseconds = wall & kNanosecondMask;
  // Sums wrap as Go's do.
  const uint64_t since_year_1 = wall & kHasMonotonic
                                    ? static_cast<uint64_t>(kYear1885) + (wall << 1 >> 31)
                                    : static_cast<uint64_t>(ext);
  const auto seconds = static_cast<int64_t>(since_year_1 - static_cast<uint64_t>(kYear1970));
  int64_t days = seconds / kDay, rest = seconds % kDay;
  if (rest < 0) rest += kDay, days--;
  const CivilDate date = civil_date(days);
  char text[64];
  std::snprintf(text, sizeof text, "%s%04lld-%02u-%02u %02lld:%02lld:%02lld",
                date.year < 0 ? "-" : "",
                static_cast<long long>(date.year < 0 ? -date.year : date.year), date.month,
                date.day, static_cast<long long>(rest / 3600),
                static_cast<long long>(rest / 60 % 60), static_cast<long long>(rest % 60));
  return text + fraction(nanoseconds, 9) + " +0000 UTC";
}

std::string go_duration_text(int64_t nanoseconds) {
  if (nanoseconds == 0) return "0s";
  const bool negative = nanoseconds < 0;
  const uint64_t all =
      negative ? 0 - static_cast<uint64_t>(nanoseconds) : static_cast<uint64_t>(nanoseconds);
  const std::string sign = negative ? "-" : "";
  if (all < 1'000) return sign + std::to_string(all) + "ns";
  if (all < 1'000'000) return sign + std::to_string(all / 1'000) + fraction(all % 1'000, 3) + "µs";
  if (all < 1'000'000'000)
    return sign + std::to_string(all / 1'000'000) + fraction(all % 1'000'000, 6) + "ms";
  const uint64_t seconds = all / 1'000'000'000;
  std::string text;
  if (seconds >= 3600) text += std::to_string(seconds / 3600) + "h";
  if (seconds >= 60) text += std::to_string(seconds / 60 % 60) + "m";
  return sign + text + std::to_string(seconds % 60) + fraction(all % 1'000'000'000, 9) + "s";
}

std::string go_ip_text(Bytes bytes) {
  if (bytes.empty()) return "<nil>";
  static constexpr uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (bytes.size() == 16 && std::equal(kMapped, kMapped + 12, bytes.begin()))
    bytes = bytes.from(12);
  std::string text;
  if (bytes.size() == 4) {
    for (uint8_t byte : bytes) text += (text.empty() ? "" : ".") + std::to_string(byte);
    return text;
  }
  if (bytes.size() == 16) return hex_groups(bytes);
  text = "?";
  for (uint8_t byte : bytes) {
    char digits[4];
    std::snprintf(digits, sizeof digits, "%02x", byte);
    text += digits;
  }
  return text;
}

bool names_secret(std::string_view name) {
  static constexpr std::string_view kWords[] = {
      "password",   "passwd", "passphrase", "secret",  "token",      "authorization", "cookie",
      "credential", "apikey", "api_key",    "api-key", "privatekey", "private_key"};
  const std::string small = to_lower(name);
  return std::any_of(std::begin(kWords), std::end(kWords),
                     [&](std::string_view word) { return small.find(word) != std::string::npos; });
}

size_t without_half_character(std::string_view bytes) {
  // A character has four bytes at most; one that begins so near the end and is not valid is cut.
  for (size_t back = 1; back <= 3 && back <= bytes.size(); back++) {
    const auto byte = static_cast<uint8_t>(bytes[bytes.size() - back]);
    if ((byte & 0xc0) == 0x80) continue;
    const size_t wants = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return wants > back ? bytes.size() - back : bytes.size();
  }
  return bytes.size();
}

bool is_text(std::string_view bytes, bool cut) {
  if (cut) bytes = bytes.substr(0, without_half_character(bytes));
  for (size_t i = 0; i < bytes.size();) {
    const auto byte = static_cast<uint8_t>(bytes[i]);
    const bool control = byte < 0x20 && byte != '\n' && byte != '\r' && byte != '\t';
    const size_t length = utf8_length(bytes, i);
    if (control || byte == 0x7f || length == 0) return false;
    i += length;
  }
  return !bytes.empty();
}

}  // namespace gotap::trace
