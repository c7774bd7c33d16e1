// printf()s as records of JSON: FieldsSink those of named fields (`gotap trace -f json`), LogSink
// those of `gotap log -f json`.
//
// Entry points: FieldsSink, LogSink.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "output/json.h"

namespace gotap::output {

/// A printf() whose format is `NAME=...` fields with a tab between two and a new line behind the
/// last becomes {"type": TYPE, "data": {"NAME": ..., ...}}. A field that is one conversion alone is
/// the value itself, a number or a string; one with other text, too, is text. Fields `NAME.KEY`
/// next to each other are one object NAME, fields `NAME[]` one array; a stack is an array of its
/// lines, one line of it text. The map `@lines` is not shown; everything else is as in JsonSink.
class FieldsSink : public JsonSink {
 public:
  /// `limit`: shows so many records and no more; 0: all.
  FieldsSink(const SinkOptions& options, const std::string& head, std::string type, uint32_t limit)
      : JsonSink(options, head), type_(std::move(type)) {
    if (limit) left_ = limit;
  }
  void print(const Format& format, const std::vector<Value>& args) override;
  void map(const MapDump& map) override;
  bool is_complete() const override { return left_ == uint32_t{0}; }

 protected:
  /// Appends a record, unless there were enough.
  void limited(const std::string& data);
  bool is_over() const { return left_ == 0; }

 private:
  std::string type_;
  std::optional<uint32_t> left_;  ///< records; nothing: no limit
};

/// What the arguments of a printf() of `gotap log` are: the time, the goroutine, the trace if there
/// is one, the values of the text, the stack if there is one.
struct LogFields {
  bool trace = false, stack = false;
  std::vector<std::string> values;  ///< the expressions, as the user wrote them
};

/// Each printf() becomes {"type": "log", "data": {"time": ..., "goroutine": ..., "trace": ...,
/// "text": ..., "values": {EXPRESSION: ...}, "stack": [...]}}. Its format has one conversion for
/// each argument, and no text but the user's.
class LogSink : public FieldsSink {
 public:
  LogSink(const SinkOptions& options, const std::string& head, LogFields fields, uint32_t limit)
      : FieldsSink(options, head, "log", limit), fields_(std::move(fields)) {}
  void print(const Format& format, const std::vector<Value>& args) override;

 private:
  LogFields fields_;
};

}  // namespace gotap::output
