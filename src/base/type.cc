#include "base/type.h"

namespace gotap {

namespace {
std::string int_name(uint8_t size, bool is_signed) {
  return (is_signed ? "int" : "uint") + std::to_string(size * 8);
}
}  // namespace

std::string Type::name() const {
  switch (kind) {
    case Kind::Void: return "void";
    case Kind::Bool: return "bool";
    case Kind::Int: return int_name(size, is_signed);
    case Kind::Pointer: return int_name(elem_size, is_signed) + " *";
    case Kind::String: return "string[" + std::to_string(capacity) + "]";
    case Kind::Probe: return "probe";
    case Kind::Func: return "func";
    case Kind::Buffer: return "buffer[" + std::to_string(capacity) + "]";
    case Kind::Time: return "timestamp";
    case Kind::Username: return "username_t";
    case Kind::Errno: return "strerror_t";
    case Kind::Signal: return "signal_t";
    case Kind::Wait: return "wait_t";
    case Kind::Float: return "float" + std::to_string(size * 8);
    case Kind::GoType: return "gotype_t";
    case Kind::GoError: return "error";
    case Kind::Stack:
      return detail == static_cast<uint32_t>(StackMode::Caller) ? "caller" : "ustack";
    case Kind::GoWhole: return "value";
    case Kind::Length: return "length_t";
    case Kind::Tuple: {
      std::string names;
      for (const Type& part : parts) names += (names.empty() ? "" : ",") + part.name();
      return "(" + names + ")";
    }
    case Kind::Count: return "count_t";
    case Kind::Stats: return is_signed ? "stats_t" : "ustats_t";
    case Kind::Sum: return is_signed ? "sum_t" : "usum_t";
    case Kind::Avg: return is_signed ? "avg_t" : "uavg_t";
    case Kind::Min: return is_signed ? "min_t" : "umin_t";
    case Kind::Max: return is_signed ? "max_t" : "umax_t";
    case Kind::Hist: return "hist_t";
    case Kind::Lhist: return "lhist_t";
  }
  return "?";
}

uint32_t Type::memory_size() const {
  switch (kind) {
    case Kind::Void: return 0;
    case Kind::String:
    case Kind::Buffer: return StringLayout::kData + capacity;
    case Kind::Tuple: return part_offset(parts.size());
    case Kind::GoError: return GoErrorLayout::kSize;
    case Kind::Stack: return StackLayout::kAddresses + 8 * capacity;
    default: return 8;
  }
}

uint32_t Type::part_offset(size_t index) const {
  uint32_t offset = 0;
  for (size_t i = 0; i < index && i < parts.size(); i++) offset += parts[i].memory_size();
  return offset;
}

}  // namespace gotap
