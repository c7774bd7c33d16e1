// Whole Go values (%v): copies a value and what it leads to into the event's log, by the table of
// types that the plan has made (base/copies.h). Entry points: Generator::describe_whole(),
// whole_event().
//
// One loop, whatever the types are: each round takes one slot of the chunk at hand and, if it leads
// to memory, reads that into a chunk of its own behind all others. So what is near comes before
// what is far, and when the room is used up, what is farthest is missing. The event is made in
// scratch memory and sent at the length it has.
//
// The verifier follows each round for itself, so nothing that a round finds out may outlive it
// where the verifier sees it: the walk's variables are in scratch memory, whose contents it does
// not know.
#include "arch/registers.h"
#include "codegen/generator.h"

namespace gotap::codegen {

using namespace bpf;
using go::Word;

namespace {

// Rounds of a walk, as many as it takes to fill the log with short chunks. A round is about 150
// instructions; the verifier goes through each of them, and takes a million at most.
constexpr uint32_t kLogOfRound = 8, kFewestCopyRounds = 256, kMostCopyRounds = 1024;
constexpr uint32_t kCopyVariables = 128;  // bytes: more than the BPF stack would take for one thing

constexpr int32_t log_at(uint32_t offset) { return static_cast<int32_t>(offset); }

/// What a walk has to remember, words in scratch memory. Positions count from the log's begin.
enum class CopyVar : uint8_t {
  At,        ///< position of the element at hand
  ChunkEnd,  ///< of the end of its chunk
  Size,      ///< of an element
  First,     ///< the first slot of its type
  Slot,      ///< the next slot
  SlotEnd,   ///< the one behind the last
  Depth,     ///< of the chunk
  Own,       ///< the chunk's address
  Parent,    ///< the address of the chunk that led to it
  End,       ///< position behind the last chunk
  // Of the slot:
  Address,
  Count,
  Limit,
  Type,
  NewDepth,
  Bytes,
};
static_assert(8 * (static_cast<uint32_t>(CopyVar::Bytes) + 1) <= kCopyVariables);

uint32_t log_align(uint32_t offset) { return (offset + 7) / 8 * 8; }

}  // namespace

struct CopyWalk {
  uint32_t log = 0;     ///< where in the record it begins
  uint32_t limit = 0;   ///< the last position at which a chunk may begin
  uint32_t target = 0;  ///< of the plan: whose types they are
  Place variables;
  Label again, done;
  Place var(CopyVar which) const { return variables + 8 * static_cast<int32_t>(which); }
  void get(Assembler& code, Reg reg, CopyVar which) const {
    code.load(Width::U64, reg, variables.base, var(which).offset);
  }
  void set(Assembler& code, CopyVar which, Reg reg) const {
    code.store(Width::U64, variables.base, var(which).offset, reg);
  }
  void set(Assembler& code, CopyVar which, uint32_t number) const {
    code.store(Width::U64, variables.base, var(which).offset, log_at(number));
  }
};

// What is known of a field's values before any hit.
void Generator::describe_whole(Field& field, const Expr& value) {
  const GoOperand operand = go_operand(value);
  if (!operand) return;
  field.is_list = operand.access->is_list;
  if (!operand.access->unknown.empty()) {
    field.roots.push_back({"", operand.target, operand.access->type, {}, "", {}});
    return;
  }
  for (const go::Whole& whole : operand.access->wholes) {
    WholeRoot root{whole.name, operand.target, whole.type, {}, whole.missing_rest, {}};
    for (const go::Whole::Missing& missing : whole.missing)
      root.missing.emplace_back(missing.at, missing.reason);
    for (const go::Whole::Part& part : whole.parts) root.known.push_back(part.at);
    field.roots.push_back(std::move(root));
  }
  // Of a function without parameters.
  if (field.roots.empty()) field.roots.push_back({"", operand.target, go::kNoType, {}, "", {}});
}

void Generator::whole_event(const EventLayout& layout, const std::vector<const Expr*>& values) {
  Memory::Scope scope(memory_);
  const uint32_t index = static_cast<uint32_t>(builder_.object.events.size());
  builder_.object.events.push_back(layout);
  const ValueLimits& limits = builder_.program.values;
  CopyWalk walk;
  walk.log = layout.size;
  walk.limit = log_align(CopyLog::kHeader + limits.size);
  walk.again = asm_.label();
  walk.done = asm_.label();
  for (const Expr* value : values)
    if (value->type.kind == Type::Kind::GoWhole) walk.target = go_operand(*value).target;
  walk.variables = memory_.allocate(kCopyVariables);
  Place record =
      memory_.allocate(layout.size + walk.limit + CopyLog::kData + CopyLog::kMostOfChunk + 16);
  if (record.base != R9 || walk.variables.base != R9)
    return fail("internal error: an event with a log on the stack");
  address(R8, record);
  asm_.store(Width::U64, R8, 0, static_cast<int32_t>(index));
  fill_fields(layout, values);
  go_address(R0, go_global(0), 0);
  asm_.store(Width::U64, R8, log_at(walk.log + CopyLog::kBias), R0);
  const uint32_t end = whole_roots(layout, values);
  walk.set(asm_, CopyVar::End, end);
  // Where all of it is unknown there is nothing to follow, and no table of it.
  if (builder_.object.copy_table >= 0) copy_walk(walk);
  asm_.load_map(R1, BpfObject::kRing);
  asm_.mov(R2, R8);
  walk.get(asm_, R3, CopyVar::End);
  asm_.load_imm(R4, walk.limit + CopyLog::kData + CopyLog::kMostOfChunk);
  Label sane = asm_.label(), sent = asm_.label();
  asm_.jump(Jump::Le, R3, R4, sane);
  asm_.mov(R3, R4);
  asm_.bind(sane);
  asm_.alu(Alu::Add, R3, log_at(walk.log));
  asm_.mov(R4, 1);  // BPF_RB_NO_WAKEUP
  asm_.call(Helper::RingbufOutput);
  asm_.jump(Jump::Eq, R0, 0, sent);
  count(offsetof(Globals, ring_full));
  asm_.bind(sent);
}

// Bytes that are copied of the value itself.
uint32_t Generator::whole_bytes(const go::Whole& whole) const {
  const std::vector<CopyType>& types = builder_.plan.copies.types;
  // What is of no size has no type in the table.
  if (whole.copy == CopyTable::kBytes || whole.copy >= types.size()) return 0;
  return std::min(types[whole.copy].size, CopyLog::kMostOfChunk);
}

// The values themselves, one chunk each. The result is the position behind them.
uint32_t Generator::whole_roots(const EventLayout& layout, const std::vector<const Expr*>& values) {
  const uint32_t log = layout.size, limit = builder_.program.values.size;
  uint32_t position = CopyLog::kHeader;
  for (size_t i = 0; i < values.size(); i++) {
    if (values[i]->type.kind != Type::Kind::GoWhole) continue;
    Place slot{R8, static_cast<int32_t>(layout.fields[i].offset)};
    const GoOperand operand = go_operand(*values[i]);
    if (!operand) return position;
    const std::vector<go::Whole>& wholes = operand.access->wholes;
    for (size_t root = 0; root < layout.fields[i].roots.size(); root++, slot = slot + 8) {
      go::Whole nothing;
      nothing.unknown = operand.access->unknown;
      const go::Whole& whole = root < wholes.size() ? wholes[root] : nothing;
      const uint32_t bytes = whole_bytes(whole);
      if (position + CopyLog::kData + bytes > CopyLog::kHeader + limit) {
        asm_.store(Width::U64, slot.base, slot.offset, 0);
        asm_.store(Width::U32, slot.base, slot.offset + 4,
                   static_cast<int32_t>(reason_code("more than value_size")));
        continue;
      }
      asm_.store(Width::U64, slot.base, slot.offset, log_at(log + position));
      Place chunk{R8, log_at(log + position)};
      for (uint32_t word = 0; word < CopyLog::kData; word += 8)
        asm_.store(Width::U64, chunk.base, chunk.offset + log_at(word), 0);
      const auto header = [&](uint32_t at, uint32_t value) {
        asm_.store(Width::U32, chunk.base, chunk.offset + log_at(at), log_at(value));
      };
      // One that cannot be had keeps its room, as what is not readable.
      header(CopyLog::kBytes, bytes);
      header(CopyLog::kState, 1);
      attempt(
          [&] {
            whole_root(operand, whole, chunk);
            header(CopyLog::kType, whole.copy);
            header(CopyLog::kState, 0);
          },
          [] {}, ReasonSink{slot + 4, Width::U32});
      position = log_align(position + CopyLog::kData + bytes);
    }
  }
  return position;
}

// The bytes of one value, behind the chunk's header.
void Generator::whole_root(const GoOperand& operand, const go::Whole& whole, Place chunk) {
  Memory::Scope scope(memory_);
  if (!whole.unknown.empty()) return asm_.jump(unknown_because(reason_code(whole.unknown)));
  const Place data = chunk + log_at(CopyLog::kData);
  const uint32_t bytes = whole_bytes(whole);
  GoBase base = go_steps(operand);
  if (whole.in != Word::In::Constant) {
    if (whole.in == Word::In::Stack) base = {GoBase::In::Registers, arch::PtRegs::sp, {}, 0};
    go_address(R0, base, whole.offset);
    asm_.store(Width::U64, chunk.base, chunk.offset + log_at(CopyLog::kAddress), R0);
    if (bytes > 0) go_read(data, base, whole.offset, bytes);
    return;
  }
  zero(data, bytes);
  for (const go::Whole::Part& part : whole.parts) {
    if (part.at + part.word.size > bytes) continue;
    Memory::Scope fetched(memory_);
    const std::vector<Word> word{part.word};
    go_load(R0, part.word, go_fetch(word, base)[0], base);
    asm_.store(width_of(part.word.size), data.base, data.offset + log_at(part.at), R0);
  }
}

// Follows the slots of all chunks, the ones it makes among them.
void Generator::copy_walk(const CopyWalk& walk) {
  Memory::Scope scope(memory_);
  // Nothing is at hand: the first round takes the first chunk.
  for (CopyVar which : {CopyVar::Size, CopyVar::First, CopyVar::Slot, CopyVar::SlotEnd,
                        CopyVar::Depth, CopyVar::Own, CopyVar::Parent})
    walk.set(asm_, which, uint32_t{0});
  for (CopyVar which : {CopyVar::ChunkEnd, CopyVar::At}) walk.set(asm_, which, CopyLog::kHeader);
  Label slot = asm_.label(), next = asm_.label();
  Place made = memory_.allocate_on_stack(8);
  asm_.mov(R1, 0);
  asm_.store(Width::U64, made.base, made.offset, R1);
  asm_.bind(walk.again);
  asm_.load(Width::U64, R1, made.base, made.offset);
  const uint32_t rounds = std::clamp(walk.limit / kLogOfRound, kFewestCopyRounds, kMostCopyRounds);
  asm_.jump(Jump::Ge, R1, static_cast<int32_t>(rounds), walk.done);
  asm_.alu(Alu::Add, R1, 1);
  asm_.store(Width::U64, made.base, made.offset, R1);
  walk.get(asm_, R1, CopyVar::Slot);
  walk.get(asm_, R2, CopyVar::SlotEnd);
  asm_.jump(Jump::Lt, R1, R2, slot);
  walk.get(asm_, R1, CopyVar::At);
  walk.get(asm_, R2, CopyVar::Size);
  asm_.alu(Alu::Add, R1, R2);
  walk.get(asm_, R3, CopyVar::ChunkEnd);
  asm_.jump(Jump::Ge, R1, R3, next);
  walk.set(asm_, CopyVar::At, R1);
  walk.get(asm_, R1, CopyVar::First);
  walk.set(asm_, CopyVar::Slot, R1);
  asm_.jump(walk.again);
  asm_.bind(next);
  copy_next_chunk(walk);
  asm_.jump(walk.again);
  asm_.bind(slot);
  copy_slot(walk);
  copy_chunk(walk);
  asm_.jump(walk.again);
  asm_.bind(walk.done);
}

// The chunk behind the one that is at hand becomes it.
void Generator::copy_next_chunk(const CopyWalk& walk) {
  const auto types = static_cast<int32_t>(builder_.object.copies.types.size());
  walk.get(asm_, R3, CopyVar::ChunkEnd);
  asm_.alu(Alu::Add, R3, 7);
  asm_.alu(Alu::And, R3, -8);
  walk.get(asm_, R4, CopyVar::End);
  asm_.jump(Jump::Ge, R3, R4, walk.done);
  asm_.jump(Jump::Gt, R3, log_at(walk.limit), walk.done);
  asm_.mov(R5, R8);
  asm_.alu(Alu::Add, R5, R3);
  const int32_t log = log_at(walk.log);
  asm_.load(Width::U64, R1, R5, log + log_at(CopyLog::kAddress));
  walk.set(asm_, CopyVar::Own, R1);
  asm_.load(Width::U64, R1, R5, log + log_at(CopyLog::kParent));
  walk.set(asm_, CopyVar::Parent, R1);
  asm_.load(Width::U32, R1, R5, log + log_at(CopyLog::kDepth));
  walk.set(asm_, CopyVar::Depth, R1);
  asm_.load(Width::U32, R2, R5, log + log_at(CopyLog::kBytes));
  asm_.load(Width::U32, R1, R5, log + log_at(CopyLog::kType));
  asm_.alu(Alu::Add, R3, log_at(CopyLog::kData));
  walk.set(asm_, CopyVar::At, R3);
  asm_.alu(Alu::Add, R3, R2);
  walk.set(asm_, CopyVar::ChunkEnd, R3);
  asm_.jump(Jump::Ge, R1, types, walk.done);
  asm_.alu(Alu::Lsh, R1, 4);
  asm_.load_map_value(R5, static_cast<uint32_t>(builder_.object.copy_table), 0);
  asm_.alu(Alu::Add, R5, R1);
  asm_.load(Width::U32, R2, R5, offsetof(CopyType, first));
  walk.set(asm_, CopyVar::First, R2);
  walk.set(asm_, CopyVar::Slot, R2);
  asm_.load(Width::U32, R1, R5, offsetof(CopyType, count));
  asm_.alu(Alu::Add, R2, R1);
  walk.set(asm_, CopyVar::SlotEnd, R2);
  asm_.load(Width::U32, R2, R5, offsetof(CopyType, size));
  walk.set(asm_, CopyVar::Size, R2);
  // Of a type without slots no element is looked at.
  asm_.jump(Jump::Ne, R1, 0, walk.again);
  walk.get(asm_, R1, CopyVar::ChunkEnd);
  walk.set(asm_, CopyVar::At, R1);
}

// What the next slot of the element at hand leads to: Address, Count, Limit, Type, NewDepth.
void Generator::copy_slot(const CopyWalk& walk) {
  const CopyTable& table = builder_.object.copies;
  asm_.mov(R2, R1);
  asm_.alu(Alu::Add, R2, 1);
  walk.set(asm_, CopyVar::Slot, R2);
  asm_.jump(Jump::Gt, R1, static_cast<int32_t>(table.slots.size()), walk.again);
  asm_.alu(Alu::Lsh, R1, 4);
  asm_.load_map_value(R5, static_cast<uint32_t>(builder_.object.copy_table),
                      static_cast<uint32_t>(table.types.size() * sizeof(CopyType)));
  asm_.alu(Alu::Add, R5, R1);
  asm_.load(Width::U8, R3, R5, offsetof(CopySlot, deeper));
  walk.get(asm_, R2, CopyVar::Depth);
  asm_.alu(Alu::Add, R3, R2);
  asm_.jump(Jump::Gt, R3, static_cast<int32_t>(builder_.program.values.depth), walk.again);
  walk.set(asm_, CopyVar::NewDepth, R3);
  walk.get(asm_, R3, CopyVar::At);
  asm_.load(Width::U32, R2, R5, offsetof(CopySlot, offset));
  asm_.alu(Alu::Add, R3, R2);
  asm_.load(Width::U16, R4, R5, offsetof(CopySlot, width));
  asm_.alu(Alu::Add, R4, R3);
  walk.get(asm_, R2, CopyVar::ChunkEnd);
  asm_.jump(Jump::Gt, R4, R2, walk.again);  // cut off
  asm_.jump(Jump::Gt, R3, log_at(walk.limit + CopyLog::kMostOfChunk), walk.again);
  asm_.mov(R0, R8);
  asm_.alu(Alu::Add, R0, R3);
  const int32_t log = log_at(walk.log);
  asm_.load(Width::U64, R1, R0, log);
  asm_.jump(Jump::Eq, R1, 0, walk.again);
  walk.set(asm_, CopyVar::Address, R1);
  asm_.load(Width::U32, R4, R5, offsetof(CopySlot, type));
  walk.set(asm_, CopyVar::Type, R4);
  asm_.load(Width::U32, R4, R5, offsetof(CopySlot, limit));
  walk.set(asm_, CopyVar::Limit, R4);
  asm_.load(Width::U8, R4, R5, offsetof(CopySlot, count));
  copy_count(walk);
}

// Count, of a slot that counts as R4 says, whose first word is R1 and stands at R0 in the record.
void Generator::copy_count(const CopyWalk& walk) {
  const Place count = walk.var(CopyVar::Count);
  const int32_t log = log_at(walk.log);
  Label counted = asm_.label();
  auto when = [&](CopyCount mode, auto code) {
    Label other = asm_.label();
    asm_.jump(Jump::Ne, R4, static_cast<int32_t>(mode), other);
    code();
    asm_.store(Width::U64, count.base, count.offset, R2);
    asm_.jump(counted);
    asm_.bind(other);
  };
  auto power = [&](int32_t before, int32_t less) {
    asm_.load(Width::U8, R3, R0, log - before);
    if (less) {
      asm_.jump(Jump::Eq, R3, 0, walk.again);
      asm_.alu(Alu::Sub, R3, less);
    }
    asm_.alu(Alu::And, R3, 31);
    asm_.mov(R2, 1);
    asm_.alu(Alu::Lsh, R2, R3);
  };
  when(CopyCount::One, [&] { asm_.mov(R2, 1); });
  when(CopyCount::Length, [&] { asm_.load(Width::U64, R2, R0, log + 8); });
  when(CopyCount::IfZero, [&] {
    asm_.load(Width::U64, R2, R0, log + 8);
    asm_.jump(Jump::Ne, R2, 0, walk.again);
    asm_.mov(R2, 1);
  });
  when(CopyCount::Mask, [&] {
    asm_.load(Width::U64, R2, R0, log + 8);
    asm_.alu(Alu::Add, R2, 1);
  });
  when(CopyCount::Log2Before7, [&] { power(7, 0); });
  when(CopyCount::Log2Before15, [&] { power(15, 1); });
  copy_behind_interface(walk);
  asm_.mov(R2, 1);
  asm_.store(Width::U64, count.base, count.offset, R2);
  asm_.bind(counted);
}

// Address and Type, of an interface whose first word is R1 and stands at R0 in the record.
void Generator::copy_behind_interface(const CopyWalk& walk) {
  const Place type = walk.var(CopyVar::Type), address = walk.var(CopyVar::Address);
  Label plain = asm_.label();
  asm_.load(Width::U64, R2, R0, log_at(walk.log) + 8);
  asm_.jump(Jump::Eq, R2, 0, walk.again);
  asm_.store(Width::U64, address.base, address.offset, R2);
  asm_.store(Width::U64, type.base, type.offset, R1);
  asm_.jump(Jump::Ne, R4, static_cast<int32_t>(CopyCount::Itab), plain);
  walk.set(asm_, CopyVar::Count, R1);  // while it is not needed otherwise
  asm_.mov(R3, R1);
  asm_.alu(Alu::Add, R3, kWord);  // the type, in an itab
  asm_.mov(R2, kWord);
  this->address(R1, type);
  asm_.call(Helper::ProbeReadUser);
  asm_.jump(Jump::Ne, R0, 0, walk.again);
  copy_itab(walk);
  asm_.bind(plain);
  asm_.load(Width::U64, R0, type.base, type.offset);
  go_reference_of(walk.target);
  asm_.store(Width::U64, type.base, type.offset, R0);
  asm_.load_map(R1, static_cast<uint32_t>(builder_.object.copy_dynamic));
  this->address(R2, type);
  asm_.call(Helper::MapLookup);
  asm_.jump(Jump::Eq, R0, 0, walk.again);
  asm_.load(Width::U64, R1, R0, 0);
  asm_.store(Width::U64, type.base, type.offset, R1);
}

// R3 = where the next chunk begins in the log, if one may begin there.
void Generator::next_chunk(const CopyWalk& walk) {
  walk.get(asm_, R3, CopyVar::End);
  asm_.alu(Alu::Add, R3, 7);
  asm_.alu(Alu::And, R3, -8);
  asm_.jump(Jump::Gt, R3, log_at(walk.limit), walk.again);
}

// A chunk of the type that an itab names, which has just been read: of the process's eight bytes
// behind the itab's begin.
void Generator::copy_itab(const CopyWalk& walk) {
  const int32_t log = log_at(walk.log);
  next_chunk(walk);
  asm_.mov(R5, R8);
  asm_.alu(Alu::Add, R5, R3);
  for (uint32_t word = CopyLog::kParent; word < CopyLog::kData; word += kWord)
    asm_.store(Width::U64, R5, log + log_at(word), 0);
  walk.get(asm_, R1, CopyVar::Count);
  asm_.alu(Alu::Add, R1, kWord);
  asm_.store(Width::U64, R5, log + log_at(CopyLog::kAddress), R1);
  asm_.store(Width::U32, R5, log + log_at(CopyLog::kBytes), kWord);
  walk.get(asm_, R1, CopyVar::Type);
  asm_.store(Width::U64, R5, log + log_at(CopyLog::kData), R1);
  asm_.alu(Alu::Add, R3, log_at(CopyLog::kData) + kWord);
  walk.set(asm_, CopyVar::End, R3);
}

// A chunk of what the slot leads to, unless it is what the chunk at hand is, or came from.
void Generator::copy_chunk(const CopyWalk& walk) {
  const int32_t log = log_at(walk.log);
  Label few = asm_.label(), fits = asm_.label(), unread = asm_.label();
  walk.get(asm_, R1, CopyVar::Type);
  asm_.jump(Jump::Ge, R1, static_cast<int32_t>(builder_.object.copies.types.size()), walk.again);
  asm_.alu(Alu::Lsh, R1, 4);
  asm_.load_map_value(R5, static_cast<uint32_t>(builder_.object.copy_table), 0);
  asm_.alu(Alu::Add, R5, R1);
  asm_.load(Width::U32, R4, R5, offsetof(CopyType, size));
  walk.get(asm_, R2, CopyVar::Count);
  walk.get(asm_, R3, CopyVar::Limit);
  asm_.jump(Jump::Le, R2, R3, few);
  asm_.mov(R2, R3);
  asm_.bind(few);
  asm_.alu(Alu::Mul, R2, R4);
  asm_.jump(Jump::Eq, R2, 0, walk.again);
  asm_.jump(Jump::Le, R2, log_at(CopyLog::kMostOfChunk), fits);
  asm_.mov(R2, log_at(CopyLog::kMostOfChunk));
  asm_.bind(fits);
  // From here on the verifier knows one thing of it, whichever way it has come.
  walk.set(asm_, CopyVar::Bytes, R2);
  walk.get(asm_, R2, CopyVar::Bytes);
  asm_.jump(Jump::Gt, R2, log_at(CopyLog::kMostOfChunk), walk.again);
  walk.get(asm_, R1, CopyVar::Address);
  for (CopyVar known : {CopyVar::Own, CopyVar::Parent}) {
    walk.get(asm_, R3, known);
    asm_.jump(Jump::Eq, R1, R3, walk.again);
  }
  next_chunk(walk);
  asm_.mov(R4, R3);
  asm_.alu(Alu::Add, R4, R2);
  asm_.jump(Jump::Gt, R4, log_at(walk.limit), walk.again);
  walk.set(asm_, CopyVar::End, R3);
  asm_.mov(R5, R8);
  asm_.alu(Alu::Add, R5, R3);
  asm_.store(Width::U64, R5, log + log_at(CopyLog::kAddress), R1);
  walk.get(asm_, R3, CopyVar::Own);
  asm_.store(Width::U64, R5, log + log_at(CopyLog::kParent), R3);
  asm_.store(Width::U32, R5, log + log_at(CopyLog::kBytes), R2);
  walk.get(asm_, R3, CopyVar::Type);
  asm_.store(Width::U32, R5, log + log_at(CopyLog::kType), R3);
  walk.get(asm_, R3, CopyVar::NewDepth);
  asm_.store(Width::U32, R5, log + log_at(CopyLog::kDepth), R3);
  asm_.store(Width::U32, R5, log + log_at(CopyLog::kState), 0);
  asm_.mov(R3, R1);
  asm_.mov(R1, R5);
  asm_.alu(Alu::Add, R1, log + log_at(CopyLog::kData));
  asm_.call(Helper::ProbeReadUser);
  walk.get(asm_, R3, CopyVar::End);
  asm_.jump(Jump::Ne, R0, 0, unread);
  asm_.alu(Alu::Add, R3, log_at(CopyLog::kData));
  walk.get(asm_, R2, CopyVar::Bytes);
  asm_.alu(Alu::Add, R3, R2);
  walk.set(asm_, CopyVar::End, R3);
  asm_.jump(walk.again);
  asm_.bind(unread);
  asm_.jump(Jump::Gt, R3, log_at(walk.limit), walk.done);
  asm_.mov(R5, R8);
  asm_.alu(Alu::Add, R5, R3);
  asm_.store(Width::U32, R5, log + log_at(CopyLog::kBytes), 0);
  asm_.store(Width::U32, R5, log + log_at(CopyLog::kState), 1);
  asm_.alu(Alu::Add, R3, log_at(CopyLog::kData));
  walk.set(asm_, CopyVar::End, R3);
}

}  // namespace gotap::codegen
