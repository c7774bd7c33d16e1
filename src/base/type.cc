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
    case Kind::Count: return "count_t";
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
    case Kind::String: return StringLayout::kData + capacity;
    default: return 8;
  }
}

}  // namespace gotap
