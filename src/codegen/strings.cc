// Strings: values of a StringLayout in memory. Entry point: Generator::eval_string().
//
// `capacity` is the destination's, `zeroed` asks for zero bytes behind the string: needed
// wherever bytes are compared (map keys, variables, map values), not in ring records. Reading up
// to a NUL writes up to two bytes behind the capacity: whoever allocates leaves 8 bytes, and
// fills what follows the string after it.
//
// Facts: bpf_probe_read_user_str returns the length with its NUL; the probe_read helpers zero
// the destination when they fail (kernel/trace/bpf_trace.c), and refuse address 0 of the kernel
// without a fault (copy_from_kernel_nofault_allowed), which makes them a fast memset.
#include "codegen/generator.h"

namespace gotap::codegen {

using namespace bpf;

namespace {

constexpr uint32_t kUnrolled = 64;  // bytes copied or zeroed without a helper
constexpr auto kCut = static_cast<int32_t>(StringState::Cut);
constexpr uint32_t kCommSize = 16;  // TASK_COMM_LEN

uint64_t word_at(const std::string& text, size_t at) {
  uint64_t word = 0;
  for (size_t i = 0; i < 8 && at + i < text.size(); i++)
    word |= static_cast<uint64_t>(static_cast<uint8_t>(text[at + i])) << (8 * i);
  return word;
}

bool fits32(uint64_t word) {
  return static_cast<int64_t>(word) == static_cast<int32_t>(static_cast<uint32_t>(word));
}

uint32_t round_up8(size_t bytes) { return static_cast<uint32_t>((bytes + 7) / 8 * 8); }

}  // namespace

void Generator::address(Reg reg, Place place) {
  asm_.mov(reg, place.base);
  if (place.offset) asm_.alu(Alu::Add, reg, place.offset);
}

void Generator::zero(Place dst, uint32_t bytes) {
  if (bytes <= kUnrolled) {
    for (uint32_t i = 0; i < bytes; i += 8)
      asm_.store(Width::U64, dst.base, dst.offset + static_cast<int32_t>(i), 0);
    return;
  }
  address(R1, dst);
  asm_.mov(R2, static_cast<int32_t>(bytes));
  asm_.mov(R3, 0);
  asm_.call(Helper::ProbeReadKernel);
}

// `bytes`, a multiple of 8, from src + offset, which is memory of ours. `src` is not R5.
void Generator::copy(Place dst, Reg src, int32_t offset, uint32_t bytes) {
  if (bytes <= kUnrolled) {
    for (int32_t i = 0; i < static_cast<int32_t>(bytes); i += 8) {
      asm_.load(Width::U64, R5, src, offset + i);
      asm_.store(Width::U64, dst.base, dst.offset + i, R5);
    }
    return;
  }
  asm_.mov(R3, src);
  if (offset) asm_.alu(Alu::Add, R3, offset);
  address(R1, dst);
  asm_.mov(R2, static_cast<int32_t>(bytes));
  asm_.call(Helper::ProbeReadKernel);
}

void Generator::eval_string(const Expr& expr, Place dst, uint32_t capacity, bool zeroed) {
  switch (expr.kind) {
    case Expr::Kind::String: return string_literal(expr.string, dst, capacity, zeroed);
    case Expr::Kind::Map: return string_map(expr, dst, capacity, zeroed);
    case Expr::Kind::Call: return string_call(expr, dst, capacity, zeroed);
    case Expr::Kind::GoValue: return string_go_value(expr, dst, capacity, zeroed);
    case Expr::Kind::Variable: {
      Place place = variables_[expr.slot];
      check_known(expr);
      uint32_t source = clause_->variables[expr.slot].type.capacity;
      return string_copy(dst, capacity, place.base, place.offset, source, zeroed);
    }
    case Expr::Kind::Ternary: {
      Label otherwise = asm_.label(), done = asm_.label();
      branch_false(expr.kids[0], otherwise);
      eval_string(expr.kids[1], dst, capacity, zeroed);
      asm_.jump(done);
      asm_.bind(otherwise);
      eval_string(expr.kids[2], dst, capacity, zeroed);
      return asm_.bind(done);
    }
    case Expr::Kind::Cast: return eval_string(expr.kids[0], dst, capacity, zeroed);
    case Expr::Kind::Field: {
      Memory::Scope scope(memory_);
      Place place = tuple_place(expr.kids[0]) +
                    static_cast<int32_t>(expr.kids[0].type.part_offset(expr.integer));
      return string_copy(dst, capacity, place.base, place.offset, expr.type.capacity, zeroed);
    }
    default: fail("internal error: not a string");
  }
}

void Generator::string_literal(const std::string& text, Place dst, uint32_t capacity, bool zeroed) {
  auto length = static_cast<uint32_t>(std::min<size_t>(text.size(), capacity));
  std::string kept = text.substr(0, length);
  asm_.store(Width::U32, dst.base, dst.offset + kStringLength, static_cast<int32_t>(length));
  asm_.store(Width::U32, dst.base, dst.offset + kStringState, length < text.size() ? kCut : 0);
  Place data = dst + kStringData;
  for (uint32_t i = 0; i < length; i += 8) {
    uint64_t word = word_at(kept, i);
    int32_t at = data.offset + static_cast<int32_t>(i);
    if (fits32(word)) {
      asm_.store(Width::U64, data.base, at, static_cast<int32_t>(word));
    } else {
      asm_.load_imm(R1, word);
      asm_.store(Width::U64, data.base, at, R1);
    }
  }
  uint32_t filled = round_up8(length);
  if (zeroed && filled < capacity) zero(data + static_cast<int32_t>(filled), capacity - filled);
}

// str(p) and str(p, n). What the memory or its address hides is a string that says so.
void Generator::string_read(const Expr& expr, Place dst, uint32_t capacity, bool zeroed) {
  Memory::Scope scope(memory_);
  uint32_t limit = std::min({expr.type.capacity, builder_.program.max_strlen, capacity});
  if (zeroed) zero(dst, 8 + capacity);
  attempt(
      [&] {
        Place pointer = memory_.allocate(8);
        eval(expr.kids[0]);
        asm_.store(Width::U64, pointer.base, pointer.offset, R0);
        if (expr.kids.size() < 2)
          return string_read_to_nul(pointer, dst, limit, zeroed && limit < capacity);
        eval(expr.kids[1]);
        string_read_exact(pointer, dst, limit);
      },
      [&] { not_readable(dst); });
}

void Generator::not_readable(Place dst) {
  asm_.store(Width::U32, dst.base, dst.offset + kStringLength, 0);
  asm_.store(Width::U32, dst.base, dst.offset + kStringState, kStringNotReadable);
}

// R0 bytes.
void Generator::string_read_exact(Place pointer, Place dst, uint32_t limit) {
  Label fits = asm_.label(), done = asm_.label();
  asm_.mov(R2, R0);
  asm_.store(Width::U32, dst.base, dst.offset + kStringState, 0);
  asm_.jump(Jump::Le, R2, static_cast<int32_t>(limit), fits);
  asm_.mov(R2, static_cast<int32_t>(limit));
  asm_.store(Width::U32, dst.base, dst.offset + kStringState, kCut);
  asm_.bind(fits);
  asm_.store(Width::U32, dst.base, dst.offset + kStringLength, R2);
  asm_.jump(Jump::Eq, R2, 0, done);  // the empty string, wherever it points
  asm_.load(Width::U64, R3, pointer.base, pointer.offset);
  address(R1, dst + kStringData);
  asm_.call(Helper::ProbeReadUser);
  asm_.jump(Jump::Ne, R0, 0, unknown_);
  asm_.bind(done);
}

// Two bytes more than `limit` tell a string of `limit` bytes and its NUL from a longer one.
void Generator::string_read_to_nul(Place pointer, Place dst, uint32_t limit, bool cut_inside) {
  Label cut = asm_.label(), done = asm_.label();
  auto most = static_cast<int32_t>(limit);
  asm_.load(Width::U64, R3, pointer.base, pointer.offset);
  asm_.mov(R2, most + 2);
  address(R1, dst + kStringData);
  asm_.call(Helper::ProbeReadUserStr);
  asm_.jump(Jump::SLe, R0, 0, unknown_);
  asm_.jump(Jump::SGt, R0, most + 1, cut);
  asm_.alu(Alu::Sub, R0, 1);
  asm_.store(Width::U32, dst.base, dst.offset + kStringLength, R0);
  asm_.store(Width::U32, dst.base, dst.offset + kStringState, 0);
  asm_.jump(done);
  asm_.bind(cut);
  asm_.store(Width::U32, dst.base, dst.offset + kStringLength, most);
  asm_.store(Width::U32, dst.base, dst.offset + kStringState, kCut);
  if (cut_inside) asm_.store(Width::U8, dst.base, dst.offset + kStringData + most, 0);
  asm_.bind(done);
}

void Generator::string_comm(const Expr&, Place dst, uint32_t capacity, bool zeroed) {
  if (capacity < kCommSize) {
    Memory::Scope scope(memory_);
    Place whole = memory_.allocate(kStringData + kCommSize);
    Expr unused;
    string_comm(unused, whole, kCommSize, true);
    return string_copy(dst, capacity, whole.base, whole.offset, kCommSize, zeroed);
  }
  if (zeroed) zero(dst, 8 + capacity);
  address(R1, dst + kStringData);
  asm_.mov(R2, kCommSize);
  asm_.call(Helper::GetCurrentComm);
  Label end = asm_.label();
  for (int32_t i = 0; i < static_cast<int32_t>(kCommSize) - 1; i++) {
    asm_.mov(R0, i);
    asm_.load(Width::U8, R1, dst.base, dst.offset + kStringData + i);
    asm_.jump(Jump::Eq, R1, 0, end);
  }
  asm_.mov(R0, kCommSize - 1);
  asm_.bind(end);
  asm_.store(Width::U32, dst.base, dst.offset + kStringLength, R0);
  asm_.store(Width::U32, dst.base, dst.offset + kStringState, 0);
}

// A string of capacity `source` at src + offset.
void Generator::string_copy(Place dst, uint32_t capacity, Reg src, int32_t offset, uint32_t source,
                            bool zeroed) {
  uint32_t kept = std::min(capacity, source);
  copy(dst, src, offset, 8 + kept);
  if (source > capacity) {
    Label whole = asm_.label();
    asm_.load(Width::U32, R1, dst.base, dst.offset + kStringLength);
    asm_.jump(Jump::Le, R1, static_cast<int32_t>(capacity), whole);
    asm_.store(Width::U32, dst.base, dst.offset + kStringLength, static_cast<int32_t>(capacity));
    asm_.store(Width::U32, dst.base, dst.offset + kStringState, kCut);
    asm_.bind(whole);
  }
  if (zeroed && kept < capacity)
    zero(dst + (kStringData + static_cast<int32_t>(kept)), capacity - kept);
}

// The empty string if the key is missing.
void Generator::string_map(const Expr& expr, Place dst, uint32_t capacity, bool zeroed) {
  Memory::Scope scope(memory_);
  Label missing = asm_.label(), done = asm_.label();
  Place key = map_key(expr.slot, expr.kids);
  map_lookup(expr.slot, key);
  asm_.jump(Jump::Eq, R0, 0, missing);
  string_copy(dst, capacity, R0, 0, user_map(expr.slot).value.capacity, zeroed);
  asm_.jump(done);
  asm_.bind(missing);
  zero(dst, zeroed ? 8 + capacity : 8);
  asm_.bind(done);
}

// Goes on if the bytes at `data`, zero behind their end, are those of `text`.
void Generator::compare_literal(Place data, const std::string& text, Label differ) {
  for (size_t i = 0; i < text.size(); i += 8) {
    uint64_t word = word_at(text, i);
    asm_.load(Width::U64, R1, data.base, data.offset + static_cast<int32_t>(i));
    if (fits32(word)) {
      asm_.jump(Jump::Ne, R1, static_cast<int32_t>(word), differ);
    } else {
      asm_.load_imm(R2, word);
      asm_.jump(Jump::Ne, R1, R2, differ);
    }
  }
}

// R0 = 0 if the two strings are equal: same state, length and bytes.
void Generator::string_compare(const Expr& expr) {
  Memory::Scope scope(memory_);
  const Expr *left = &expr.kids[0], *right = &expr.kids[1];
  if (left->kind == Expr::Kind::String) std::swap(left, right);
  Label differ = asm_.label(), done = asm_.label();
  if (right->kind == Expr::Kind::String && is_go_string(*left)) {
    go_string_equals(*left, right->string, differ);
  } else if (right->kind == Expr::Kind::String) {
    // One byte more than the literal has is enough: what is longer differs.
    const std::string& text = right->string;
    uint32_t capacity = std::min(round_up8(text.size() + 1), left->type.capacity);
    Place place = memory_.allocate(kStringData + capacity + 8);
    eval_string(*left, place, capacity, true);
    if (left->kind == Expr::Kind::GoValue) {
      asm_.load(Width::U32, R1, place.base, place.offset + kStringState);
      asm_.jump(Jump::Eq, R1, kStringNotReadable, unknown_because(UnknownReason::NotReadable));
    }
    asm_.load(Width::U64, R1, place.base, place.offset);
    asm_.jump(Jump::Ne, R1, static_cast<int32_t>(text.size()), differ);
    compare_literal(place + kStringData, text.substr(0, capacity), differ);
  } else {
    uint32_t common = std::min(left->type.capacity, right->type.capacity);
    Place a = memory_.allocate(kStringData + left->type.capacity + 8);
    Place b = memory_.allocate(kStringData + right->type.capacity + 8);
    eval_string(expr.kids[0], a, expr.kids[0].type.capacity, true);
    eval_string(expr.kids[1], b, expr.kids[1].type.capacity, true);
    // Bytes of a Go string that were not read are not known to differ, nor to be the same.
    bool go_value = false;
    for (size_t i = 0; i < 2; i++) {
      if (expr.kids[i].kind != Expr::Kind::GoValue) continue;
      go_value = true;
      Place place = i == 0 ? a : b;
      asm_.load(Width::U32, R1, place.base, place.offset + kStringState);
      asm_.jump(Jump::Eq, R1, kStringNotReadable, unknown_because(UnknownReason::NotReadable));
    }
    // Of equal length, both are zero from the smaller capacity on.
    Label loop = asm_.label();
    address(R2, a);
    address(R3, b);
    asm_.mov(R1, 0);
    asm_.bind(loop);
    asm_.load(Width::U64, R4, R2, 0);
    asm_.load(Width::U64, R5, R3, 0);
    asm_.jump(Jump::Ne, R4, R5, differ);
    asm_.alu(Alu::Add, R2, 8);
    asm_.alu(Alu::Add, R3, 8);
    asm_.alu(Alu::Add, R1, 1);
    asm_.jump(Jump::Lt, R1, static_cast<int32_t>((kStringData + common) / 8), loop);
    if (go_value) {
      asm_.load(Width::U32, R1, a.base, a.offset + kStringState);
      asm_.jump(Jump::Eq, R1, kCut, unknown_);
    }
  }
  asm_.mov(R0, 0);
  asm_.jump(done);
  asm_.bind(differ);
  asm_.mov(R0, 1);
  asm_.bind(done);
}

}  // namespace gotap::codegen
