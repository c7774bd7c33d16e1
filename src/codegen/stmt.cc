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
    bool string = type.in_memory();
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
  if (stmt.kind == Stmt::Kind::Break) return asm_.jump(break_);
  if (stmt.kind == Stmt::Kind::Continue) return asm_.jump(continue_);
  if (stmt.kind == Stmt::Kind::While) return while_loop(stmt);
  if (stmt.kind == Stmt::Kind::For) return for_loop(stmt);
  if (stmt.kind == Stmt::Kind::Unroll) {
    for (uint32_t i = 0; i < stmt.count; i++) body(stmt.then_body);
    return;
  }
  attempt(
      [&] {
        switch (stmt.kind) {
          case Stmt::Kind::AssignMap: assign_map(stmt); break;
          case Stmt::Kind::Aggregate: aggregate(stmt); break;
          default:
            if (stmt.value->kind == Expr::Kind::IncDec &&
                stmt.value->kids[0].kind == Expr::Kind::Map)
              return inc_dec_statement(*stmt.value);
            if (stmt.value->type.kind == Type::Kind::Void) return eval(*stmt.value);
            // Only for what it may count.
            Place unused = memory_.allocate(stmt.value->type.memory_size() + 8);
            eval_into(*stmt.value, stmt.value->type, unused, false);
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
        if (type.in_memory()) {
          bool refers_to_itself = false;
          for_each_expr(*stmt.value, [&](const Expr& expr) {
            refers_to_itself |= expr.kind == Expr::Kind::Variable && expr.slot == stmt.slot;
          });
          if (!refers_to_itself) {
            eval_into(*stmt.value, type, place, true);
          } else {
            Place copied = memory_.allocate(type.memory_size() + 8);
            eval_into(*stmt.value, type, copied, true);
            copy(place, copied.base, copied.offset, type.memory_size());
          }
        } else {
          eval(*stmt.value);
          asm_.store(Width::U64, place.base, place.offset, R0);
        }
        if (fallible) asm_.store(Width::U64, place.base, place.offset - 8, 0);
      },
      [] {}, ReasonSink{place + -8});
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

// A loop: `round` makes the code of one, with jumps to `break_` where it ends. The kernel's
// verifier walks through every round, up to a million instructions, so their number is bounded here
// by a counter that it can follow: on the stack, never in scratch memory. A loop cut short is
// counted. `rounds`: how many there will be, if that is known.
template <class Round>
void Generator::loop(const Round& round, std::optional<uint64_t> rounds) {
  // Loops inside of loops multiply, so they get fewer.
  constexpr uint64_t kBudget = 40'000, kMostRounds[] = {1024, 16, 4};
  Memory::Scope scope(memory_);
  Label saved_break = break_, saved_continue = continue_, head = asm_.label();
  uint64_t saved_repeated = repeated_;
  const uint64_t most_rounds = kMostRounds[std::min<size_t>(loops_++, 2)];
  repeated_ = 0;
  break_ = asm_.label();
  continue_ = asm_.label();
  Place made = memory_.allocate_on_stack(8);
  if (!rounds) {
    asm_.mov(R1, 0);
    asm_.store(Width::U64, made.base, made.offset, R1);
  }
  size_t begin = asm_.size();
  asm_.bind(head);
  round();
  uint64_t cost = asm_.size() - begin + repeated_;
  uint64_t most = rounds.value_or(std::clamp<uint64_t>(kBudget / cost, 1, most_rounds));
  if (rounds && most * cost > 8 * kBudget)
    fail("a loop of " + std::to_string(most) + " rounds of " + std::to_string(cost) +
         " instructions is too long for the kernel");
  if (!rounds) {
    Label cut = asm_.label(), again = asm_.label();
    asm_.load(Width::U64, R1, made.base, made.offset);
    asm_.jump(Jump::Ge, R1, static_cast<int32_t>(most), cut);
    asm_.alu(Alu::Add, R1, 1);
    asm_.store(Width::U64, made.base, made.offset, R1);
    asm_.jump(again);
    asm_.bind(cut);
    count(offsetof(Globals, loops_cut));
    asm_.jump(break_);
    asm_.bind(again);
  }
  asm_.jump(head);
  asm_.bind(break_);
  loops_--;
  repeated_ = saved_repeated + most * cost;
  break_ = saved_break;
  continue_ = saved_continue;
}

void Generator::while_loop(const Stmt& stmt) {
  loop(
      [&] {
        attempt([&] { branch_false(*stmt.value, break_); },
                [&] {
                  count(offsetof(Globals, undecided));
                  asm_.jump(break_);
                });
        body(stmt.then_body);
        asm_.bind(continue_);
      },
      std::nullopt);
}

// The range is taken once, and the variable anew in each round: what the script assigns to it
// changes that round only.
void Generator::for_loop(const Stmt& stmt) {
  Memory::Scope scope(memory_);
  Label done = asm_.label();
  Place index = memory_.allocate_on_stack(8), end = memory_.allocate_on_stack(8);
  attempt(
      [&] {
        for (const Expr* bound : {&*stmt.value, &*stmt.limit}) {
          eval(*bound);
          Place place = bound == &*stmt.value ? index : end;
          asm_.store(Width::U64, place.base, place.offset, R0);
        }
      },
      [&] {
        count(offsetof(Globals, undecided));
        asm_.jump(done);
      });
  std::optional<uint64_t> rounds;
  auto is_literal = [](const Expr& expr) { return expr.kind == Expr::Kind::Integer; };
  if (is_literal(*stmt.value) && is_literal(*stmt.limit)) {
    auto low = static_cast<int64_t>(stmt.value->integer);
    auto high = static_cast<int64_t>(stmt.limit->integer);
    rounds = low < high ? stmt.limit->integer - stmt.value->integer : 0;
  }
  Place variable = variables_[stmt.slot];
  loop(
      [&] {
        asm_.load(Width::U64, R1, index.base, index.offset);
        asm_.load(Width::U64, R2, end.base, end.offset);
        asm_.jump(Jump::SGe, R1, R2, break_);
        asm_.store(Width::U64, variable.base, variable.offset, R1);
        if (fallible_[stmt.slot]) asm_.store(Width::U64, variable.base, variable.offset - 8, 0);
        body(stmt.then_body);
        asm_.bind(continue_);
        asm_.load(Width::U64, R1, index.base, index.offset);
        asm_.alu(Alu::Add, R1, 1);
        asm_.store(Width::U64, index.base, index.offset, R1);
      },
      rounds);
  asm_.bind(done);
}

}  // namespace gotap::codegen
