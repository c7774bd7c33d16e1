// Positional parameters in expressions: $1, $#, str($1), str($1 + 2), str($1, 3). The parser
// makes literals of them, so that no later stage knows them.
// Facts: recorded from bpftrace 0.27.1: what reads as a number is one, with a sign too; all else
// is a string; what was not given is 0, and "" in str().
#include <charconv>

#include "lang/parser_impl.h"

namespace gotap::lang {

namespace {

bool is_number(const ast::Expr& expr) { return expr.kind == ast::Expr::Kind::Integer; }

}  // namespace

// parameter = "$#" | "$" digit { digit }
std::optional<ast::Expr> Parser::parameter() {
  Token token = take();
  const size_t begin = token.location.begin;
  ast::Expr expr = make(ast::Expr::Kind::Integer, begin);
  expr.parameter = true;
  if (token.text == "$#") {
    expr.integer = parameters_.size();
    expr.text = std::to_string(parameters_.size());
    return expr;
  }
  size_t number = 0;
  const char* end = token.text.data() + token.text.size();
  auto [stop, failure] = std::from_chars(token.text.data() + 1, end, number);
  if (failure != std::errc() || stop != end || number == 0)
    return error(token.location, "parameters are $1, $2, ... and their number $#");
  if (number <= parameters_.size()) expr.text = parameters_[number - 1];
  if (expr.text.empty()) {
    diagnostics_.push_back({Diagnostic::Severity::Warning, token.location,
                            "Positional parameter " + token.text + " is empty or not provided",
                            ""});
    return expr;
  }
  const bool negative = expr.text[0] == '-';
  Number value = parse_number(std::string_view(expr.text).substr(negative ? 1 : 0));
  if (!value.error.empty()) {
    expr.kind = ast::Expr::Kind::String;
    return expr;
  }
  expr.integer = value.value;
  if (!negative) return expr;
  std::vector<ast::Expr> kids;
  kids.push_back(expr);
  kids[0].parameter = false;
  kids[0].text.clear();
  ast::Expr minus = make(ast::Expr::Kind::Unary, begin, std::move(kids));
  minus.op = Op::Neg;
  minus.parameter = true;
  minus.text = expr.text;
  return bounded(std::move(minus));
}

// str() of a parameter is its text, from the k-th byte on if k is added, n bytes at most.
std::optional<ast::Expr> Parser::parameter_text(ast::Expr call) {
  if (call.kids.empty() || call.kids.size() > 2) return bounded(std::move(call));
  ast::Expr& of = call.kids[0];
  const ast::Expr* parameter = of.parameter ? &of : nullptr;
  uint64_t skipped = 0;
  if (of.kind == ast::Expr::Kind::Binary && of.op == Op::Add) {
    const ast::Expr &left = of.kids[0], &right = of.kids[1];
    if (left.parameter && is_number(right))
      parameter = &left, skipped = right.integer;
    else if (right.parameter && is_number(left))
      parameter = &right, skipped = left.integer;
  }
  if (!parameter) return bounded(std::move(call));
  // Nothing is wrong with an empty text.
  std::erase_if(diagnostics_, [&](const Diagnostic& diagnostic) {
    return parameter->text.empty() && diagnostic.location.begin == parameter->location.begin;
  });
  std::string text = parameter->text;
  if (skipped > text.size())
    diagnostics_.push_back({Diagnostic::Severity::Warning, of.location,
                            "the parameter is shorter than that: the text is empty", ""});
  text.erase(0, std::min<uint64_t>(skipped, text.size()));
  if (call.kids.size() == 2) {
    const ast::Expr& length = call.kids[1];
    if (!is_number(length))
      return error(length.location, "the length of a parameter's text must be a number");
    if (length.integer < text.size()) text.resize(length.integer);
  }
  ast::Expr literal = make(ast::Expr::Kind::String, call.location.begin);
  literal.text = std::move(text);
  return literal;
}

}  // namespace gotap::lang
