// DwarfTypes::signature(): what DWARF says of a function's parameters made into a Signature, and
// what it leaves out made good or refused. Facts, by version:
// - Go <= 1.21 leaves out parameters and receivers without a name; from 1.22 on they are `~p0`
//   (ir.Func.DeclareParams).
// - Go <= 1.26 leaves out the dictionary of generic functions; 1.27 has it as `.dict`. Up to 1.19
//   it stood before the receiver (cmd/compile/internal/noder/stencil.go), then behind it
//   (noder/reader.go, shapedMethodDecl).
// - Results without a name are `~r0` or `~b0`; up to 1.16 they count on from the parameters
//   (gc/dcl.go, funcargs).
#include <algorithm>
#include <charconv>

#include "go/dwarf_impl.h"
#include "go/dwarf_location.h"

namespace gotap::go {
namespace {

constexpr int kAllNamed = 22;          // since then nothing is left out
constexpr int kDictionaryBehind = 20;  // since then it is behind the receiver
constexpr int kResultsCountOn = 16;    // until then
constexpr uint64_t kWord = 8;
constexpr std::string_view kDictionary = ".dict";

/// What a function's name says. "a/b.(*T[x/y.Z]).M" is in the package a/b.
struct NameParts {
  std::string package;             ///< with the dot
  std::vector<std::string> parts;  ///< "(*T[x/y.Z])", "M"
};

NameParts split(std::string_view name) {
  NameParts it;
  // What the compiler makes for types of its own: "type:.eq.T", up to Go 1.19 "type..eq.T".
  if (name.substr(0, 5) == "type:" || name.substr(0, 6) == "type..") return it;
  // Methods of types without a name: "go:struct { io.Reader }.Read"; "go." up to Go 1.19.
  size_t at = 0;
  if (name.substr(0, 3) != "go:" && name.substr(0, 4) != "go.(" &&
      name.substr(0, 10) != "go.struct ") {
    const std::string_view plain = name.substr(0, name.find_first_of("[({"));
    const size_t slash = plain.rfind('/');
    const size_t dot = name.find('.', slash == std::string_view::npos ? 0 : slash);
    if (dot == std::string_view::npos) return it;
    at = dot + 1;
    it.package = name.substr(0, at);
  } else {
    at = 3;
  }
  int depth = 0;
  std::string part;
  for (char c : name.substr(at)) {
    if (c == '(' || c == '[' || c == '{') depth++;
    if (c == ')' || c == ']' || c == '}') depth--;
    if (c == '.' && depth <= 0) {
      it.parts.push_back(std::move(part));
      part.clear();
    } else {
      part += c;
    }
  }
  it.parts.push_back(std::move(part));
  return it;
}

/// "func1", "gowrap2", "deferwrap1", "1", "func1-range1", "M-fm": what the compiler calls
/// closures and wrappers.
bool is_closure(const std::string& part) {
  if (part.find('-') != std::string::npos) return true;
  const size_t digits = part.find_last_not_of("0123456789") + 1;
  if (digits == part.size()) return false;
  const std::string word = part.substr(0, digits);
  return word.empty() || word == "func" || word == "gowrap" || word == "deferwrap";
}

/// The type that a method of this name belongs to; empty: it is none.
std::string receiver_type(const NameParts& name) {
  if (name.parts.size() != 2 || is_closure(name.parts[1])) return "";
  std::string type = name.parts[0];
  if (type.empty()) return "";
  if (type.size() > 3 && type.substr(0, 2) == "(*" && type.back() == ')')
    return "*" + name.package + type.substr(2, type.size() - 3);
  return name.package + type;
}

/// The type of the method's receiver if a function's name is to be taken for a closure's, but its
/// first parameter says that it is a method called func1.
std::string closure_like_method(const NameParts& name) {
  return name.parts.size() == 2 ? name.package + name.parts[0] : "";
}

Dictionary dictionary(const NameParts& name, bool is_method, int minor) {
  const auto generic = [](const std::string& part) {
    return part.find("[go.shape.") != std::string::npos || part.find("[...]") != std::string::npos;
  };
  if (is_method && generic(name.parts[0]))
    return minor >= kDictionaryBehind ? Dictionary::AfterReceiver : Dictionary::First;
  if (name.parts.size() == 1 && generic(name.parts[0]) && !is_closure(name.parts[0]))
    return Dictionary::First;
  return Dictionary::None;
}

bool has_name(std::string_view name) {
  return !name.empty() && name != "_" && name[0] != '~' && name[0] != '.' && name[0] != '&';
}

/// The N of "~p3"; nothing if it is none.
std::optional<uint32_t> number_of(std::string_view name, std::string_view prefix) {
  if (name.substr(0, prefix.size()) != prefix) return std::nullopt;
  uint32_t n = 0;
  const auto [end, error] =
      std::from_chars(name.data() + prefix.size(), name.data() + name.size(), n);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return n;
}

/// The DWARF number of the register that a piece of ours is in.
uint16_t dwarf_register(const Piece& piece) {
  constexpr uint16_t kInt[] = {0, 3, 2, 5, 4, 8, 9, 10, 11};
  constexpr uint16_t kFirstFloat = 17;
  if (piece.in == Piece::In::FloatRegister) return kFirstFloat + piece.number;
  return piece.number < std::size(kInt) ? kInt[piece.number] : 0xffff;
}

/// Whether DWARF has a value where the ABI puts it. At the entry the address above the return
/// address is SP + 8.
bool agrees(const ValueLocation& ours, const std::vector<LocatedPiece>& theirs) {
  for (const LocatedPiece& it : theirs) {
    if (it.size == 0) continue;
    if (ours.on_stack) {
      if (it.in != LocatedPiece::In::Frame ||
          it.frame_offset + 8 != ours.stack_offset + static_cast<int64_t>(it.value_offset))
        return false;
      continue;
    }
    const auto same = [&](const Piece& piece) {
      return it.in == LocatedPiece::In::Register && piece.offset == it.value_offset &&
             dwarf_register(piece) == it.reg;
    };
    if (std::none_of(ours.pieces.begin(), ours.pieces.end(), same)) return false;
  }
  return true;
}

/// What an argument or result takes up.
struct Space {
  bool stack = false, ints = false, floats = false;
  explicit Space(const ValueLocation& where) : stack(where.on_stack) {
    for (const Piece& piece : where.pieces)
      (piece.in == Piece::In::IntRegister ? ints : floats) = true;
  }
  /// Whether nothing is of this that is not of `other`.
  bool within(const Space& other) const {
    return (!stack || other.stack) && (!ints || other.ints) && (!floats || other.floats);
  }
  void add(const Space& other) {
    stack |= other.stack;
    ints |= other.ints;
    floats |= other.floats;
  }
};

using Located = std::vector<std::vector<LocatedPiece>>;  // of each value

uint64_t align_up(uint64_t offset, uint64_t align) {
  return align > 1 ? (offset + align - 1) / align * align : offset;
}

/// For a signature whose arguments take up exactly what the function table says: whether there is
/// no room for one that is left out where it would move another. It could only hide in padding:
/// up to a parameter that DWARF has where the ABI puts it, none does, and behind it there may be
/// no padding.
bool size_is_proof(const Types& types, const Signature& signature, const Placement& placement,
                   const Located& located) {
  const bool has_dictionary = signature.dictionary != Dictionary::None;
  uint64_t stack = 0, spill = has_dictionary ? kWord : 0;
  bool stack_gap = false, stack_sure = true;
  // By kind of register: whether padding lies behind the last parameter known to be right, and
  // whether one follows that kind of register.
  bool gap[2] = {false, false}, follows[2] = {false, false};
  for (size_t i = 0; i < signature.params.size(); i++) {
    const ValueLocation& where = placement.params[i];
    const GoType& type = types.at(signature.params[i].type);
    if (!where.known) return false;
    const Space space(where);
    bool right = !located[i].empty() && agrees(where, located[i]);
    // What is left out is never before the receiver.
    right |= i == 0 && signature.has_receiver && type.size >= kWord;
    uint64_t& end = space.stack ? stack : spill;
    const bool padded = align_up(end, type.align) != end;
    end = align_up(end, type.align) + type.size;
    if (space.stack) {
      stack_gap |= padded;
      // What hides in padding moves nothing that is aligned to words.
      stack_sure &= right || type.align == kWord;
      continue;
    }
    for (int kind = 0; kind < 2; kind++) {
      const bool uses = kind == 0 ? space.ints : space.floats;
      gap[kind] |= padded;
      if (uses && right) gap[kind] = follows[kind] = false;
      if (uses && !right) follows[kind] = true;
    }
  }
  stack_gap |= align_up(stack, kWord) != stack;
  const bool spill_gap = align_up(spill, kWord) != spill;
  for (int kind = 0; kind < 2; kind++)
    if (follows[kind] && (gap[kind] || spill_gap)) return false;
  return stack_sure || !stack_gap;
}

/// Whether the places that DWARF has for parameters rule out that one is left out before the last
/// of them: each is where the ABI puts it, and after each that DWARF has nowhere one follows in
/// the same sort of register. (On the stack what is left out can hide in padding.)
bool params_are_sure(const std::vector<ValueLocation>& params, const Located& located) {
  for (size_t i = 0; i < params.size(); i++)
    if (!params[i].known || !agrees(params[i], located[i])) return false;
  Space later{ValueLocation()};
  for (size_t i = params.size(); i-- > 0;) {
    const Space needed(params[i]);
    if (!located[i].empty()) {
      later.add(needed);
    } else if (needed.stack || !needed.within(later)) {
      return false;
    }
  }
  return true;
}

/// Results on the stack lie behind all arguments, left out or not.
bool results_are_sure(const std::vector<ValueLocation>& results, const Located& located) {
  bool on_stack = false, found = false;
  for (size_t i = 0; i < results.size(); i++) {
    if (!results[i].known) return false;
    if (!results[i].on_stack) continue;
    on_stack = true;
    const bool in_frame =
        std::any_of(located[i].begin(), located[i].end(), [](const LocatedPiece& piece) {
          return piece.in == LocatedPiece::In::Frame && piece.frame_offset >= 0;
        });
    if (in_frame && !agrees(results[i], located[i])) return false;
    found |= in_frame;
  }
  return !on_stack || found;
}

/// Go >= 1.22 numbers what has no name: where a number is not that of its place, the order of
/// DWARF is not the source's.
bool numbers_agree(const DwarfFunction& function, Dictionary dictionary) {
  uint32_t params = 0, results = 0;
  for (const DwarfParameter& it : function.params) {
    if (it.is_result) {
      if (number_of(it.name, "~r").value_or(results) != results) return false;
      results++;
      continue;
    }
    const uint32_t before = dictionary == Dictionary::AfterReceiver ? 1 : 0;
    if (dictionary != Dictionary::None && params == before) params++;
    if (number_of(it.name, "~p").value_or(params) != params) return false;
    params++;
  }
  return true;
}

/// Go <= 1.16: how many parameters there are without the receiver, from the number in the name of
/// the first result, if that has no name in the source.
std::optional<size_t> counted_params(const DwarfFunction& function) {
  for (const DwarfParameter& it : function.params) {
    if (!it.is_result) continue;
    const auto r = number_of(it.name, "~r");
    return r ? r : number_of(it.name, "~b");
  }
  return std::nullopt;
}

Error unknown(std::string reason) { return Error{"signature unknown: " + std::move(reason), ""}; }

}  // namespace

/// Where DWARF has a value that the ABI puts at one place for the whole call: at the entry, or,
/// if that is on the stack above the return address, at any time.
std::vector<LocatedPiece> DwarfTypes::Impl::home(const DwarfParameter& parameter, uint64_t entry,
                                                 bool in_frame, uint64_t size) const {
  const elf::DwarfDie& die = parameter.die;
  if (const auto at_entry = dwarf->location(die, entry))
    if (auto pieces = read_location(*dwarf, *die.unit, *at_entry, size); !pieces.empty())
      return pieces;
  if (!in_frame) return {};
  for (Bytes expression : dwarf->locations(die)) {
    auto pieces = read_location(*dwarf, *die.unit, expression, size);
    const auto outside = [](const LocatedPiece& it) {
      return it.in != LocatedPiece::In::Frame || it.frame_offset < 0;
    };
    std::erase_if(pieces, outside);
    if (!pieces.empty()) return pieces;
  }
  return {};
}

/// Where DWARF has the values.
DwarfTypes::Impl::Homes DwarfTypes::Impl::homes(const DwarfFunction& described, uint64_t entry,
                                                const Signature& signature,
                                                const Placement& placement,
                                                const Types& types) const {
  const size_t visible = std::count_if(described.params.begin(), described.params.end(),
                                       [](const DwarfParameter& it) { return !it.is_result; });
  Homes homes;
  // A receiver that was put in has no place in DWARF.
  homes.params.resize(signature.params.size() - visible);
  for (const DwarfParameter& it : described.params) {
    Located& located = it.is_result ? homes.results : homes.params;
    const auto& known = it.is_result ? signature.results : signature.params;
    const ValueLocation& where =
        (it.is_result ? placement.results : placement.params)[located.size()];
    const uint64_t size = types.at(known[located.size()].type).size;
    located.push_back(home(it, entry, where.on_stack, size));
  }
  return homes;
}

/// The signature if it is whole, or if only its last parameters are missing, with one of an
/// unknown type for these. `by_places`: counts and sizes prove nothing, as it could lack another
/// parameter in place of one that it should not have.
std::optional<Signature> DwarfTypes::Impl::checked(const DwarfFunction& described,
                                                   const Function& function, Signature signature,
                                                   bool by_places, Types& types) const {
  const Placement placement = place(types, signature, function.abi);
  const Homes where = homes(described, function.entry, signature, placement, types);
  std::optional<uint64_t> missing;  // bytes of arguments that are left out
  if (placement.stack_bytes && function.argument_bytes) {
    const uint64_t bytes = *placement.stack_bytes + placement.spill_bytes;
    if (bytes > *function.argument_bytes) return std::nullopt;
    missing = *function.argument_bytes - bytes;
    if (!by_places && *missing == 0 && size_is_proof(types, signature, placement, where.params))
      return signature;
  }
  if (!by_places && minor <= kResultsCountOn) {
    const auto counted = counted_params(described);
    const size_t receivers = signature.has_receiver ? 1 : 0;
    if (counted && *counted + receivers == signature.params.size()) return signature;
  }
  if (by_places && where.params[1].empty()) return std::nullopt;
  if (!params_are_sure(placement.params, where.params) ||
      !results_are_sure(placement.results, where.results))
    return std::nullopt;
  if (missing.value_or(0) > 0) signature.params.push_back({"", types.add(GoType())});
  return signature;
}

/// Of type kNoType if that is not known.
Parameter DwarfTypes::Impl::nameless_receiver(const std::string& type, Types& types,
                                              const TypeSource& source) const {
  const std::vector<uint64_t> found = find_types(type);
  if (!found.empty()) return {"", types.reference(source, found.front())};
  if (type[0] != '*') return {};
  GoType pointer;
  pointer.kind = TypeKind::Pointer;
  pointer.name = type;
  pointer.size = pointer.align = 8;
  return {"", types.add(std::move(pointer))};
}

std::optional<Signature> DwarfTypes::Impl::complete(const DwarfFunction& described,
                                                    const Function& function,
                                                    const Signature& visible,
                                                    const std::string& receiver, Types& types,
                                                    const TypeSource& source) const {
  if (receiver.empty()) return checked(described, function, visible, false, types);
  if (visible.has_receiver)
    if (auto whole = checked(described, function, visible, false, types)) return whole;
  Signature with = visible;
  with.has_receiver = true;
  const Parameter first = nameless_receiver(receiver, types, source);
  if (first.type == kNoType) return std::nullopt;
  with.params.insert(with.params.begin(), first);
  // If the first one is of the receiver's type, only its place tells which of them it is.
  return checked(described, function, with, visible.has_receiver, types);
}

Result<Signature> DwarfTypes::signature(const Function& function, Types& types) const {
  if (function.assembly) return unknown("written in assembly");
  const auto die = impl_->function_at(function.entry);
  if (!die) return unknown("not described by DWARF");
  auto described = impl_->read_function(*die, types, *this);
  if (!described) return unknown("its description in DWARF is damaged");
  std::erase_if(described->params, [](const DwarfParameter& it) { return it.name == kDictionary; });

  Signature signature;
  for (const DwarfParameter& it : described->params) {
    Parameter parameter;
    if (has_name(it.name)) parameter.name = it.name;
    parameter.type = types.reference(*this, it.type);
    (it.is_result ? signature.results : signature.params).push_back(std::move(parameter));
  }
  signature.captured = std::move(described->captured);

  const NameParts name = split(described->name);
  std::string receiver = receiver_type(name);
  const std::string first_type =
      signature.params.empty() ? "" : types.at(signature.params[0].type).name;
  if (receiver.empty() && !first_type.empty() && closure_like_method(name) == first_type)
    receiver = first_type;
  signature.has_receiver = !receiver.empty() && receiver == first_type;
  signature.dictionary = dictionary(name, !receiver.empty(), impl_->minor);

  const std::string version = "DWARF of Go 1." + std::to_string(impl_->minor);
  if (impl_->minor < kAllNamed) {
    if (auto whole = impl_->complete(*described, function, signature, receiver, types, *this))
      return *whole;
    return unknown(version + " leaves out unnamed parameters here");
  }
  if (!receiver.empty() && !signature.has_receiver)
    return unknown(version + " has no receiver here");
  const Placement placement = place(types, signature, function.abi);
  const bool other_size =
      placement.stack_bytes && function.argument_bytes &&
      *placement.stack_bytes + placement.spill_bytes != *function.argument_bytes;
  if (other_size || !numbers_agree(*described, signature.dictionary))
    return unknown(version + " leaves out parameters here");
  return signature;
}

}  // namespace gotap::go
