// Events: printf(), print(), clear(), zero(), exit() and time() as records in the ring buffer.
// Entry points: the members named *_call and *_event.
//
// A record is reserved first and filled in place, so that strings are read straight into it. What
// an argument hides is a flag in the record (DESIGN rule 10), so nothing leaves the code between
// reserve and submit. Submitted without a wake-up: user space drains by a timer (rule 17).
#include <algorithm>
#include <functional>

#include "codegen/generator.h"

namespace gotap::codegen {

using namespace bpf;
using Kind = EventLayout::Kind;
using lang::Expr;
using lang::Op;

namespace {
constexpr int32_t kNoWakeup = 1;  // BPF_RB_NO_WAKEUP
constexpr uint32_t kMaxRecord = 32000;

uint32_t add_event(BpfObject& object, EventLayout layout) {
  object.events.push_back(std::move(layout));
  return static_cast<uint32_t>(object.events.size() - 1);
}

bool is_division(const Expr& expr) {
  return expr.kind == Expr::Kind::Binary && (expr.op == Op::Div || expr.op == Op::Mod);
}

bool divides(const Expr& expr) {
  return is_division(expr) || std::any_of(expr.kids.begin(), expr.kids.end(), divides);
}
}  // namespace

// What is shown in place of a value that is unknown, as far as the script alone tells.
std::string Generator::unknown_reason(const Expr& expr) const {
  if (is_inlined_argument(expr)) return "inlined: not known here";
  if (expr.kind == Expr::Kind::Call && expr.builtin == lang::Builtin::Recovered)
    return "not known: its defers are not open-coded";
  if (!divides(expr)) return "not readable";
  std::function<bool(const Expr&)> unreadable = [&](const Expr& part) {
    if (!divides(part)) return can_fail(part);
    return part.kind == Expr::Kind::Deref ||
           std::any_of(part.kids.begin(), part.kids.end(), unreadable);
  };
  return unreadable(expr) ? "not readable or divided by zero" : "divided by zero";
}

// Header, one flag byte a fallible value, the values, and what reading a string may overwrite.
void Generator::layout_fields(EventLayout& layout, const std::vector<const Expr*>& values) {
  uint32_t offset = 8;
  for (const Expr* value : values) {
    Type type = value->type;
    if (type.is_aggregate()) type = Type::integer(8, type.is_signed);  // read as a number
    Field field{type, 0, -1};
    if (type.kind == Type::Kind::GoWhole) {
      describe_whole(field, *value);
    } else if (can_fail(*value)) {
      field.unknown_offset = static_cast<int32_t>(offset++);
      field.unknown_reason = unknown_reason(*value);
    }
    layout.fields.push_back(field);
  }
  offset = (offset + 7) / 8 * 8;
  bool strings = false;
  for (Field& field : layout.fields) {
    field.offset = offset;
    offset += field.memory_size();
    strings |= field.type.has_bytes() || field.type.kind == Type::Kind::Tuple;
  }
  layout.size = offset + (strings ? 8 : 0);
  for (Field& field : layout.fields) field.log = layout.size;
  if (layout.size > kMaxRecord)
    fail("the arguments of one printf() take more than " + std::to_string(kMaxRecord) + " bytes");
}

void Generator::fill_fields(const EventLayout& layout, const std::vector<const Expr*>& values) {
  for (int32_t at = 8; at < static_cast<int32_t>(layout.fields[0].offset); at += 8)
    asm_.store(Width::U64, R8, at, 0);
  std::vector<bool> filled(values.size());
  fill_go_fields(layout, values, filled);
  for (size_t i = 0; i < values.size(); i++)
    if (!filled[i] && values[i]->type.kind != Type::Kind::GoWhole)
      fill_field(layout.fields[i], *values[i]);
}

void Generator::fill_field(const Field& field, const Expr& value) {
  Memory::Scope scope(memory_);
  Place place{R8, static_cast<int32_t>(field.offset)};
  attempt([&] { eval_into(value, field.type, place, false); },
          [&] {
            if (field.unknown_offset < 0) return fail("internal error: an argument without a flag");
            if (!field.type.in_memory()) asm_.store(Width::U64, place.base, place.offset, 0);
          },
          ReasonSink{{R8, std::max(field.unknown_offset, 0)}, Width::U8});
}

// R8 = a new record with its header.
void Generator::reserve(const EventLayout& layout, uint32_t index, Label full) {
  asm_.load_map(R1, BpfObject::kRing);
  asm_.mov(R2, static_cast<int32_t>(layout.size));
  asm_.mov(R3, 0);
  asm_.call(Helper::RingbufReserve);
  asm_.jump(Jump::Eq, R0, 0, full);
  asm_.mov(R8, R0);
  asm_.store(Width::U64, R8, 0, static_cast<int32_t>(index));
}

void Generator::submit() {
  asm_.mov(R1, R8);
  asm_.mov(R2, kNoWakeup);
  asm_.call(Helper::RingbufSubmit);
}

// A record that `fill` fills; if the ring is full, it is counted as lost.
template <class Fill>
void Generator::emit_record(const EventLayout& layout, const Fill& fill) {
  Label full = asm_.label(), done = asm_.label();
  uint32_t index = add_event(builder_.object, layout);
  reserve(layout, index, full);
  fill();
  submit();
  asm_.jump(done);
  asm_.bind(full);
  count(offsetof(Globals, ring_full));
  asm_.bind(done);
}

// A record with these values.
void Generator::emit_event(EventLayout layout, const std::vector<const Expr*>& values) {
  if (!values.empty()) layout_fields(layout, values);
  for (const Field& field : layout.fields)
    if (!field.roots.empty()) return whole_event(layout, values);
  emit_record(layout, [&] {
    if (!values.empty()) fill_fields(layout, values);
  });
}

void Generator::printf_call(const Expr& expr) { format_event(expr, Kind::Printf); }
void Generator::cat_call(const Expr& expr) { format_event(expr, Kind::Cat); }
void Generator::system_call(const Expr& expr) { format_event(expr, Kind::System); }

void Generator::format_event(const Expr& expr, Kind kind) {
  EventLayout layout;
  layout.kind = kind;
  layout.format = builder_.program.formats[expr.format];
  std::vector<const Expr*> values;
  for (const Expr& kid : expr.kids) values.push_back(&kid);
  emit_event(std::move(layout), values);
}

void Generator::print_call(const Expr& expr) {
  const Expr& what = expr.kids[0];
  if (what.kind == Expr::Kind::MapRef) return map_event(expr, Kind::PrintMap);
  if (what.kind == Expr::Kind::Map && !what.kids.empty()) return map_value_event(what);
  if (what.kind == Expr::Kind::Map) return map_event(expr, Kind::PrintMap);
  EventLayout layout;
  layout.kind = Kind::PrintValue;
  emit_event(std::move(layout), {&what});
}

void Generator::clear_call(const Expr& expr) { map_event(expr, Kind::Clear); }
void Generator::zero_call(const Expr& expr) { map_event(expr, Kind::Zero); }

void Generator::map_event(const Expr& expr, Kind kind) {
  EventLayout layout;
  layout.kind = kind;
  layout.map = expr.kids[0].slot;
  if (expr.kids.size() > 1) layout.top = static_cast<int64_t>(expr.kids[1].integer);
  if (expr.kids.size() > 2) layout.div = static_cast<int64_t>(expr.kids[2].integer);
  emit_event(std::move(layout), {});
}

// print(@m[k]): the keys, then the value or zeros. An aggregate is not copied: user space reads it
// from the map, of all CPUs, when it comes to the event.
void Generator::map_value_event(const Expr& expr) {
  const UserMap& map = user_map(expr.slot);
  uint32_t key_size = builder_.object.maps[map.map].key_size;
  bool with_value = !map.value.is_aggregate();
  EventLayout layout;
  layout.kind = Kind::PrintMapValue;
  layout.map = expr.slot;
  uint32_t offset = 8;
  for (const Field& key : map.keys) layout.fields.push_back({key.type, offset + key.offset, -1});
  offset += key_size;
  if (with_value) layout.fields.push_back({map.value, offset, -1});
  layout.size = offset + (with_value ? map.value.memory_size() : 0);
  if (layout.size > kMaxRecord) return fail("the key of " + map.name + " is too large to print");

  Place key = map_key(expr.slot, expr.kids);
  emit_record(layout, [&] {
    copy({R8, 8}, key.base, key.offset, key_size);
    if (!with_value) return;
    Label missing = asm_.label(), filled = asm_.label();
    Place value{R8, static_cast<int32_t>(offset)};
    map_lookup(expr.slot, key);
    asm_.jump(Jump::Eq, R0, 0, missing);
    copy(value, R0, 0, map.value.memory_size());
    asm_.jump(filled);
    asm_.bind(missing);
    zero(value, map.value.memory_size());
    asm_.bind(filled);
  });
}

// The session sees `exiting` even if the record is lost.
void Generator::exit_call(const Expr& expr) {
  EventLayout layout;
  layout.kind = Kind::Exit;
  Expr success;
  success.type = Type::i64();
  emit_event(std::move(layout), {expr.kids.empty() ? &success : &expr.kids[0]});
  asm_.store(Width::U64, R7, offsetof(Globals, exiting), 1);
  asm_.jump(clause_end_);
}

// join(): the strings of an array of pointers that ends with a null pointer, 16 at most as in
// bpftrace. The first field says how many there are, 17 if there were more.
void Generator::join_call(const Expr& expr) {
  constexpr uint32_t kMaxParts = 16;
  Memory::Scope scope(memory_);
  EventLayout layout;
  layout.kind = Kind::Join;
  layout.format.text = expr.string;
  layout.fields.push_back({Type::u64(), 8, -1});
  Type part = Type::string(std::min(builder_.program.max_strlen, uint32_t{1024}));
  for (uint32_t i = 0; i < kMaxParts; i++)
    layout.fields.push_back({part, 16 + i * (part.memory_size() + 8), -1});
  layout.size = 16 + kMaxParts * (part.memory_size() + 8);
  Place at = memory_.allocate(8), pointer = memory_.allocate(8);
  eval(expr.kids[0]);
  asm_.store(Width::U64, at.base, at.offset, R0);
  emit_record(layout, [&] {
    Label end = asm_.label();
    asm_.store(Width::U64, R8, 8, 0);
    for (int32_t i = 0; i <= static_cast<int32_t>(kMaxParts); i++) {
      attempt(
          [&] {
            asm_.load(Width::U64, R0, at.base, at.offset);
            read_user(8, false);
          },
          [&] {
            asm_.store(Width::U64, R8, 8, i + 256);
            asm_.jump(end);
          });
      asm_.jump(Jump::Eq, R0, 0, end);
      asm_.store(Width::U64, R8, 8, i + 1);
      if (i == static_cast<int32_t>(kMaxParts)) break;
      asm_.store(Width::U64, pointer.base, pointer.offset, R0);
      Place dst{R8, static_cast<int32_t>(layout.fields[static_cast<size_t>(i) + 1].offset)};
      attempt([&] { string_read_to_nul(pointer, dst, part.capacity, false); },
              [&] { not_readable(dst); });
      asm_.load(Width::U64, R0, at.base, at.offset);
      asm_.alu(Alu::Add, R0, 8);
      asm_.store(Width::U64, at.base, at.offset, R0);
    }
    asm_.bind(end);
  });
}

void Generator::time_call(const Expr& expr) {
  EventLayout layout;
  layout.kind = Kind::Time;
  layout.format = builder_.program.formats[expr.format];
  emit_event(std::move(layout), {});
}

}  // namespace gotap::codegen
