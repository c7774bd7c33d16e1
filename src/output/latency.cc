// Entry points: LatencySink, duration_text, percentile, told_apart_from.
#include "output/latency.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdio>
#include <vector>

#include "base/text.h"
#include "output/map_text.h"

namespace gotap::output {

namespace {

uint64_t calls_of(const Histogram& histogram) {
  uint64_t calls = 0;
  for (const Bucket& bucket : histogram.buckets) calls += bucket.count;
  return calls;
}

std::string padded(std::string text, size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

// A row of the histogram: durations from `low` to below `high`.
struct DurationRow {
  uint64_t low = 0, high = 0;  ///< high 0: no end
  uint64_t count = 0;
};

// The rows between powers of two from `least` on, each the sum of its fine parts, from the first to
// the last that is not empty; what is below `least` is one row in front of them.
std::vector<DurationRow> rows_of(const Histogram& histogram, uint64_t least) {
  uint64_t below = 0;
  std::map<int, uint64_t> powers;
  for (const Bucket& bucket : histogram.buckets) {
    const auto low = static_cast<uint64_t>(std::max<int64_t>(bucket.low, 0));
    if (low < least)
      below += bucket.count;
    else if (bucket.count > 0)
      powers[std::bit_width(low)] += bucket.count;
  }
  std::vector<DurationRow> rows;
  if (below > 0) rows.push_back({0, least, below});
  if (powers.empty()) return rows;
  const int last = powers.rbegin()->first;
  for (int power = below > 0 ? std::bit_width(least) : powers.begin()->first; power <= last;
       power++) {
    const auto found = powers.find(power);
    const uint64_t low = power == 0 ? 0 : uint64_t{1} << (power - 1);
    rows.push_back({std::max(low, least), power >= 63 ? 0 : uint64_t{1} << power,
                    found == powers.end() ? 0 : found->second});
  }
  return rows;
}

}  // namespace

std::string duration_text(uint64_t ns) {
  constexpr std::array<std::pair<double, const char*>, 3> kUnits{
      {{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}}};
  for (const auto& [size, unit] : kUnits) {
    // 999.6us is 1ms, not 1e+03us.
    if (static_cast<double>(ns) < size * 0.9995) continue;
    const double value = static_cast<double>(ns) / size;
    char text[32];
    std::snprintf(text, sizeof text,
                  value < 9.995   ? "%.2f"
                  : value < 99.95 ? "%.1f"
                                  : "%.0f",
                  value);
    return text + std::string(unit);
  }
  return std::to_string(ns) + "ns";
}

uint64_t percentile(const Histogram& histogram, double part) {
  const double wanted = static_cast<double>(calls_of(histogram)) * part;
  double seen = 0;
  for (const Bucket& bucket : histogram.buckets) {
    seen += static_cast<double>(bucket.count);
    if (bucket.count > 0 && seen >= wanted) return static_cast<uint64_t>(bucket.high);
  }
  return 0;
}

uint64_t told_apart_from(uint64_t floor) {
  constexpr int kBits = 5;  // of hist(ns, 5): parts of a power of two
  const uint64_t least = 3 * floor;
  const int log = least ? std::bit_width(least) - 1 : 0;
  const uint64_t part = log > kBits ? uint64_t{1} << (log - kBits) : 1;
  return (least + part - 1) / part * part;
}

std::string LatencySink::below(uint64_t ns) const {
  return ns > 0 && ns <= least_ ? "floor" : duration_text(ns);
}

void LatencySink::append_rows(const Histogram& histogram) {
  constexpr uint64_t kBar = 40;
  const std::vector<DurationRow> rows = rows_of(histogram, least_);
  uint64_t most = 1;
  for (const DurationRow& row : rows) most = std::max(most, row.count);
  for (const DurationRow& row : rows) {
    const std::string high = row.high ? duration_text(row.high) : "...";
    const std::string span = least_ > 0 && row.high == least_ && row.low == 0
                                 ? "< floor"
                                 : "[" + duration_text(row.low) + ", " + high + ")";
    std::string number = std::to_string(row.count);
    number.insert(0, number.size() < 10 ? 10 - number.size() : 0, ' ');
    data() += "  " + padded(span, 18) + number + " |" +
              std::string(static_cast<size_t>(static_cast<double>(row.count) * kBar /
                                              static_cast<double>(most)),
                          '@') +
              "\n";
  }
}

void LatencySink::append(const MapEntry& entry) {
  const auto* histogram = std::get_if<Histogram>(&entry.value);
  if (!histogram) return;
  const std::string keys = keys_text(entry);
  MapEntry others{entry.keys, {}};
  const std::vector<std::string> stack = take_stacks(others);
  const std::string title = keys_text(others);
  std::string& out = data();
  out += "\n" + title + (title.empty() ? "" : "\n");
  for (const std::string& line : stack) out += line + "\n";
  out += "  calls " + std::to_string(calls_of(*histogram));
  constexpr std::array<std::pair<double, const char*>, 4> kParts{
      {{0.5, "p50"}, {0.9, "p90"}, {0.99, "p99"}, {0.999, "p99.9"}}};
  for (const auto& [part, name] : kParts)
    out += std::string("  ") + name + " < " + below(percentile(*histogram, part));
  if (auto found = longest_.find(keys); found != longest_.end())
    out += found->second < least_ ? "  max < floor" : "  max " + duration_text(found->second);
  out += "\n";
  append_rows(*histogram);
}

void LatencySink::map(const MapDump& map) {
  if (map.name == "@max") {
    longest_.clear();
    for (const MapEntry& entry : map.entries)
      if (auto value = std::get_if<Value>(&entry.value))
        if (auto ns = std::get_if<uint64_t>(&value->data)) longest_[keys_text(entry)] = *ns;
    return;
  }
  if (map.name != "@ns") return TextSink::map(map);
  const size_t begin = data().size();
  if (floor_ > 0)
    data() += "\nfloor " + duration_text(floor_) + ", taken by the probes alone; what is below " +
              duration_text(least_) + " shows as < floor\n";
  if (map.entries.empty()) data() += "\nno such call has returned\n";
  for (const MapEntry& entry : shown_entries(map)) append(entry);
  screen_.redraw(data(), begin);
  written();
}

}  // namespace gotap::output
