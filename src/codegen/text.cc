// Functions of strings: strlen(), strncmp(), strstr(), indices, buf(). Entry points: the members
// named as in the table of builtins.cc, string_index().
//
// Where a string is looked through byte by byte, the position is a number that the kernel's
// verifier knows at every step: it walks through all of them, so the checker bounds their number.
#include "codegen/generator.h"

namespace gotap::codegen {

using namespace bpf;

// The string in memory, zero behind its end; unknown if it could not be read.
Place Generator::readable_string(const Expr& expr) {
  uint32_t capacity = expr.type.capacity;
  Place place = memory_.allocate(static_cast<uint32_t>(kStringData) + capacity + 8);
  eval_string(expr, place, capacity, true);
  asm_.load(Width::U32, R1, place.base, place.offset + kStringState);
  asm_.jump(Jump::Eq, R1, kStringNotReadable, unknown_);
  return place;
}

void Generator::value_strlen(const Expr& expr) {
  Memory::Scope scope(memory_);
  Place text = readable_string(expr.kids[0]);
  asm_.load(Width::U32, R0, text.base, text.offset + kStringLength);
}

// R0 = 0 if the first bytes of both are the same, else 1.
void Generator::value_strncmp(const Expr& expr) {
  Memory::Scope scope(memory_);
  auto length = static_cast<int32_t>(expr.integer);
  Label differ = asm_.label(), done = asm_.label();
  Place texts[2];
  for (size_t i = 0; i < 2; i++) {
    Expr text = expr.kids[i];
    uint32_t capacity = (static_cast<uint32_t>(length) + 7) / 8 * 8;
    texts[i] = memory_.allocate(static_cast<uint32_t>(kStringData) + capacity + 8);
    eval_string(text, texts[i], capacity, true);
    asm_.load(Width::U32, R1, texts[i].base, texts[i].offset + kStringState);
    asm_.jump(Jump::Eq, R1, kStringNotReadable, unknown_);
  }
  for (size_t i = 0; i < 2; i++) {
    Label shorter = asm_.label();
    Reg reg = i == 0 ? R1 : R2;
    asm_.load(Width::U32, reg, texts[i].base, texts[i].offset + kStringLength);
    asm_.jump(Jump::Le, reg, length, shorter);
    asm_.mov(reg, length);
    asm_.bind(shorter);
  }
  asm_.jump(Jump::Ne, R1, R2, differ);
  for (int32_t at = 0; at < length; at += 8) {
    asm_.load(Width::U64, R1, texts[0].base, texts[0].offset + kStringData + at);
    asm_.load(Width::U64, R2, texts[1].base, texts[1].offset + kStringData + at);
    asm_.alu(Alu::Xor, R1, R2);
    if (length - at < 8) asm_.alu(Alu::Lsh, R1, 64 - 8 * (length - at));
    asm_.jump(Jump::Ne, R1, 0, differ);
  }
  asm_.mov(R0, 0);
  asm_.jump(done);
  asm_.bind(differ);
  asm_.mov(R0, 1);
  asm_.bind(done);
}

// R0 = where the first string holds the second, or -2 (bpftrace 0.27 on a kernel with bpf_strstr).
void Generator::value_strstr(const Expr& expr) { find_string(expr, true); }

void Generator::value_strcontains(const Expr& expr) { find_string(expr, false); }

// Without the index every way out is the same to the verifier, whatever the place. The bytes at a
// place are compared without a branch, as the verifier keeps each branch it has not yet followed,
// and of those at most 8192.
void Generator::find_string(const Expr& expr, bool index) {
  Memory::Scope scope(memory_);
  Place text = readable_string(expr.kids[0]), wanted = readable_string(expr.kids[1]);
  auto text_capacity = static_cast<int32_t>(expr.kids[0].type.capacity);
  auto wanted_capacity = static_cast<int32_t>(expr.kids[1].type.capacity);
  Place last = memory_.allocate_on_stack(8), differ = memory_.allocate_on_stack(8);
  Label outer = asm_.label(), inner = asm_.label(), compared = asm_.label();
  Label none = asm_.label(), found = asm_.label(), done = asm_.label();
  asm_.load(Width::U32, R3, wanted.base, wanted.offset + kStringLength);
  asm_.load(Width::U32, R2, text.base, text.offset + kStringLength);
  asm_.alu(Alu::Sub, R2, R3);  // the last place it could be at
  asm_.store(Width::U64, last.base, last.offset, R2);
  asm_.mov(R0, 0);
  asm_.bind(outer);
  asm_.load(Width::U64, R2, last.base, last.offset);
  asm_.jump(Jump::SGt, R0, R2, none);
  asm_.jump(Jump::Gt, R0, text_capacity, none);
  asm_.store(Width::U64, differ.base, differ.offset, 0);
  asm_.mov(R1, 0);
  asm_.bind(inner);
  asm_.jump(Jump::Ge, R1, wanted_capacity, compared);
  asm_.mov(R5, R0);
  asm_.alu(Alu::Add, R5, R1);
  asm_.jump(Jump::Ge, R5, text_capacity, compared);
  address(R4, text + kStringData);
  asm_.alu(Alu::Add, R4, R5);
  asm_.load(Width::U8, R4, R4, 0);
  address(R5, wanted + kStringData);
  asm_.alu(Alu::Add, R5, R1);
  asm_.load(Width::U8, R5, R5, 0);
  asm_.alu(Alu::Xor, R4, R5);
  asm_.mov(R5, R1);  // all ones up to the end of what is wanted, else zero
  asm_.alu(Alu::Sub, R5, R3);
  asm_.alu(Alu::Arsh, R5, 63);
  asm_.alu(Alu::And, R4, R5);
  asm_.load(Width::U64, R5, differ.base, differ.offset);
  asm_.alu(Alu::Or, R5, R4);
  asm_.store(Width::U64, differ.base, differ.offset, R5);
  asm_.alu(Alu::Add, R1, 1);
  asm_.jump(inner);
  asm_.bind(compared);
  asm_.load(Width::U64, R4, differ.base, differ.offset);
  asm_.jump(Jump::Eq, R4, 0, found);
  asm_.alu(Alu::Add, R0, 1);
  asm_.jump(outer);
  asm_.bind(none);
  asm_.mov(R0, index ? -2 : 0);
  asm_.jump(done);
  asm_.bind(found);
  if (!index) asm_.mov(R0, 1);
  asm_.bind(done);
}

// A byte of a string; 0 behind its end.
void Generator::string_index(const Expr& expr) {
  Memory::Scope scope(memory_);
  Label behind = asm_.label(), done = asm_.label();
  Place text = readable_string(expr.kids[0]);
  eval(expr.kids[1]);
  asm_.jump(Jump::Ge, R0, static_cast<int32_t>(expr.kids[0].type.capacity), behind);
  address(R1, text + kStringData);
  asm_.alu(Alu::Add, R1, R0);
  asm_.load(Width::U8, R0, R1, 0);
  asm_.jump(done);
  asm_.bind(behind);
  asm_.mov(R0, 0);
  asm_.bind(done);
  cast(expr.type);
}

void Generator::string_probetype(const Expr&, Place dst, uint32_t capacity, bool zeroed) {
  std::string text = "special";  // BEGIN and END
  if (shape_)
    text = action_.moment == plan::Moment::Return ? "uretprobe" : "uprobe";
  else if (timer_kind_ == lang::ProbeKind::Interval)
    text = "interval";
  string_literal(text, dst, capacity, zeroed);
}

// Of a string its bytes, of an address exactly as many as asked for.
void Generator::buffer(const Expr& expr, Place dst, uint32_t capacity, bool zeroed) {
  if (expr.kids.size() == 1) return eval_string(expr.kids[0], dst, capacity, zeroed);
  string_read(expr, dst, capacity, zeroed);
}

}  // namespace gotap::codegen
