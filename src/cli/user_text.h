// What a user writes on the command line that becomes a part of the script, --filter 'args.n > 3':
// parsed and checked apart from the script, so that what is wrong is shown in the user's own text.
//
// Entry points: UserExpression, check_user_expression().
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/command.h"
#include "lang/ast.h"
#include "lang/diag.h"
#include "lang/program.h"
#include "lang/source.h"

namespace gotap::cli {

/// What the user wrote, and where in it an expression stands.
struct Written {
  lang::Source source;
  size_t begin = 0, end = 0;
};

/// An expression as the script has it: the user's, maybe with something put in at some places, in a
/// clause of its own that has `before` and `behind` around it.
class UserExpression {
 public:
  UserExpression(const Traced& traced, Written written, std::string before, std::string behind)
      : traced_(traced),
        written_(std::move(written)),
        before_(std::move(before)),
        behind_(std::move(behind)),
        text_(written_.source.text.substr(written_.begin, written_.end - written_.begin)) {}

  const std::string& text() const { return text_; }
  /// What the script has before the expression.
  size_t prefix() const { return before_.size(); }
  /// At a place of text(); later places first.
  void insert(size_t at, const std::string& what);
  /// The clause. Nothing: what is wrong has been said.
  std::optional<lang::ast::Script> parse() const;
  std::optional<lang::TypedProgram> check(const lang::ast::Script& script) const;
  /// Says what is wrong with all of it, and nothing else.
  void refuse(const std::string& message, const std::string& hint) const;

 private:
  bool say(std::vector<lang::Diagnostic> diagnostics) const;
  size_t original(size_t at) const;

  const Traced& traced_;
  Written written_;
  std::string before_, behind_, text_;
  std::vector<std::pair<size_t, size_t>> inserted_;  // where in text_, and how much
};

/// Whether the value of an option, `--filter`, can stand in a clause between `before` and `behind`;
/// if it cannot that has been said.
bool check_user_expression(const Traced& traced, const std::string& option,
                           const std::string& value, const std::string& before,
                           const std::string& behind);

}  // namespace gotap::cli
