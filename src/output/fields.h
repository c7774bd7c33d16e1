// FieldsSink: printf()s of named fields as records of JSON: `gotap trace -f json`.
//
// Entry point: FieldsSink.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "output/json.h"

namespace gotap::output {

/// A printf() whose format is `NAME=...` fields with a tab between two and a new line behind the
/// last becomes {"type": TYPE, "data": {"NAME": ..., ...}}. A field that is one conversion alone is
/// the value itself, a number or a string; one with other text, too, is text. Fields `NAME.KEY`
/// next to each other are one object NAME, fields `NAME[]` one array; a stack is an array of its
/// lines. The map `@lines` is not shown; everything else is as in JsonSink.
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

 private:
  std::string type_;
  std::optional<uint32_t> left_;  ///< records; nothing: no limit
};

}  // namespace gotap::output
