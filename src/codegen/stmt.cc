// Statements. Entry point: Generator::body().
//
// A statement that meets an unknown value is skipped and counted (DESIGN rule 10); an assignment
// to a variable makes the variable unknown instead, so that no later statement sees an old value.
#include "codegen/generator.h"

namespace gotap::codegen {

using namespace bpf;

void Generator::find_fallible_variables(const lang::Clause& clause) {
  fallible_.assign(clause.variables.size(), false);
  bool changed = true;
  std::function<void(const std::vector<Stmt>&)> visit = [&](const std::vector<Stmt>& body) {
    for (const Stmt& stmt : body) {
      if (stmt.kind == Stmt::Kind::AssignVar && !fallible_[stmt.slot] && can_fail(*stmt.value))
        changed = fallible_[stmt.slot] = true;
      visit(stmt.then_body);
      visit(stmt.else_body);
    }
  };
  while (changed) {  // a variable's value may be another one's
    changed = false;
    visit(clause.body);
  }
}

void Generator::init_variables(const lang::Clause& clause) {
  variables_.clear();
  for (size_t i = 0; i < clause.variables.size(); i++) {
    const Type& type = clause.variables[i].type;
    bool string = type.kind == Type::Kind::String;
    // The unknown flag stands before the value; reading a string may touch 8 bytes behind it.
    uint32_t flag = fallible_[i] ? 8 : 0;
    Place place = memory_.allocate(flag + type.memory_size() + (string ? 8 : 0));
    if (flag) asm_.store(Width::U64, place.base, place.offset, 0);
    place = place + static_cast<int32_t>(flag);
    zero(place, type.memory_size());
    variables_.push_back(place);
  }
}

void Generator::body(const std::vector<Stmt>& body) {
  for (const Stmt& stmt : body) {
    Memory::Scope scope(memory_);
    statement(stmt);
  }
}

void Generator::statement(const Stmt& stmt) {
  if (stmt.kind == Stmt::Kind::AssignVar) return assign_variable(stmt);
  if (stmt.kind == Stmt::Kind::If) return if_statement(stmt);
  if (stmt.kind == Stmt::Kind::Return) return asm_.jump(clause_end_);
  attempt(
      [&] {
        switch (stmt.kind) {
          case Stmt::Kind::AssignMap: assign_map(stmt); break;
          case Stmt::Kind::Aggregate: aggregate(stmt); break;
          default:
            if (stmt.value->kind == Expr::Kind::IncDec &&
                stmt.value->kids[0].kind == Expr::Kind::Map)
              return inc_dec_statement(*stmt.value);
            if (stmt.value->type.kind == Type::Kind::String) {  // only for what it may count
              Place unused = memory_.allocate(stmt.value->type.memory_size() + 8);
              eval_string(*stmt.value, unused, stmt.value->type.capacity, false);
            } else {
              eval(*stmt.value);
            }
        }
      },
      [&] { count(offsetof(Globals, undecided)); });
}

void Generator::assign_variable(const Stmt& stmt) {
  Place place = variables_[stmt.slot];
  const Type& type = clause_->variables[stmt.slot].type;
  bool fallible = fallible_[stmt.slot];
  attempt(
      [&] {
        if (type.kind == Type::Kind::String) {
          bool refers_to_itself = false;
          for_each_expr(*stmt.value, [&](const Expr& expr) {
            refers_to_itself |= expr.kind == Expr::Kind::Variable && expr.slot == stmt.slot;
          });
          if (!refers_to_itself) {
            eval_string(*stmt.value, place, type.capacity, true);
          } else {
            Place copied = memory_.allocate(type.memory_size() + 8);
            eval_string(*stmt.value, copied, type.capacity, true);
            copy(place, copied.base, copied.offset, type.memory_size());
          }
        } else {
          eval(*stmt.value);
          asm_.store(Width::U64, place.base, place.offset, R0);
        }
        if (fallible) asm_.store(Width::U64, place.base, place.offset - 8, 0);
      },
      [&] { asm_.store(Width::U64, place.base, place.offset - 8, 1); });
}

void Generator::if_statement(const Stmt& stmt) {
  Label otherwise = asm_.label(), done = asm_.label(), outer = unknown_;
  attempt([&] { branch_false(*stmt.value, otherwise); },
          [&] {
            count(offsetof(Globals, undecided));
            asm_.jump(done);
          });
  unknown_ = outer;
  body(stmt.then_body);
  if (!stmt.else_body.empty()) asm_.jump(done);
  asm_.bind(otherwise);
  body(stmt.else_body);
  asm_.bind(done);
}

}  // namespace gotap::codegen
