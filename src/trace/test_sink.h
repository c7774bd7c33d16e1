// Test support: a Sink that keeps everything as lines of text, and a count of our open files.
// Not part of the program.
#pragma once

#include <dirent.h>

#include <string>
#include <vector>

#include "output/format.h"
#include "output/value.h"

namespace gotap::trace::testing {

std::string show(const output::Value& value);

inline std::string show(const output::Value& value) {
  struct {
    std::string operator()(const output::Unknown& u) { return "<" + u.reason + ">"; }
    std::string operator()(bool b) { return b ? "true" : "false"; }
    std::string operator()(int64_t i) { return std::to_string(i); }
    std::string operator()(uint64_t u) { return std::to_string(u); }
    std::string operator()(const std::string& s) { return s; }
    std::string operator()(const output::Buffer& b) { return "buf " + b.bytes; }
    std::string operator()(const output::Trusted& t) { return t.text; }
    std::string operator()(const output::Stack& s) { return s.text; }
    std::string operator()(const output::Real& r) { return output::shortest(r); }
    std::string operator()(const output::Tuple& t) {
      std::string text = "(";
      for (size_t i = 0; i < t.values.size(); i++) text += (i ? "," : "") + show(t.values[i]);
      return text + ")";
    }
  } text;
  return value.name.empty() ? std::visit(text, value.data) : value.name;
}

inline std::string show(const output::MapValue& value) {
  if (auto plain = std::get_if<output::Value>(&value)) return show(*plain);
  if (auto average = std::get_if<output::Average>(&value))
    return "avg " + std::to_string(average->total) + "/" + std::to_string(average->count);
  if (auto stats = std::get_if<output::Stats>(&value))
    return "stats " + std::to_string(stats->average.total) + "/" +
           std::to_string(stats->average.count);
  std::string text = "hist";
  for (const output::Bucket& b : std::get<output::Histogram>(value).buckets)
    text += " " + (b.open_low ? "(..." : "[" + std::to_string(b.low)) + "," +
            (b.open_high ? "...)" : std::to_string(b.high) + ")") + "=" + std::to_string(b.count);
  return text;
}

inline std::string show(const output::MapEntry& entry) {
  std::string text = "[";
  for (size_t i = 0; i < entry.keys.size(); i++) text += (i ? "," : "") + show(entry.keys[i]);
  return text + "]: " + show(entry.value);
}

class TestSink : public output::Sink {
 public:
  std::vector<std::string> lines;
  output::Losses lost;
  bool writable = true, complete = false;

  void attached(uint64_t probes) override { add("attached " + std::to_string(probes)); }
  void print(const Format& format, const std::vector<output::Value>& args) override {
    std::string line = "printf " + format.text;
    for (const auto& arg : args) line += " " + show(arg);
    add(line);
  }
  void value(const output::MapValue& value) override { add("value " + show(value)); }
  void map(const output::MapDump& map) override {
    std::string line = "map " + map.name;
    if (map.top || map.div) line += " " + std::to_string(map.top) + "/" + std::to_string(map.div);
    for (const auto& entry : map.entries) line += " " + show(entry);
    add(line);
  }
  void map_value(const std::string& map, const output::MapEntry& entry) override {
    add("entry " + map + show(entry));
  }
  void time(const std::string& format) override { add("time " + format); }
  void join(const std::vector<output::Value>& parts, const std::string& delimiter) override {
    std::string line = "join " + delimiter;
    for (const auto& part : parts) line += " " + show(part);
    add(line);
  }
  void cat(const std::string& contents) override { add("cat " + contents); }
  void system(const std::string& printed) override { add("system " + printed); }
  void complain(const std::string& line) override { add("complain " + line); }
  void losses(const output::Losses& losses) override { lost = losses; }
  void message(const std::string& line) override { add("message " + line); }
  void flush() override {}
  bool ok() const override { return writable; }
  bool is_complete() const override { return complete; }

 private:
  void add(const std::string& line) { lines.push_back(line); }
};

inline size_t open_files() {
  size_t count = 0;
  DIR* dir = ::opendir("/proc/self/fd");
  if (!dir) return 0;
  while (::readdir(dir)) count++;
  ::closedir(dir);
  return count;
}

}  // namespace gotap::trace::testing
