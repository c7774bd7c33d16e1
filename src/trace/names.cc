// Entry points: Names::time, user, go_type, wait, constant, unknown.
#include "trace/names.h"

#include <pwd.h>

#include <cstdio>
#include <ctime>
#include <utility>

#include "base/text.h"
#include "base/value_names.h"
#include "go/type_info.h"
#include "output/local_time.h"
#include "trace/syscalls.h"
#include "trace/value_kinds.h"
#include "trace/value_text.h"

namespace gotap::trace {

namespace {

int64_t nanoseconds(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

Names::Names(const plan::Plan& plan, const bpf::BpfObject& object, std::string cut_mark)
    : plan_(plan),
      stacks_(plan),
      object_(&object),
      cut_mark_(std::move(cut_mark)),
      boot_time_ns_(nanoseconds(CLOCK_REALTIME) - nanoseconds(CLOCK_BOOTTIME)) {}

Names::Names(const plan::Plan& plan)
    : plan_(plan), stacks_(plan), object_(nullptr), boot_time_ns_(0) {}

std::string Names::time(uint32_t format, uint64_t boot_ns) const {
  if (!object_ || format >= object_->time_formats.size()) return "<no format>";
  // A script may show any number as a time: the sum wraps, it does not overflow.
  return output::local_time(object_->time_formats[format],
                            static_cast<int64_t>(boot_ns + static_cast<uint64_t>(boot_time_ns_)));
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

namespace {
constexpr uint64_t kAddress = (uint64_t{1} << 48) - 1;  // of a go_reference()

const go::TypeInfo* types_of(const plan::Plan& plan, uint64_t reference) {
  const go::Image* image = plan::image_of(plan, reference >> 48);
  return image ? &image->type_info() : nullptr;
}
}  // namespace

std::string Names::go_type(uint64_t reference) const {
  if (reference == 0) return "<nil>";
  auto known = types_.find(reference);
  if (known != types_.end()) return known->second;
  std::string name = "type " + hex(reference & kAddress);
  if (const go::TypeInfo* info = types_of(plan_, reference))
    if (auto type = info->type_at(reference & kAddress))
      name = go::short_name(info->types().at(*type).name);
  return types_.emplace(reference, name).first->second;
}

int Names::go_minor(uint64_t reference) const {
  const go::TypeInfo* info = types_of(plan_, reference);
  return info ? info->minor() : 0;
}

std::string Names::wait(uint64_t value) const {
  const uint64_t target = value >> 32, code = value & 0xffffffff;
  if (code == WaitCode::kRunning) return "running";
  if (code == WaitCode::kRunnable) return "runnable";
  if (code >= WaitCode::kSyscall) return "syscall " + syscall_name(code - WaitCode::kSyscall);
  if (code < WaitCode::kReason) return "cgo or syscall";
  auto [entry, added] = wait_reasons_.try_emplace(target);
  if (const go::Image* image = plan::image_of(plan_, target); added && image)
    entry->second = image->wait_reasons();
  const size_t reason = code - WaitCode::kReason;
  if (reason < entry->second.size() && !entry->second[reason].empty()) return entry->second[reason];
  return "wait reason " + std::to_string(reason);
}

std::string Names::constant(uint32_t detail, int64_t value) const {
  if (detail == kDurationNames) return go_duration_text(value);
  if (!object_ || detail == 0 || detail > object_->constants.size()) return "";
  const auto& names = object_->constants[detail - 1];
  auto found = names.find(value);
  return found == names.end() ? "" : found->second;
}

const ValueTypes* Names::value_types(uint32_t target) const {
  const go::Image* image = plan::image_of(plan_, target);
  if (!image) return nullptr;
  auto [entry, added] = value_types_.try_emplace(target);
  if (!added) return entry->second.get();
  const auto function_name = [image](uint64_t address) {
    const auto index = image->function_at(address);
    return index ? std::string(image->functions()[*index].name) : std::string();
  };
  entry->second =
      std::make_shared<ValueTypes>(image->type_info(), function_name,
                                   object_ ? object_->error_texts : std::vector<std::string>());
  return entry->second.get();
}

const ValueLimits& Names::value_limits() const {
  static const ValueLimits kDefault;
  return object_ ? object_->values : kDefault;
}

std::string Names::unknown(uint8_t reason, const std::string& fallback) const {
  using bpf::UnknownReason;
  constexpr auto kFirst = static_cast<uint8_t>(UnknownReason::kFirstReason);
  switch (static_cast<UnknownReason>(reason)) {
    case UnknownReason::NotReadable: return "not readable";
    case UnknownReason::Nil: return "nil pointer";
    case UnknownReason::OutOfRange: return "index out of range";
    case UnknownReason::OtherType: return "another type";
    case UnknownReason::NotKept: return "not kept";
    default: break;
  }
  if (reason < kFirst || !object_) return fallback;
  const size_t index = reason - kFirst;
  return index < object_->unknown_reasons.size() ? object_->unknown_reasons[index] : fallback;
}

}  // namespace gotap::trace
