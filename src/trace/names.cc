// Entry points: Names::time, user.
#include "trace/names.h"

#include <pwd.h>

#include <cstdio>
#include <ctime>
#include <utility>

#include "output/local_time.h"

namespace gotap::trace {

namespace {

int64_t nanoseconds(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

Names::Names(const plan::Plan& plan, const std::vector<std::string>& time_formats,
             std::string cut_mark)
    : plan_(plan),
      time_formats_(&time_formats),
      cut_mark_(std::move(cut_mark)),
      boot_time_ns_(nanoseconds(CLOCK_REALTIME) - nanoseconds(CLOCK_BOOTTIME)) {}

Names::Names(const plan::Plan& plan) : plan_(plan), time_formats_(nullptr), boot_time_ns_(0) {}

std::string Names::time(uint32_t format, uint64_t boot_ns) const {
  if (!time_formats_ || format >= time_formats_->size()) return "<no format>";
  return output::local_time((*time_formats_)[format],
                            static_cast<int64_t>(boot_ns) + boot_time_ns_);
}

std::string Names::user(uint64_t uid) const {
  auto known = users_.find(uid);
  if (known != users_.end()) return known->second;
  std::string name = std::to_string(uid);
  if (FILE* file = std::fopen("/etc/passwd", "re")) {
    while (const passwd* entry = ::fgetpwent(file))
      if (entry->pw_uid == uid) {
        name = entry->pw_name;
        break;
      }
    std::fclose(file);
  }
  return users_.emplace(uid, name).first->second;
}

}  // namespace gotap::trace
