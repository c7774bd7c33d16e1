// Maps: keys, reading, assigning, and the aggregations. Entry points: Generator::map_value(),
// assign_map(), aggregate(), delete_key().
//
// Programs preempt one another and run on several CPUs, so every change in place is atomic
// (DESIGN rule 14). A new key begins as zeros, put there with BPF_NOEXIST so that two hits at
// once both find the one element. The formats of values stand in bpf/object.h.
#include "codegen/generator.h"

namespace gotap::codegen {

using namespace bpf;
using lang::Op;

namespace {
constexpr int32_t kNoExist = 1;  // BPF_NOEXIST
constexpr uint64_t kSignBit = uint64_t{1} << 63;
constexpr int kExtremeTries = 8;
}  // namespace

// The key in memory, its parts evaluated in order.
Place Generator::map_key(uint32_t index, const std::vector<Expr>& keys) {
  const UserMap& map = user_map(index);
  if (map.keys.empty()) {
    Place key = memory_.allocate(8);
    asm_.store(Width::U64, key.base, key.offset, 0);
    return key;
  }
  if (keys.size() != map.keys.size()) fail("internal error: number of keys");
  uint32_t size = builder_.object.maps[map.map].key_size;
  Place key = memory_.allocate(size + 8);
  for (size_t i = 0; i < keys.size() && i < map.keys.size(); i++) {
    Place part = key + static_cast<int32_t>(map.keys[i].offset);
    eval_into(keys[i], map.keys[i].type, part, true);
  }
  return key;
}

// R0 = address of the value, or 0.
void Generator::map_lookup(uint32_t index, Place key) {
  const UserMap& map = user_map(index);
  asm_.load_map(R1, map.map);
  address(R2, key);
  asm_.call(Helper::MapLookup);
}

// R0 = address of the value, made of zeros if the key was missing; `full` if there is no room.
void Generator::map_lookup_or_insert(uint32_t index, Place key, Label full) {
  const UserMap& map = user_map(index);
  MapType type = builder_.object.maps[map.map].type;
  if (type == MapType::Array) return asm_.load_map_value(R0, map.map, 0);
  map_lookup(index, key);
  if (type == MapType::PerCpuArray) return asm_.jump(Jump::Eq, R0, 0, full);
  Label found = asm_.label();
  asm_.jump(Jump::Ne, R0, 0, found);
  asm_.load_map(R1, map.map);
  address(R2, key);
  asm_.mov(R3, R7);
  asm_.alu(Alu::Add, R3, static_cast<int32_t>(builder_.zeros_offset));
  asm_.mov(R4, kNoExist);
  asm_.call(Helper::MapUpdate);
  map_lookup(index, key);
  asm_.jump(Jump::Eq, R0, 0, full);
  asm_.bind(found);
}

// R0 = the value, 0 if the key is missing.
void Generator::map_value(const Expr& expr) {
  Memory::Scope scope(memory_);
  Label done = asm_.label();
  Place key = map_key(expr.slot, expr.kids);
  map_lookup(expr.slot, key);
  asm_.jump(Jump::Eq, R0, 0, done);
  aggregate_value(user_map(expr.slot).value, done);
  asm_.bind(done);
}

// R0 = the number that the value at R0 stands for.
void Generator::aggregate_value(const Type& type, Label done) {
  switch (type.kind) {
    case Type::Kind::Avg:
    case Type::Kind::Stats:
      asm_.load(Width::U64, R1, R0, 8);
      asm_.load(Width::U64, R0, R0, 0);
      asm_.jump(Jump::Eq, R1, 0, done);
      if (!type.is_signed) return asm_.alu(Alu::Div, R0, R1);
      asm_.mov(R2, R0);  // as in Generator::divide()
      asm_.alu(Alu::Arsh, R2, 63);
      asm_.alu(Alu::Xor, R0, R2);
      asm_.alu(Alu::Sub, R0, R2);
      asm_.alu(Alu::Div, R0, R1);
      asm_.alu(Alu::Xor, R0, R2);
      return asm_.alu(Alu::Sub, R0, R2);
    case Type::Kind::Min:
    case Type::Kind::Max: {
      Label seen = asm_.label();
      asm_.load(Width::U64, R1, R0, 8);
      asm_.load(Width::U64, R0, R0, 0);
      asm_.jump(Jump::Ne, R1, 0, seen);
      asm_.mov(R0, 0);
      asm_.jump(done);
      asm_.bind(seen);
      if (type.kind == Type::Kind::Min) asm_.alu(Alu::Xor, R0, -1);
      if (!type.is_signed) return;
      asm_.load_imm(R1, kSignBit);
      return asm_.alu(Alu::Xor, R0, R1);
    }
    case Type::Kind::Hist:
    case Type::Kind::Lhist: return fail("internal error: a histogram is not a number");
    default: return asm_.load(Width::U64, R0, R0, 0);
  }
}

void Generator::assign_map(const Stmt& stmt) {
  if (stmt.op != Op::None) return add_to_map(stmt);
  const UserMap& map = user_map(stmt.slot);
  Place value = memory_.allocate(map.value.memory_size() + 8);
  eval_into(*stmt.value, map.value, value, true);
  Place key = map_key(stmt.slot, stmt.keys);
  Label stored = asm_.label();
  asm_.load_map(R1, map.map);
  address(R2, key);
  address(R3, value);
  asm_.mov(R4, 0);
  asm_.call(Helper::MapUpdate);
  asm_.jump(Jump::Eq, R0, 0, stored);
  count(builder_.counter_of(stmt.slot));
  asm_.bind(stored);
}

// Runs `update` with R0 = address of the value of @m[keys], which is made if it was missing. If
// there is no room, that is counted; where the update `is_value`, its value is unknown then.
template <class Update>
void Generator::update_entry(uint32_t index, const std::vector<Expr>& keys, const Update& update,
                             bool is_value) {
  Label full = asm_.label(), done = asm_.label();
  Place key = map_key(index, keys);
  map_lookup_or_insert(index, key, full);
  update(full);
  asm_.jump(done);
  asm_.bind(full);
  count(builder_.counter_of(index));
  if (is_value) unknown();
  asm_.bind(done);
}

// @m[k] += v and -= v.
void Generator::add_to_map(const Stmt& stmt) {
  if (stmt.op != Op::Add && stmt.op != Op::Sub)
    return fail("internal error: assignment operator of a map");
  Place value = memory_.allocate(8);
  eval(*stmt.value);
  if (stmt.op == Op::Sub) asm_.neg(R0);
  asm_.store(Width::U64, value.base, value.offset, R0);
  update_entry(stmt.slot, stmt.keys, [&](Label) {
    asm_.load(Width::U64, R1, value.base, value.offset);
    asm_.atomic(Atomic::Add, R0, 0, R1);
  });
}

// ++ and -- as a value; one whose map is full has none.
void Generator::map_inc_dec(const Expr& expr) {
  Memory::Scope scope(memory_);
  const Expr& map = expr.kids[0];
  auto step = [&](Label) {
    asm_.load_imm(R1, expr.integer);
    asm_.atomic(Atomic::FetchAdd, R0, 0, R1);
    asm_.mov(R0, R1);
    if (!expr.postfix) asm_.alu(Alu::Add, R0, static_cast<int32_t>(expr.integer));
  };
  update_entry(map.slot, map.kids, step, true);
}

void Generator::inc_dec_statement(const Expr& expr) {
  const Expr& map = expr.kids[0];
  update_entry(map.slot, map.kids, [&](Label) {
    asm_.load_imm(R1, expr.integer);
    asm_.atomic(Atomic::Add, R0, 0, R1);
  });
}

// @m[k] = count() and its sisters.
void Generator::aggregate(const Stmt& stmt) {
  const Type& type = user_map(stmt.slot).value;
  Place value = memory_.allocate(8);
  if (stmt.value) {
    eval(*stmt.value);
    if (type.kind == Type::Kind::Hist || type.kind == Type::Kind::Lhist) hist_bucket_of(stmt);
    asm_.store(Width::U64, value.base, value.offset, R0);
  }
  update_entry(stmt.slot, stmt.keys, [&](Label full) { update_aggregate(stmt, value, full); });
}

void Generator::update_count(const Stmt&, Place, Label) {
  asm_.mov(R1, 1);
  asm_.atomic(Atomic::Add, R0, 0, R1);
}

void Generator::update_sum(const Stmt&, Place value, Label) {
  asm_.load(Width::U64, R1, value.base, value.offset);
  asm_.atomic(Atomic::Add, R0, 0, R1);
}

void Generator::update_avg(const Stmt&, Place value, Label) {
  asm_.load(Width::U64, R1, value.base, value.offset);
  asm_.atomic(Atomic::Add, R0, 0, R1);
  asm_.mov(R1, 1);
  asm_.atomic(Atomic::Add, R0, 8, R1);
}

// Both keep a maximum: of the value made monotone as unsigned, and turned over for min().
void Generator::update_extreme(const Stmt& stmt, Place value, Label) {
  const Type& type = user_map(stmt.slot).value;
  asm_.load(Width::U64, R2, value.base, value.offset);
  if (type.is_signed) {
    asm_.load_imm(R1, kSignBit);
    asm_.alu(Alu::Xor, R2, R1);
  }
  if (type.kind == Type::Kind::Min) asm_.alu(Alu::Xor, R2, -1);
  asm_.mov(R3, R0);
  Label kept = asm_.label(), done = asm_.label();
  for (int i = 0; i < kExtremeTries; i++) {
    asm_.load(Width::U64, R0, R3, 0);
    asm_.jump(Jump::Ge, R0, R2, kept);
    asm_.mov(R4, R0);
    asm_.atomic(Atomic::CmpXchg, R3, 0, R2);
    asm_.jump(Jump::Eq, R0, R4, kept);
  }
  count(offsetof(Globals, contended));
  asm_.jump(done);
  // Only now: whoever reads n > 0 must find a value.
  asm_.bind(kept);
  asm_.mov(R1, 1);
  asm_.atomic(Atomic::Add, R3, 8, R1);
  asm_.bind(done);
}

// R0 = bucket of the value R0.
void Generator::hist_bucket_of(const Stmt& stmt) {
  const UserMap& map = user_map(stmt.slot);
  bool is_signed = stmt.value->type.is_signed;
  Label done = asm_.label();
  if (map.value.kind == Type::Kind::Hist) {
    log2_bucket(map.hist_bits, is_signed, done);
    return asm_.bind(done);
  }
  auto steps = static_cast<uint64_t>((map.lhist_max - map.lhist_min) / map.lhist_step);
  Label below = asm_.label(), above = asm_.label();
  if (!is_signed) asm_.jump(Jump::SLt, R0, 0, above);  // beyond any int64
  asm_.load_imm(R1, static_cast<uint64_t>(map.lhist_min));
  asm_.jump(Jump::SLt, R0, R1, below);
  asm_.load_imm(R2, static_cast<uint64_t>(map.lhist_max));
  asm_.jump(Jump::SGe, R0, R2, above);
  asm_.alu(Alu::Sub, R0, R1);
  asm_.load_imm(R1, static_cast<uint64_t>(map.lhist_step));
  asm_.alu(Alu::Div, R0, R1);
  asm_.alu(Alu::Add, R0, 1);
  asm_.jump(done);
  asm_.bind(below);
  asm_.mov(R0, 0);
  asm_.jump(done);
  asm_.bind(above);
  asm_.mov(R0, static_cast<int32_t>(steps + 1));
  asm_.bind(done);
}

// `bucket` holds the bucket. The bound cannot be exceeded, but the verifier wants to see it.
void Generator::update_hist(const Stmt& stmt, Place bucket, Label full) {
  uint32_t size = builder_.object.maps[user_map(stmt.slot).map].value_size;
  asm_.load(Width::U64, R1, bucket.base, bucket.offset);
  asm_.jump(Jump::Gt, R1, static_cast<int32_t>(size / 8 - 1), full);
  asm_.alu(Alu::Lsh, R1, 3);
  asm_.alu(Alu::Add, R0, R1);
  asm_.mov(R1, 1);
  asm_.atomic(Atomic::Add, R0, 0, R1);
}

void Generator::delete_key(const Expr& expr) {
  const Expr& map = expr.kids[0];
  Place key = map_key(map.slot, map.kids);
  asm_.load_map(R1, user_map(map.slot).map);
  address(R2, key);
  asm_.call(Helper::MapDelete);
}

}  // namespace gotap::codegen
