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

constexpr size_t kNumberWidth = 12, kShareWidth = 10;

}  // namespace

void CountSink::attached(uint64_t probes) {
  TextSink::attached(probes);
  begin_ = std::chrono::steady_clock::now();
}

CountSink::Row CountSink::row_of(MapEntry entry) const {
  Row row{.calls = number_in(entry)};
  row.below = take_stacks(entry);
  row.name = keys_text(entry);
  return row;
}

// Where a hit was lost, it may have been a return, which the count of thrown away calls has then,
// too.
CountSink::Thrown CountSink::thrown(const Losses& losses) {
  Thrown known{"", {}}, bound{"<=", {}};
  uint64_t sum = 0;
  for (const auto& [name, n] : counts_["@calls"]) {
    const uint64_t left = n - std::min(n, counts_["@returned"][name]);
    const auto in_flight = losses.in_flight_of.find(name);
    const uint64_t open = in_flight == losses.in_flight_of.end() ? 0 : in_flight->second;
    bound.calls[name] = left;
    known.calls[name] = left - std::min(left, open);
    sum += known.calls[name];
  }
  const bool all_seen = losses.scratch_busy == 0 && losses.unknown_site == 0 &&
                        losses.no_goroutine == 0 && losses.unwind_cut == 0;
  return ended_ && all_seen && sum == losses.unwound ? known : bound;
}

std::vector<CountSink::Row> CountSink::shared_rows(const Thrown& thrown) {
  auto& errors = counts_["@errors"];
  std::vector<Row> rows;
  for (const auto& [name, n] : counts_["@calls"]) {
    const uint64_t panics = thrown.calls.at(name);
    const bool has_errors = style_.with_errors.contains(name);
    const std::string share = !ended_       ? "-"
                              : panics == 0 ? percent(0, n)
                                            : thrown.at_most + percent(panics, n);
    rows.push_back({n,
                    0,
                    right_aligned(has_errors ? percent(errors[name], n) : "-", kShareWidth) +
                        right_aligned(share, kShareWidth),
                    name,
                    {}});
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row& a, const Row& b) { return a.calls > b.calls; });
  return rows;
}

std::vector<CountSink::Row> CountSink::panic_rows(const Thrown& thrown) {
  std::vector<Row> rows;
  for (const auto& [name, n] : counts_["@calls"])
    if (const uint64_t panics = thrown.calls.at(name))
      rows.push_back(
          {n, panics, right_aligned(thrown.at_most + percent(panics, n), kShareWidth), name, {}});
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row& a, const Row& b) { return a.panics > b.panics; });
  return rows;
}

void CountSink::show_outcomes(const Losses& losses) {
  const Thrown thrown = this->thrown(losses);
  if (style_.panics)
    show(panic_rows(thrown), thrown.at_most);
  else
    show(shared_rows(thrown));
}

void CountSink::losses(const Losses& losses) {
  if (held_) show_outcomes(losses);
  held_ = false;
  TextSink::losses(losses);
}

// What was lost is not known then.
void CountSink::flush() {
  if (held_) show_outcomes({});
  held_ = false;
  TextSink::flush();
}

// The numbers of a row.
std::string CountSink::columns_of(const Row& row, const std::string& at_most) const {
  if (style_.panics)
    return right_aligned(at_most + std::to_string(row.panics), kNumberWidth) +
           right_aligned(std::to_string(row.calls), kNumberWidth);
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  char rate[32];
  std::snprintf(rate, sizeof rate, " %11.1f",
                seconds > 0 ? static_cast<double>(row.calls) / seconds : 0.0);
  return right_aligned(std::to_string(row.calls), kNumberWidth) + rate;
}

void CountSink::show(const std::vector<Row>& rows, const std::string& at_most) {
  const size_t begin = data().size();
  const size_t shares = style_.panics ? 1 : style_.share ? 2 : 0;
  data() += style_.panics ? "\n      panics       calls" : "\n       calls       per s";
  if (style_.panics) data() += right_aligned("share", kShareWidth);
  if (style_.share)
    data() += right_aligned("errors", kShareWidth) + right_aligned("panics", kShareWidth);
  data() += '\n';
  const auto add = [&](const Row& row) {
    data() += columns_of(row, at_most) + row.shares + "  " + row.name + "\n";
  };
  const std::string no_shares(shares * kShareWidth, ' ');
  Row total{.shares = no_shares, .name = "in all"}, others{.shares = no_shares};
  size_t shown = 0, lines = 0;
  const size_t room = style_.limit ? 0 : screen_.rows();
  bool full = false;
  for (const Row& row : rows) {
    total.calls += row.calls;
    total.panics += row.panics;
    const size_t needed = 1 + row.below.size();
    full = full || (style_.limit && shown == style_.limit) || (room && lines + needed > room);
    if (full) {
      others.calls += row.calls;
      others.panics += row.panics;
      continue;
    }
    shown++;
    lines += needed;
    add(row);
    for (const std::string& line : row.below) data() += std::string(22, ' ') + line + "\n";
  }
  others.name = "in " + std::to_string(rows.size() - shown) + " more";
  if (full) add(others);
  add(total);
  screen_.redraw(data(), begin);
  written();
}

void CountSink::map(const MapDump& map) {
  const bool shares = by_outcome() && (map.name == "@errors" || map.name == "@returned");
  if (!shares && map.name != "@calls") return TextSink::map(map);
  if (by_outcome()) {
    std::map<std::string, uint64_t>& counts = counts_[map.name];
    counts.clear();
    for (const MapEntry& entry : map.entries) counts[keys_text(entry)] = number_in(entry);
    if (ended_)
      held_ = true;
    else if (!shares)
      show_outcomes({});
    return;
  }
  const std::vector<MapEntry> entries = shown_entries(map);
  std::vector<Row> rows;
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry)
    rows.push_back(row_of(*entry));
  show(rows);
}

}  // namespace gotap::output
