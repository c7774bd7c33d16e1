// Scripts with Go values for tests, without a checker that knows any: in a script, `argN` stands
// for the N-th of some values, which are given by hand with the places they have. `str(argN)` is
// that value where it is a string. Entry point: compile_go_script().
#pragma once

#include <string>
#include <vector>

#include "support/script_compiler.h"

namespace gotap::codegen {

/// A Go value: what the script sees, and where it is.
struct MadeValue {
  Type type;
  go::Access access;
  go::Aspect aspect = go::Aspect::Value;
  bool at_entry = false;
  /// The dynamic index of the access, an `argN` of its own; -1: it has none.
  int index = -1;
};

inline void replace_values(lang::Expr& expr, const std::vector<MadeValue>& values) {
  for (lang::Expr& kid : expr.kids) replace_values(kid, values);
  if (expr.kind != lang::Expr::Kind::Call) return;
  auto is_value = [&](const lang::Expr& e, bool in_memory) {
    return e.kind == lang::Expr::Kind::Call && e.builtin == lang::Builtin::Arg &&
           e.integer < values.size() && values[e.integer].type.in_memory() == in_memory;
  };
  bool text = expr.builtin == lang::Builtin::Str && is_value(expr.kids[0], true);
  if (!text && !is_value(expr, false)) return;
  auto slot = static_cast<uint32_t>(text ? expr.kids[0].integer : expr.integer);
  const MadeValue& value = values[slot];
  lang::Expr made;
  made.kind = lang::Expr::Kind::GoValue;
  made.slot = slot;
  made.type = value.type;
  if (value.index >= 0) {
    lang::Expr index;
    index.kind = lang::Expr::Kind::Call;
    index.builtin = lang::Builtin::Arg;
    index.integer = static_cast<uint64_t>(value.index);
    index.type = Type::u64();
    made.kids.push_back(std::move(index));
  }
  expr = std::move(made);
}

inline void replace_values(std::vector<lang::Stmt>& body, const std::vector<MadeValue>& values) {
  for (lang::Stmt& stmt : body) {
    for (lang::Expr& key : stmt.keys) replace_values(key, values);
    if (stmt.value) replace_values(*stmt.value, values);
    replace_values(stmt.then_body, values);
    replace_values(stmt.else_body, values);
  }
}

/// The script with `values`, which every clause and every function has in the same places.
/// `bias_address`: Shape::bias_address of all programs. `change` is done at the end.
inline Result<testing::CompiledScript> compile_go_script(const std::string& text,
                                                         const std::vector<MadeValue>& values,
                                                         uint64_t bias_address = 0,
                                                         uint32_t max_strlen = 1024,
                                                         const testing::Change& change = {}) {
  return testing::compile_script(
      text, max_strlen, 4096, [&](lang::TypedProgram& program, plan::Plan& plan) {
        plan.targets.emplace_back();
        std::vector<uint32_t> saves;
        for (uint32_t i = 0; i < program.clauses.size(); i++) {
          lang::Clause& clause = program.clauses[i];
          plan::Layout layout{0, i, {}};
          for (const MadeValue& value : values) {
            clause.go_values.push_back({{}, value.aspect, value.type, {}, value.at_entry});
            layout.values.push_back(value.access);
          }
          if (clause.predicate) replace_values(*clause.predicate, values);
          replace_values(clause.body, values);
          plan.layouts.push_back(std::move(layout));
          bool at_return =
              !clause.probes.empty() && clause.probes[0].kind == lang::ProbeKind::Uretprobe;
          for (const MadeValue& value : values)
            if (value.at_entry && at_return && (saves.empty() || saves.back() != i))
              saves.push_back(i);
        }
        for (plan::Program& made : plan.programs) {
          made.shape.bias_address = bias_address;
          for (plan::Action& action : made.shape.actions) action.layout = action.clause;
          if (made.shape.push_frame) made.shape.saves = saves;
        }
        if (change) change(program, plan);
      });
}

}  // namespace gotap::codegen
