// Value, MapDump, Losses, Sink: what was seen, in the terms of the output. All that the output
// and the rest of the program know of each other.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "base/format.h"

namespace gotap::output {

/// A value that is not known, and why: printed as `<reason>`.
struct Unknown {
  std::string reason;  ///< "not readable"
  bool operator==(const Unknown&) const = default;
};

/// Bytes of buf(): print() shows those that are not printable as \xNN.
struct Buffer {
  std::string bytes;
  bool cut = false;  ///< there were more
  bool operator==(const Buffer&) const = default;
};

/// Text made by gotap itself, from the script alone: strftime(). Never escaped.
struct Trusted {
  std::string text;
  bool operator==(const Trusted&) const = default;
};

/// A floating point number.
struct Real {
  double value = 0;
  bool is_single = false;  ///< it is a float32
  bool operator==(const Real&) const = default;
};

/// A stack, or the one line of it that was asked for.
struct Stack {
  /// Innermost first, control bytes escaped, for folded output; the last says it if further ones
  /// are not known.
  std::vector<std::string> functions;
  std::string text;  ///< as print() shows it
  bool operator==(const Stack&) const = default;
};

struct Value;

/// Several values in one: (1, "a").
struct Tuple {
  std::vector<Value> values;
  bool operator==(const Tuple& other) const;
};

struct Value {
  // A bool prints as true/false by print() and as 1/0 by %d. New kinds come at the end.
  std::variant<Unknown, bool, int64_t, uint64_t, std::string, Buffer, Trusted, Tuple, Real, Stack>
      data;
  uint8_t int_size = 8;  ///< bytes of an integer's type; `data` is extended to 64 bits
  std::string name{};    ///< of a constant that has an integer's value: what print() and %s show
  bool operator==(const Value&) const = default;
};

inline bool Tuple::operator==(const Tuple& other) const { return values == other.values; }

/// One bucket of a histogram.
struct Bucket {
  int64_t low = 0;         ///< inclusive
  int64_t high = 0;        ///< exclusive
  bool open_low = false;   ///< (..., high): no lower end
  bool open_high = false;  ///< [low, ...): no upper end
  uint64_t count = 0;
};

/// Average, as bpftrace keeps it.
struct Average {
  bool is_signed = true;
  uint64_t total = 0, count = 0;
};

/// stats(): an average that shows what it was made of.
struct Stats {
  Average average;
};

struct Histogram {
  bool linear = false;          ///< lhist
  int64_t step = 0;             ///< lhist
  std::vector<Bucket> buckets;  ///< from the first to the last that is not empty, no gaps
};

/// A map's value: a plain value, or an aggregation already merged over CPUs.
using MapValue = std::variant<Value, Average, Histogram, Stats>;

struct MapEntry {
  std::vector<Value> keys;  ///< empty for a scalar
  MapValue value;
};

/// A map as it stood at one moment. Entries in no particular order: the output sorts.
struct MapDump {
  std::string name;
  std::vector<MapEntry> entries;
  int64_t top = 0;  ///< print(@m, top): only the largest; 0 = all
  int64_t div = 0;  ///< print(@m, top, div): values divided by it; 0 = as they are
};

/// What was lost or left open: printed at the end unless all are zero. Never silent.
struct Losses {
  uint64_t ring_full = 0, frames_full = 0, frames_missing = 0, unwound = 0, undecided = 0;
  uint64_t no_goroutine = 0, scratch_busy = 0, contended = 0;
  uint64_t loops_cut = 0, unknown_site = 0, saved_full = 0;
  uint64_t unwind_cut = 0;  ///< of calls thrown away at once not all were found, or later
  uint64_t in_flight = 0;   ///< calls begun and not returned at the end
  std::map<std::string, uint64_t> in_flight_of;  ///< the same, by function
  /// The kernel's own return probes were used: it follows 64 nested calls of a thread at most
  /// (MAX_URETPROBE_DEPTH, include/linux/uprobes.h), and deeper ones seem never to return.
  bool kernel_returns = false;
  std::vector<std::pair<std::string, uint64_t>> map_full;  ///< map name, updates lost
};

/// Where events go. Data to stdout, messages to stderr (bpftrace >= 0.24).
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void attached(uint64_t probes) = 0;  ///< "Attached 2 probes" on stderr
  virtual void print(const Format& format, const std::vector<Value>& args) = 0;
  virtual void value(const MapValue& value) = 0;  ///< print(expr): the value and a newline
  virtual void map(const MapDump& map) = 0;
  /// print(@m[k]): the value and a newline, as print(expr) does; `map` and the keys are for
  /// formats that name things.
  virtual void map_value(const std::string& map, const MapEntry& entry) = 0;
  virtual void time(const std::string& strftime_format) = 0;
  /// join(): the parts with the delimiter between them, and a newline.
  virtual void join(const std::vector<Value>& parts, const std::string& delimiter) = 0;
  /// What a file held, for cat(); untrusted as everything the target may have written.
  virtual void cat(const std::string& contents) = 0;
  /// What a command wrote to its standard output, for system().
  virtual void system(const std::string& printed) = 0;
  /// A complaint of the script's own actions (errorf(), a file that cat() cannot open): on
  /// stderr, even with -q.
  virtual void complain(const std::string& line) = 0;
  /// The script is over; the maps follow. In text two empty lines.
  virtual void end() {}
  virtual void losses(const Losses& losses) = 0;
  virtual void message(const std::string& line) = 0;  ///< notes and warnings, on stderr
  virtual void flush() = 0;
  /// False once the output can no longer be written (closed pipe, full disk).
  virtual bool ok() const = 0;
  /// Whether all is there that was asked for, and tracing can end.
  virtual bool is_complete() const { return false; }
};

}  // namespace gotap::output
