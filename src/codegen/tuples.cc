// Values of any type in memory, and tuples: their parts one behind the other. Entry points:
// Generator::eval_into(), tuple_place().
#include "codegen/generator.h"

namespace gotap::codegen {

using namespace bpf;

// The value of `expr` as `type` has it at `dst`: wider than the expression's own where a map or a
// variable holds longer strings too. `zeroed` as in strings.cc.
void Generator::eval_into(const Expr& expr, const Type& type, Place dst, bool zeroed) {
  if (type.has_bytes()) return eval_string(expr, dst, type.capacity, zeroed);
  if (type.kind == Type::Kind::Tuple) return eval_tuple(expr, type, dst, zeroed);
  if (type.kind == Type::Kind::GoError || type.kind == Type::Kind::Stack)
    return eval_object(expr, type, dst);
  eval(expr);
  asm_.store(Width::U64, dst.base, dst.offset, R0);
}

// An error or a stack: made here, or held by a variable, a map, a tuple. `type` may have room for
// more frames than the expression's own.
void Generator::eval_object(const Expr& expr, const Type& type, Place dst) {
  Memory::Scope scope(memory_);
  switch (expr.kind) {
    case Expr::Kind::GoValue: return read_error(expr, dst);
    case Expr::Kind::Call: return walk_stack(expr, type, dst);
    case Expr::Kind::Variable:
    case Expr::Kind::Field: return copy_value(dst, type, tuple_place(expr), expr.type, true);
    case Expr::Kind::Map: {  // nil, or no frames, if the key is missing
      Label missing = asm_.label(), done = asm_.label();
      map_lookup(expr.slot, map_key(expr.slot, expr.kids));
      asm_.jump(Jump::Eq, R0, 0, missing);
      copy_value(dst, type, {R0, 0}, expr.type, true);
      asm_.jump(done);
      asm_.bind(missing);
      zero(dst, type.memory_size());
      return asm_.bind(done);
    }
    case Expr::Kind::Ternary: {
      Label otherwise = asm_.label(), done = asm_.label();
      branch_false(expr.kids[0], otherwise);
      eval_object(expr.kids[1], type, dst);
      asm_.jump(done);
      asm_.bind(otherwise);
      eval_object(expr.kids[2], type, dst);
      return asm_.bind(done);
    }
    default: return fail("internal error: neither an error nor a stack");
  }
}

void Generator::eval_tuple(const Expr& expr, const Type& type, Place dst, bool zeroed) {
  if (type.parts.size() != expr.type.parts.size()) return fail("internal error: parts of a tuple");
  switch (expr.kind) {
    case Expr::Kind::Tuple:
      for (size_t i = 0; i < expr.kids.size(); i++) {
        Memory::Scope scope(memory_);
        eval_into(expr.kids[i], type.parts[i], dst + static_cast<int32_t>(type.part_offset(i)),
                  zeroed);
      }
      return;
    case Expr::Kind::Map: {
      Memory::Scope scope(memory_);
      Label missing = asm_.label(), done = asm_.label();
      const Type& held = user_map(expr.slot).value;
      bool same = held == type;
      Place copied = same ? dst : memory_.allocate(held.memory_size());
      Place key = map_key(expr.slot, expr.kids);
      map_lookup(expr.slot, key);
      asm_.jump(Jump::Eq, R0, 0, missing);
      copy(copied, R0, 0, held.memory_size());
      asm_.jump(done);
      asm_.bind(missing);
      zero(copied, held.memory_size());
      asm_.bind(done);
      if (!same) copy_value(dst, type, copied, held, zeroed);
      return;
    }
    case Expr::Kind::Variable:
    case Expr::Kind::Field: {
      Memory::Scope scope(memory_);
      const Type source =
          expr.kind == Expr::Kind::Variable ? clause_->variables[expr.slot].type : expr.type;
      Place place = tuple_place(expr);
      return copy_value(dst, type, place, source, zeroed);
    }
    default: return fail("internal error: not a tuple");
  }
}

// Where the tuple lies in memory: a variable's own place, or a new one.
Place Generator::tuple_place(const Expr& expr) {
  if (expr.kind == Expr::Kind::Variable) {
    check_known(expr);
    return variables_[expr.slot];
  }
  if (expr.kind == Expr::Kind::Field) {
    const Type& outer = expr.kids[0].type;
    return tuple_place(expr.kids[0]) + static_cast<int32_t>(outer.part_offset(expr.integer));
  }
  Place place = memory_.allocate(expr.type.memory_size() + 8);
  eval_tuple(expr, expr.type, place, true);
  return place;
}

void Generator::copy_value(Place dst, const Type& type, Place src, const Type& source,
                           bool zeroed) {
  if (type.kind == Type::Kind::Tuple) {
    for (size_t i = 0; i < type.parts.size(); i++)
      copy_value(dst + static_cast<int32_t>(type.part_offset(i)), type.parts[i],
                 src + static_cast<int32_t>(source.part_offset(i)), source.parts[i], zeroed);
    return;
  }
  if (type.has_bytes())
    return string_copy(dst, type.capacity, src.base, src.offset, source.capacity, zeroed);
  copy(dst, src.base, src.offset, source.memory_size());
  if (const uint32_t more = type.memory_size() - source.memory_size())  // a stack of more frames
    zero(dst + static_cast<int32_t>(source.memory_size()), more);
}

}  // namespace gotap::codegen
