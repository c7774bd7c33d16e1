// Go values: numbers and strings reached by the steps of a go::Access: loads, offsets and checks.
// Entry points: Generator::go_value(), string_go_value().
//
// While the steps are followed, the address they have come to is a GoBase: nothing is computed
// before it is needed, so that `args.req.Key` in a register costs one read of 16 bytes. What lies
// side by side in memory is read at once (DESIGN rule 17). Whatever is in the way is unknown, with
// its reason (rule 10).
//
// Facts: an interface's first word is a type or, if it has methods, an itab whose second word is
// the type (runtime/runtime2.go, iface and eface); a kprobe program may load 1, 2, 4 or 8 bytes of
// pt_regs (kprobe_prog_is_valid_access, kernel/trace/bpf_trace.c).
#include <limits>

#include "arch/registers.h"
#include "codegen/generator.h"

namespace gotap::codegen {

using namespace bpf;
using go::Aspect;
using go::Word;

namespace {

constexpr int32_t kItabType = 8;          // offset of the type in an itab
constexpr uint32_t kMostAtOnce = 64;      // bytes of one read
constexpr int32_t kUserAddressBits = 47;  // no string is longer than what a process can have

bool fits32(int64_t value) {
  return value >= std::numeric_limits<int32_t>::min() &&
         value <= std::numeric_limits<int32_t>::max();
}

bool in_memory(const Word& word) { return word.in == Word::In::Base || word.in == Word::In::Stack; }

uint16_t pt_regs_of(const Word& word) { return go::register_of(word).value_or(arch::PtRegs::ax); }

bool is_valid(const Word& word) {
  if (word.size != 1 && word.size != 2 && word.size != 4 && word.size != 8) return false;
  const bool in_register = word.in == Word::In::Register || word.in == Word::In::AnyRegister;
  return !in_register || go::register_of(word);
}

constexpr GoBase kStack{GoBase::In::Registers, arch::PtRegs::sp, {}, 0};

}  // namespace

// The operand's parts, checked; false if there is no such value here.
GoOperand Generator::go_operand(const Expr& expr) {
  if (!shape_ || action_.layout >= builder_.plan.layouts.size()) {
    fail("values of the program are known at its probes only");
    return {};
  }
  const plan::Layout& layout = builder_.plan.layouts[action_.layout];
  if (layout.clause != action_.clause || expr.slot >= layout.values.size() ||
      expr.slot >= clause_->go_values.size()) {
    fail("internal error: no place of a Go value");
    return {};
  }
  return go_operand(layout, expr.slot, &expr.kids);
}

GoOperand Generator::go_operand(const plan::Layout& layout, uint32_t slot,
                                const std::vector<Expr>* indices) {
  GoOperand operand{&builder_.program.clauses[layout.clause].go_values[slot], &layout.values[slot],
                    indices, layout.target};
  const go::Access& access = *operand.access;
  bool valid = !access.unknown.empty() || !access.words.empty() || !access.wholes.empty();
  for (const Word& word : access.words) valid &= is_valid(word);
  for (const go::AccessStep& step : access.steps)
    valid &= is_valid(step.first) && is_valid(step.second);
  if (!valid) {
    fail("internal error: no words of a Go value");
    return {};
  }
  const plan::Target& target = builder_.plan.targets[layout.target];
  if (access.needs_bias && shape_->bias_address == 0 && target.image && target.image->is_pie())
    fail("internal error: no load bias in the plan");
  return operand;
}

// Of an interface: whether its first word is an itab.
bool Generator::has_itab(const GoOperand& value) const {
  const plan::Target& target = builder_.plan.targets[value.target];
  if (!target.image || value.access->type == go::kNoType) return true;
  return target.image->type_info().types().at(value.access->type).has_methods;
}

bool Generator::go_value_can_fail(const Expr& expr) const {
  if (is_kept(expr) || action_.layout >= builder_.plan.layouts.size()) return true;
  const plan::Layout& layout = builder_.plan.layouts[action_.layout];
  if (expr.slot >= layout.values.size()) return true;
  const go::Access& access = layout.values[expr.slot];
  if (!access.unknown.empty() || clause_->go_values[expr.slot].aspect >= Aspect::TypeOf)
    return true;
  for (const go::AccessStep& step : access.steps)
    if (step.kind != go::AccessStep::Kind::StackBase && step.kind != go::AccessStep::Kind::Global &&
        step.kind != go::AccessStep::Kind::Add)
      return true;
  return std::any_of(access.words.begin(), access.words.end(), in_memory);
}

// Whether it is no more than a load, of a register or a constant.
bool Generator::is_go_leaf(const Expr& expr) const {
  return !expr.type.in_memory() && !go_value_can_fail(expr);
}

// Whether it is a string of the program, to be read here.
bool Generator::is_go_string(const Expr& expr) const {
  return expr.kind == Expr::Kind::GoValue && !is_kept(expr) &&
         clause_->go_values[expr.slot].aspect == Aspect::Value;
}

void Generator::go_value(const Expr& expr) {
  if (is_kept(expr)) return kept_value(expr);
  if (GoOperand operand = go_operand(expr)) go_scalar(operand);
}

// R0 = the number.
void Generator::go_scalar(const GoOperand& value) {
  const go::Access& access = *value.access;
  if (!access.unknown.empty()) return asm_.jump(unknown_because(reason_code(access.unknown)));
  if (value.value->aspect == Aspect::TypeOf) return go_type_of(value);
  Memory::Scope scope(memory_);
  Label done = asm_.label();
  GoBase base = go_steps(value, done);
  const std::vector<Word> word{access.words[0]};
  go_load(R0, word[0], go_fetch(word, base)[0], base);
  asm_.bind(done);
}

// R0 = the reference to the dynamic type of an interface; 0: it is nil.
void Generator::go_type_of(const GoOperand& value) {
  Memory::Scope scope(memory_);
  Label done = asm_.label();
  GoBase base = go_steps(value);
  const std::vector<Word> word{value.access->words[0]};
  go_load(R0, word[0], go_fetch(word, base)[0], base);
  asm_.jump(Jump::Eq, R0, 0, done);
  if (has_itab(value)) {
    asm_.alu(Alu::Add, R0, kItabType);
    read_user(8, false);
  }
  go_reference_of(value.target);
  asm_.bind(done);
}

// R0 = go_reference() of the type whose descriptor is at R0 in the process.
void Generator::go_reference_of(uint32_t target) {
  if (shape_->bias_address) {
    go_address(R1, go_global(0), 0);
    asm_.alu(Alu::Sub, R0, R1);
    asm_.alu(Alu::Lsh, R0, 16);
    asm_.alu(Alu::Rsh, R0, 16);
  }
  if (target == 0) return;
  asm_.load_imm(R1, go_reference(target, 0));
  asm_.alu(Alu::Or, R0, R1);
}

// Where an address of the file is in the process.
GoBase Generator::go_global(int64_t address) const {
  if (!shape_->bias_address) return {GoBase::In::Nothing, 0, {}, address};
  return {GoBase::In::Registers,
          arch::PtRegs::ip,
          {},
          address - static_cast<int64_t>(shape_->bias_address)};
}

// reg = base + offset. Uses R5.
void Generator::go_address(Reg reg, const GoBase& base, int64_t offset) {
  offset += base.offset;
  switch (base.in) {
    case GoBase::In::Nothing: return asm_.load_imm(reg, static_cast<uint64_t>(offset));
    case GoBase::In::Registers: asm_.load(Width::U64, reg, R6, base.pt_regs); break;
    case GoBase::In::Memory: asm_.load(Width::U64, reg, base.place.base, base.place.offset); break;
  }
  if (offset == 0) return;
  if (fits32(offset)) return asm_.alu(Alu::Add, reg, static_cast<int32_t>(offset));
  asm_.load_imm(R5, static_cast<uint64_t>(offset));
  asm_.alu(Alu::Add, reg, R5);
}

// dst = `bytes` of the process at base + offset; unknown if they cannot be read.
void Generator::go_read(Place dst, const GoBase& base, int64_t offset, uint32_t bytes) {
  go_address(R3, base, offset);
  asm_.mov(R2, static_cast<int32_t>(bytes));
  address(R1, dst);
  asm_.call(Helper::ProbeReadUser);
  asm_.jump(Jump::Ne, R0, 0, unknown_because(UnknownReason::NotReadable));
}

// Where those of `words` that are in memory are after this, in memory of ours.
std::vector<Place> Generator::go_fetch(const std::vector<Word>& words, const GoBase& base) {
  std::vector<Place> places(words.size());
  for (size_t i = 0; i < words.size();) {
    if (!in_memory(words[i])) {
      i++;
      continue;
    }
    const Word& first = words[i];
    size_t end = i + 1;
    uint32_t bytes = first.size;
    while (end < words.size() && words[end].in == first.in &&
           words[end].offset == first.offset + bytes && bytes + words[end].size <= kMostAtOnce)
      bytes += words[end++].size;
    Place place = memory_.allocate(bytes);
    go_read(place, first.in == Word::In::Stack ? kStack : base, first.offset, bytes);
    for (; i < end; i++) places[i] = place + static_cast<int32_t>(words[i].offset - first.offset);
  }
  return places;
}

// The address that the word is; `place` is where go_fetch() has put it.
GoBase Generator::go_word_base(const Word& word, Place place, const GoBase& base) const {
  if (word.in == Word::In::Address) {
    GoBase moved = base;
    moved.offset += word.offset;
    return moved;
  }
  if (in_memory(word)) return {GoBase::In::Memory, 0, place, 0};
  if (word.in == Word::In::Constant) return {GoBase::In::Nothing, 0, {}, word.offset};
  return {GoBase::In::Registers, pt_regs_of(word), {}, 0};
}

// reg = the word, extended to 64 bits; `place` is where go_fetch() has put it.
void Generator::go_load(Reg reg, const Word& word, Place place, const GoBase& base) {
  if (word.in == Word::In::Address) return go_address(reg, base, word.offset);
  if (word.in == Word::In::Constant) return asm_.load_imm(reg, static_cast<uint64_t>(word.offset));
  if (in_memory(word))
    asm_.load(width_of(word.size), reg, place.base, place.offset);
  else
    asm_.load(width_of(word.size), reg, R6, pt_regs_of(word));
  if (!word.is_signed || word.size == 8) return;
  asm_.alu(Alu::Lsh, reg, 64 - 8 * word.size);
  asm_.alu(Alu::Arsh, reg, 64 - 8 * word.size);
}

// Follows the steps. `zero`: where to go, with R0 = 0, from a nil map or channel, whose length is
// 0.
GoBase Generator::go_steps(const GoOperand& value, std::optional<Label> zero) {
  GoBase base;
  size_t next_index = 0;
  for (const go::AccessStep& step : value.access->steps) {
    switch (step.kind) {
      case go::AccessStep::Kind::Pointer:
        go_pointer(step.first, base,
                   step.nil_is_zero && zero ? *zero : unknown_because(UnknownReason::Nil));
        break;
      case go::AccessStep::Kind::StackBase:
        base = kStack;
        base.offset = step.number;
        break;
      case go::AccessStep::Kind::Global: base = go_global(step.number); break;
      case go::AccessStep::Kind::Add: base.offset += step.number; break;
      case go::AccessStep::Kind::Index: {
        const Expr* index = nullptr;
        if (!step.index) {
          if (!value.indices || next_index >= value.indices->size()) {
            fail(
                "an index that is computed cannot be used here: the value is looked at when "
                "the call begins");
            return base;
          }
          index = &(*value.indices)[next_index++];
        }
        go_index(step, index, base);
        break;
      }
      case go::AccessStep::Kind::Assert: go_assert(step, base); break;
    }
  }
  return base;
}

void Generator::go_pointer(const Word& word, GoBase& base, Label nil) {
  if (in_memory(word)) {
    // The word the address came from has done its work and can take the next one.
    bool reuse = base.in == GoBase::In::Memory && word.in == Word::In::Base;
    Place place = reuse ? base.place : memory_.allocate(8);
    go_read(place, word.in == Word::In::Stack ? kStack : base, word.offset, 8);
    base = {GoBase::In::Memory, 0, place, 0};
  } else {
    base = go_word_base(word, {}, base);
  }
  go_address(R0, base, 0);
  asm_.jump(Jump::Eq, R0, 0, nil);
}

void Generator::go_index(const go::AccessStep& step, const Expr* index, GoBase& base) {
  Place at;
  if (index) {
    at = memory_.allocate(8);
    eval(*index);
    asm_.store(Width::U64, at.base, at.offset, R0);
  }
  const Label outside = unknown_because(UnknownReason::OutOfRange);
  const std::vector<Word> words{step.first, step.second};
  std::vector<Place> places(2);
  if (step.in_place)
    places[1] = go_fetch({step.second}, base)[0];
  else
    places = go_fetch(words, base);
  const GoBase first = step.in_place ? base : go_word_base(step.first, places[0], base);
  go_load(R2, step.second, places[1], base);
  if (!index) {
    int64_t offset = 0;
    if (*step.index > std::numeric_limits<int32_t>::max() ||
        __builtin_mul_overflow(static_cast<int64_t>(*step.index), step.number, &offset))
      return asm_.jump(outside);
    asm_.jump(Jump::Le, R2, static_cast<int32_t>(*step.index), outside);
    base = first;
    base.offset += offset;
    return;
  }
  asm_.load(Width::U64, R1, at.base, at.offset);
  asm_.jump(Jump::Ge, R1, R2, outside);  // a negative one is beyond every length
  if (fits32(step.number)) {
    asm_.alu(Alu::Mul, R1, static_cast<int32_t>(step.number));
  } else {
    asm_.load_imm(R5, static_cast<uint64_t>(step.number));
    asm_.alu(Alu::Mul, R1, R5);
  }
  go_address(R2, first, 0);
  asm_.alu(Alu::Add, R1, R2);
  asm_.store(Width::U64, at.base, at.offset, R1);
  base = {GoBase::In::Memory, 0, at, 0};
}

void Generator::go_assert(const go::AccessStep& step, const GoBase& base) {
  Memory::Scope scope(memory_);
  go_load(R0, step.first, go_fetch({step.first}, base)[0], base);
  asm_.jump(Jump::Eq, R0, 0, unknown_because(UnknownReason::Nil));
  if (step.has_methods) {
    Place type = memory_.allocate(8);
    asm_.mov(R3, R0);
    asm_.alu(Alu::Add, R3, kItabType);
    asm_.mov(R2, 8);
    address(R1, type);
    asm_.call(Helper::ProbeReadUser);
    asm_.jump(Jump::Ne, R0, 0, unknown_because(UnknownReason::NotReadable));
    asm_.load(Width::U64, R0, type.base, type.offset);
  }
  go_address(R1, go_global(step.number), 0);
  asm_.jump(Jump::Ne, R0, R1, unknown_because(UnknownReason::OtherType));
}

void Generator::string_go_value(const Expr& expr, Place dst, uint32_t capacity, bool zeroed) {
  if (is_kept(expr)) return kept_string(expr, dst, capacity, zeroed);
  GoOperand operand = go_operand(expr);
  if (!operand) return;
  if (operand.value->aspect != Aspect::Value && capacity < expr.type.capacity) {
    Memory::Scope scope(memory_);
    Place whole = memory_.allocate(8 + expr.type.capacity);
    zero(whole, 8 + expr.type.capacity);
    go_span_id(operand, whole);
    return string_copy(dst, capacity, whole.base, whole.offset, expr.type.capacity, zeroed);
  }
  if (zeroed) zero(dst, 8 + capacity);
  if (operand.value->aspect != Aspect::Value) return go_span_id(operand, dst);
  go_string(operand, dst, std::min({capacity, expr.type.capacity, builder_.program.max_strlen}));
}

// The string's bytes, `limit` at most. What cannot be read is a string that says so; what hides
// where it is makes it unknown.
void Generator::go_string(const GoOperand& value, Place dst, uint32_t limit) {
  if (!value.access->unknown.empty())
    return asm_.jump(unknown_because(reason_code(value.access->unknown)));
  Memory::Scope scope(memory_);
  Label bad = asm_.label(), done = asm_.label();
  GoBase pointer = go_string_parts(value, bad);
  go_bytes(pointer, dst, limit, bad);
  asm_.jump(done);
  asm_.bind(bad);
  not_readable(dst);
  asm_.bind(done);
}

// R2 = the length, and where the bytes are; `bad` if no string has that length.
GoBase Generator::go_string_parts(const GoOperand& value, Label bad) {
  const go::Access& access = *value.access;
  if (access.words.size() < 2) {
    fail("internal error: not a Go string");
    return {};
  }
  GoBase base = go_steps(value);
  const std::vector<Word> words{access.words[0], access.words[1]};
  std::vector<Place> places = go_fetch(words, base);
  GoBase pointer = go_word_base(words[0], places[0], base);
  go_load(R2, words[1], places[1], base);
  check_length(bad);
  if (access.high) {
    Label shorter = asm_.label();
    asm_.load_imm(R1, *access.high);
    asm_.jump(Jump::Le, R2, R1, shorter);
    asm_.mov(R2, R1);
    asm_.bind(shorter);
  }
  if (access.low && *access.low) {
    Label longer = asm_.label();
    asm_.load_imm(R1, *access.low);
    asm_.jump(Jump::Ge, R2, R1, longer);
    asm_.mov(R2, R1);
    asm_.bind(longer);
    asm_.alu(Alu::Sub, R2, R1);
    pointer.offset += static_cast<int64_t>(*access.low);
  }
  return pointer;
}

// Goes on if the string is `text`, of which no more is read than could be.
void Generator::go_string_equals(const Expr& expr, const std::string& text, Label differ) {
  Memory::Scope scope(memory_);
  GoOperand operand = go_operand(expr);
  if (!operand) return;
  if (!operand.access->unknown.empty())
    return asm_.jump(unknown_because(reason_code(operand.access->unknown)));
  const Label unreadable = unknown_because(UnknownReason::NotReadable);
  GoBase pointer = go_string_parts(operand, unreadable);
  const auto size = static_cast<uint32_t>(text.size());
  asm_.jump(Jump::Ne, R2, static_cast<int32_t>(size), differ);
  if (size == 0) return;
  Place data = memory_.allocate(size);
  if (size % 8)
    asm_.store(Width::U64, data.base, data.offset + static_cast<int32_t>(size / 8 * 8), 0);
  go_address(R3, pointer, 0);
  asm_.mov(R2, static_cast<int32_t>(size));
  address(R1, data);
  asm_.call(Helper::ProbeReadUser);
  asm_.jump(Jump::Ne, R0, 0, unreadable);
  compare_literal(data, text, differ);
}

// Goes to `bad` if R2 is no length that anything in a process can have. Changes R1.
void Generator::check_length(Label bad) {
  asm_.mov(R1, R2);
  asm_.alu(Alu::Rsh, R1, kUserAddressBits);
  asm_.jump(Jump::Ne, R1, 0, bad);
}

// dst = a string of the R2 bytes at `pointer`, of which `limit` are read at most.
void Generator::go_bytes(const GoBase& pointer, Place dst, uint32_t limit, Label bad) {
  Label fits = asm_.label(), empty = asm_.label();
  asm_.store(Width::U32, dst.base, dst.offset + kStringState, 0);
  asm_.jump(Jump::Le, R2, static_cast<int32_t>(limit), fits);
  asm_.mov(R2, static_cast<int32_t>(limit));
  asm_.store(Width::U32, dst.base, dst.offset + kStringState,
             static_cast<int32_t>(StringState::Cut));
  asm_.bind(fits);
  asm_.store(Width::U32, dst.base, dst.offset + kStringLength, R2);
  asm_.jump(Jump::Eq, R2, 0, empty);
  go_address(R3, pointer, 0);
  address(R1, dst + kStringData);
  asm_.call(Helper::ProbeReadUser);
  asm_.jump(Jump::Ne, R0, 0, bad);
  asm_.bind(empty);
}

// The number that says `reason` in events.
UnknownReason Generator::reason_code(const std::string& reason) {
  constexpr auto kFirst = static_cast<size_t>(UnknownReason::kFirstReason);
  constexpr size_t kMost = 256 - kFirst;
  auto& reasons = builder_.object.unknown_reasons;
  auto found = std::find(reasons.begin(), reasons.end(), reason);
  if (found == reasons.end()) {
    // A byte tells so many apart; the last one speaks for all that came too late.
    if (reasons.size() + 1 >= kMost) {
      if (reasons.size() + 1 == kMost) reasons.emplace_back("unknown");
      return static_cast<UnknownReason>(kFirst + kMost - 1);
    }
    found = reasons.insert(reasons.end(), reason);
  }
  return static_cast<UnknownReason>(kFirst + static_cast<size_t>(found - reasons.begin()));
}

}  // namespace gotap::codegen
