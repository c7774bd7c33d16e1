// What the commands that write a printf() share: its pieces, the time in front of a line, and a
// sink that shows so many lines and no more.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "output/text.h"

namespace gotap::cli {

/// How a line begins: the format, and its arguments.
inline constexpr const char* kLineHead = "%s goroutine %d ";
inline constexpr const char* kLineHeadArguments =
    "strftime(\"%Y-%m-%dT%H:%M:%S.%f%:z\", nsecs), goid";

/// What numbers the records of a goroutine, so that it is seen when one is lost: the number, and
/// the statement that makes the next.
inline constexpr const char* kRecordNumber = "@number[pid, goid]";
inline constexpr const char* kNextRecord = "  @number[pid, goid] += 1;\n";

/// A part of a printf(): its format, and the arguments that the format asks for.
struct Piece {
  std::string format, arguments;
  /// Text that is shown as it is.
  Piece& text(std::string_view it) {
    for (const char c : it)
      format += c == '%'                ? std::string("%%")
                : c == '\n'             ? std::string("\\n")
                : c == '\t'             ? std::string("\\t")
                : c == '"' || c == '\\' ? std::string("\\") + c
                                        : std::string(1, c);
    return *this;
  }
  Piece& value(const char* conversion, const std::string& expression) {
    format += conversion;
    arguments += ", " + expression;
    return *this;
  }
  Piece& add(const Piece& other) {
    format += other.format;
    arguments += other.arguments;
    return *this;
  }
};

/// What ends a line: its stack below it, innermost first, if that is asked for.
inline Piece end_of_line(bool stack) {
  Piece end;
  return stack ? end.value("%s", "ustack") : end.text("\n");
}

/// Shows so many lines and no more; 0: all. The map @lines, which counts them, is not shown.
class LimitedSink : public output::TextSink {
 public:
  LimitedSink(const output::SinkOptions& options, uint32_t limit)
      : TextSink(options), left_(limit ? std::optional(limit) : std::nullopt) {}
  void print(const Format& format, const std::vector<output::Value>& args) override {
    if (left_ == 0) return;
    if (left_) --*left_;
    TextSink::print(format, args);
  }
  void map(const output::MapDump& map) override {
    if (map.name != "@lines") TextSink::map(map);
  }
  void end() override { ending(); }

 private:
  std::optional<uint32_t> left_;  // none: no limit
};

/// The statements that end a script after so many lines; empty if `limit` is 0.
inline std::string limit_of(uint32_t limit) {
  if (limit == 0) return "";
  return "  @lines = count();\n  if (@lines >= " + std::to_string(limit) + ") { exit(); }\n";
}

}  // namespace gotap::cli
