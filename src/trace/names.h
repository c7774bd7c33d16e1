// Names: what stands for a number in the output and is not in the number: functions and probes of
// the plan, times of day, users. Entry point: Names.
//
// Facts: strftime(3); getpwuid(3) loads libraries that a static program has not, so /etc/passwd is
// read directly: users of other sources are shown by number.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "plan/plan.h"

namespace gotap::trace {

class Names {
 public:
  /// `plan` and `time_formats` (as in BpfObject) must outlive this. `cut_mark` is what str() puts
  /// behind text that it had to cut.
  Names(const plan::Plan& plan, const std::vector<std::string>& time_formats,
        std::string cut_mark = "..");
  /// Of a script without strftime().
  Names(const plan::Plan& plan);  // NOLINT(google-explicit-constructor): a plan is the usual case

  const plan::Plan& plan() const { return plan_; }
  const std::string& cut_mark() const { return cut_mark_; }
  /// The text of strftime() with format `format` at `boot_ns` nanoseconds since boot.
  std::string time(uint32_t format, uint64_t boot_ns) const;
  /// The user's name; the number if there is none.
  std::string user(uint64_t uid) const;

 private:
  const plan::Plan& plan_;
  const std::vector<std::string>* time_formats_;
  std::string cut_mark_ = "..";
  int64_t boot_time_ns_;  ///< of day, when the machine started
  mutable std::map<uint64_t, std::string> users_;
};

}  // namespace gotap::trace
