// TypedProgram: a script with every name resolved and every expression typed. What the
// checker makes and the plan and the generator read; nothing behind it looks at the script.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/copies.h"
#include "base/format.h"
#include "base/type.h"
#include "go/access.h"

namespace gotap::lang {

/// A stretch of the script, for messages. Lines and columns count from 1.
struct Location {
  uint32_t begin = 0, end = 0;  ///< byte offsets, [begin, end)
  uint32_t line = 1, column = 1;
};

enum class ProbeKind : uint8_t { Begin, End, Interval, Uprobe, Uretprobe };

/// One attach point as written: `uprobe:./swapper:"main.swap"+40`, `uprobe:./swapper@swap.go:12`.
struct ProbeSpec {
  ProbeKind kind = ProbeKind::Begin;
  Location location;
  std::string path;                 ///< of the binary, as written
  std::string function;             ///< name or glob, quotes removed
  std::optional<uint64_t> offset;   ///< F+N, exactly that instruction (F+0 too)
  std::optional<uint64_t> address;  ///< `uprobe:PATH:0xN`, a virtual address
  std::string file;  ///< of source, its path or the end of it; not empty: `line` of it is meant
  uint32_t line = 0;
  uint64_t interval_ns = 0;
  std::string text;  ///< the whole spec as written
};

/// Every built-in variable and function of the language: one row each in builtins.cc
/// (name, usage, doc, check), one generator each in codegen/ indexed by this enum.
enum class Builtin : uint8_t {
  // values
  Pid,
  Tid,
  Comm,
  Cpu,
  Uid,
  Gid,
  Nsecs,  ///< Expr::integer is a ClockMode
  Elapsed,
  Rand,
  Username,
  Ncpus,
  Cgroup,
  Numaid,
  Jiffies,
  Usermode,
  Probetype,
  Func,
  Probe,
  Goid,  ///< with a kid of the g at that address
  Duration,
  Retval,
  Arg,       ///< argN: Expr::integer is N
  Sarg,      ///< sargN: Expr::integer is N
  Reg,       ///< reg("ax"): Expr::integer is the byte offset in struct pt_regs
  Str,       ///< str(p) or str(p, n)
  Buf,       ///< buf(p, n) or buf(text, n)
  Strftime,  ///< strftime("format", ns): the type's `detail` is the format
  Strlen,
  Strncmp,  ///< Expr::integer is the length
  Strcontains,
  Strstr,
  Strerror,
  SignalName,
  WaitName,  ///< wait_name(n): n is a WaitCode
  Bswap,
  HasKey,  ///< kids[0] is the entry, a Map
  Len,     ///< the type's `detail` is the map; of a Go value an Expr::GoValue is made
  Label,   ///< label("key"): Expr::string is the key of a pprof label of the goroutine
  Recovered,
  Outermost,
  Depth,
  Ustack,  ///< the type says how many frames, and how they are shown
  Caller,
  // actions
  Printf,
  Print,
  Clear,
  Zero,
  Delete,
  Exit,
  Time,
  Join,    ///< join(argv[, delimiter]): Expr::string is the delimiter
  Cat,     ///< Expr::format is the name of the file
  System,  ///< Expr::format is the command
  // aggregations, only as `@m = f(...)`
  Count,
  Sum,
  Avg,
  Stats,
  Min,
  Max,
  Hist,
  Lhist,
  kNumber,  ///< of those that programs have code for
  // words that the checker makes an Expr::GoValue of
  Args = kNumber,
  Captured,
  Global,
  Cap,
  Typeof,
  TraceId,
  SpanId,
  Local,
  kRows,
};

/// nsecs(MODE).
enum class ClockMode : uint8_t { Boot, Monotonic, Tai };

enum class Op : uint8_t {
  Add,
  Sub,
  Mul,
  Div,
  Mod,
  And,
  Or,
  Xor,
  Shl,
  Shr,  // integers
  Eq,
  Ne,
  Lt,
  Le,
  Gt,
  Ge,  // -> Bool; Eq and Ne of strings too
  LogicalAnd,
  LogicalOr,  // short-circuit
  Neg,
  Not,
  BitNot,  // unary
  None,
};

struct Expr {
  enum class Kind : uint8_t {
    Integer,   ///< `integer`, of `type`
    String,    ///< `string`, literal
    Call,      ///< `builtin` with arguments `kids`
    Variable,  ///< $v: `slot` in Clause::variables
    Map,       ///< @m[kids]: `slot` in TypedProgram::maps; reads the value, 0 / "" if missing
    MapRef,    ///< @m as a whole, in print(@m), clear(@m), zero(@m)
    Unary,     ///< `op` kids[0]
    Binary,    ///< kids[0] `op` kids[1]; both kids have the type the operation is done in
    Ternary,   ///< kids[0] ? kids[1] : kids[2]; short-circuit
    Cast,      ///< to `type`: truncate or extend an integer, or make it a pointer
    Deref,     ///< *kids[0]: reads type.size bytes of user memory; may fail
    Tuple,     ///< (kids); each has the type of its part
    Field,     ///< kids[0].N: `integer` is N
    Index,     ///< kids[0][kids[1]]: a byte of a string; unknown if it has no such byte
    IncDec,    ///< ++ and --: kids[0] is a Variable or Map; `integer` is +1 or -1 (as u64);
               ///< `postfix` says whether the old value is the result
    GoValue,   ///< `slot` in Clause::go_values; kids are its dynamic indices, in order
  };
  Kind kind = Kind::Integer;
  Type type;
  Location location;
  uint64_t integer = 0;
  std::string string;
  Builtin builtin = Builtin::kNumber;
  Op op = Op::None;
  bool postfix = false;
  uint32_t slot = 0;
  uint32_t format = 0;  ///< Printf, Time, Cat, System: index into TypedProgram::formats
  std::vector<Expr> kids;
};

struct Stmt {
  enum class Kind : uint8_t {
    Expr,       ///< `value` for its effect
    AssignVar,  ///< $slot = value
    AssignMap,  ///< @slot[keys] = value, or with `op` Add/Sub an atomic @slot[keys] += value
    Aggregate,  ///< @slot[keys] = aggregation(value); value is absent for count()
    If,         ///< if (value) { then_body } else { else_body }
    Return,     ///< ends the clause
    Unroll,     ///< then_body, `count` times
    While,      ///< while (value) { then_body }
    For,        ///< for ($slot : value..limit) { then_body }
    Break,      ///< leaves the innermost While or For
    Continue,   ///< goes on with its next round
  };
  Kind kind = Kind::Expr;
  Location location;
  uint32_t slot = 0;
  Op op = Op::None;
  std::vector<Expr> keys;
  std::optional<Expr> value, limit;
  uint32_t count = 0;
  std::vector<Stmt> then_body, else_body;
};

struct Variable {
  std::string name;  ///< with its `$`
  Type type;
};

struct MapDecl {
  std::string name;        ///< with its `@`; the nameless map is "@"
  std::vector<Type> keys;  ///< empty: a scalar
  Type value;              ///< scalar type, or an aggregate kind
  // Hist: buckets are powers of two, 2^hist_bits sub-buckets each (0..5).
  uint32_t hist_bits = 0;
  // Lhist: [min, max) in steps.
  int64_t lhist_min = 0, lhist_max = 0, lhist_step = 0;
};

/// A part of an argument, a result or a global, of a Go type. What it is made of differs from
/// function to function; the plan resolves it for each (go::resolve).
struct GoValue {
  go::Path path;
  go::Aspect aspect = go::Aspect::Value;
  Type type;
  Location location;
  /// In a uretprobe, of an argument: it is kept when the call begins.
  bool at_entry = false;
};

struct Clause {
  std::vector<ProbeSpec> probes;
  std::optional<Expr> predicate;
  std::vector<Stmt> body;
  std::vector<Variable> variables;
  Location location;
  std::vector<GoValue> go_values;
  /// Needs frames: entry sites are probed too. It uses `duration` or `outermost`, or at a return
  /// what was there when the call began.
  bool uses_duration = false;
};

struct TypedProgram {
  std::vector<Clause> clauses;
  std::vector<MapDecl> maps;
  std::vector<Format> formats;
  std::vector<std::string> time_formats;  ///< strftime()'s, by Type::detail
  /// Names of constants by value, by Type::detail - 1 of an Int.
  std::vector<std::map<int64_t, std::string>> constants;
  /// What go::resolve() takes for the texts of errors: config `error_text`.
  std::vector<std::string> error_texts;
  ValueLimits values;            ///< how much of a whole value (%v) is copied
  uint32_t max_strlen = 1024;    ///< BPFTRACE_MAX_STRLEN
  uint32_t max_map_keys = 4096;  ///< BPFTRACE_MAX_MAP_KEYS
  bool probe_inline = false;     ///< BPFTRACE_PROBE_INLINE
};

/// Calls `visit` on every expression of a clause, outermost first.
template <class Visit>
void for_each_expr(const Expr& expr, const Visit& visit) {
  visit(expr);
  for (const Expr& kid : expr.kids) for_each_expr(kid, visit);
}
template <class Visit>
void for_each_expr(const std::vector<Stmt>& body, const Visit& visit) {
  for (const Stmt& stmt : body) {
    for (const Expr& key : stmt.keys) for_each_expr(key, visit);
    if (stmt.value) for_each_expr(*stmt.value, visit);
    if (stmt.limit) for_each_expr(*stmt.limit, visit);
    for_each_expr(stmt.then_body, visit);
    for_each_expr(stmt.else_body, visit);
  }
}
template <class Visit>
void for_each_expr(const Clause& clause, const Visit& visit) {
  if (clause.predicate) for_each_expr(*clause.predicate, visit);
  for_each_expr(clause.body, visit);
}

/// The stage's printer: `--dump=types`, and the golden format of the checker's tests.
std::string dump(const TypedProgram& program);

}  // namespace gotap::lang
