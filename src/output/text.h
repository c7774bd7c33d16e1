// TextSink: events as bpftrace 0.27 prints them.
//
// Entry point: TextSink. Data goes to one descriptor, messages to another; data is buffered
// until flush() or until much has gathered.
#pragma once

#include <string>

#include "output/format.h"
#include "output/value.h"
#include "output/writer.h"

namespace gotap::output {

class TextSink : public Sink {
 public:
  explicit TextSink(const SinkOptions& options);

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
  /// For sinks that show some things in a way of their own.
  std::string& data() { return writer_.data(); }
  void append(const Format& format, const std::vector<Value>& args);  ///< a printf's text
  void written() { writer_.written(); }
  void ending() { writer_.ending(); }
  std::string keys_text(const MapEntry& entry) const;  ///< "a, 1", safe on a terminal

 private:
  void append_lines(const std::string& text);

  Writer writer_;
  Untrusted data_text_;
  bool quiet_;
};

}  // namespace gotap::output
