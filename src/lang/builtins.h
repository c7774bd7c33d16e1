// Built-ins: one row each with everything the language, its messages and the help page know. Entry
// points: builtin_rows(), find_builtin(). A new built-in is one row in builtins.cc and one
// generator in codegen/, indexed by the same enum.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "lang/program.h"

namespace gotap::lang {

namespace ast {
struct Expr;
}
class Checker;
struct Typed;

/// In which probes a built-in means something.
enum class Where : uint8_t {
  Anywhere,
  InFunctions,  ///< uprobe and uretprobe
  AtReturn,     ///< uretprobe only
};

enum class Category : uint8_t {
  Value,        ///< a word; with () too
  Function,     ///< gives a value
  Action,       ///< a statement: gives none
  Aggregation,  ///< `@m = f(...)` only
};

struct BuiltinRow {
  Builtin id;
  const char* name;   ///< as written; of argN and sargN without the N
  const char* usage;  ///< `hist(n[, bits])`
  const char* doc;    ///< one line, without a full stop
  Category category;
  Where where;
  uint8_t min_args, max_args;
  /// Types a use of the row, arguments counted already. `e` is the Name or Call.
  Typed (*check)(Checker& checker, const ast::Expr& e, const BuiltinRow& row);
};

/// All rows, in the order of Builtin.
const std::vector<BuiltinRow>& builtin_rows();

/// The row of what a script calls `name`, with `number` the N of arg0, sarg0. Null: no such.
const BuiltinRow* find_builtin(std::string_view name, uint64_t* number = nullptr);

/// The type a cast calls `name`.
std::optional<Type> find_type(std::string_view name);
const std::vector<std::string_view>& type_names();

/// Whether bpftrace has a built-in `name` that gotap does not.
bool is_foreign_builtin(std::string_view name);

}  // namespace gotap::lang
