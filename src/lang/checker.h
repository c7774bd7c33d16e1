// The checker's inside, shared by check.cc (the rounds, clauses, statements), check_expr.cc
// (operators), check_map.cc (maps and variables), check_go.cc (values of Go programs) and
// builtins.cc (one function a row).
//
// How types are found: the whole script is checked again and again, each round knowing the
// types of maps and variables that the rounds before found, until a round learns nothing. Types
// only ever grow (from "a small literal" to unsigned to signed; strings get longer), so this
// ends. The diagnostics and the program are those of the last round.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "lang/builtins.h"
#include "lang/check.h"

namespace gotap::lang {

/// A typed expression on its way up.
struct Typed {
  Expr expr;
  bool usable = true;  ///< false: wrong (and said so), or of a type not yet known
  bool soft = false;   ///< an int64 that is at home in any integer type: small literals
};

class Checker {
 public:
  Checker(const ast::Script& script, const TargetLookup& lookup, const CheckOptions& options);
  Checked run();

  // For the rows of builtins.cc.
  static Typed unusable() { return Typed{{}, false, false}; }
  Typed error(const Location& where, std::string message, std::string hint = "");
  void warning(const Location& where, std::string message, std::string hint = "");
  /// Any expression; of type Void if it is an action.
  Typed any(const ast::Expr& e);
  /// An expression that must have a value.
  Typed value(const ast::Expr& e);
  /// A value to be shown only: len() too, which user space knows and programs do not.
  Typed printable(const ast::Expr& e);
  /// A value for %v: of a Go value all of it, with what it leads to.
  Typed whole(const ast::Expr& e);
  /// A value for print(): of a Go value all of it, unless it is but a number, a text or an error.
  Typed printed(const ast::Expr& e);
  /// A value that must be an integer, bool or pointer.
  Typed number(const ast::Expr& e, const char* what);
  /// What the bytes of a Go value are wanted for.
  enum class GoUse : uint8_t {
    Value,  ///< what it is
    Text,   ///< str(): bytes as a string
    Bytes,  ///< buf()
  };
  /// Whether an expression is a part of a Go value: args.x, retval.err[0], global("pkg.v").
  bool is_go(const ast::Expr& e);
  /// The same where only a Go value makes sense: then retval alone is one, even if its type is not
  /// known, and why it is not can be said.
  bool can_only_be_go(const ast::Expr& e);
  /// A part of a Go value, or cap(), typeof() ... of one. See check_go.cc.
  Typed go_value(const ast::Expr& e);
  /// That of the part `e`; `around`: the call that asks for the aspect.
  Typed go_value(const ast::Expr& e, go::Aspect aspect, GoUse use,
                 const ast::Expr* around = nullptr);
  /// An integer known now, in [low, high].
  std::optional<int64_t> literal(const ast::Expr& e, const char* what, int64_t low, int64_t high);
  /// A map, or an entry of it, aggregate or not. `type` of the result is the map's value type.
  Typed map_entry(const ast::Expr& e);
  Typed map_ref(const ast::Expr& e);
  Typed coerce(Typed typed, const Type& type);
  /// `made`, if the probes of the clause have stacks that can be followed.
  Typed stack(Typed made, const char* name);
  uint32_t add_format(Format format);
  /// The index of strftime()'s format, the same in each round.
  uint32_t add_time_format(const std::string& format);
  const std::vector<std::optional<TargetFacts>>& facts() const { return facts_[clause_index_]; }
  const std::vector<ProbeSpec>& probes() const { return script_.clauses[clause_index_].probes; }
  const CheckOptions& options() const { return options_; }
  Clause& clause() { return *clause_; }

 private:
  /// A type that is being found out.
  struct Slot {
    bool known = false;
    bool soft = false;
    Type type;
    std::optional<Type> declared;  ///< by `let $x : type`
  };
  struct MapInfo {
    std::string name;
    Location first;
    bool keys_known = false;
    bool written = false;
    bool reported = false;
    std::vector<Slot> keys;
    Slot value;
    uint32_t hist_bits = 0;
    int64_t lhist_min = 0, lhist_max = 0, lhist_step = 0;
  };
  using Scope = std::vector<std::pair<std::string, uint32_t>>;

  // check.cc
  void round();
  void check_clause(const ast::Clause& clause);
  void body(const std::vector<ast::Stmt>& stmts, std::vector<Stmt>& out);
  void statement(const ast::Stmt& stmt, std::vector<Stmt>& out);
  void expression_statement(const ast::Stmt& stmt, std::vector<Stmt>& out);
  void assign_variable(const ast::Stmt& stmt, std::vector<Stmt>& out);
  void assign_map(const ast::Stmt& stmt, std::vector<Stmt>& out);
  void aggregate(const ast::Stmt& stmt, const BuiltinRow& row, std::vector<Stmt>& out);
  void loop(const ast::Stmt& stmt, std::vector<Stmt>& out);
  void for_range(const ast::Stmt& stmt, std::vector<Stmt>& out);
  void let(const ast::Stmt& stmt, std::vector<Stmt>& out);
  void settings();
  void error_texts(const Location& where);
  void finish();

  // check_map.cc
  bool merge(Slot& slot, const Typed& typed);
  static bool merge_type(Type& into, const Type& type);
  uint32_t map_index(const ast::Expr& e);
  bool map_keys(const ast::Expr& e, MapInfo& map, std::vector<Expr>& keys);
  bool map_known(MapInfo& map, const Location& where);
  Typed map_value(const ast::Expr& e);
  Typed variable(const ast::Expr& e);
  std::optional<uint32_t> find_variable(std::string_view name) const;
  uint32_t declare(const ast::Expr& target);
  bool aggregate_arguments(const ast::Expr& call, const BuiltinRow& row, MapInfo& map,
                           std::optional<Expr>& argument);
  void undefined_map(MapInfo& map, const Location& where);

  // check_expr.cc
  Typed unary(const ast::Expr& e);
  Typed binary(const ast::Expr& e);
  Typed binary(Op op, Typed left, Typed right, const Location& where);
  Typed pointer_math(Op op, Typed left, Typed right, const Location& where);
  Typed compare(Op op, Typed left, Typed right, const Location& where);
  Typed fold(Op op, const Typed& left, const Typed& right, const Location& where);
  Typed ternary(const ast::Expr& e);
  Typed cast(const ast::Expr& e);
  Typed deref(Typed pointer, const Location& where);
  Typed index(const ast::Expr& e);
  Typed tuple(const ast::Expr& e);
  Typed field(Typed of, uint64_t part, const Location& where);
  Typed step(const ast::Expr& e);
  Typed builtin(const ast::Expr& e);
  bool stands_right(const ast::Expr& e, const BuiltinRow& row);
  Typed unknown_word(const ast::Expr& e);
  Type common(const Typed& left, const Typed& right, bool* mixed) const;

  // check_go.cc, check_go_type.cc
  /// A path as written, with where its parts stand.
  struct GoPath {
    go::Path path;
    Location root;
    std::vector<Location> steps;  ///< parallel to the path's
    std::vector<Expr> indices;    ///< the dynamic ones
  };
  /// Its type in all functions of the clause, or what is wrong. Neither: nothing is known of any.
  struct GoResolved {
    std::optional<Type> type;
    std::optional<Diagnostic> problem;
    bool everywhere = false;  ///< it is known in every function, not in some only
  };
  bool has_typed_retval();
  bool go_root(const ast::Expr& e, GoPath& out);
  std::optional<GoPath> go_path(const ast::Expr& e, bool whole = false);
  bool go_step(const ast::Expr& e, GoPath& out);
  bool go_probes(const GoPath& path, const Location& where);
  Typed go_made(GoPath path, go::Aspect aspect, GoUse use, const Location& where);
  uint32_t add_go_value(GoValue value);
  Typed compare_nil(const ast::Expr& e);
  uint32_t add_constants(const std::vector<go::Constant>& constants);
  std::optional<Type> go_type(const go::TypeInfo& info, const go::Resolved& resolved, GoUse use,
                              const go::Path& path, go::PathError& why);
  static Type go_aspect_type(go::Aspect aspect);
  GoResolved resolve_all(const GoPath& path, go::Aspect aspect, GoUse use);
  /// Where a value is looked at.
  struct GoSpot {
    const go::TypeInfo* info = nullptr;
    uint32_t function = 0;
    go::Spot at;
  };
  std::vector<GoSpot> go_spots(const GoPath& path) const;
  GoResolved resolve_each(const GoPath& path, go::Aspect aspect, GoUse use);

  const ast::Script& script_;
  CheckOptions options_;
  std::vector<std::vector<std::optional<TargetFacts>>> facts_;  // by clause and probe

  // What the rounds learn.
  std::vector<MapInfo> maps_;
  std::map<std::string, uint32_t, std::less<>> map_by_name_;
  std::map<uint32_t, Slot> variables_;  // by the offset of the assignment that declares them
  std::vector<std::string> time_formats_;
  std::vector<std::map<int64_t, std::string>> constants_;
  /// By clause, place and what is asked for: the same in each round.
  std::map<std::tuple<size_t, uint32_t, go::Path, go::Aspect, GoUse>, GoResolved> go_resolved_;
  bool learned_ = false;
  bool final_ = false;

  // What one round makes.
  TypedProgram program_;
  Diagnostics diagnostics_;
  size_t clause_index_ = 0;
  Clause* clause_ = nullptr;
  std::vector<uint32_t> declared_at_;  // of the clause's variables
  std::vector<std::string> ended_;     // names of variables whose block is over
  std::vector<Scope> scopes_;
  uint32_t loops_ = 0;  // around the statement
};

/// A literal as an expression: its type is int64, or uint64 where it must be.
Typed make_literal(__int128 value, const Location& where);
/// The value of an integer literal.
__int128 literal_value(const Expr& e);
inline bool is_literal(const Expr& e) {
  return e.kind == Expr::Kind::Integer && e.type.kind == Type::Kind::Int;
}
/// "uint64", "string": how messages call a type.
std::string describe(const Type& type);
/// The same with its article: "an int64", "a string".
std::string a(const Type& type);

}  // namespace gotap::lang
