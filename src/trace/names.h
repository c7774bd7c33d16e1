// Names: what stands for a number in the output and is not in the number: functions and probes of
// the plan, types and constants of Go programs, times of day, users. Entry point: Names.
//
// Facts: strftime(3); getpwuid(3) loads libraries that a static program has not, so /etc/passwd is
// read directly: users of other sources are shown by number.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bpf/object.h"
#include "plan/plan.h"
#include "trace/stacks.h"

namespace gotap::trace {

class ValueTypes;

class Names {
 public:
  /// `plan` and `object` must outlive this. `cut_mark` is what str() puts behind text that it had
  /// to cut.
  Names(const plan::Plan& plan, const bpf::BpfObject& object, std::string cut_mark = "..");
  /// Of a script without strftime(), constants or Go values.
  Names(const plan::Plan& plan);  // NOLINT(google-explicit-constructor): a plan is the usual case

  const plan::Plan& plan() const { return plan_; }
  const StackNames& stacks() const { return stacks_; }
  const std::string& cut_mark() const { return cut_mark_; }
  /// The text of strftime() with format `format` at `boot_ns` nanoseconds since boot.
  std::string time(uint32_t format, uint64_t boot_ns) const;
  /// The user's name; the number if there is none.
  std::string user(uint64_t uid) const;
  /// The type that go_reference() names, as Go's %T has it: `*http.Request`; `<nil>` of 0; its
  /// address where nothing is known of it.
  std::string go_type(uint64_t reference) const;
  /// The Go version of the program that a type is of: 24 for go1.24.4.
  int go_minor(uint64_t reference) const;
  /// What wait_name() shows of a number made of a target and a WaitCode.
  std::string wait(uint64_t value) const;
  /// The name of a constant of the list Type::detail stands for; empty if none has that value.
  std::string constant(uint32_t detail, int64_t value) const;
  /// The types of target `target`, for whole values; nullptr: there is no such program.
  const ValueTypes* value_types(uint32_t target) const;
  const ValueLimits& value_limits() const;
  /// What is shown for an UnknownReason, `fallback` where that says no more than a field does.
  std::string unknown(uint8_t reason, const std::string& fallback) const;

 private:
  const plan::Plan& plan_;
  StackNames stacks_;
  const bpf::BpfObject* object_;  ///< nullptr: the script has nothing of that kind
  std::string cut_mark_ = "..";
  int64_t boot_time_ns_;  ///< of day, when the machine started
  mutable std::map<uint64_t, std::string> users_, types_;
  mutable std::map<uint32_t, std::shared_ptr<ValueTypes>> value_types_;
  mutable std::map<uint64_t, std::vector<std::string>> wait_reasons_;  ///< by target
};

}  // namespace gotap::trace
