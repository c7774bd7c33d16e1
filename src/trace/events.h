// EventHandler: what to do with each record of the ring, in the ring's order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "bpf/object.h"
#include "output/value.h"
#include "trace/decode.h"
#include "trace/maps.h"

namespace gotap::trace {

class EventHandler {
 public:
  EventHandler(const bpf::BpfObject& object, Maps& maps, output::Sink& sink,
               uint64_t max_cat_bytes = 10240)
      : object_(object), maps_(maps), sink_(sink), max_cat_bytes_(max_cat_bytes) {}

  /// Prints or does what `record` says. A record that cannot be read is an error, see error().
  void handle(Bytes record);

  /// Records handled so far.
  uint64_t count() const { return count_; }
  /// The first error met; success if there was none. Asked for once, it is forgotten.
  Result<void> error();
  /// Whether the run should end: exit() was called, or the output can no longer be written.
  bool stopping() const { return stop_ || !sink_.ok(); }
  void stop() { stop_ = true; }
  /// exit(n)'s n, if it was called: the first one counts.
  std::optional<int> exit_code() const { return exit_code_; }
  output::Sink& sink() { return sink_; }

 private:
  Result<void> act(const bpf::EventLayout& layout, Bytes record);
  Result<void> print_map(const bpf::EventLayout& layout);
  Result<std::vector<output::Value>> values(const bpf::EventLayout& layout, Bytes record,
                                            Shown shown) const;
  void join(const bpf::EventLayout& layout, Bytes record);
  void run(const std::string& command);
  void cat(const std::string& path);

  const bpf::BpfObject& object_;
  Maps& maps_;
  output::Sink& sink_;
  uint64_t max_cat_bytes_;
  uint64_t count_ = 0;
  bool stop_ = false;
  std::optional<int> exit_code_;
  std::optional<Error> error_;
};

}  // namespace gotap::trace
