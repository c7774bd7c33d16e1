#include "trace/value_text.h"

#include <algorithm>
#include <bit>

#include "base/copies.h"
#include "base/text.h"
#include "output/format.h"
#include "trace/names.h"
#include "trace/value_kinds.h"

namespace gotap::trace {

namespace {

using go::GoType;
using go::TypeKind;
using State = CopiedMemory::State;

// Pointers to one thing from many places could make a short copy a very long text.
constexpr size_t kMostText = 64 * 1024;
constexpr std::string_view kCut = "…", kNil = "<nil>", kNotResident = "<not resident>",
                           kRedacted = "<redacted>";
constexpr int kMostFields = 1000, kMostNestedValues = 200;

std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool can_be_secret(TypeKind kind) {
  return kind != TypeKind::Bool && kind != TypeKind::Func && kind != TypeKind::Chan;
}

}  // namespace

// Whether there is no room for more, which is said once.
bool ValueText::full() {
  if (out_.size() < kMostText) return false;
  if (!cut_) out_ += kCut;
  cut_ = true;
  return true;
}

void ValueText::missing(const CopiedMemory::Stretch& stretch) {
  out_ += stretch.state == State::NotResident ? kNotResident : kCut;
}

// The word at the view; if it is not there that is said.
bool ValueText::scalar(const ValueView& view, uint64_t size, uint64_t& value) {
  if (view.root) {
    for (const auto& [at, reason] : view.root->missing)
      if (at == view.at) {
        out_ += "<" + reason + ">";
        return false;
      }
    const auto& known = view.root->known;
    if (!view.root->missing_rest.empty() &&
        std::find(known.begin(), known.end(), view.at) == known.end()) {
      out_ += "<" + view.root->missing_rest + ">";
      return false;
    }
  }
  const auto bytes = view.bytes.sub(view.at, size);
  if (!bytes || size > 8) {
    out_ += view.not_resident ? kNotResident : kCut;
    return false;
  }
  value = 0;
  for (uint64_t i = size; i-- > 0;) value = value << 8 | (*bytes)[i];
  return true;
}

void ValueText::show(go::TypeId id, const ValueView& view, uint32_t depth, std::string_view name) {
  if (full()) return;
  // A damaged file may describe a struct that holds itself.
  if (nested_ > kMostNestedValues) {
    out_ += kCut;
    return;
  }
  nested_++;
  show_kind(id, view, depth, name);
  nested_--;
}

void ValueText::show_kind(go::TypeId id, const ValueView& view, uint32_t depth,
                          std::string_view name) {
  const GoType& type = types_.at(id);
  if (!limits_.show_secrets && can_be_secret(type.kind) && names_secret(name)) {
    out_ += kRedacted;
    return;
  }
  if (own_text(type, view)) return;
  switch (type.kind) {
    case TypeKind::Bool:
    case TypeKind::Int:
    case TypeKind::Uint:
    case TypeKind::Float:
    case TypeKind::Complex:
    case TypeKind::UnsafePointer: return number(type, view);
    case TypeKind::String: return text(view);
    case TypeKind::Slice: return slice(type, view, depth);
    case TypeKind::Array:
      out_ += '[';
      list(type.elem, view, type.length, depth);
      out_ += ']';
      return;
    case TypeKind::Struct: return structure(type, view, depth);
    case TypeKind::Pointer: return pointer(type, view, depth);
    case TypeKind::Func: return function(view);
    case TypeKind::Chan: return channel(view);
    case TypeKind::Map: return map(type, view, depth);
    case TypeKind::Interface: return interface(type, view, depth);
    case TypeKind::Unknown: break;
  }
  out_ += "<type unknown>";
}

// Types with a text of their own.
bool ValueText::own_text(const GoType& type, const ValueView& view) {
  uint64_t first = 0, second = 0;
  if (type.name == "time.Duration" && type.kind == TypeKind::Int) {
    if (scalar(view, 8, first)) out_ += go_duration_text(static_cast<int64_t>(first));
    return true;
  }
  if (type.name == "time.Time" && type.kind == TypeKind::Struct && type.size == 24) {
    if (scalar(view, 8, first) && scalar(view + 8, 8, second))
      out_ += go_time_text(first, static_cast<int64_t>(second));
    return true;
  }
  if (type.name == "net.IP" && type.kind == TypeKind::Slice) {
    if (!scalar(view, 8, first) || !scalar(view + 8, 8, second)) return true;
    const uint64_t length = std::min<uint64_t>(second, limits_.bytes);
    const auto bytes = memory_.at(first, length);
    if (second == 0)
      out_ += kNil;
    else if (bytes.state == State::Known && bytes.bytes.size() == second)
      out_ += go_ip_text(bytes.bytes);
    else
      missing(bytes);
    return true;
  }
  return false;
}

void ValueText::number(const GoType& type, const ValueView& view) {
  const bool single = type.size == 4 || (type.kind == TypeKind::Complex && type.size == 8);
  const auto real = [&](uint64_t bits) {
    return output::shortest(
        single ? output::Real{std::bit_cast<float>(static_cast<uint32_t>(bits)), true}
               : output::Real{std::bit_cast<double>(bits), false});
  };
  uint64_t value = 0, imaginary = 0;
  if (type.kind == TypeKind::Complex) {
    const uint64_t half = type.size / 2;
    if (!scalar(view, half, value) || !scalar(view + half, half, imaginary)) return;
    const std::string second = real(imaginary);
    out_ += "(" + real(value) + (second[0] == '-' || second[0] == '+' ? "" : "+") + second + "i)";
    return;
  }
  if (!scalar(view, type.size, value)) return;
  const int unused = 64 - 8 * static_cast<int>(std::clamp<uint64_t>(type.size, 1, 8));
  switch (type.kind) {
    case TypeKind::Bool: out_ += value ? "true" : "false"; return;
    case TypeKind::Int:
      out_ += std::to_string(static_cast<int64_t>(value << unused) >> unused);
      return;
    case TypeKind::Float: out_ += real(value); return;
    case TypeKind::UnsafePointer: out_ += value ? hex(value) : std::string(kNil); return;
    default: out_ += std::to_string(value);
  }
}

void ValueText::text(const ValueView& view) {
  uint64_t address = 0, length = 0;
  if (scalar(view, 8, address) && scalar(view + 8, 8, length)) text_at(address, length);
}

void ValueText::text_at(uint64_t address, uint64_t length) {
  if (length == 0) return;
  const auto bytes = memory_.at(address, std::min<uint64_t>(length, limits_.bytes));
  if (bytes.state != State::Known) return missing(bytes);
  std::string_view shown = as_text(bytes.bytes);
  const bool cut = shown.size() < length;
  if (cut) shown = shown.substr(0, without_half_character(shown));
  out_ += shown;
  if (cut) out_ += kCut;
}

// `length` elements side by side, from `first` on.
void ValueText::list(go::TypeId element, const ValueView& first, uint64_t length, uint32_t depth) {
  const uint64_t size = types_.at(element).size;
  for (uint64_t i = 0; i < length; i++) {
    if (i > 0) out_ += ' ';
    const bool there = size == 0 || first.root || first.bytes.contains(first.at + i * size, 1);
    if (i == limits_.elements || !there) {
      out_ += !there && first.not_resident ? kNotResident : kCut;
      return;
    }
    if (full()) return;
    show(element, first + i * size, depth);
  }
}

void ValueText::slice(const GoType& type, const ValueView& view, uint32_t depth) {
  uint64_t address = 0, length = 0;
  if (!scalar(view, 8, address) || !scalar(view + 8, 8, length)) return;
  const GoType& element = types_.at(type.elem);
  if (element.kind == TypeKind::Uint && element.size == 1) return byte_slice(address, length);
  out_ += '[';
  if (length > 0 && element.size == 0) {
    list(type.elem, {}, length, depth + 1);
  } else if (length > 0) {
    const uint64_t count = std::min<uint64_t>(length, limits_.elements);
    CopiedMemory::Stretch bytes;
    if (depth < limits_.depth) bytes = memory_.at(address, count * element.size);
    if (bytes.state == State::Known)
      list(type.elem, {bytes.bytes}, length, depth + 1);
    else
      missing(bytes);
  }
  out_ += ']';
}

void ValueText::byte_slice(uint64_t address, uint64_t length) {
  if (length == 0) {
    out_ += "[]";
    return;
  }
  const auto bytes = memory_.at(address, std::min<uint64_t>(length, limits_.bytes));
  if (bytes.state != State::Known) {
    out_ += '[';
    missing(bytes);
    out_ += ']';
    return;
  }
  if (is_text(as_text(bytes.bytes), bytes.bytes.size() < length)) return text_at(address, length);
  out_ += '[';
  list(go::kByteType, {bytes.bytes}, length, 0);
  out_ += ']';
}

void ValueText::structure(const GoType& type, const ValueView& view, uint32_t depth) {
  out_ += '{';
  int shown = 0;
  for (const go::TypeField& field : type.fields) {
    if (shown > 0) out_ += ' ';
    if (full() || ++shown > kMostFields) break;
    out_ += field.name + ":";
    show(field.type, view + field.offset, depth, field.name);
  }
  out_ += '}';
}

void ValueText::pointer(const GoType& type, const ValueView& view, uint32_t depth) {
  uint64_t address = 0;
  if (!scalar(view, 8, address)) return;
  if (address == 0) {
    out_ += kNil;
    return;
  }
  const GoType& target = types_.at(type.elem);
  const std::pair<uint64_t, go::TypeId> key(address, type.elem);
  CopiedMemory::Stretch bytes;
  // What is being shown already is not shown within itself.
  if (target.kind != TypeKind::Unknown && depth < limits_.depth && !open_.count(key))
    bytes = memory_.at(address, target.size);
  const bool nothing = target.kind == TypeKind::Struct && target.size == 0;
  if (bytes.state == State::NotCopied && !nothing) {
    out_ += hex(address);
    return;
  }
  out_ += '&';
  if (bytes.state == State::NotResident) {
    out_ += kNotResident;
    return;
  }
  open_.insert(key);
  show(type.elem, {bytes.bytes}, depth + 1);
  open_.erase(key);
}

void ValueText::channel(const ValueView& view) {
  uint64_t address = 0, length = 0, capacity = 0;
  if (!scalar(view, 8, address)) return;
  if (address == 0) {
    out_ += kNil;
    return;
  }
  const auto header = memory_.at(address, 16);
  const ValueView words{header.bytes, 0, nullptr, header.state == State::NotResident};
  out_ += "chan(len=";
  if (scalar(words, 8, length)) out_ += std::to_string(length);
  out_ += " cap=";
  if (scalar(words + 8, 8, capacity)) out_ += std::to_string(capacity);
  out_ += ')';
}

void ValueText::function(const ValueView& view) {
  uint64_t address = 0, code = 0;
  if (!scalar(view, 8, address)) return;
  if (address == 0) {
    out_ += kNil;
    return;
  }
  // A function value points to the address of its code.
  const auto word = memory_.at(address, 8);
  const ValueView at{word.bytes, 0, nullptr, word.state == State::NotResident};
  out_ += "func(";
  if (scalar(at, 8, code)) {
    const std::string name = program_.function_name(code - memory_.bias());
    out_ += name.empty() ? hex(code) : name;
  }
  out_ += ')';
}

std::string whole_text(const bpf::Field& field, Bytes record, const Names& names) {
  const CopiedMemory memory(record, field.log);
  std::string out = field.is_list ? "{" : "";
  bool first = true;
  for (size_t i = 0; i < field.roots.size(); i++) {
    const bpf::WholeRoot& root = field.roots[i];
    const ValueTypes* program = names.value_types(root.target);
    const auto word = record.u64(field.offset + 8 * i);
    // A function without parameters has a root of no type.
    if (field.is_list && root.type == go::kNoType) continue;
    if (!first) out += ' ';
    first = false;
    if (field.is_list) out += root.name + ":";
    if (!word || !program) {
      out += "<record too short>";
      continue;
    }
    if (const auto reason = static_cast<uint8_t>(*word >> CopyLog::kReasonShift)) {
      const bool unread = reason <= static_cast<uint8_t>(bpf::UnknownReason::NotReadable);
      out += "<" + (unread ? "not resident" : names.unknown(reason, "unknown")) + ">";
      continue;
    }
    ValueText text(*program, memory, names.value_limits());
    const auto bytes = memory.chunk(*word & 0xffffffff);
    text.show(root.type, {bytes.value_or(Bytes{}), 0, &root}, 0, root.name);
    out += text.take();
  }
  return out + (field.is_list ? "}" : "");
}

}  // namespace gotap::trace
