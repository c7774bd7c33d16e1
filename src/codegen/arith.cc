// Operators of two numbers, comparisons, and the logarithm for hist(). Entry points:
// Generator::binary(), compare_branch(), log2_bucket().
//
// BPF before its fourth version divides unsigned numbers only, so signed division is made of
// absolute values. Branch-free code where it is short: every branch doubles the paths that the
// kernel's verifier walks through the rest of the program.
#include <limits>

#include "codegen/generator.h"

namespace gotap::codegen {

using namespace bpf;
using lang::Op;

namespace {

bool fits32(const lang::Expr& expr) {
  auto value = static_cast<int64_t>(expr.integer);
  return expr.kind == lang::Expr::Kind::Integer && value >= std::numeric_limits<int32_t>::min() &&
         value <= std::numeric_limits<int32_t>::max();
}

Jump condition(Op op, bool is_signed) {
  switch (op) {
    case Op::Eq: return Jump::Eq;
    case Op::Ne: return Jump::Ne;
    case Op::Lt: return is_signed ? Jump::SLt : Jump::Lt;
    case Op::Le: return is_signed ? Jump::SLe : Jump::Le;
    case Op::Gt: return is_signed ? Jump::SGt : Jump::Gt;
    default: return is_signed ? Jump::SGe : Jump::Ge;
  }
}

Op opposite(Op op) {
  switch (op) {
    case Op::Eq: return Op::Ne;
    case Op::Ne: return Op::Eq;
    case Op::Lt: return Op::Ge;
    case Op::Le: return Op::Gt;
    case Op::Gt: return Op::Le;
    default: return Op::Lt;
  }
}

}  // namespace

void Generator::binary(const Expr& expr) {
  switch (expr.op) {
    case Op::Eq:
    case Op::Ne:
    case Op::Lt:
    case Op::Le:
    case Op::Gt:
    case Op::Ge:
    case Op::LogicalAnd:
    case Op::LogicalOr: return boolean(expr);
    case Op::Div:
    case Op::Mod: return divide(expr);
    default: return arithmetic(expr);
  }
}

// R0, R1 = the two operands, evaluated from left to right.
void Generator::operands(const Expr& expr) {
  const Expr &left = expr.kids[0], &right = expr.kids[1];
  if (is_leaf(right)) {
    eval(left);
    return eval_to(R1, right);
  }
  // A variable might be changed by the right side.
  if (is_leaf(left) && left.kind != Expr::Kind::Variable) {
    eval(right);
    asm_.mov(R1, R0);
    return eval_to(R0, left);
  }
  Memory::Scope scope(memory_);
  Place saved = memory_.allocate(8);
  eval(left);
  asm_.store(Width::U64, saved.base, saved.offset, R0);
  eval(right);
  asm_.mov(R1, R0);
  asm_.load(Width::U64, R0, saved.base, saved.offset);
}

void Generator::arithmetic(const Expr& expr) {
  Alu op = Alu::Add;
  switch (expr.op) {
    case Op::Add: op = Alu::Add; break;
    case Op::Sub: op = Alu::Sub; break;
    case Op::Mul: op = Alu::Mul; break;
    case Op::And: op = Alu::And; break;
    case Op::Or: op = Alu::Or; break;
    case Op::Xor: op = Alu::Xor; break;
    case Op::Shl: op = Alu::Lsh; break;
    case Op::Shr: op = expr.kids[0].type.is_signed ? Alu::Arsh : Alu::Rsh; break;
    default: return fail("internal error: binary operator");
  }
  bool shift = expr.op == Op::Shl || expr.op == Op::Shr;
  if (fits32(expr.kids[1])) {
    eval(expr.kids[0]);
    auto value = static_cast<int32_t>(static_cast<int64_t>(expr.kids[1].integer));
    return asm_.alu(op, R0, shift ? value & 63 : value);  // as x86-64 shifts, and BPF by register
  }
  operands(expr);
  if (shift) asm_.alu(Alu::And, R1, 63);
  asm_.alu(op, R0, R1);
}

void Generator::divide(const Expr& expr) {
  Alu op = expr.op == Op::Div ? Alu::Div : Alu::Mod;
  const Expr& divisor = expr.kids[1];
  bool constant = divisor.kind == Expr::Kind::Integer;
  bool is_signed = expr.kids[0].type.is_signed || divisor.type.is_signed;
  if (constant && divisor.integer == 0) return unknown();
  if (constant && fits32(divisor) && !is_signed) {
    eval(expr.kids[0]);
    // A negative immediate would be taken as 64 bits, but it is an unsigned constant here.
    if (static_cast<int64_t>(divisor.integer) > 0)
      return asm_.alu(op, R0, static_cast<int32_t>(divisor.integer));
    asm_.load_imm(R1, divisor.integer);
    return asm_.alu(op, R0, R1);
  }
  operands(expr);
  if (!constant) asm_.jump(Jump::Eq, R1, 0, unknown_);
  if (!is_signed) return asm_.alu(op, R0, R1);
  // |x| = (x ^ s) - s with s = x >> 63, and so back again.
  asm_.mov(R2, R0);
  asm_.alu(Alu::Arsh, R2, 63);
  asm_.alu(Alu::Xor, R0, R2);
  asm_.alu(Alu::Sub, R0, R2);
  asm_.mov(R3, R1);
  asm_.alu(Alu::Arsh, R3, 63);
  asm_.alu(Alu::Xor, R1, R3);
  asm_.alu(Alu::Sub, R1, R3);
  asm_.alu(op, R0, R1);
  if (expr.op == Op::Div) asm_.alu(Alu::Xor, R2, R3);  // a remainder has the dividend's sign
  asm_.alu(Alu::Xor, R0, R2);
  asm_.alu(Alu::Sub, R0, R2);
}

// Jumps to `to` if the comparison's outcome is `when`.
void Generator::compare_branch(const Expr& expr, bool when, Label to) {
  Op op = when ? expr.op : opposite(expr.op);
  if (expr.kids[0].type.kind == Type::Kind::String) {
    string_compare(expr);  // R0 = 0 if equal
    return asm_.jump(condition(op, false), R0, 0, to);
  }
  bool is_signed = expr.kids[0].type.is_signed && expr.kids[1].type.is_signed;
  if (fits32(expr.kids[1])) {
    eval(expr.kids[0]);
    auto value = static_cast<int32_t>(static_cast<int64_t>(expr.kids[1].integer));
    return asm_.jump(condition(op, is_signed), R0, value, to);
  }
  operands(expr);
  asm_.jump(condition(op, is_signed), R0, R1, to);
}

// R0 = bucket of the value R0 in a hist() map, as hist.h defines it; jumps to `negative` with
// R0 = 0 if it is below zero.
void Generator::log2_bucket(uint32_t bits, bool is_signed, Label negative) {
  Label small = asm_.label(), done = asm_.label();
  if (is_signed) {
    Label positive = asm_.label();
    asm_.jump(Jump::SGe, R0, 0, positive);
    asm_.mov(R0, 0);
    asm_.jump(negative);
    asm_.bind(positive);
  }
  if (bits > 0) asm_.jump(Jump::Lt, R0, 1 << bits, small);
  asm_.mov(R3, R0);  // shifted down
  asm_.mov(R1, 0);   // the logarithm
  for (int32_t step = 5; step >= 0; step--) {
    asm_.mov(R2, R3);
    asm_.alu(Alu::Rsh, R2, 1 << step);
    asm_.neg(R2);
    asm_.alu(Alu::Rsh, R2, 63);  // 1 unless it was 0: the shifted value is below 2^63
    if (step) asm_.alu(Alu::Lsh, R2, step);
    asm_.alu(Alu::Rsh, R3, R2);
    asm_.alu(Alu::Or, R1, R2);
  }
  if (bits == 0) {
    // 1 for zero, else 2 + log: (v | -v) has its top bit set unless v is 0.
    asm_.mov(R2, R0);
    asm_.neg(R2);
    asm_.alu(Alu::Or, R0, R2);
    asm_.alu(Alu::Rsh, R0, 63);
    asm_.alu(Alu::Add, R0, R1);
    return asm_.alu(Alu::Add, R0, 1);
  }
  asm_.alu(Alu::Sub, R1, static_cast<int32_t>(bits));
  asm_.alu(Alu::And, R1, 63);
  asm_.alu(Alu::Rsh, R0, R1);
  asm_.alu(Alu::And, R0, (1 << bits) - 1);
  asm_.alu(Alu::Add, R1, 1);
  asm_.alu(Alu::Lsh, R1, static_cast<int32_t>(bits));
  asm_.alu(Alu::Add, R0, R1);
  asm_.alu(Alu::Add, R0, 1);
  asm_.jump(done);
  asm_.bind(small);
  asm_.alu(Alu::Add, R0, 1);
  asm_.bind(done);
}

}  // namespace gotap::codegen
