#include "output/waits.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "output/latency.h"
#include "output/map_text.h"

namespace gotap::output {

namespace {

constexpr const char* kRunning = "running";

// What the runtime's own words leave open.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kExplained{{
    {"IO wait", "network or pipe (IO wait)"},
    {"semacquire", "mutex or wait group (semacquire)"},
    {"runnable", "runnable, others ran"},
    {"cgo or syscall", "C or a system call"},
}};

std::string shown(const std::string& what) {
  for (const auto& [word, text] : kExplained)
    if (word == what) return std::string(text);
  constexpr std::string_view kSyscall = "syscall ";
  return what.starts_with(kSyscall) ? "system call " + what.substr(kSyscall.size()) : what;
}

// Key `index`, if it is text.
std::string key_of(const MapEntry& entry, size_t index) {
  const auto* text =
      index < entry.keys.size() ? std::get_if<std::string>(&entry.keys[index].data) : nullptr;
  return text ? escape_controls(*text) : std::string();
}

// The largest first; equal ones by name.
template <class T>
std::vector<std::pair<std::string, T>> by_time(const std::map<std::string, T>& all) {
  std::vector<std::pair<std::string, T>> sorted(all.begin(), all.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second.ns > b.second.ns; });
  return sorted;
}

}  // namespace

void WaitsSink::map(const MapDump& map) {
  if (map.name == "@calls") {  // the first of all
    functions_.clear();
    left_out_ = 0;
    for (const MapEntry& entry : map.entries) functions_[key_of(entry, 0)].calls = number_in(entry);
  } else if (map.name == "@left_out") {
    for (const MapEntry& entry : map.entries) left_out_ += number_in(entry);
  } else if (map.name == "@longest" || map.name == "@spent" || map.name == "@waits") {
    for (const MapEntry& entry : map.entries) {
      Function& function = functions_[key_of(entry, 0)];
      Part& part = function.parts[key_of(entry, 1)];
      const uint64_t number = number_in(entry);
      if (map.name == "@longest") {
        part.longest_ns = number;
      } else if (map.name == "@spent") {
        part.ns = number;
        function.ns += number;
      } else {
        part.times = number;
      }
    }
    if (map.name == "@waits") show();
  }
}

void WaitsSink::show() {
  const size_t begin = data().size();
  size_t shown = 0;
  for (const auto& [name, function] : by_time(functions_)) {
    if (limit_ > 0 && shown == limit_) break;
    append(name, function);
    shown++;
  }
  if (functions_.empty()) data() += "\nno such call has returned\n";
  if (shown < functions_.size())
    data() += "\n" + count_of(functions_.size() - shown, "more function") + " with less time\n";
  if (left_out_ > 0)
    data() += "\n" + count_of(left_out_, "call") + " left out: not all of their waits were seen\n";
  screen_.redraw(data(), begin);
  written();
}

void WaitsSink::append(const std::string& name, const Function& function) {
  std::string& out = data();
  out += "\n" + name + "\n  " + count_of(function.calls, "call") + ", " +
         duration_text(function.ns) + " in all, " +
         duration_text(function.calls ? function.ns / function.calls : 0) + " each\n";
  out += "      time   share      times   most a call\n";
  for (const auto& [what, part] : by_time(function.parts)) {
    char line[80];
    const double share =
        function.ns ? 100.0 * static_cast<double>(part.ns) / static_cast<double>(function.ns) : 0;
    const std::string times = what == kRunning ? "" : std::to_string(part.times);
    std::snprintf(line, sizeof line, "%10s %6.1f%% %10s %13s  ", duration_text(part.ns).c_str(),
                  share, times.c_str(), duration_text(part.longest_ns).c_str());
    out += line + shown(what) + "\n";
  }
}

}  // namespace gotap::output
