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
constexpr int kRegisters = 17;         // since then arguments are in registers
constexpr int kResultsCountOn = 16;    // until then
constexpr std::string_view kDictionary = ".dict";

/// What a function's name says. "a/b.(*T[x/y.Z]).M" is in the package a/b.
struct NameParts {
  std::string package;             ///< with the dot
  std::vector<std::string> parts;  ///< "(*T[x/y.Z])", "M"
};

NameParts split(std::string_view name) {
  NameParts it;
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
  return !name.empty() && name != "_" && name[0] != '~' && name[0] != '.';
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

/// Whether the places that DWARF has for parameters rule out that one is left out: each is where
/// the ABI puts it, and after each that DWARF has nowhere one follows in the same sort of place.
bool params_are_sure(const std::vector<ValueLocation>& params, const Located& located) {
  for (size_t i = 0; i < params.size(); i++)
    if (!agrees(params[i], located[i])) return false;
  Space later{ValueLocation()};
  for (size_t i = params.size(); i-- > 0;) {
    const Space needed(params[i]);
    if (!located[i].empty()) {
      later.add(needed);
    } else if (!needed.within(later)) {
      return false;
    }
  }
  return true;
}

/// Results on the stack lie behind all arguments, left out or not.
bool results_are_sure(const std::vector<ValueLocation>& results, const Located& located) {
  bool on_stack = false, found = false;
  for (size_t i = 0; i < results.size(); i++) {
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

/// Whether nothing that decides where values are is left out of `signature`, as far as the file
/// tells.
bool DwarfTypes::Impl::is_whole(const DwarfFunction& function, const Signature& signature,
                                const Types& types) const {
  const size_t receivers = signature.has_receiver ? 1 : 0;
  const auto counted = minor <= kResultsCountOn ? counted_params(function) : std::nullopt;
  if (counted) return *counted + receivers == signature.params.size();
  const Placement placement =
      place(types, signature, minor >= kRegisters ? Abi::GoRegisters : Abi::GoStack);
  Located params, results;
  for (const DwarfParameter& it : function.params) {
    const auto& known = it.is_result ? signature.results : signature.params;
    Located& located = it.is_result ? results : params;
    // A receiver that was put in has no place in DWARF.
    const size_t visible = std::count_if(function.params.begin(), function.params.end(),
                                         [](const DwarfParameter& p) { return !p.is_result; });
    if (!it.is_result && params.empty()) params.resize(signature.params.size() - visible);
    if (located.size() >= known.size()) return false;
    const uint64_t size = types.at(known[located.size()].type).size;
    located.push_back(it.location ? read_location(*dwarf, *it.unit, *it.location, size)
                                  : std::vector<LocatedPiece>());
  }
  params.resize(signature.params.size());
  if (placement.params.size() != params.size() || placement.results.size() != results.size())
    return false;
  return params_are_sure(placement.params, params) && results_are_sure(placement.results, results);
}

/// Of Go <= 1.21.
std::optional<Signature> DwarfTypes::Impl::complete(const DwarfFunction& function,
                                                    const Signature& visible,
                                                    const std::string& receiver, Types& types,
                                                    const TypeSource& source) const {
  if (receiver.empty() || visible.has_receiver)
    if (is_whole(function, visible, types)) return visible;
  if (receiver.empty()) return std::nullopt;
  // A receiver without a name: its type is known from the method's.
  Signature with = visible;
  with.has_receiver = true;
  const std::vector<uint64_t> found = find_types(receiver);
  Parameter first;
  if (!found.empty()) {
    first.type = types.reference(source, found.front());
  } else if (receiver[0] == '*') {
    GoType pointer;
    pointer.kind = TypeKind::Pointer;
    pointer.name = receiver;
    pointer.size = pointer.align = 8;
    first.type = types.add(std::move(pointer));
  } else {
    return std::nullopt;
  }
  with.params.insert(with.params.begin(), first);
  return is_whole(function, with, types) ? std::optional(with) : std::nullopt;
}

Result<Signature> DwarfTypes::signature(uint64_t entry, Types& types) const {
  const auto die = impl_->function_at(entry);
  if (!die) return unknown("not described by DWARF");
  auto function = impl_->read_function(*die, entry, types, *this);
  if (!function) return unknown("its description in DWARF is damaged");
  const std::string_view hidden = kDictionary;
  std::erase_if(function->params, [&](const DwarfParameter& it) { return it.name == hidden; });

  Signature signature;
  for (const DwarfParameter& it : function->params) {
    Parameter parameter;
    if (has_name(it.name)) parameter.name = it.name;
    parameter.type = types.reference(*this, it.type);
    (it.is_result ? signature.results : signature.params).push_back(std::move(parameter));
  }
  signature.captured = std::move(function->captured);

  const NameParts name = split(function->name);
  std::string receiver = receiver_type(name);
  const std::string first_type =
      signature.params.empty() ? "" : types.at(signature.params[0].type).name;
  if (receiver.empty() && !first_type.empty() && closure_like_method(name) == first_type)
    receiver = first_type;
  signature.has_receiver = !receiver.empty() && receiver == first_type;
  signature.dictionary = dictionary(name, !receiver.empty(), impl_->minor);

  const std::string version = "Go 1." + std::to_string(impl_->minor);
  if (impl_->minor >= kAllNamed) {
    if (!receiver.empty() && !signature.has_receiver)
      return unknown("DWARF of " + version + " has no receiver here");
    if (!numbers_agree(*function, signature.dictionary))
      return unknown("DWARF of " + version + " leaves out parameters here");
    return signature;
  }
  if (auto whole = impl_->complete(*function, signature, receiver, types, *this)) return *whole;
  return unknown("DWARF of " + version + " leaves out unnamed parameters here");
}

}  // namespace gotap::go
