// Entry points: LatencySink, duration_text, percentile.
#include "output/latency.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdio>

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

// The rows between powers of two, each the sum of its fine parts.
std::map<int, uint64_t> rows_of(const Histogram& histogram) {
  std::map<int, uint64_t> rows;
  for (const Bucket& bucket : histogram.buckets)
    rows[std::bit_width(static_cast<uint64_t>(std::max<int64_t>(bucket.low, 0)))] += bucket.count;
  return rows;
}

void append_rows(std::string& out, const Histogram& histogram) {
  constexpr uint64_t kBar = 40;
  const std::map<int, uint64_t> rows = rows_of(histogram);
  uint64_t most = 1;
  for (const auto& [power, count] : rows) most = std::max(most, count);
  auto first = std::find_if(rows.begin(), rows.end(), [](const auto& row) { return row.second; });
  if (first == rows.end()) return;
  for (int power = first->first; power <= rows.rbegin()->first; power++) {
    const auto found = rows.find(power);
    const uint64_t count = found == rows.end() ? 0 : found->second;
    const uint64_t low = power == 0 ? 0 : uint64_t{1} << (power - 1);
    const std::string high = power >= 63 ? "..." : duration_text(uint64_t{1} << power);
    std::string number = std::to_string(count);
    number.insert(0, number.size() < 10 ? 10 - number.size() : 0, ' ');
    out += "  " + padded("[" + duration_text(low) + ", " + high + ")", 18) + number + " |" +
           std::string(
               static_cast<size_t>(static_cast<double>(count) * kBar / static_cast<double>(most)),
               '@') +
           "\n";
  }
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

void LatencySink::append(const MapEntry& entry) {
  const auto* histogram = std::get_if<Histogram>(&entry.value);
  if (!histogram) return;
  const std::string keys = keys_text(entry);
  std::string& out = data();
  out += "\n" + keys + (keys.empty() ? "" : "\n");
  out += "  calls " + std::to_string(calls_of(*histogram));
  constexpr std::array<std::pair<double, const char*>, 4> kParts{
      {{0.5, "p50"}, {0.9, "p90"}, {0.99, "p99"}, {0.999, "p99.9"}}};
  for (const auto& [part, name] : kParts)
    out += std::string("  ") + name + " < " + duration_text(percentile(*histogram, part));
  if (auto found = longest_.find(keys); found != longest_.end())
    out += "  max " + duration_text(found->second);
  out += "\n";
  append_rows(out, *histogram);
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
  if (map.entries.empty()) data() += "\nno call has returned\n";
  for (const MapEntry& entry : shown_entries(map)) append(entry);
  screen_.redraw(data(), begin);
  written();
}

}  // namespace gotap::output
