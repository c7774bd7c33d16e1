// Entry point: TextSink.
#include "output/text.h"

#include <algorithm>

#include "base/text.h"
#include "output/local_time.h"
#include "output/losses.h"
#include "output/map_text.h"

namespace gotap::output {

TextSink::TextSink(const SinkOptions& options)
    : writer_(options),
      data_text_(writer_.data_on_terminal() || options.escape ? Untrusted::Escaped
                                                              : Untrusted::Raw),
      quiet_(options.quiet) {}

void TextSink::attached(uint64_t probes) {
  if (!quiet_) writer_.say("Attached " + count_of(probes, "probe"));
  writer_.notify_attached();
}

void TextSink::append(const Format& format, const std::vector<Value>& args) {
  append_printf(writer_.data(), format, args, data_text_);
}

void TextSink::print(const Format& format, const std::vector<Value>& args) {
  append(format, args);
  writer_.written();
}

void TextSink::value(const MapValue& value) {
  append_map_value(writer_.data(), value, 0, data_text_);
  writer_.data() += '\n';
  writer_.written();
}

void TextSink::map(const MapDump& map) {
  append_map(writer_.data(), map, data_text_);
  writer_.written();
}

void TextSink::map_value(const std::string&, const MapEntry& entry) { value(entry.value); }

void TextSink::time(const std::string& strftime_format) {
  writer_.data() += local_time(strftime_format);
  writer_.written();
}

void TextSink::join(const std::vector<Value>& parts, const std::string& delimiter) {
  append_values(writer_.data(), parts, delimiter, data_text_);
  writer_.data() += '\n';
  writer_.written();
}

void TextSink::cat(const std::string& contents) {
  append_lines(contents);
  writer_.written();
}

// The newline is bpftrace's.
void TextSink::system(const std::string& printed) {
  append_lines(printed);
  writer_.data() += '\n';
  writer_.written();
}

void TextSink::complain(const std::string& line) { writer_.say(line); }

// Text of several lines, whose ends and tabs are not what a terminal must be protected from.
void TextSink::append_lines(const std::string& text) {
  if (data_text_ == Untrusted::Raw) {
    writer_.data() += text;
    return;
  }
  size_t begin = 0;
  while (begin < text.size()) {
    size_t end = std::min(text.find_first_of("\n\t", begin), text.size());
    writer_.data() += escape_controls(std::string_view(text).substr(begin, end - begin));
    if (end < text.size()) writer_.data() += text[end];
    begin = end + 1;
  }
}

std::string TextSink::keys_text(const MapEntry& entry) const {
  std::string text;
  append_values(text, entry.keys, ", ", data_text_);
  return text;
}

void TextSink::end() {
  writer_.data() += "\n\n";
  writer_.ending();
}

void TextSink::losses(const Losses& losses) {
  for (const std::string& sentence : loss_sentences(losses)) writer_.say("WARNING: " + sentence);
}

void TextSink::message(const std::string& line) {
  if (!quiet_) writer_.say(line);
}

void TextSink::flush() { writer_.flush(); }

}  // namespace gotap::output
