// Entry points: shown_entries, append_map, append_map_value.
//
// Where bpftrace 0.27 leaves the order to chance (values narrower than 64 bits, ties) or sorts
// negative minima and maxima above positive ones, ours is the numeric one.
#include "output/map_text.h"

#include <algorithm>
#include <cstddef>
#include <tuple>

#include "output/histogram.h"

namespace gotap::output {

namespace {

// A number of either signedness in an order that covers both.
struct Rank {
  int kind = 0;  // values of different kinds do not mix in one map, except unknown ones: first
  bool nonnegative = false;
  uint64_t magnitude = 0;  // two's complement: ordered within equal signs
  auto operator<=>(const Rank&) const = default;
};

Rank rank(int64_t i) { return {1, i >= 0, static_cast<uint64_t>(i)}; }
Rank rank(uint64_t u) { return {1, true, u}; }

Rank rank(const Value& value) {
  if (auto i = std::get_if<int64_t>(&value.data)) return rank(*i);
  if (auto u = std::get_if<uint64_t>(&value.data)) return rank(*u);
  return {};
}

Rank rank(const MapValue& value) {
  if (auto plain = std::get_if<Value>(&value)) return rank(*plain);
  if (auto a = std::get_if<Average>(&value)) return rank(average(*a));
  if (auto s = std::get_if<Stats>(&value)) return rank(average(s->average));
  uint64_t total = 0;
  for (const Bucket& bucket : std::get<Histogram>(value).buckets) total += bucket.count;
  return rank(total);
}

// Key parts: unknown, then bool, then numbers by value, then text by bytes; tuples part by part.
bool key_less(const Value& a, const Value& b) {
  auto kind = [](const Value& v) {
    size_t index = v.data.index();
    return index == 3 ? size_t{2} : index;  // signed and unsigned numbers are one kind
  };
  if (kind(a) != kind(b)) return kind(a) < kind(b);
  switch (kind(a)) {
    case 0: return std::get<Unknown>(a.data).reason < std::get<Unknown>(b.data).reason;
    case 1: return std::get<bool>(a.data) < std::get<bool>(b.data);
    case 2: return rank(a) < rank(b);
    case 4: return std::get<std::string>(a.data) < std::get<std::string>(b.data);
    case 5: return std::get<Buffer>(a.data).bytes < std::get<Buffer>(b.data).bytes;
    case 6: return std::get<Trusted>(a.data).text < std::get<Trusted>(b.data).text;
    case 8: return std::get<Real>(a.data).value < std::get<Real>(b.data).value;
    case 9: return std::get<Stack>(a.data).text < std::get<Stack>(b.data).text;
    default: {
      const auto &x = std::get<Tuple>(a.data).values, &y = std::get<Tuple>(b.data).values;
      return std::lexicographical_compare(x.begin(), x.end(), y.begin(), y.end(), key_less);
    }
  }
}

}  // namespace

uint64_t number_in(const Value& value) {
  if (const auto* it = std::get_if<uint64_t>(&value.data)) return *it;
  const auto* it = std::get_if<int64_t>(&value.data);
  return it && *it > 0 ? static_cast<uint64_t>(*it) : 0;
}

uint64_t number_in(const MapEntry& entry) {
  const auto* value = std::get_if<Value>(&entry.value);
  return value ? number_in(*value) : 0;
}

Value average(const Average& a) {
  if (a.count == 0) {
    if (a.is_signed) return {int64_t{0}};
    return {uint64_t{0}};
  }
  // A count beyond 63 bits cannot happen in the lifetime of the machine.
  if (a.is_signed) return {static_cast<int64_t>(a.total) / static_cast<int64_t>(a.count)};
  return {a.total / a.count};
}

Value total(const Average& a) {
  if (a.is_signed) return {static_cast<int64_t>(a.total)};
  return {a.total};
}

Value divided(const Value& value, int64_t div) {
  if (div == 0 || div == 1) return value;
  if (auto i = std::get_if<int64_t>(&value.data)) {
    if (div == -1) return {static_cast<int64_t>(0 - static_cast<uint64_t>(*i)), value.int_size};
    return {*i / div, value.int_size};
  }
  if (auto u = std::get_if<uint64_t>(&value.data))
    return {*u / static_cast<uint64_t>(div), value.int_size};
  return value;
}

void sort_entries(std::vector<MapEntry>& entries) {
  std::stable_sort(entries.begin(), entries.end(), [](const MapEntry& a, const MapEntry& b) {
    auto x = rank(a.value), y = rank(b.value);
    if (x != y) return x < y;
    return std::lexicographical_compare(a.keys.begin(), a.keys.end(), b.keys.begin(), b.keys.end(),
                                        key_less);
  });
}

void append_map_value(std::string& out, const MapValue& value, int64_t div, Untrusted untrusted) {
  if (auto plain = std::get_if<Value>(&value)) {
    append_value(out, divided(*plain, div), untrusted);
  } else if (auto a = std::get_if<Average>(&value)) {
    append_value(out, divided(average(*a), div), untrusted);
  } else if (auto s = std::get_if<Stats>(&value)) {
    out += "{ .count = " + std::to_string(s->average.count) + ", .average = ";
    append_value(out, divided(average(s->average), div), untrusted);
    out += ", .total = ";
    append_value(out, total(s->average), untrusted);
    out += " }";
  } else {
    append_histogram(out, std::get<Histogram>(value), div);
  }
}

std::vector<MapEntry> shown_entries(const MapDump& map) {
  std::vector<MapEntry> entries = map.entries;
  sort_entries(entries);
  if (map.top > 0 && static_cast<uint64_t>(map.top) < entries.size())
    entries.erase(entries.begin(), entries.end() - static_cast<std::ptrdiff_t>(map.top));
  return entries;
}

std::vector<std::string> take_stacks(MapEntry& entry) {
  std::vector<std::string> lines;
  std::vector<Value> others;
  for (Value& key : entry.keys) {
    const auto* stack = std::get_if<Stack>(&key.data);
    if (!stack || stack->text.find('\n') == std::string::npos) {
      others.push_back(std::move(key));
      continue;
    }
    for (size_t at = 0; at < stack->text.size();) {
      const size_t end = std::min(stack->text.find('\n', at), stack->text.size());
      if (end > at) lines.push_back(stack->text.substr(at, end - at));
      at = end + 1;
    }
  }
  entry.keys = std::move(others);
  return lines;
}

void append_map(std::string& out, const MapDump& map, Untrusted untrusted) {
  for (const MapEntry& entry : shown_entries(map)) {
    out += map.name;
    if (!entry.keys.empty()) {
      out += '[';
      append_values(out, entry.keys, ", ", untrusted);
      out += ']';
    }
    out += std::holds_alternative<Histogram>(entry.value) ? ":\n" : ": ";
    append_map_value(out, entry.value, map.div, untrusted);
    out += '\n';
  }
}

}  // namespace gotap::output
