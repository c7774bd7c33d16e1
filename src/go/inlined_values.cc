// Facts (cmd/compile/internal/ssa/debug.go, Go 1.15 to 1.27). A list of locations says where a
// variable is from the end of one instruction, which put it there, to the end of another, which
// took it away: right before an instruction runs, what holds at its address is meant. But the
// compiler makes the lists from what it knows of its own values, and loses sight of some:
// - What writes two registers (a division, a wide multiplication) takes away what was in them only
//   if both results are used.
// - A place on the stack that is used again for another value stays the first one's, too.
// - Up to Go 1.16 what happens later in a loop does not count at its head.
// - A variable in memory that has its address taken, or is large, is there before it is filled.
// - What the call makes of its parameter (`n = n*3 + 1`) is the parameter's value from where it is
//   computed, which may be long before the call.
// - Of a struct, fields of which nothing is left are missing, as is padding: parts are where the
//   parts before them end.
// So nothing is believed that the code does not bear out. All ways are gone back from the
// instruction, through copies from one place of the parameter's to the next, to where it came to
// be. Nothing else may have been written there, and it may not have had a place before. One thing
// is not seen: that the caller computes, for itself, just what the call makes of a parameter which
// itself is never anywhere.
#include "go/inlined_values.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "arch/registers.h"
#include "go/located_parts.h"

namespace gotap::go {
namespace {

using arch::Flow;

constexpr const char* kGone = "inlined: optimized out";
constexpr const char* kNotKnown = "inlined: not known here";
constexpr size_t kMostPlaces = 1000;  // of a parameter, which are all looked at at each step

}  // namespace

InlinedValues::InlinedValues(Bytes code, uint64_t entry, const std::vector<PcRange>& stack_depths,
                             const std::function<bool(uint64_t)>& keeps_registers,
                             const CodeLines& lines)
    : minor_(lines.minor) {
  const DecodedFunction function = decode_function(code, entry);
  if (!function.problem.empty()) return;
  for (const Decoded& at : function.insns) {
    Step step;
    step.address = at.address;
    step.writes = arch::writes(code.from(at.address - entry));
    step.clobbers = at.insn.flow == Flow::IndirectCall ||
                    (at.insn.flow == Flow::Call && !keeps_registers(at.insn.target));
    const auto depth = value_at(stack_depths, at.address);
    has_depths_ = has_depths_ && depth;
    step.depth = depth.value_or(0);
    step.inlined = lines.inlined.at(at.address);
    step.line = value_at(lines.lines, at.address).value_or(0);
    steps_.push_back(std::move(step));
  }
  link(function, code);
}

// A jump through a register (a switch's table) may lead anywhere.
void InlinedValues::link(const DecodedFunction& function, Bytes code) {
  if (steps_.empty()) return;
  std::vector<std::vector<uint32_t>> before = direct_ways(function);
  for (uint32_t i = 0; i < steps_.size(); i++)
    if (function.insns[i].insn.flow == Flow::IndirectJump)
      for (std::vector<uint32_t>& from : before)
        from.insert(std::upper_bound(from.begin(), from.end(), i), i);
  drop_padding(code, steps_[0].address, function.insns, before);
  for (size_t i = 0; i < steps_.size(); i++) steps_[i].before = std::move(before[i]);
}

/// Where the instruction has a place on the stack.
int64_t InlinedValues::from_sp(const Step& step, const LocatedPiece& place) {
  return place.frame_offset + step.depth + static_cast<int64_t>(kWord);
}

bool InlinedValues::overwrites(const Step& step, const LocatedPiece& place) {
  if (place.in == LocatedPiece::In::Register)
    return step.clobbers || (step.writes.registers >> (register_of(place) / 8) & 1) != 0;
  const int64_t at = from_sp(step, place);
  return step.writes.stack_offset < at + place.size &&
         at < step.writes.stack_offset + step.writes.stack_bytes;
}

bool InlinedValues::copies(const Step& step, const LocatedPiece& from, const LocatedPiece& to) {
  if (step.clobbers || step.writes.copied_bytes < to.size || !is_word(from)) return false;
  if (to.in == LocatedPiece::In::Frame && step.writes.stack_offset != from_sp(step, to))
    return false;
  if (from.in == LocatedPiece::In::Register) return step.writes.from_register == register_of(from);
  return !step.writes.from_register && step.writes.from_offset == from_sp(step, from);
}

/// Goes back from where a part of a parameter is to where it was put.
class InlinedValues::Search {
 public:
  Search(const std::vector<Step>& steps, const InlinedCall& call, const InlinedParameter& parameter,
         uint32_t part)
      : steps_(steps), call_(call), parameter_(parameter), part_(part) {}

  /// Whether the part is surely at `place`, where DWARF says so, before step `at`.
  bool is_there(const LocatedPiece& place, size_t at) {
    add({place, at, false});
    while (!open_.empty()) {
      const State state = open_.back();
      open_.pop_back();
      if (!go_back(state)) return false;
    }
    return true;
  }

 private:
  struct State {
    LocatedPiece place;
    size_t at = 0;
    bool comes = false;  ///< it is not there yet: whatever is written next, is it
  };

  bool go_back(const State& state) {
    const auto& [place, at, comes] = state;
    const bool begins = begins_at(place, steps_[at].address);
    if (at == 0 || steps_[at].before.empty()) {
      const bool is_argument = place.in == LocatedPiece::In::Frame && place.frame_offset >= 0;
      return begins || (comes && at == 0 && is_argument);
    }
    for (uint32_t before : steps_[at].before) {
      const Step& step = steps_[before];
      const LocatedPiece* from = listed(step.address);
      const bool written = overwrites(step, place);
      // Where it was nowhere before it comes to be; else this is a copy, or another value.
      if (comes || (begins && !from)) {
        if (written && is_own(step.address)) return false;
        if (!written) add({place, before, true});
      } else if (!written) {
        add({place, before, false});
      } else {
        if (!from || !copies(step, *from, place)) return false;
        add({*from, before, false});
      }
    }
    return true;
  }

  void add(const State& state) {
    const LocatedPiece& place = state.place;
    if (seen_.emplace(place.in, place.reg, place.frame_offset, state.at, state.comes).second)
      open_.push_back(state);
  }
  bool is_own(uint64_t address) const {
    return std::any_of(call_.code.begin(), call_.code.end(), [&](const elf::AddressRange& range) {
      return address >= range.first && address < range.second;
    });
  }
  /// Where DWARF has the part at that address; null: nowhere.
  const LocatedPiece* listed(uint64_t address) const {
    for (const LocatedValue& value : parameter_.places)
      if (address >= value.begin && address < value.end)
        for (const LocatedPiece& piece : value.pieces)
          if (piece.value_offset == part_) return &piece;
    return nullptr;
  }
  bool begins_at(const LocatedPiece& place, uint64_t address) const {
    return std::any_of(parameter_.places.begin(), parameter_.places.end(),
                       [&](const LocatedValue& value) {
                         if (value.begin != address) return false;
                         const LocatedPiece* here = listed(address);
                         return here && is_same_place(*here, place);
                       });
  }
  const std::vector<Step>& steps_;
  const InlinedCall& call_;
  const InlinedParameter& parameter_;
  uint32_t part_;  // offset in DWARF's count
  std::vector<State> open_;
  std::set<std::tuple<LocatedPiece::In, uint16_t, int64_t, size_t, bool>> seen_;
};

Result<ValueLocation> InlinedValues::place(const Types& types, const InlinedCall& call,
                                           const InlinedParameter& parameter, uint64_t pc) const {
  ValueLocation location;
  if (types.at(parameter.type).size == 0) return location;
  const auto step = std::lower_bound(steps_.begin(), steps_.end(), pc,
                                     [](const Step& it, uint64_t at) { return it.address < at; });
  std::vector<Part> parts;
  if (step == steps_.end() || step->address != pc || !has_depths_ ||
      parameter.places.size() > kMostPlaces)
    return Error{kNotKnown, ""};
  const auto found = std::find_if(
      parameter.places.begin(), parameter.places.end(),
      [&](const LocatedValue& it) { return pc >= it.begin && pc < it.end && !it.pieces.empty(); });
  if (found == parameter.places.end()) return Error{kGone, ""};
  if (!found->parts.empty() && !add_parts(types, parameter.type, 0, parts))
    return Error{kNotKnown, ""};
  location.missing = kGone;
  for (const LocatedPiece& piece : found->pieces) {
    Piece it;
    it.size = piece.size;
    const auto offset = offset_of(piece, *found, parts);
    it.offset = offset.value_or(0);
    Search search(steps_, call, parameter, piece.value_offset);
    if (offset && is_float(piece)) {
      it.in = Piece::In::FloatRegister;
      it.number = static_cast<uint8_t>(piece.reg - kFirstFloat);
    } else if (!offset || !is_word(piece) ||
               !search.is_there(piece, static_cast<size_t>(step - steps_.begin()))) {
      location.missing = kNotKnown;
      continue;
    } else if (piece.in == LocatedPiece::In::Register) {
      it.in = Piece::In::AnyRegister;
      it.number = static_cast<uint8_t>(*arch::dwarf_register(piece.reg));
    } else {
      it.in = Piece::In::Stack;
      it.stack_offset = static_cast<int32_t>(piece.frame_offset + step->depth + kWord);
    }
    location.pieces.push_back(it);
  }
  if (location.pieces.empty()) return Error{location.missing, ""};
  return location;
}

}  // namespace gotap::go
