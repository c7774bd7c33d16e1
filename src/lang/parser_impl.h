// The parser's inside, shared by parser.cc (clauses, statements, recovery) and parse_expr.cc
// (expressions).
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "lang/lexer.h"
#include "lang/parser.h"

namespace gotap::lang {

class Parser {
 public:
  Parser(const Source& source, const Parameters& parameters)
      : lines_(source.text), lexer_(source.text, lines_, diagnostics_), parameters_(parameters) {}
  Parsed run();

 private:
  // Tokens. One is looked at ahead, and lexed only when asked for, because a clause's probes
  // are not tokens.
  const Token& peek() {
    if (!token_) token_ = lexer_.next();
    return *token_;
  }
  bool at(Tok kind) { return peek().kind == kind; }
  Token take() {
    Token token = peek();
    last_end_ = token.location.end;
    token_.reset();
    return token;
  }
  bool accept(Tok kind) {
    if (!at(kind)) return false;
    take();
    return true;
  }
  bool expect(Tok kind, const char* what, const char* after);
  std::nullopt_t error(const Location& where, std::string message, std::string hint = "");
  std::nullopt_t unexpected(const char* wanted, std::string hint = "");
  Location since(size_t begin) const { return lexer_.at(begin, std::max(begin, last_end_)); }
  bool too_many() const {
    return static_cast<size_t>(std::count_if(
               diagnostics_.begin(), diagnostics_.end(), [](const Diagnostic& diagnostic) {
                 return diagnostic.severity == Diagnostic::Severity::Error;
               })) >= kMaxDiagnostics;
  }

  // Recovery.
  void skip_statement();
  void skip_clause();
  void skip_braces();

  // Clauses and statements.
  void top_level();
  bool clause();
  bool unsupported_top();
  bool config();
  bool setting();
  std::optional<ast::Expr> predicate();
  bool block(std::vector<ast::Stmt>& body);
  void statements(std::vector<ast::Stmt>& body);
  std::optional<ast::Stmt> statement();
  std::optional<ast::Stmt> if_statement();
  std::optional<ast::Stmt> loop();
  bool loop_range(ast::Stmt& stmt);
  std::optional<ast::Stmt> let();
  std::optional<ast::Stmt> simple_statement();

  // Expressions.
  std::optional<ast::Expr> expression();
  std::optional<ast::Expr> binary(int min_precedence);
  std::optional<ast::Expr> unary();
  std::optional<ast::Expr> prefix(Tok kind);
  std::optional<ast::Expr> postfix();
  std::optional<ast::Expr> subscript(ast::Expr of);
  std::optional<ast::Expr> member(ast::Expr of);
  std::optional<ast::Expr> primary();
  std::optional<ast::Expr> parenthesized();
  std::optional<ast::Expr> cast_or_group(size_t begin);
  std::optional<ast::Expr> word();
  std::optional<ast::Expr> map();
  std::optional<ast::Expr> parameter();
  std::optional<ast::Expr> parameter_text(ast::Expr call);
  bool list(std::vector<ast::Expr>& kids, Tok close, const char* after);
  bool ends_predicate();
  ast::Expr make(ast::Expr::Kind kind, size_t begin, std::vector<ast::Expr> kids = {});
  std::optional<ast::Expr> bounded(ast::Expr expr);

  LineMap lines_;
  Diagnostics diagnostics_;
  Lexer lexer_;
  const Parameters& parameters_;
  std::optional<Token> token_;
  size_t last_end_ = 0;  // of the last token taken
  uint32_t depth_ = 0;
  ast::Script script_;
};

// Counts how deep the descent is, for its own stack.
class Deeper {
 public:
  explicit Deeper(uint32_t& depth) : depth_(depth) { depth_++; }
  ~Deeper() { depth_--; }
  Deeper(const Deeper&) = delete;
  Deeper& operator=(const Deeper&) = delete;
  bool too_deep() const { return depth_ > kMaxDepth; }

 private:
  uint32_t& depth_;
};

inline constexpr const char* kTooDeep = "this is nested too deeply";

}  // namespace gotap::lang
