// Entry points: FoldedSink, append_frame.
#include "output/folded.h"

#include <algorithm>
#include <map>
#include <optional>

#include "base/text.h"
#include "output/map_text.h"

namespace gotap::output {

namespace {

// What belongs to messages: all but the stacks.
SinkOptions as_messages(SinkOptions options) {
  options.data_fd = options.message_fd;
  return options;
}

// The parts of a key that are no stacks, then the frames, outermost first.
void split_key(const std::vector<Value>& keys, std::vector<std::string>& others,
               std::vector<std::string>& frames) {
  for (const Value& key : keys) {
    if (auto stack = std::get_if<Stack>(&key.data)) {
      frames.insert(frames.end(), stack->functions.rbegin(), stack->functions.rend());
    } else if (auto tuple = std::get_if<Tuple>(&key.data)) {
      split_key(tuple->values, others, frames);
    } else {
      std::string text;
      append_value(text, key, Untrusted::Escaped);
      others.push_back(std::move(text));
    }
  }
}

// The value as a count; nothing: it is negative, or no number.
std::optional<uint64_t> as_count(const MapValue& value, int64_t div) {
  const auto* plain = std::get_if<Value>(&value);
  if (!plain) return std::nullopt;
  const Value number = divided(*plain, div);
  if (auto u = std::get_if<uint64_t>(&number.data)) return *u;
  auto i = std::get_if<int64_t>(&number.data);
  if (!i || *i < 0) return std::nullopt;
  return static_cast<uint64_t>(*i);
}

}  // namespace

void append_frame(std::string& line, std::string_view name) {
  if (!line.empty()) line += ';';
  if (name.empty()) line += "\"\"";
  for (const char c : name) line += c == ';' ? ':' : c == ' ' ? '_' : c;
}

FoldedSink::FoldedSink(const SinkOptions& options, std::vector<std::string> maps)
    : TextSink(as_messages(options)), stacks_(options), maps_(std::move(maps)) {}

void FoldedSink::map(const MapDump& map) {
  if (std::find(maps_.begin(), maps_.end(), map.name) == maps_.end()) return TextSink::map(map);
  std::map<std::string, uint64_t> counts;  // by line
  uint64_t negative = 0;
  for (const MapEntry& entry : shown_entries(map)) {
    const auto count = as_count(entry.value, map.div);
    if (!count) {
      negative++;
      continue;
    }
    std::string line;
    if (maps_.size() > 1) append_frame(line, map.name);
    std::vector<std::string> others, frames;
    split_key(entry.keys, others, frames);
    for (const std::string& name : others) append_frame(line, name);
    for (const std::string& name : frames) append_frame(line, name);
    counts[line] += *count;
  }
  for (const auto& [line, count] : counts)
    stacks_.data() += line + " " + std::to_string(count) + "\n";
  stacks_.written();
  if (negative > 0)
    complain("WARNING: " + map.name + ": " + count_of(negative, "stack") +
             " left out, as the value is below zero or not known");
}

void FoldedSink::end() { stacks_.ending(); }

void FoldedSink::flush() {
  stacks_.flush();
  TextSink::flush();
}

}  // namespace gotap::output
