// Entry point: CountSink.
#include "output/count.h"

#include <algorithm>
#include <cstdio>
#include <variant>

#include "base/text.h"
#include "output/map_text.h"

namespace gotap::output {

namespace {

std::string percent(uint64_t part, uint64_t all) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f%%",
                all ? 100.0 * static_cast<double>(part) / static_cast<double>(all) : 0.0);
  return text;
}

constexpr size_t kShareWidth = 10;

}  // namespace

void CountSink::attached(uint64_t probes) {
  TextSink::attached(probes);
  begin_ = std::chrono::steady_clock::now();
}

CountSink::Row CountSink::row_of(const MapEntry& entry) const {
  Row row{.calls = number_in(entry)};
  MapEntry named;
  for (const Value& key : entry.keys) {
    const auto* stack = std::get_if<Stack>(&key.data);
    // A caller is one line, and stays with the other keys.
    if (!stack || stack->text.find('\n') == std::string::npos) {
      named.keys.push_back(key);
      continue;
    }
    for (size_t at = 0; at < stack->text.size();) {
      const size_t end = std::min(stack->text.find('\n', at), stack->text.size());
      if (end > at) row.below.push_back(stack->text.substr(at, end - at));
      at = end + 1;
    }
  }
  row.name = keys_text(named);
  return row;
}

std::vector<CountSink::Row> CountSink::shared_rows(const Losses& losses) {
  const auto& calls = counts_["@calls"];
  auto &errors = counts_["@errors"], &returned = counts_["@returned"];
  const auto left = [&](const std::string& name, uint64_t n) {
    return n - std::min(n, returned[name]);
  };
  uint64_t all_left = 0;
  for (const auto& [name, n] : calls) all_left += left(name, n);
  const std::string at_most = all_left == losses.unwound ? "" : "<=";
  std::vector<Row> rows;
  for (const auto& [name, n] : calls) {
    const uint64_t open = left(name, n);
    const bool has_errors = style_.with_errors.contains(name);
    const std::string panics = !ended_     ? "-"
                               : open == 0 ? percent(0, n)
                                           : at_most + percent(open, n);
    rows.push_back({n,
                    right_aligned(has_errors ? percent(errors[name], n) : "-", kShareWidth) +
                        right_aligned(panics, kShareWidth),
                    name,
                    {}});
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row& a, const Row& b) { return a.calls > b.calls; });
  return rows;
}

void CountSink::losses(const Losses& losses) {
  if (held_) show(shared_rows(losses));
  held_ = false;
  TextSink::losses(losses);
}

// What was lost is not known then.
void CountSink::flush() {
  if (held_) show(shared_rows({}));
  held_ = false;
  TextSink::flush();
}

void CountSink::show(const std::vector<Row>& rows) {
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  const size_t begin = data().size();
  data() += "\n       calls       per s";
  if (style_.share)
    data() += right_aligned("errors", kShareWidth) + right_aligned("panics", kShareWidth);
  data() += '\n';
  const auto add = [&](uint64_t calls, const std::string& shares, const std::string& name) {
    char line[64];
    std::snprintf(line, sizeof line, "%12llu %11.1f", static_cast<unsigned long long>(calls),
                  seconds > 0 ? static_cast<double>(calls) / seconds : 0.0);
    data() += line + shares + "  " + name + "\n";
  };
  const std::string no_shares(style_.share ? 2 * kShareWidth : 0, ' ');
  uint64_t total = 0, others = 0;
  size_t shown = 0, lines = 0;
  const size_t room = style_.limit ? 0 : screen_.rows();
  for (const Row& row : rows) {
    total += row.calls;
    const size_t needed = 1 + row.below.size();
    if ((style_.limit && shown == style_.limit) || (room && lines + needed > room) || others > 0) {
      others += row.calls;
      continue;
    }
    shown++;
    lines += needed;
    add(row.calls, row.shares, row.name);
    for (const std::string& line : row.below) data() += std::string(22, ' ') + line + "\n";
  }
  if (shown < rows.size())
    add(others, no_shares, "in " + std::to_string(rows.size() - shown) + " more");
  add(total, no_shares, "in all");
  screen_.redraw(data(), begin);
  written();
}

void CountSink::map(const MapDump& map) {
  const bool shares = style_.share && (map.name == "@errors" || map.name == "@returned");
  if (!shares && map.name != "@calls") return TextSink::map(map);
  if (style_.share) {
    std::map<std::string, uint64_t>& counts = counts_[map.name];
    counts.clear();
    for (const MapEntry& entry : map.entries) counts[keys_text(entry)] = number_in(entry);
    if (ended_)
      held_ = true;
    else if (!shares)
      show(shared_rows({}));
    return;
  }
  const std::vector<MapEntry> entries = shown_entries(map);
  std::vector<Row> rows;
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry)
    rows.push_back(row_of(*entry));
  show(rows);
}

}  // namespace gotap::output
