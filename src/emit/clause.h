// ClausePrinter: one clause as it runs at one site, in bpftrace's language. Entry point:
// ClausePrinter::print().
//
// The typed program says what every word means, so each is written as something bpftrace computes
// alike: casts where types would be guessed otherwise, no operator whose sign bpftrace ignores.
// Facts (both versions, run): `/` and `%` divide unsigned and `>>` shifts zeros in, whatever the
// types; comparisons are signed if both sides are.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "emit/emit.h"

namespace gotap::emit {

/// Variables of one block: a name of a script's variable may be taken by another clause, or by
/// the block's own.
class Names {
 public:
  explicit Names(std::set<std::string> taken) : taken_(std::move(taken)) {}
  /// `wanted`, or with a number behind it.
  std::string fresh(const std::string& wanted);

 private:
  std::set<std::string> taken_;
};

/// What all blocks of a script share.
struct Script {
  const lang::TypedProgram& program;
  const plan::Plan& plan;
  Dialect dialect;
  lang::Diagnostics problems;
  /// Maps written so far, and those read before: 0.17 must be told their types first.
  std::set<uint32_t> written, read_early;
  bool runs_commands = false;  ///< system(), which wants --unsafe

  bool old() const { return dialect == Dialect::V017; }
  /// Said once for each place.
  void problem(const lang::Location& where, std::string message, std::string hint = "");
};

/// Where the clause runs. For BEGIN, END and interval without shape.
struct Surroundings {
  const plan::Shape* shape = nullptr;
  plan::Role role = plan::Role::Self;
  plan::Moment moment = plan::Moment::Instruction;
  uint64_t probe = 0;                         ///< what `probe` is, for plan::probe_name()
  uint64_t function = 0;                      ///< what `func` is, for plan::func_name()
  uint32_t layout = plan::Action::kNoLayout;  ///< index into Plan::layouts
  std::string duration;                       ///< the variable that holds it; empty: unknown
};

/// The variable that holds the goroutine's id, where a clause asks for it.
constexpr const char* kGoidVariable = "$goid";

class ClausePrinter {
 public:
  ClausePrinter(Script& script, Names& names, const Surroundings& where,
                const lang::Clause& clause);
  /// Predicate and body as lines, the first level indented by `level`.
  std::string print(size_t level);

 private:
  using Expr = lang::Expr;
  using Stmt = lang::Stmt;

  void body(const std::vector<Stmt>& stmts, size_t level);
  void statement(const Stmt& stmt, size_t level);
  void otherwise(const std::vector<Stmt>& stmts, size_t level);
  void loop(const Stmt& stmt, size_t level);
  void expression_statement(const Expr& e, size_t level);
  std::string aggregation(const Stmt& stmt);
  /// A line, behind those that its expressions need before it.
  void line(size_t level, const std::string& text);
  void flush(size_t level);

  /// The expression; operand() in parentheses where needed; stored() of the very type.
  std::string expr(const Expr& e);
  std::string operand(const Expr& e);
  std::string stored(const Expr& e);
  std::string integer(const Expr& e);
  std::string binary(const Expr& e);
  std::string divide(const Expr& e);
  std::string deref(const Expr& e);
  std::string memory(const std::string& pointer) const;
  std::string place(uint32_t map, const std::vector<Expr>& keys);
  std::string call(const Expr& e);
  std::string printf_call(const Expr& e);
  std::string print_call(const Expr& e);
  std::string delete_call(const Expr& e);
  std::string exit_call(const Expr& e);
  std::string string_read(const Expr& e);
  std::string buffer(const Expr& e);
  std::string clock(const Expr& e);
  std::string keyed(const Expr& entry);
  std::string newer(const Expr& e, const std::string& text);
  std::string argument(const Expr& e);
  std::string go_value(const Expr& e);
  std::string name_of(const Expr& e) const;
  std::string name_literal(const Expr& e);
  /// A variable of the block that holds `text` from here on.
  std::string hoist(const Expr& e, const std::string& text);

  Script& script_;
  Names& names_;
  const Surroundings& where_;
  const lang::Clause& clause_;
  std::vector<std::string> variables_;  // by slot
  std::vector<std::string> before_;     // lines to stand before the current statement
  bool steps_ = false;                  // the current statement changes something while evaluated
  std::string out_;
};

/// What a variable or map of the type holds before its first assignment.
std::string zero(const Type& type, bool old);

/// Whether the clause uses a built-in.
bool mentions(const lang::Clause& clause, lang::Builtin builtin);

}  // namespace gotap::emit
