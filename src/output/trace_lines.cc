// Entry points: TraceSink, trace_style.
// Facts: ECMA-48, 8.3.117 (SGR).
#include "output/trace_lines.h"

#include <algorithm>
#include <charconv>

#include "base/terminal.h"
#include "base/text.h"
#include "output/pointers.h"

namespace gotap::output {

namespace {

constexpr const char* kDim = "\033[2m";
constexpr const char* kBold = "\033[1m";
constexpr const char* kYellow = "\033[33m";
constexpr const char* kPlain = "\033[0m";

/// The parts of a line; all of it is in them but "goroutine " and the blanks between.
struct Parts {
  std::string_view time, id, mark, function, values, duration;
};

std::optional<Parts> take_apart(std::string_view line, const std::vector<std::string>& functions) {
  constexpr std::string_view kWord = " goroutine ";
  const size_t word = line.find(kWord);
  if (word == std::string_view::npos) return std::nullopt;
  Parts parts;
  parts.time = line.substr(0, word);
  line.remove_prefix(word + kWord.size());
  const size_t end = line.find(' ');
  if (end == std::string_view::npos) return std::nullopt;
  parts.id = line.substr(0, end);
  line.remove_prefix(end + 1);
  if (line.starts_with("> ") || line.starts_with("< ")) {
    parts.mark = line.substr(0, 2);
    line.remove_prefix(2);
  }
  for (const std::string& name : functions)
    if (line.starts_with(name) && line.substr(name.size()).starts_with("(") &&
        name.size() > parts.function.size())
      parts.function = line.substr(0, name.size());
  if (parts.function.empty()) return std::nullopt;
  line.remove_prefix(parts.function.size());
  if (parts.mark != "> ") {
    const size_t blanks = line.rfind("  ");
    if (blanks == std::string_view::npos) return std::nullopt;
    parts.duration = line.substr(blanks + 2);
    line = line.substr(0, blanks);
  }
  parts.values = line;
  return parts;
}

// Columns that `text` takes, where each character takes one.
size_t columns(std::string_view text) {
  size_t n = 0;
  for (size_t i = 0; i < text.size(); n++) i += std::max<size_t>(utf8_length(text, i), 1);
  return n;
}

// The first `most` columns of it, the last two being `..` if that is not all.
std::string cut(std::string_view text, size_t most) {
  if (columns(text) <= most) return std::string(text);
  size_t end = 0;
  for (size_t n = 2; n < most && end < text.size(); n++)
    end += std::max<size_t>(utf8_length(text, end), 1);
  return std::string(text.substr(0, end)) + "..";
}

// Arguments and results in so many columns: of long arguments the end goes first, as errors are
// among the results.
std::string fitted(std::string_view values, size_t most) {
  constexpr size_t kArguments = 12;  // columns that are left to them
  const size_t results = values.find(") = ");
  if (results == std::string_view::npos || columns(values) <= most) return cut(values, most);
  const std::string_view last = values.substr(results + 1);
  const size_t least = std::min(columns(values.substr(0, results + 1)), kArguments);
  const size_t room = std::max(most - std::min(most, columns(last)), least);
  return cut(cut(values.substr(0, results + 1), room) + std::string(last), most);
}

// A function's name without the path of its package: "store.(*Store).Put" of
// "example.com/shop/store.(*Store).Put".
std::string_view without_path(std::string_view function) {
  // A path may be among the types of a generic function, too, or of a receiver.
  const std::string_view package = function.substr(0, function.find_first_of("(["));
  const size_t slash = package.rfind('/');
  return slash == std::string_view::npos ? function : function.substr(slash + 1);
}

// "2026-11-29T12:24:27.123456+00:00" without date and zone.
std::string_view time_of_day(std::string_view time) {
  const size_t begin = time.find('T');
  return begin == std::string_view::npos ? time : time.substr(begin + 1, 15);
}

int64_t number_of(std::string_view text) {
  int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

TraceStyle trace_style(const SinkOptions& options) {
  TraceStyle style;
  style.colour = wants_colour(options.data_fd);
  if (is_terminal(options.data_fd)) style.width = terminal_width(options.data_fd);
  return style;
}

TraceSink::TraceSink(const SinkOptions& options, TraceStyle style)
    : TextSink(options), style_(std::move(style)) {
  if (style_.limit) left_ = style_.limit;
}

// Of calls that are open when one begins, or would be without the one that returns. Calls that
// never return, as a panic ended them, are forgotten when one does that began before them.
size_t TraceSink::depth_of(int64_t goroutine, bool begins, std::string_view function) {
  std::vector<std::string>& calls = open_[goroutine];
  if (begins) {
    calls.emplace_back(function);
    return calls.size() - 1;
  }
  const auto last = std::find(calls.rbegin(), calls.rend(), function);
  if (last == calls.rend()) return 0;  // it began before we came
  calls.erase(last.base() - 1, calls.end());
  const size_t depth = calls.size();
  if (calls.empty()) open_.erase(goroutine);
  return depth;
}

std::string TraceSink::shown(std::string_view line) {
  indent_ = 0;
  const auto parts = take_apart(line, style_.functions);
  if (!parts) return std::string(line);
  constexpr size_t kWide = 120;  // columns that have room for the date
  const bool narrow = style_.width > 0 && style_.width < kWide;
  const int64_t goroutine = number_of(parts->id);
  const size_t depth =
      style_.nested ? depth_of(goroutine, parts->mark == "> ", parts->function) : 0;
  const std::string time(narrow ? time_of_day(parts->time) : parts->time);
  const std::string who = "goroutine " + std::string(parts->id);
  std::string indent(2 * depth, ' ');
  std::string function(parts->function), values(parts->values);
  const std::string duration = parts->duration.empty() ? "" : "  " + std::string(parts->duration);
  if (style_.width > 0) {
    // However deep, there is room for something.
    constexpr size_t kLeast = 20;
    const size_t taken = time.size() + 1 + who.size() + 1 + parts->mark.size() + duration.size();
    const size_t room = std::max(style_.width, taken + kLeast) - taken;
    indent.resize(std::min(indent.size(), room - kLeast));
    if (indent.size() + columns(function) + columns(values) > room)
      function = std::string(without_path(function));
    function = cut(function, room - indent.size());
    const size_t left = room - indent.size() - columns(function);
    values = left < 2 ? "" : fitted(values, left);
  }
  indent_ = indent.size();
  if (!style_.colour)
    return time + " " + who + " " + indent + std::string(parts->mark) + function + values +
           duration;
  // A colour for each goroutine; not the red of errors, nor what cannot be read on white or black.
  constexpr int kColours[] = {32, 34, 35, 36, 94, 95};
  const auto colour = static_cast<size_t>(goroutine) % std::size(kColours);
  return kDim + time + kPlain + " \033[" + std::to_string(kColours[colour]) + "m" + who + kPlain +
         " " + indent + std::string(parts->mark) + kBold + function + kPlain + values +
         (duration.empty() ? "" : kYellow + duration + kPlain);
}

std::string TraceSink::shown_below(std::string_view lines) const {
  std::string out;
  while (!lines.empty()) {
    const size_t end = std::min(lines.find('\n'), lines.size());
    std::string line(lines.substr(0, end));
    if (!line.empty()) line.insert(0, indent_, ' ');
    out += style_.width > 0 ? cut(line, style_.width) : line;
    if (end < lines.size()) out += '\n';
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return out;
}

void TraceSink::print(const Format& format, const std::vector<Value>& args) {
  if (left_ == 0) return;
  if (left_) --*left_;
  const size_t begin = data().size();
  Format settled = format;
  std::vector<Value> values = args;
  settle_pointers(settled, values);
  append(settled, values);
  const std::string text = data().substr(begin);
  const size_t end = std::min(text.find('\n'), text.size());
  data().resize(begin);
  data() += shown(std::string_view(text).substr(0, end));
  data() += shown_below(std::string_view(text).substr(end));
  written();
}

void TraceSink::map(const MapDump& map) {
  if (map.name != "@lines") TextSink::map(map);
}

}  // namespace gotap::output
