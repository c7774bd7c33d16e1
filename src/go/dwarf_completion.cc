// DwarfTypes: signatures of Go <= 1.21, whose DWARF leaves out parameters without names: whether
// one is left out, and what is known of it all the same. Entry point: Impl::complete().
#include <algorithm>

#include "go/dwarf_impl.h"
#include "go/dwarf_location.h"

namespace gotap::go {
namespace {

constexpr int kResultsCountOn = 16;  // until then the numbers of results go on from the parameters

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

/// Go <= 1.16: how many parameters there are without the receiver, from the number in the name of
/// the first result, if that has no name in the source.
std::optional<size_t> counted_params(const DwarfFunction& function) {
  for (const DwarfParameter& it : function.params) {
    if (!it.is_result) continue;
    const auto r = number_in(it.name, "~r");
    return r ? r : number_in(it.name, "~b");
  }
  return std::nullopt;
}

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
  for (const auto& [range, expression] : dwarf->locations(die)) {
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

}  // namespace gotap::go
