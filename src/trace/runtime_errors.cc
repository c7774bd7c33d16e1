// Texts of the runtime's own errors, which most panics that nobody wrote have for a value; see
// value_text.h. Where their fields are is asked of the types.
//
// Facts: runtime/error.go and internal/abi/bounds.go, what the types' Error() does;
// runtime/panic.go (PanicNilError). The same in Go 1.15 to 1.27 but where a version is named.
#include <string>
#include <string_view>

#include "trace/value_text.h"

namespace gotap::trace {

namespace {

using go::GoType;
using go::TypeKind;

constexpr std::string_view kRuntimeError = "runtime error: ";

/// What is out of bounds, by boundsError.code; %x and %y stand for its fields of that name.
struct BoundsText {
  std::string_view text, negative;  ///< the second if x is less than 0
};
constexpr BoundsText kBoundsTexts[] = {
    {"index out of range [%x] with length %y", "index out of range [%x]"},
    {"slice bounds out of range [:%x] with length %y", "slice bounds out of range [:%x]"},
    {"slice bounds out of range [:%x] with capacity %y", "slice bounds out of range [:%x]"},
    {"slice bounds out of range [%x:%y]", "slice bounds out of range [%x:]"},
    {"slice bounds out of range [::%x] with length %y", "slice bounds out of range [::%x]"},
    {"slice bounds out of range [::%x] with capacity %y", "slice bounds out of range [::%x]"},
    {"slice bounds out of range [:%x:%y]", "slice bounds out of range [:%x:]"},
    {"slice bounds out of range [%x:%y:]", "slice bounds out of range [%x::]"},
};
constexpr uint64_t kBoundsConvert = 8;  // a slice was to become an array, from 1.17 on
constexpr int kNilPanicMinor = 27;      // its text got the runtime's prefix

// Of versions whose text has been looked up.
std::string_view convert_text(int minor) {
  if (minor == 19) return "cannot convert slice with length %y to pointer to array with length %x";
  if (minor >= 21)
    return "cannot convert slice with length %y to array or pointer to array with length %x";
  return {};
}

const go::TypeField* field_called(const GoType& type, std::string_view name) {
  for (const go::TypeField& field : type.fields)
    if (field.name == name) return &field;
  return nullptr;
}

}  // namespace

/// The field of that name, if it is of this size and its bytes are there.
std::optional<uint64_t> ValueText::field_of(const GoType& type, Bytes bytes,
                                            std::string_view name) const {
  const go::TypeField* field = field_called(type, name);
  if (!field) return std::nullopt;
  const uint64_t size = types_.at(field->type).size;
  const auto part = size > 8 ? std::nullopt : bytes.sub(field->offset, size);
  if (!part) return std::nullopt;
  uint64_t value = 0;
  for (uint64_t i = size; i-- > 0;) value = value << 8 | (*part)[i];
  return value;
}

// "index out of range [5] with length 3". Nothing: not all of it is known.
std::optional<std::string> ValueText::bounds_text(const GoType& type, Bytes bytes) const {
  const auto x = field_of(type, bytes, "x"), y = field_of(type, bytes, "y"),
             is_signed = field_of(type, bytes, "signed"), code = field_of(type, bytes, "code");
  if (!x || !y || !is_signed || !code) return std::nullopt;
  const auto number = [&](char name) {
    if (name == 'y') return std::to_string(static_cast<int64_t>(*y));
    return *is_signed ? std::to_string(static_cast<int64_t>(*x)) : std::to_string(*x);
  };
  const bool negative = *is_signed && static_cast<int64_t>(*x) < 0;
  std::string_view text;
  if (*code < std::size(kBoundsTexts))
    text = negative ? kBoundsTexts[*code].negative : kBoundsTexts[*code].text;
  else if (*code == kBoundsConvert && !negative)
    text = convert_text(minor_);
  if (text.empty()) return std::nullopt;
  std::string out(kRuntimeError);
  for (size_t i = 0; i < text.size(); i++)
    if (text[i] == '%')
      out += number(text[++i]);
    else
      out += text[i];
  return out;
}

// "interface conversion: interface {} is string, not int". Nothing: not all of it is known, or Go
// would say more.
std::optional<std::string> ValueText::assertion_text(const GoType& type, Bytes bytes) {
  const auto interface = field_of(type, bytes, "_interface"),
             concrete = field_of(type, bytes, "concrete"),
             asserted = field_of(type, bytes, "asserted");
  const go::TypeField* method = field_called(type, "missingMethod");
  if (!interface || !concrete || !asserted || !method) return std::nullopt;
  const auto method_length = bytes.u64(method->offset + 8);
  if (!method_length) return std::nullopt;
  const auto name = [&](uint64_t address) -> std::string {
    const auto id = program_.info().type_at(address - memory_.bias());
    return id ? go::short_name(types_.at(*id).name) : "<type unknown>";
  };
  const std::string from = *interface ? name(*interface) : "interface", to = name(*asserted),
                    is = *concrete ? name(*concrete) : "";
  const std::string head = "interface conversion: ";
  if (*concrete == 0) return head + from + " is nil, not " + to;
  // (Of two types of one name it says how they differ.)
  if (*method_length == 0)
    return is == to ? std::nullopt : std::optional(head + from + " is " + is + ", not " + to);
  return head + is + " is not " + to + ": missing method ";
}

// Of one of the runtime's own errors, whose data word is `data`. False: it is none, or not all of
// its text can be made.
bool ValueText::runtime_error(const GoType& type, uint64_t data) {
  std::string_view name = type.name;
  if (name.starts_with("*runtime.") && type.kind == TypeKind::Pointer) {
    if (name == "*runtime.PanicNilError") {
      if (minor_ >= kNilPanicMinor) out_ += kRuntimeError;
      out_ += "panic called with nil argument";
      return true;
    }
    if (name != "*runtime.TypeAssertionError") return false;
    const GoType& target = types_.at(type.elem);
    const auto bytes = memory_.at(data, target.size);
    if (bytes.state != CopiedMemory::State::Known) return false;
    const auto said = assertion_text(target, bytes.bytes);
    if (!said) return false;
    out_ += *said;
    if (const go::TypeField* method = field_called(target, "missingMethod"))
      text({bytes.bytes, method->offset});
    return true;
  }
  if (!name.starts_with("runtime.")) return false;
  const bool is_error = name == "runtime.errorString", is_plain = name == "runtime.plainError",
             has_address = name == "runtime.errorAddressString",
             is_bounds = name == "runtime.boundsError";
  if (!is_error && !is_plain && !has_address && !is_bounds) return false;
  const auto bytes = memory_.at(data, type.size);
  if (bytes.state != CopiedMemory::State::Known) return false;
  if (is_bounds) {
    const auto said = bounds_text(type, bytes.bytes);
    if (said) out_ += *said;
    return said.has_value();
  }
  const go::TypeField* message = has_address ? field_called(type, "msg") : nullptr;
  if (has_address && !message) return false;
  if (!is_plain) out_ += kRuntimeError;
  text({bytes.bytes, message ? message->offset : 0});
  return true;
}

}  // namespace gotap::trace
