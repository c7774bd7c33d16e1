// The syntax tree of a script: what was written, before any name or type is looked at. The
// parser makes it and the checker reads it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/type.h"
#include "lang/program.h"

namespace gotap::lang::ast {

struct Expr {
  enum class Kind : uint8_t {
    Integer,   ///< `integer`
    Bool,      ///< `integer` is 0 or 1
    String,    ///< `text`
    Name,      ///< a word: a built-in value such as pid, arg0
    Call,      ///< `text`(kids)
    Variable,  ///< `text` with its $
    Map,       ///< `text` with its @; `indexed` says whether [kids] stood there
    Unary,     ///< `op` kids[0]
    Binary,    ///< kids[0] `op` kids[1]
    Ternary,   ///< kids[0] ? kids[1] : kids[2]; `c ?: b` has two kids
    Cast,      ///< (`type`) kids[0]
    Deref,     ///< *kids[0]
    Index,     ///< kids[0][kids[1]], of a pointer
    IncDec,    ///< ++ and --: `integer` is +1 or -1 (as u64), `postfix`
    Tuple,     ///< (kids)
    Field,     ///< kids[0].N: `integer` is N; kids[0].NAME: `text` is NAME
    Slice,     ///< kids[0][low:high]
    Assert,    ///< kids[0].(T): `text` is T
    Nil,       ///< nil
  };
  Kind kind = Kind::Integer;
  Location location;
  Location step;  ///< Index, Slice, Field, Assert: what stands behind kids[0]
  uint64_t integer = 0;
  std::string text;
  Op op = Op::None;
  Type type;
  bool postfix = false;
  bool indexed = false;
  /// A literal that stands for a positional parameter; `text` holds the parameter.
  bool parameter = false;
  std::optional<uint64_t> low, high;  ///< Slice
  uint32_t depth = 1;                 ///< of the tree below; the parser bounds it
  std::vector<Expr> kids;
};

struct Stmt {
  enum class Kind : uint8_t {
    Expr,    ///< `value` for its effect
    Assign,  ///< `target` = `value`, or `target` `op`= `value`
    If,      ///< if (value) then_body else else_body
    Return,
    Unroll,    ///< unroll (value) then_body
    While,     ///< while (value) then_body
    For,       ///< for (target : value..limit) then_body; without `limit` `value` is a map
    Break,     ///< of the innermost loop
    Continue,  ///< with the innermost loop's next round
    Let,       ///< let target [: type] [= value]
    Block,     ///< { then_body }
  };
  Kind kind = Kind::Expr;
  Location location;
  Op op = Op::None;  ///< Assign: None for a plain =
  std::optional<Expr> target, value, limit;
  std::optional<Type> type;  ///< Let
  std::vector<Stmt> then_body, else_body;
};

struct Clause {
  std::vector<ProbeSpec> probes;
  std::optional<Expr> predicate;
  std::vector<Stmt> body;
  Location location;  ///< of its probes
};

/// An entry of a block `config = { name = value; }`.
struct Setting {
  std::string name;
  std::string text;  ///< the value as written; a string's without its quotes
  std::optional<uint64_t> number;
  Location location;
};

struct Script {
  std::vector<Setting> settings;
  std::vector<Clause> clauses;
};

/// The stage's printer: `--dump=ast`, and the golden format of the parser's tests. Every
/// operator's operands stand in parentheses, so that precedence is seen.
std::string dump(const Script& script);

}  // namespace gotap::lang::ast

namespace gotap::lang {

/// As written in a script: `+`, `&&`, `~`.
const char* spelling(Op op);
/// `text` as a string literal of the language, quotes included.
std::string quoted(std::string_view text);
/// One attach point as it could stand in a script.
std::string to_string(const ProbeSpec& spec);
/// BEGIN, END, interval, uprobe, uretprobe.
const char* name(ProbeKind kind);

}  // namespace gotap::lang
