// JsonSink: events as bpftrace 0.27 prints them under -f json: one object a line,
// {"type": "...", "data": ...}, the maps at the end too; messages stay text on the other
// descriptor.
//
// Entry point: JsonSink.
// Facts: recorded from bpftrace 0.27.1, tests/golden/bpftrace/*.json.
//
// Records beside bpftrace's, which its readers may skip by their type:
//   {"type": "losses", "data": {"undecided": 3, "map_full": {"@m": 7}}}
// at the end if anything was lost or left open; the names are those of loss_counts(). Events
// lost to a full ring buffer are bpftrace's own record, lost_events.
//
// Where bpftrace's form would be wrong, ours is not bpftrace's:
// - it prints each byte of text beyond ASCII as \uffffffNN: ours does so with bytes that are not
//   UTF-8, and leaves UTF-8 as it is;
// - it drops the blanks in a map's keys: ours does so unless that makes two keys one;
// - after a control character in some text it prints a histogram's counts in hexadecimal.
#pragma once

#include <string>

#include "output/value.h"
#include "output/writer.h"

namespace gotap::output {

class JsonSink : public Sink {
 public:
  /// `head`: a record in front of all others; empty: none.
  explicit JsonSink(const SinkOptions& options, const std::string& head = {});
  JsonSink(const JsonSink&) = delete;
  JsonSink& operator=(const JsonSink&) = delete;
  ~JsonSink() override { release(); }

  void attached(uint64_t probes) override;
  void print(const Format& format, const std::vector<Value>& args) override;
  void value(const MapValue& value) override;
  void map(const MapDump& map) override;
  void map_value(const std::string& map, const MapEntry& entry) override;
  void time(const std::string& strftime_format) override;
  void join(const std::vector<Value>& parts, const std::string& delimiter) override;
  void cat(const std::string& contents) override;
  void system(const std::string& printed) override;
  void complain(const std::string& line) override;
  void end() override;
  void losses(const Losses& losses) override;
  void message(const std::string& line) override;
  void flush() override;
  bool ok() const override { return writer_.ok(); }

 protected:
  /// Appends {"type": TYPE, "data": DATA}.
  void record(const char* type, const std::string& data);

 private:
  void text_record(const char* type, const std::string& text);
  void release();

  Writer writer_;
  bool quiet_;
  // bpftrace's first record is attached_probes: what BEGIN prints before waits for it.
  bool released_ = false;
  std::string held_;
};

/// Appends `text` as a JSON string.
void append_json_string(std::string& out, const std::string& text);

/// Appends a value as JSON: a number, text, true, an array; what is not known as "<reason>".
void append_json_value(std::string& out, const Value& value);

}  // namespace gotap::output
