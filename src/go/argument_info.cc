#include "go/argument_info.h"

namespace gotap::go {
namespace {

constexpr uint8_t kEnd = 0xff, kOpen = 0xfe, kClose = 0xfd, kMore = 0xfc, kFarAway = 0xfb,
                  kSpecial = 0xf0;
constexpr int kMaxScalars = 10, kDeepest = 5;
constexpr size_t kMaxLength = (kDeepest * 3 + 2) * kMaxScalars + 1;  // TraceArgsMaxLen

class Encoder {
 public:
  explicit Encoder(const Types& types) : types_(types) {}
  /// False: no more is written.
  bool value(uint64_t offset, const GoType& type, int depth);
  std::vector<uint8_t> out;

 private:
  void scalar(uint64_t offset, uint64_t size) {
    if (offset >= kSpecial) {
      out.push_back(kFarAway);
    } else {
      out.push_back(static_cast<uint8_t>(offset));
      out.push_back(static_cast<uint8_t>(size));
    }
    scalars_++;
  }
  bool full() {
    if (scalars_ < kMaxScalars) return false;
    out.push_back(kMore);
    return true;
  }
  void parts(uint64_t offset, const GoType& type, int depth);

  const Types& types_;
  int scalars_ = 0;
};

bool is_aggregate(const GoType& type) {
  switch (type.kind) {
    case TypeKind::Struct:
    case TypeKind::Array:
    case TypeKind::Complex:
    case TypeKind::Interface:
    case TypeKind::String:
    case TypeKind::Slice: return true;
    default: return false;
  }
}

void Encoder::parts(uint64_t offset, const GoType& type, int depth) {
  auto words = [&](int count, uint64_t size) {
    for (int i = 0; i < count && !full(); i++)
      scalar(offset + static_cast<uint64_t>(i) * size, size);
  };
  switch (type.kind) {
    case TypeKind::Interface:
    case TypeKind::String: words(2, kWord); break;
    case TypeKind::Slice: words(3, kWord); break;
    case TypeKind::Complex: words(2, type.size / 2); break;
    case TypeKind::Array: {
      const GoType& elem = types_.at(type.elem);
      if (type.length == 0) scalars_++;
      for (uint64_t i = 0; i < type.length && value(offset + i * elem.size, elem, depth); i++) {
      }
      break;
    }
    default:
      if (type.fields.empty()) scalars_++;
      for (const TypeField& field : type.fields)
        if (!value(offset + field.offset, types_.at(field.type), depth)) break;
  }
}

bool Encoder::value(uint64_t offset, const GoType& type, int depth) {
  if (full()) return false;
  if (!is_aggregate(type)) {
    scalar(offset, type.size);
    return true;
  }
  out.push_back(kOpen);
  if (++depth >= kDeepest) {
    out.push_back(kMore);
    scalars_++;
  } else {
    parts(offset, type, depth);
  }
  out.push_back(kClose);
  return true;
}

}  // namespace

std::optional<std::vector<uint8_t>> argument_info(Bytes bytes) {
  std::vector<uint8_t> out;
  for (size_t i = 0; i < bytes.size() && i < kMaxLength; i++) {
    out.push_back(bytes[i]);
    if (bytes[i] == kEnd) return out;
    if (bytes[i] < kSpecial && i + 1 < bytes.size()) out.push_back(bytes[++i]);  // its size
  }
  return std::nullopt;
}

std::optional<std::vector<uint8_t>> expected_argument_info(const Types& types,
                                                           const Signature& signature, Abi abi,
                                                           std::string_view name) {
  const Placement placement = place(types, signature, abi);
  if (!placement.stack_bytes) return std::nullopt;
  // Where each argument is, or is stored by the callee when it came in registers: behind those
  // on the stack, in their order (ABIParamAssignment.FrameOffset).
  uint64_t spill = align_up(*placement.stack_bytes, kWord);
  std::vector<std::pair<uint64_t, GoType>> arguments;
  auto in_registers = [&](const GoType& type) {
    const uint64_t at = align_up(spill, type.align);
    spill = at + type.size;
    arguments.emplace_back(at, type);
  };
  const bool has_dictionary = signature.dictionary != Dictionary::None;
  const size_t dictionary =
      signature.dictionary == Dictionary::AfterReceiver && signature.has_receiver ? 1 : 0;
  for (size_t i = 0; i <= signature.params.size(); i++) {
    if (has_dictionary && i == dictionary)
      in_registers({.kind = TypeKind::UnsafePointer, .size = kWord, .align = kWord});
    if (i == signature.params.size()) break;
    const GoType& type = types.at(signature.params[i].type);
    const ValueLocation& location = placement.params[i];
    if (location.on_stack)
      arguments.emplace_back(static_cast<uint64_t>(location.stack_offset) - kWord, type);
    else
      in_registers(type);
  }
  Encoder encoder(types);
  // Of functions with a bracket in their names the first is taken for a dictionary.
  const size_t first = name.find('[') != std::string_view::npos ? 1 : 0;
  for (size_t i = first; i < arguments.size(); i++)
    if (!encoder.value(arguments[i].first, arguments[i].second, 0)) break;
  encoder.out.push_back(kEnd);
  return std::move(encoder.out);
}

std::string describe_argument_info(const std::vector<uint8_t>& info) {
  std::string out;
  auto next = [&out] {
    if (!out.empty() && out.back() != '{') out += ", ";
  };
  for (size_t i = 0; i < info.size() && info[i] != kEnd; i++) {
    const uint8_t byte = info[i];
    if (byte == kClose) {
      out += '}';
      continue;
    }
    next();
    if (byte == kOpen)
      out += '{';
    else if (byte == kMore || byte == kFarAway)
      out += "...";
    else if (i + 1 < info.size()) {
      const uint8_t bytes = info[++i];
      out += std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes");
    }
  }
  return out.empty() ? "none" : out;
}

}  // namespace gotap::go
