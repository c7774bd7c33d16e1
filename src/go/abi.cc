// Placement of arguments and results by Go's calling conventions, and signatures as text. Entry
// points: place(), dump(), to_string().
//
// Facts: src/cmd/compile/abi-internal.md ("Function call argument and result passing"),
// cmd/compile/internal/abi/abiutils.go and types/size.go (what the document leaves open), for
// Go <= 1.16 cmd/compile/internal/gc/align.go. Each is cited where it decides.
#include <algorithm>

#include "go/signature.h"

namespace gotap::go {
namespace {

constexpr unsigned kIntRegisters = 9, kFloatRegisters = 15;
// [SP] is the return address, at post as at RET.
constexpr uint64_t kFirstStackOffset = kWord;
// A frame of Go is smaller (cmd/internal/obj refuses 1 GB): a damaged file says more.
constexpr uint64_t kMaxStack = 1 << 30;
// Parts looked at in one value. What fits in registers has 24 scalars, and what has no size is
// not much more; a damaged file may have a struct that contains itself.
constexpr unsigned kMaxParts = 1000;

/// GOEXPERIMENT=simd (1.26+): a struct whose first field is a tag of archsimd is one vector
/// register, whatever else is in it (types/size.go, simdify).
bool is_vector(const Types& types, const GoType& type) {
  if (type.kind != TypeKind::Struct || type.fields.empty()) return false;
  const std::string& tag = types.at(type.fields[0].type).name;
  return tag == "simd/archsimd.v128" || tag == "simd/archsimd.v256" || tag == "simd/archsimd.v512";
}

/// One sequence of values, arguments or results: what they have used up so far.
class Sequence {
 public:
  /// Those on the stack begin at `stack`; nothing: where is not known.
  Sequence(const Types& types, Abi abi, std::optional<uint64_t> stack)
      : types_(types), stack_(stack.value_or(0)), stack_sure_(stack.has_value()) {
    if (abi == Abi::GoRegisters) {
      int_registers_ = kIntRegisters;
      float_registers_ = kFloatRegisters;
    }
  }

  ValueLocation next(const GoType& type);
  /// Where what follows on the stack begins.
  std::optional<uint64_t> stack() const {
    return stack_sure_ ? std::optional(align_up(stack_, kWord)) : std::nullopt;
  }
  /// Space for those in registers, each laid out as in memory.
  uint64_t spill() const { return align_up(spill_, kWord); }

 private:
  enum class Fit : uint8_t { Yes, No, Unknown };

  Fit add(const GoType& type, uint64_t offset);
  Fit add_words(unsigned n, uint64_t offset);
  Fit add_floats(unsigned n, uint64_t offset, uint64_t size);
  Fit add_fields(const GoType& type, uint64_t offset);
  static bool take_slot(uint64_t& end, const GoType& type);

  const Types& types_;
  unsigned int_registers_ = 0, float_registers_ = 0;
  unsigned ints_ = 0, floats_ = 0;  // in use
  uint64_t stack_ = 0, spill_ = 0;  // ends of what is in use
  bool registers_sure_ = true, stack_sure_ = true;
  unsigned parts_ = 0;  // looked at, of the value at hand
  std::vector<Piece> pieces_;
};

/// All or nothing: a value that does not fit in the registers that are left gives back what it
/// took and goes to the stack; the next one may fit again.
ValueLocation Sequence::next(const GoType& type) {
  const unsigned ints = ints_, floats = floats_;
  pieces_.clear();
  parts_ = 0;
  Fit fit = Fit::No;
  if (type.kind == TypeKind::Unknown)
    fit = Fit::Unknown;
  else if (type.size != 0 && int_registers_ != 0)
    fit = add(type, 0);  // what has no size is on the stack, which it aligns (tryAllocRegs)

  ValueLocation location;
  if (fit == Fit::Yes) {
    location.pieces = pieces_;
    if (!take_slot(spill_, type)) fit = Fit::Unknown;
  } else if (fit == Fit::No) {
    ints_ = ints;
    floats_ = floats;
    if (!take_slot(stack_, type)) fit = Fit::Unknown;
    if (type.size == 0) return location;
    location.on_stack = true;
    location.stack_offset = static_cast<int32_t>(stack_ - type.size);
  }
  if (fit == Fit::Unknown) registers_sure_ = stack_sure_ = false;
  if (!registers_sure_ || (location.on_stack && !stack_sure_)) return {.known = false};
  return location;
}

/// Moves `end` behind a slot for a value of `type`.
bool Sequence::take_slot(uint64_t& end, const GoType& type) {
  if (type.size > kMaxStack || type.align > kMaxStack) return false;
  const uint64_t after = align_up(end, type.align) + type.size;
  if (after > kMaxStack) return false;
  end = after;
  return true;
}

Sequence::Fit Sequence::add_words(unsigned n, uint64_t offset) {
  for (unsigned i = 0; i < n; i++) {
    if (ints_ == int_registers_) return Fit::No;
    pieces_.push_back({Piece::In::IntRegister, static_cast<uint8_t>(ints_++),
                       static_cast<uint32_t>(offset + i * kWord), kWord});
  }
  return Fit::Yes;
}

Sequence::Fit Sequence::add_floats(unsigned n, uint64_t offset, uint64_t size) {
  for (unsigned i = 0; i < n; i++) {
    if (floats_ == float_registers_) return Fit::No;
    pieces_.push_back({Piece::In::FloatRegister, static_cast<uint8_t>(floats_++),
                       static_cast<uint32_t>(offset + i * size), static_cast<uint32_t>(size)});
  }
  return Fit::Yes;
}

/// Gives registers to the scalars of a type that is at `offset` of the value at hand. Unknown: of
/// a type whose size is not its kind's, or that is not known, no place can be said.
Sequence::Fit Sequence::add(const GoType& type, uint64_t offset) {
  if (++parts_ > kMaxParts || offset > kMaxStack) return Fit::Unknown;
  const auto words = [&](unsigned n) {
    return type.size == n * kWord ? add_words(n, offset) : Fit::Unknown;
  };
  switch (type.kind) {
    case TypeKind::Unknown: return Fit::Unknown;
    case TypeKind::Bool:
    case TypeKind::Int:
    case TypeKind::Uint: {
      if (type.size != 1 && type.size != 2 && type.size != 4 && type.size != 8) return Fit::Unknown;
      const Fit fit = add_words(1, offset);
      if (fit == Fit::Yes) pieces_.back().size = static_cast<uint32_t>(type.size);
      return fit;
    }
    case TypeKind::Float:
      return type.size == 4 || type.size == 8 ? add_floats(1, offset, type.size) : Fit::Unknown;
    case TypeKind::Complex:
      return type.size == 8 || type.size == 16 ? add_floats(2, offset, type.size / 2)
                                               : Fit::Unknown;
    case TypeKind::Pointer:
    case TypeKind::UnsafePointer:
    case TypeKind::Func:
    case TypeKind::Map:
    case TypeKind::Chan: return words(1);
    case TypeKind::String:
    case TypeKind::Interface: return words(2);
    case TypeKind::Slice: return words(3);
    case TypeKind::Array:
      // By length alone: two elements of no size, too, send the value to the stack.
      if (type.length == 0) return Fit::Yes;
      if (type.length > 1) return Fit::No;
      return types_.at(type.elem).size == type.size ? add(types_.at(type.elem), offset)
                                                    : Fit::Unknown;
    case TypeKind::Struct:
      if (is_vector(types_, type)) return add_floats(1, offset, type.size);
      return add_fields(type, offset);
  }
  return Fit::Unknown;
}

/// Blank fields have registers too. An unknown field decides nothing if another does not fit.
Sequence::Fit Sequence::add_fields(const GoType& type, uint64_t offset) {
  Fit all = Fit::Yes;
  for (const TypeField& field : type.fields) {
    const GoType& part = types_.at(field.type);
    if (field.offset > type.size || part.size > type.size - field.offset) return Fit::Unknown;
    const Fit fit = add(part, offset + field.offset);
    if (fit == Fit::No) return fit;
    if (fit == Fit::Unknown) all = fit;
    if (parts_ > kMaxParts) return Fit::Unknown;
  }
  return all;
}

std::string list(const Types& types, const std::vector<Parameter>& values, bool variadic) {
  const auto named = [](const Parameter& p) { return !p.name.empty() && p.name != "_"; };
  const bool names = std::any_of(values.begin(), values.end(), named);
  std::string out;
  for (size_t i = 0; i < values.size(); i++) {
    if (i) out += ", ";
    if (names) out += (named(values[i]) ? values[i].name : "_") + " ";
    const GoType& type = types.at(values[i].type);
    const bool dots = variadic && i + 1 == values.size() && type.kind == TypeKind::Slice;
    const std::string& name = dots ? types.at(type.elem).name : type.name;
    out += (dots ? "..." : "") + (name.empty() ? "?" : name);
  }
  return out;
}

}  // namespace

Placement place(const Types& types, const Signature& signature, Abi abi) {
  Placement placement;
  if (abi == Abi::C) {
    placement.params.resize(signature.params.size(), {.known = false});
    placement.results.resize(signature.results.size(), {.known = false});
    return placement;
  }
  const GoType dictionary = {.kind = TypeKind::UnsafePointer, .size = kWord, .align = kWord};
  const size_t before_dictionary =
      signature.dictionary == Dictionary::AfterReceiver && signature.has_receiver ? 1 : 0;
  const bool has_dictionary = signature.dictionary != Dictionary::None;

  Sequence params(types, abi, kFirstStackOffset);
  for (size_t i = 0; i <= signature.params.size(); i++) {
    if (has_dictionary && i == before_dictionary) params.next(dictionary);
    if (i < signature.params.size())
      placement.params.push_back(params.next(types.at(signature.params[i].type)));
  }
  Sequence results(types, abi, params.stack());  // registers begin anew, the stack goes on
  for (const Parameter& result : signature.results)
    placement.results.push_back(results.next(types.at(result.type)));
  if (const auto end = results.stack())
    placement.stack_bytes = static_cast<uint32_t>(*end - kFirstStackOffset);
  placement.spill_bytes = static_cast<uint32_t>(params.spill());
  return placement;
}

std::string dump(const ValueLocation& location) {
  if (!location.known) return "?";
  if (location.on_stack) return "S" + std::to_string(location.stack_offset);
  std::string out;
  for (const Piece& piece : location.pieces) {
    if (!out.empty()) out += "+";
    switch (piece.in) {
      case Piece::In::IntRegister: out += "I" + std::to_string(piece.number); break;
      case Piece::In::FloatRegister: out += "F" + std::to_string(piece.number); break;
      case Piece::In::AnyRegister: out += "A" + std::to_string(piece.number); break;
      case Piece::In::Stack: out += "[" + std::to_string(piece.stack_offset) + "]"; break;
    }
    out += ":" + std::to_string(piece.size) + "@" + std::to_string(piece.offset);
  }
  return out.empty() ? "-" : out;
}

std::string to_string(const Types& types, const Signature& signature, std::string_view function) {
  std::string out(function);
  out += "(" + list(types, signature.params, signature.variadic) + ")";
  const std::vector<Parameter>& results = signature.results;
  if (results.empty()) return out;
  const std::string text = list(types, results, false);
  const bool bare = results.size() == 1 && (results[0].name.empty() || results[0].name == "_");
  return out + " " + (bare ? text : "(" + text + ")");
}

}  // namespace gotap::go
