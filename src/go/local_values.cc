// InlinedValues: where variables are, at any instruction.
//
// DWARF's lists of locations are what debuggers show. The facts at inlined_values.cc say what the
// compiler loses sight of when it makes them; and it moves what only computes, so that the value a
// later line gives to a variable may be in its place already. Variables change, so of them less can
// be asked than of parameters: all ways are gone back from the instruction, as long as DWARF has
// the variable in the same place, to the instructions that put it there. On none of them may
// - a call, or an instruction that writes several registers at once, have written the register,
// - anything have been stored to the place on the stack, unless that store begins it, or the
//   variable lives in memory; what was stored before DWARF says that it is there must be a copy of
//   where it was,
// - the value have been made by a later line, unless a loop came back from there,
// - a variable in memory not have been written, or its address taken, since its block began,
// - an argument be anywhere else than where the ABI has it, when the function begins: DWARF of Go
//   1.27 has unused ones in memory that nobody wrote, and some of other versions in registers that
//   belong to others.
#include <algorithm>
#include <set>
#include <tuple>

#include "arch/registers.h"
#include "go/inlined_values.h"
#include "go/located_parts.h"

namespace gotap::go {
namespace {

constexpr const char* kOptimizedOut = "optimized out";
constexpr const char* kUnsure = "not known here";
constexpr size_t kMostLocations = 1000;  // of a variable, which are all looked at at each step
constexpr size_t kMostWords = 64;        // of a variable in memory that are looked for one by one
constexpr int kLoopHeadMinor = 16;  // up to here what happens in a loop is forgotten at its head

bool holds_address(const std::vector<elf::AddressRange>& ranges, uint64_t address) {
  return ranges.empty() || std::any_of(ranges.begin(), ranges.end(), [&](const auto& range) {
           return address >= range.first && address < range.second;
         });
}

}  // namespace

/// Goes back from where a part of a variable is to where it was put.
class InlinedValues::LocalSearch {
 public:
  /// `part` is the offset of the part in DWARF's count, `offset` in the value.
  LocalSearch(const InlinedValues& function, const LocalVariable& variable,
              const std::optional<ValueLocation>& passed, const LocatedPiece* whole, uint32_t part,
              uint32_t offset)
      : function_(function),
        steps_(function.steps_),
        variable_(variable),
        passed_(passed),
        whole_(whole),
        part_(part),
        offset_(offset) {}

  bool is_there(const LocatedPiece& place, size_t at, uint32_t line) {
    line_ = line;
    inlined_ = steps_[at].inlined;
    add({place, at});
    while (!open_.empty()) {
      const State state = open_.back();
      open_.pop_back();
      if (!(whole_ ? go_back_in_memory(state) : go_back(state))) return false;
    }
    return true;
  }

 private:
  struct State {
    LocatedPiece place;
    size_t at = 0;
    bool comes = false;  ///< it is not there yet: what is written next is it
    bool back = false;   ///< a jump backwards, as of a loop, lies between
  };

  bool go_back(const State& state) {
    const LocatedPiece& place = state.place;
    if (state.at == 0 || steps_[state.at].before.empty()) return is_passed(state);
    for (const uint32_t before : steps_[state.at].before) {
      const Step& step = steps_[before];
      const LocatedPiece* from = listed(step.address);
      const bool was_here = from && is_same_place(*from, place);
      const bool written = overwrites(step, place);
      const State next{place, before, state.comes || !was_here, state.back || before >= state.at};
      if (!written) {
        add(next);
      } else if (!in_order(step, next)) {
        return false;
      } else if (state.comes) {
        if (!is_made(step, from, next)) return false;
      } else if (was_here) {
        // A new value, if the compiler knows of it.
        if (place.in == LocatedPiece::In::Frame || step.clobbers || writes_several(step))
          return false;
      }
    }
    return true;
  }

  /// Whether what the step put into the place, some time before DWARF says that it is there, is the
  /// variable's: on the stack it must be a copy, and in a register after a loop, of which old
  /// versions forget at its head what happened in it.
  bool is_made(const Step& step, const LocatedPiece* from, const State& next) const {
    const bool in_frame = next.place.in == LocatedPiece::In::Frame;
    if (!in_frame && (function_.minor_ > kLoopHeadMinor || !next.back)) return true;
    if (from && copies(step, *from, next.place)) return true;
    const LocatedPiece* then =
        next.at + 1 < steps_.size() ? listed(steps_[next.at + 1].address) : nullptr;
    return then && is_same_place(*then, next.place);
  }

  bool go_back_in_memory(const State& state) {
    if (state.at == 0 || steps_[state.at].before.empty()) return is_passed(state);
    for (const uint32_t before : steps_[state.at].before) {
      const Step& step = steps_[before];
      const State next{state.place, before, false, state.back || before >= state.at};
      if (overwrites(step, state.place) || takes_address(step)) {
        if (!in_order(step, next)) return false;
        continue;
      }
      if (!holds_address(variable_.scope, step.address)) return false;
      add(next);
    }
    return true;
  }

  /// Whether the function's caller put the part there.
  bool is_passed(const State& state) const {
    const LocatedPiece& place = state.place;
    // Of an inlined call: an argument of the function around it, which nothing has changed.
    if (state.comes && place.in == LocatedPiece::In::Register) return !variable_.is_parameter;
    if (!passed_ || !passed_->known) return false;
    if (passed_->on_stack)
      return place.in == LocatedPiece::In::Frame &&
             place.frame_offset + static_cast<int64_t>(kWord) ==
                 passed_->stack_offset + static_cast<int64_t>(offset_);
    return std::any_of(passed_->pieces.begin(), passed_->pieces.end(), [&](const Piece& piece) {
      return piece.in == Piece::In::IntRegister && piece.offset == offset_ &&
             place.in == LocatedPiece::In::Register &&
             arch::go_argument_register(piece.number) == register_of(place);
    });
  }

  void add(const State& state) {
    const LocatedPiece& place = state.place;
    if (seen_.emplace(place.in, place.reg, place.frame_offset, state.at, state.comes, state.back)
            .second)
      open_.push_back(state);
  }

  /// Whether the step may have made what the line sees.
  bool in_order(const Step& step, const State& next) const {
    return next.back || step.inlined != inlined_ || step.line <= static_cast<int64_t>(line_);
  }
  bool takes_address(const Step& step) const {
    if (!step.writes.stack_address) return false;
    const int64_t begin = from_sp(step, *whole_);
    return *step.writes.stack_address >= begin && *step.writes.stack_address < begin + whole_->size;
  }
  static bool writes_several(const Step& step) {
    const uint32_t registers = step.writes.registers & ~(uint32_t{1} << (arch::PtRegs::sp / 8));
    return (registers & (registers - 1)) != 0;
  }
  /// Where DWARF has the part at that address; null: nowhere.
  const LocatedPiece* listed(uint64_t address) const {
    for (const LocatedValue& value : variable_.places)
      if (address >= value.begin && address < value.end)
        for (const LocatedPiece& piece : value.pieces)
          if (piece.value_offset == part_) return &piece;
    return nullptr;
  }

  const InlinedValues& function_;
  const std::vector<Step>& steps_;
  const LocalVariable& variable_;
  const std::optional<ValueLocation>& passed_;
  const LocatedPiece* whole_;  // not null: it lives in memory, there
  uint32_t part_, offset_;
  uint32_t line_ = 0;
  int32_t inlined_ = -1;
  std::vector<State> open_;
  std::set<std::tuple<LocatedPiece::In, uint16_t, int64_t, size_t, bool, bool>> seen_;
};

Result<ValueLocation> InlinedValues::place_local(const Types& types, const LocalVariable& variable,
                                                 const std::optional<ValueLocation>& passed,
                                                 const LinePoint& point) const {
  ValueLocation location;
  if (types.at(variable.type).size == 0) return location;
  const auto step = std::lower_bound(steps_.begin(), steps_.end(), point.address,
                                     [](const Step& it, uint64_t at) { return it.address < at; });
  if (step == steps_.end() || step->address != point.address || !has_depths_ ||
      variable.places.size() > kMostLocations)
    return Error{kUnsure, ""};
  const auto found =
      std::find_if(variable.places.begin(), variable.places.end(), [&](const LocatedValue& it) {
        return point.address >= it.begin && point.address < it.end && !it.pieces.empty();
      });
  if (found == variable.places.end()) return Error{kOptimizedOut, ""};
  std::vector<Part> parts;
  if (!found->parts.empty() && !add_parts(types, variable.type, 0, parts))
    return Error{kUnsure, ""};
  location.missing = kOptimizedOut;
  const auto at = static_cast<size_t>(step - steps_.begin());
  const auto to_stack = [&](const LocatedPiece& piece) {
    return static_cast<int32_t>(piece.frame_offset + step->depth + static_cast<int64_t>(kWord));
  };
  for (const LocatedPiece& piece : found->pieces) {
    const auto offset = offset_of(piece, *found, parts);
    Piece it;
    it.size = piece.size;
    it.offset = offset.value_or(0);
    // What is larger than a word has one place for as long as it is there.
    const bool in_memory = piece.in == LocatedPiece::In::Frame && found->pieces.size() == 1 &&
                           (variable.in_memory || piece.size > kWord);
    const auto holds = [&](const LocatedPiece& place, uint32_t in_value) {
      return LocalSearch(*this, variable, passed, in_memory ? &piece : nullptr, piece.value_offset,
                         in_value)
          .is_there(place, at, point.line);
    };
    if (in_memory) {
      LocatedPiece word = piece;
      bool whole = piece.size <= kMostWords * kWord;
      for (uint32_t done = 0; whole && done < piece.size; done += word.size) {
        word.frame_offset = piece.frame_offset + done;
        word.size = std::min<uint32_t>(piece.size - done, kWord);
        whole = holds(word, done);
      }
      if (!whole) return Error{kUnsure, ""};
      location.on_stack = true;
      location.stack_offset = to_stack(piece);
      return location;
    }
    if (offset && is_float(piece)) {
      it.in = Piece::In::FloatRegister;
      it.number = static_cast<uint8_t>(piece.reg - kFirstFloat);
    } else if (!offset || !is_word(piece) || !holds(piece, *offset)) {
      location.missing = kUnsure;
      continue;
    } else if (piece.in == LocatedPiece::In::Register) {
      it.in = Piece::In::AnyRegister;
      it.number = static_cast<uint8_t>(register_of(piece));
    } else {
      it.in = Piece::In::Stack;
      it.stack_offset = to_stack(piece);
    }
    location.pieces.push_back(it);
  }
  if (location.pieces.empty()) return Error{location.missing, ""};
  return location;
}

}  // namespace gotap::go
