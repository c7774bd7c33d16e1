// Expressions of numbers: their value comes to R0. Entry point: Generator::eval().
#include "codegen/generator.h"

namespace gotap::codegen {

using namespace bpf;
using lang::Builtin;
using lang::Op;

void Generator::unknown() { asm_.jump(unknown_); }

Label Generator::unknown_because(UnknownReason reason) {
  if (!unknowns_.sink) return unknown_;
  auto [it, added] = unknowns_.because.try_emplace(static_cast<int32_t>(reason), Label{});
  if (added) it->second = asm_.label();
  return it->second;
}

// Goes on if the word `flag` is 0, else it is the UnknownReason. Changes R1 only.
void Generator::unknown_by_flag(Place flag) {
  asm_.load(Width::U64, R1, flag.base, flag.offset);
  if (!unknowns_.sink) return asm_.jump(Jump::Ne, R1, 0, unknown_);
  Label known = asm_.label();
  asm_.jump(Jump::Eq, R1, 0, known);
  asm_.store(unknowns_.sink->width, unknowns_.sink->place.base, unknowns_.sink->place.offset, R1);
  asm_.jump(unknowns_.explained);
  asm_.bind(known);
}

// Must not say no where the code jumps to `unknown_`: event records have no flag to set then.
bool Generator::can_fail(const Expr& expr) const {
  switch (expr.kind) {
    case Expr::Kind::Deref:
    case Expr::Kind::Index: return true;
    case Expr::Kind::Variable: return fallible_[expr.slot];
    case Expr::Kind::GoValue:
      if (go_value_can_fail(expr)) return true;
      break;
    case Expr::Kind::Call:
      switch (expr.builtin) {
        case Builtin::Str:
        case Builtin::Buf: return false;  // unreadable memory is a string's state
        case Builtin::Strlen:             // but has no length, and holds nothing
        case Builtin::Strncmp:
        case Builtin::Strcontains:
        case Builtin::Strstr: return true;
        case Builtin::Arg: return !register_of(expr);
        case Builtin::Sarg:
        case Builtin::Label:
        case Builtin::Goid: return true;
        case Builtin::Recovered:
          return action_.role == plan::Role::Self && shape_ &&
                 shape_->recovery == go::Recovery::Unknown;
        case Builtin::Duration: return action_.moment != plan::Moment::Return;
        case Builtin::Outermost: return !knows_frames();
        case Builtin::Depth: return true;
        default: break;
      }
      break;
    case Expr::Kind::Binary:
      if ((expr.op == Op::Div || expr.op == Op::Mod) &&
          !(expr.kids[1].kind == Expr::Kind::Integer && expr.kids[1].integer != 0))
        return true;
      if (expr.kids[0].type.kind == Type::Kind::String)  // not readable
        for (const Expr& kid : expr.kids)
          if (kid.kind == Expr::Kind::GoValue) return true;
      break;
    case Expr::Kind::IncDec:
      if (expr.kids[0].kind == Expr::Kind::Map) return true;  // its map may be full
      break;
    default: break;
  }
  for (const Expr& kid : expr.kids)
    if (can_fail(kid)) return true;
  return false;
}

bool Generator::is_leaf(const Expr& expr) const {
  switch (expr.kind) {
    case Expr::Kind::Integer: return true;
    case Expr::Kind::Variable: return !fallible_[expr.slot];
    case Expr::Kind::Call:
      if (expr.builtin == Builtin::Duration) return !can_fail(expr);
      return register_of(expr).has_value();
    case Expr::Kind::GoValue: return is_go_leaf(expr);
    default: return false;
  }
}

void Generator::eval_to(Reg reg, const Expr& leaf) {
  if (leaf.kind == Expr::Kind::Integer) return asm_.load_imm(reg, leaf.integer);
  if (leaf.kind == Expr::Kind::Variable) {
    Place place = variables_[leaf.slot];
    return asm_.load(Width::U64, reg, place.base, place.offset);
  }
  if (leaf.kind == Expr::Kind::GoValue)
    return go_load(reg, go_operand(leaf).access->words[0], {}, {});
  if (auto offset = register_of(leaf)) return asm_.load(Width::U64, reg, R6, *offset);
  Place place = durations_[static_cast<size_t>(action_.role)];
  asm_.load(Width::U64, reg, place.base, place.offset);
}

void Generator::eval(const Expr& expr) {
  if (is_leaf(expr)) return eval_to(R0, expr);
  switch (expr.kind) {
    case Expr::Kind::Call: return call(expr);
    case Expr::Kind::Variable: return variable(expr);
    case Expr::Kind::Map: return map_value(expr);
    case Expr::Kind::Unary:
      if (expr.op == Op::Not) return boolean(expr);
      eval(expr.kids[0]);
      if (expr.op == Op::Neg) return asm_.neg(R0);
      if (expr.op == Op::BitNot) return asm_.alu(Alu::Xor, R0, -1);
      return fail("internal error: unary operator");
    case Expr::Kind::Binary: return binary(expr);
    case Expr::Kind::Ternary: return ternary(expr);
    case Expr::Kind::Cast: eval(expr.kids[0]); return cast(expr.type);
    case Expr::Kind::Deref: return deref(expr);
    case Expr::Kind::IncDec: return inc_dec(expr);
    case Expr::Kind::Index: return string_index(expr);
    case Expr::Kind::GoValue: return go_value(expr);
    case Expr::Kind::Field: {
      Memory::Scope scope(memory_);
      const Type& tuple = expr.kids[0].type;
      Place place = tuple_place(expr.kids[0]);
      return asm_.load(Width::U64, R0, place.base,
                       place.offset + static_cast<int32_t>(tuple.part_offset(expr.integer)));
    }
    case Expr::Kind::Tuple:
    case Expr::Kind::Integer:
    case Expr::Kind::String:
    case Expr::Kind::MapRef: break;
  }
  fail("internal error: not a number");
}

// Jumps to `unknown_` if the variable's value is not known.
void Generator::check_known(const Expr& variable) {
  if (!fallible_[variable.slot]) return;
  unknown_by_flag(variables_[variable.slot] + -8);
}

void Generator::variable(const Expr& expr) {
  Place place = variables_[expr.slot];
  check_known(expr);
  asm_.load(Width::U64, R0, place.base, place.offset);
}

// Jumps to `to` if the expression is false, else goes on.
void Generator::branch_false(const Expr& expr, Label to) {
  if (expr.kind == Expr::Kind::Unary && expr.op == Op::Not) return branch_true(expr.kids[0], to);
  if (expr.kind == Expr::Kind::Binary) {
    if (expr.op == Op::LogicalAnd) {
      branch_false(expr.kids[0], to);
      return branch_false(expr.kids[1], to);
    }
    if (expr.op == Op::LogicalOr) {
      Label yes = asm_.label();
      branch_true(expr.kids[0], yes);
      branch_false(expr.kids[1], to);
      return asm_.bind(yes);
    }
    if (expr.op >= Op::Eq && expr.op <= Op::Ge) return compare_branch(expr, false, to);
  }
  eval(expr);
  asm_.jump(Jump::Eq, R0, 0, to);
}

void Generator::branch_true(const Expr& expr, Label to) {
  if (expr.kind == Expr::Kind::Unary && expr.op == Op::Not) return branch_false(expr.kids[0], to);
  if (expr.kind == Expr::Kind::Binary) {
    if (expr.op == Op::LogicalOr) {
      branch_true(expr.kids[0], to);
      return branch_true(expr.kids[1], to);
    }
    if (expr.op == Op::LogicalAnd) {
      Label no = asm_.label();
      branch_false(expr.kids[0], no);
      branch_true(expr.kids[1], to);
      return asm_.bind(no);
    }
    if (expr.op >= Op::Eq && expr.op <= Op::Ge) return compare_branch(expr, true, to);
  }
  eval(expr);
  asm_.jump(Jump::Ne, R0, 0, to);
}

// A condition as 0 or 1.
void Generator::boolean(const Expr& expr) {
  Label no = asm_.label(), done = asm_.label();
  branch_false(expr, no);
  asm_.mov(R0, 1);
  asm_.jump(done);
  asm_.bind(no);
  asm_.mov(R0, 0);
  asm_.bind(done);
}

void Generator::ternary(const Expr& expr) {
  Label otherwise = asm_.label(), done = asm_.label();
  branch_false(expr.kids[0], otherwise);
  eval(expr.kids[1]);
  asm_.jump(done);
  asm_.bind(otherwise);
  eval(expr.kids[2]);
  asm_.bind(done);
}

void Generator::cast(const Type& type) {
  if (type.kind == Type::Kind::Bool) {
    Label zero = asm_.label();
    asm_.jump(Jump::Eq, R0, 0, zero);
    asm_.mov(R0, 1);
    return asm_.bind(zero);
  }
  if (type.kind != Type::Kind::Int || type.size >= 8) return;
  int32_t bits = 64 - 8 * type.size;
  if (type.size == 4 && !type.is_signed) return asm_.zero_extend32(R0);
  asm_.alu(Alu::Lsh, R0, bits);
  asm_.alu(type.is_signed ? Alu::Arsh : Alu::Rsh, R0, bits);
}

void Generator::deref(const Expr& expr) {
  eval(expr.kids[0]);
  uint32_t bytes = expr.type.kind == Type::Kind::Int ? expr.type.size : 8;
  read_user(bytes, expr.type.kind == Type::Kind::Int && expr.type.is_signed);
}

// R0 = the number at user address R0; unknown if it cannot be read.
void Generator::read_user(uint32_t bytes, bool is_signed) {
  Memory::Scope scope(memory_);
  Place word = memory_.allocate(8);
  asm_.mov(R3, R0);
  asm_.mov(R2, static_cast<int32_t>(bytes));
  address(R1, word);
  asm_.call(Helper::ProbeReadUser);
  asm_.jump(Jump::Ne, R0, 0, unknown_);
  asm_.load(width_of(bytes), R0, word.base, word.offset);
  if (is_signed) cast(Type::integer(static_cast<uint8_t>(bytes), true));
}

void Generator::inc_dec(const Expr& expr) {
  if (expr.kids[0].kind == Expr::Kind::Map) return map_inc_dec(expr);
  Place place = variables_[expr.kids[0].slot];
  variable(expr.kids[0]);
  auto delta = static_cast<int32_t>(static_cast<int64_t>(expr.integer));
  if (expr.postfix) {
    asm_.mov(R1, R0);
    asm_.alu(Alu::Add, R1, delta);
    return asm_.store(Width::U64, place.base, place.offset, R1);
  }
  asm_.alu(Alu::Add, R0, delta);
  asm_.store(Width::U64, place.base, place.offset, R0);
}

}  // namespace gotap::codegen
