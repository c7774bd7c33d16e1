// Entry point: CountSink.
#include "output/count.h"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "output/map_text.h"

namespace gotap::output {

void CountSink::attached(uint64_t probes) {
  TextSink::attached(probes);
  begin_ = std::chrono::steady_clock::now();
}

void CountSink::map(const MapDump& map) {
  if (map.name != "@calls") return TextSink::map(map);
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  std::vector<MapEntry> entries = shown_entries(map);
  std::reverse(entries.begin(), entries.end());
  uint64_t total = 0;
  char line[64];
  const size_t limit = limit_ ? limit_ : screen_.rows();
  const size_t begin = data().size();
  data() += "\n       calls       per s\n";
  auto row = [&](uint64_t calls) {
    std::snprintf(line, sizeof line, "%12llu %11.1f  ", static_cast<unsigned long long>(calls),
                  seconds > 0 ? static_cast<double>(calls) / seconds : 0.0);
    data() += line;
  };
  uint64_t others = 0;
  size_t shown = 0;
  for (const MapEntry& entry : entries) {
    const auto* value = std::get_if<Value>(&entry.value);
    const auto* calls = value ? std::get_if<int64_t>(&value->data) : nullptr;
    const uint64_t n = calls ? static_cast<uint64_t>(*calls) : 0;
    total += n;
    if (limit > 0 && shown == limit) {
      others += n;
      continue;
    }
    shown++;
    row(n);
    data() += keys_text(entry) + "\n";
  }
  if (shown < entries.size()) {
    row(others);
    data() += "in " + std::to_string(entries.size() - shown) + " more\n";
  }
  row(total);
  data() += "in all\n";
  screen_.redraw(data(), begin);
  written();
}

}  // namespace gotap::output
