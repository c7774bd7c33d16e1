// The recursive-descent parser; see parser.h. Each function's comment is its grammar rule.
// After an error the parser resumes at the next statement or the next clause, so that one run
// shows several mistakes.
#include "lang/parser.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "lang/builtins.h"
#include "lang/lexer.h"
#include "lang/probe_spec.h"

namespace gotap::lang {

namespace {

using ast::Expr;
using ast::Stmt;
using MaybeExpr = std::optional<Expr>;

struct BinaryOp {
  Tok token;
  Op op;
  int precedence;
};

// C's precedence.
constexpr std::array<BinaryOp, 18> kBinaryOps{{
    {Tok::OrOr, Op::LogicalOr, 1},
    {Tok::AndAnd, Op::LogicalAnd, 2},
    {Tok::Pipe, Op::Or, 3},
    {Tok::Caret, Op::Xor, 4},
    {Tok::Amp, Op::And, 5},
    {Tok::EqualEqual, Op::Eq, 6},
    {Tok::NotEqual, Op::Ne, 6},
    {Tok::Less, Op::Lt, 7},
    {Tok::LessEqual, Op::Le, 7},
    {Tok::Greater, Op::Gt, 7},
    {Tok::GreaterEqual, Op::Ge, 7},
    {Tok::Shl, Op::Shl, 8},
    {Tok::Shr, Op::Shr, 8},
    {Tok::Plus, Op::Add, 9},
    {Tok::Minus, Op::Sub, 9},
    {Tok::Star, Op::Mul, 10},
    {Tok::Slash, Op::Div, 10},
    {Tok::Percent, Op::Mod, 10},
}};

struct AssignOp {
  Tok token;
  Op op;
};
constexpr std::array<AssignOp, 11> kAssignOps{{
    {Tok::Assign, Op::None},
    {Tok::AddAssign, Op::Add},
    {Tok::SubAssign, Op::Sub},
    {Tok::MulAssign, Op::Mul},
    {Tok::DivAssign, Op::Div},
    {Tok::ModAssign, Op::Mod},
    {Tok::ShlAssign, Op::Shl},
    {Tok::ShrAssign, Op::Shr},
    {Tok::AndAssign, Op::And},
    {Tok::OrAssign, Op::Or},
    {Tok::XorAssign, Op::Xor},
}};

struct Unsupported {
  std::string_view word;
  const char* what;
};
constexpr std::array<Unsupported, 6> kUnsupportedStatements{{
    {"let", "let is not needed: the first assignment declares a variable"},
    {"while", "loops are not supported"},
    {"for", "loops are not supported"},
    {"unroll", "loops are not supported"},
    {"break", "loops are not supported"},
    {"continue", "loops are not supported"},
}};
constexpr std::array<Unsupported, 8> kUnsupportedTop{{
    {"config", "config blocks are not supported"},
    {"macro", "macros are not supported"},
    {"import", "imports are not supported"},
    {"fn", "functions of one's own are not supported"},
    {"struct", "type definitions are not supported"},
    {"union", "type definitions are not supported"},
    {"enum", "type definitions are not supported"},
    {"let", "map declarations are not supported"},
}};

class Parser {
 public:
  explicit Parser(const Source& source)
      : lines_(source.text), lexer_(source.text, lines_, diagnostics_) {}
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
  std::optional<Expr> predicate();
  bool block(std::vector<Stmt>& body);
  void statements(std::vector<Stmt>& body);
  std::optional<Stmt> statement();
  std::optional<Stmt> if_statement();
  std::optional<Stmt> simple_statement();

  // Expressions.
  MaybeExpr expression();
  MaybeExpr binary(int min_precedence);
  MaybeExpr unary();
  MaybeExpr prefix(Tok kind);
  MaybeExpr postfix();
  MaybeExpr primary();
  MaybeExpr parenthesized();
  MaybeExpr cast_or_group(size_t begin);
  MaybeExpr word();
  MaybeExpr map();
  bool list(std::vector<Expr>& kids, Tok close, const char* after);
  bool ends_predicate();
  Expr make(Expr::Kind kind, size_t begin, std::vector<Expr> kids = {});
  MaybeExpr bounded(Expr expr);

  LineMap lines_;
  Diagnostics diagnostics_;
  Lexer lexer_;
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

const char* const kTooDeep = "this is nested too deeply";

std::nullopt_t Parser::error(const Location& where, std::string message, std::string hint) {
  diagnostics_.push_back({Diagnostic::Severity::Error, where, std::move(message), std::move(hint)});
  return std::nullopt;
}

std::nullopt_t Parser::unexpected(const char* wanted, std::string hint) {
  const Token& token = peek();
  if (token.kind == Tok::Error) return std::nullopt;  // said by the lexer
  if (token.kind == Tok::Assign) hint = "a comparison is written ==";
  return error(token.location,
               "syntax error: unexpected " + describe(token) + ", " + wanted + " is expected",
               std::move(hint));
}

bool Parser::expect(Tok kind, const char* what, const char* after) {
  if (accept(kind)) return true;
  unexpected(what, std::string("it is missing ") + after);
  return false;
}

// Steps behind the block that begins at the next `{`, nested ones and all.
void Parser::skip_braces() {
  size_t depth = 0;
  while (!at(Tok::End)) {
    Tok kind = take().kind;
    if (kind == Tok::LBrace) depth++;
    if (kind == Tok::RBrace && (depth == 0 || --depth == 0)) return;
  }
}

// To the next statement of this block: behind a `;`, or in front of the `}` that ends it.
void Parser::skip_statement() {
  while (!at(Tok::End)) {
    if (at(Tok::LBrace)) {
      skip_braces();
      return;
    }
    if (at(Tok::RBrace)) return;
    if (take().kind == Tok::Semicolon) return;
  }
}

// Text that is no clause may hold anything, so no tokens are looked for: quotes in it need not
// match. The next block, if there is one, belonged to it.
void Parser::skip_clause() {
  size_t position = token_ ? token_->location.begin : lexer_.position();
  token_.reset();
  std::string_view text = lexer_.text();
  size_t brace = text.find('{', position);
  lexer_.seek(brace == std::string_view::npos ? text.size() : brace);
  if (brace != std::string_view::npos) skip_braces();
}

// script = [ "#!" line ] { clause }
void Parser::top_level() {
  if (lexer_.text().substr(0, 2) == "#!") {
    size_t line_end = lexer_.text().find('\n');
    lexer_.seek(line_end == std::string_view::npos ? lexer_.text().size() : line_end);
  }
  while (!too_many()) {
    token_.reset();
    lexer_.skip_blanks();
    if (lexer_.position() >= lexer_.text().size()) break;
    if (!clause()) skip_clause();
  }
  if (script_.clauses.empty() && diagnostics_.empty()) {
    error(lexer_.at(0, 0), "this script has no probes",
          "as in BEGIN { printf(\"hello\\n\"); exit(); }");
  }
}

bool Parser::unsupported_top() {
  size_t begin = lexer_.position(), end = begin;
  std::string_view text = lexer_.text();
  if (text[begin] == '#') {
    size_t line_end = std::min(text.find('\n', begin), text.size());
    error(lexer_.at(begin, line_end), "#include and #define are not supported",
          "write the numbers out");
    lexer_.seek(line_end);
    return true;
  }
  if (text[begin] == '}') {
    error(lexer_.at(begin, begin + 1), "this '}' closes nothing");
    lexer_.seek(begin + 1);
    return true;
  }
  while (end < text.size() && is_word(text[end])) end++;
  for (const Unsupported& known : kUnsupportedTop) {
    if (known.word != text.substr(begin, end - begin) || (end < text.size() && text[end] == ':'))
      continue;
    error(lexer_.at(begin, end), known.what);
    // `let @m = ...;` and `import "x";` have no block of their own.
    size_t stop = text.find_first_of(";{", end);
    if (stop != std::string_view::npos && text[stop] == ';')
      lexer_.seek(stop + 1);
    else
      skip_clause();
    return true;
  }
  return false;
}

// clause = probe { "," probe } [ "/" expression "/" ] block
bool Parser::clause() {
  if (unsupported_top()) return true;
  ast::Clause clause;
  size_t begin = lexer_.position();
  while (true) {
    auto spec = parse_probe_spec(lexer_, diagnostics_);
    if (!spec) return false;
    last_end_ = lexer_.position();
    clause.probes.push_back(std::move(*spec));
    lexer_.skip_blanks();
    if (lexer_.position() >= lexer_.text().size() || lexer_.text()[lexer_.position()] != ',') break;
    lexer_.seek(lexer_.position() + 1);
    lexer_.skip_blanks();
  }
  clause.location = since(begin);
  if (accept(Tok::Slash)) {
    clause.predicate = predicate();
    if (!clause.predicate) return false;
  }
  if (!at(Tok::LBrace)) {
    unexpected("a block '{ ... }' or a /predicate/",
               "a function name with blanks or a comma stands in quotes");
    return false;
  }
  if (!block(clause.body)) return true;  // the rest of the script is used up
  script_.clauses.push_back(std::move(clause));
  return true;
}

std::optional<Expr> Parser::predicate() {
  auto condition = expression();
  if (!condition) return std::nullopt;
  if (!at(Tok::Slash)) {
    return unexpected("the '/' that ends the predicate", "as in /pid == 42/ { ... }");
  }
  take();
  return condition;
}

// block = "{" { statement } "}"
bool Parser::block(std::vector<Stmt>& body) {
  Token open = take();
  Deeper deeper(depth_);
  if (deeper.too_deep()) {
    error(open.location, kTooDeep);
    size_t depth = 1;
    while (depth > 0 && !at(Tok::End)) {
      Tok kind = take().kind;
      depth += kind == Tok::LBrace ? 1 : 0;
      depth -= kind == Tok::RBrace ? 1 : 0;
    }
    return true;
  }
  statements(body);
  if (at(Tok::RBrace)) {
    // Behind a clause no token is looked ahead for: what follows may be probes.
    take();
    return true;
  }
  if (!too_many()) error(open.location, "this '{' is not closed: a '}' is missing");
  return false;
}

void Parser::statements(std::vector<Stmt>& body) {
  while (!at(Tok::RBrace) && !at(Tok::End) && !too_many()) {
    if (accept(Tok::Semicolon)) continue;
    auto stmt = statement();
    if (!stmt) {
      skip_statement();
      continue;
    }
    bool needs_end = stmt->kind != Stmt::Kind::If;
    body.push_back(std::move(*stmt));
    if (!needs_end || accept(Tok::Semicolon) || at(Tok::RBrace)) continue;
    if (at(Tok::End)) break;  // said by block()
    unexpected("';'", "statements are separated by ';'");
    skip_statement();
  }
}

// statement = if | "return" | simple
std::optional<Stmt> Parser::statement() {
  const Token& token = peek();
  if (token.kind != Tok::Identifier) return simple_statement();
  if (token.text == "if") return if_statement();
  if (token.text == "else") return error(token.location, "this 'else' has no 'if' before it");
  for (const Unsupported& known : kUnsupportedStatements)
    if (known.word == token.text) return error(token.location, known.what);
  if (token.text == "return") {
    Stmt stmt;
    stmt.kind = Stmt::Kind::Return;
    stmt.location = take().location;
    if (!at(Tok::Semicolon) && !at(Tok::RBrace) && !at(Tok::End)) {
      return error(peek().location, "return takes no value",
                   "it ends the block; exit(n) sets the exit code");
    }
    return stmt;
  }
  return simple_statement();
}

// if = "if" expression block [ "else" ( if | block ) ]
std::optional<Stmt> Parser::if_statement() {
  Deeper deeper(depth_);
  Stmt stmt;
  stmt.kind = Stmt::Kind::If;
  Token keyword = take();
  stmt.location = keyword.location;
  if (deeper.too_deep()) return error(keyword.location, kTooDeep);
  auto condition = expression();
  if (!condition) return std::nullopt;
  stmt.value = std::move(*condition);
  stmt.location = since(keyword.location.begin);
  if (!at(Tok::LBrace))
    return unexpected("a block '{ ... }'", "the braces are needed even for one statement");
  if (!block(stmt.then_body)) return stmt;
  if (!(at(Tok::Identifier) && peek().text == "else")) return stmt;
  take();
  if (at(Tok::Identifier) && peek().text == "if") {
    auto other = if_statement();
    if (!other) return std::nullopt;
    stmt.else_body.push_back(std::move(*other));
    return stmt;
  }
  if (!at(Tok::LBrace)) return unexpected("a block '{ ... }' or 'if'");
  block(stmt.else_body);
  return stmt;
}

// simple = expression [ assign-op expression ]
std::optional<Stmt> Parser::simple_statement() {
  size_t begin = peek().location.begin;
  auto value = expression();
  if (!value) return std::nullopt;
  Stmt stmt;
  for (const AssignOp& known : kAssignOps) {
    if (!at(known.token)) continue;
    Token op = take();
    if (value->kind != Expr::Kind::Map && value->kind != Expr::Kind::Variable) {
      return error(value->location, "only variables ($x) and maps (@x) can be assigned to");
    }
    stmt.kind = Stmt::Kind::Assign;
    stmt.op = known.op;
    stmt.target = std::move(value);
    value = expression();
    if (!value) return std::nullopt;
    break;
  }
  stmt.value = std::move(value);
  stmt.location = since(begin);
  return stmt;
}

Expr Parser::make(Expr::Kind kind, size_t begin, std::vector<Expr> kids) {
  Expr expr;
  expr.kind = kind;
  expr.location = since(begin);
  for (const Expr& kid : kids) expr.depth = std::max(expr.depth, kid.depth + 1);
  expr.kids = std::move(kids);
  return expr;
}

MaybeExpr Parser::bounded(Expr expr) {
  if (expr.depth > kMaxDepth) return error(expr.location, kTooDeep, "use a $variable in between");
  return expr;
}

// expression = binary [ "?" [ expression ] ":" expression ]
MaybeExpr Parser::expression() {
  Deeper deeper(depth_);
  if (deeper.too_deep()) return error(peek().location, kTooDeep);
  size_t begin = peek().location.begin;
  auto condition = binary(1);
  if (!condition || !at(Tok::Question)) return condition;
  take();
  std::vector<Expr> kids;
  kids.push_back(std::move(*condition));
  if (!at(Tok::Colon)) {
    auto middle = expression();
    if (!middle) return std::nullopt;
    kids.push_back(std::move(*middle));
  }
  if (!expect(Tok::Colon, "':'", "after the first choice of '?'")) return std::nullopt;
  auto last = expression();
  if (!last) return std::nullopt;
  kids.push_back(std::move(*last));
  return bounded(make(Expr::Kind::Ternary, begin, std::move(kids)));
}

// The `/` that ends a predicate is the one with the clause's block behind it.
bool Parser::ends_predicate() {
  if (!at(Tok::Slash)) return false;
  size_t resume = lexer_.position();
  size_t reported = diagnostics_.size();
  lexer_.skip_blanks();
  bool brace = lexer_.position() < lexer_.text().size() && lexer_.text()[lexer_.position()] == '{';
  lexer_.seek(resume);
  diagnostics_.resize(std::min(reported, diagnostics_.size()));
  return brace;
}

// binary = unary { op unary }, by precedence climbing
MaybeExpr Parser::binary(int min_precedence) {
  size_t begin = peek().location.begin;
  auto left = unary();
  while (left) {
    const BinaryOp* found = nullptr;
    for (const BinaryOp& known : kBinaryOps)
      if (at(known.token) && known.precedence >= min_precedence) found = &known;
    if (!found || ends_predicate()) return left;
    take();
    auto right = binary(found->precedence + 1);
    if (!right) return std::nullopt;
    std::vector<Expr> kids;
    kids.push_back(std::move(*left));
    kids.push_back(std::move(*right));
    Expr expr = make(Expr::Kind::Binary, begin, std::move(kids));
    expr.op = found->op;
    left = bounded(std::move(expr));
  }
  return left;
}

// unary = ( "-" | "!" | "~" | "*" | "++" | "--" ) unary | postfix
MaybeExpr Parser::unary() {
  Tok kind = peek().kind;
  switch (kind) {
    case Tok::Minus:
    case Tok::Bang:
    case Tok::Tilde:
    case Tok::Star:
    case Tok::Increment:
    case Tok::Decrement: return prefix(kind);
    case Tok::Amp:
      return error(peek().location, "the address of a value cannot be taken",
                   "values of a script live in registers and maps");
    default: return postfix();
  }
}

MaybeExpr Parser::prefix(Tok kind) {
  Deeper deeper(depth_);
  Token op = take();
  if (deeper.too_deep()) return error(op.location, kTooDeep);
  auto operand = unary();
  if (!operand) return std::nullopt;
  bool is_step = kind == Tok::Increment || kind == Tok::Decrement;
  if (is_step && operand->kind != Expr::Kind::Map && operand->kind != Expr::Kind::Variable)
    return error(operand->location, "only variables ($x) and maps (@x) can be counted up or down");
  std::vector<Expr> kids;
  kids.push_back(std::move(*operand));
  Expr expr = make(is_step             ? Expr::Kind::IncDec
                   : kind == Tok::Star ? Expr::Kind::Deref
                                       : Expr::Kind::Unary,
                   op.location.begin, std::move(kids));
  if (is_step) expr.integer = kind == Tok::Increment ? 1 : ~uint64_t{0};
  expr.op = kind == Tok::Minus   ? Op::Neg
            : kind == Tok::Bang  ? Op::Not
            : kind == Tok::Tilde ? Op::BitNot
                                 : Op::None;
  return bounded(std::move(expr));
}

// postfix = primary { "++" | "--" | "[" expression "]" }
MaybeExpr Parser::postfix() {
  size_t begin = peek().location.begin;
  auto expr = primary();
  while (expr) {
    std::vector<Expr> kids;
    if (at(Tok::Increment) || at(Tok::Decrement)) {
      if (expr->kind != Expr::Kind::Map && expr->kind != Expr::Kind::Variable)
        return error(expr->location, "only variables ($x) and maps (@x) can be counted up or down");
      uint64_t step = take().kind == Tok::Increment ? 1 : ~uint64_t{0};
      kids.push_back(std::move(*expr));
      expr = make(Expr::Kind::IncDec, begin, std::move(kids));
      expr->integer = step;
      expr->postfix = true;
    } else if (at(Tok::LBracket)) {
      take();
      auto index = expression();
      if (!index || !expect(Tok::RBracket, "']'", "after the index")) return std::nullopt;
      kids.push_back(std::move(*expr));
      kids.push_back(std::move(*index));
      expr = make(Expr::Kind::Index, begin, std::move(kids));
    } else if (at(Tok::Dot) && expr->kind == Expr::Kind::Integer) {
      return error(peek().location, "there are no floating point numbers");
    } else if (at(Tok::Dot) || at(Tok::Arrow)) {
      return error(peek().location, "fields of structures are not supported",
                   "read memory with *(uint64*)(pointer + offset)");
    } else {
      return expr;
    }
    expr = bounded(std::move(*expr));
  }
  return expr;
}

// primary = integer | string | "true" | "false" | variable | map | word | "(" ...
MaybeExpr Parser::primary() {
  size_t begin = peek().location.begin;
  switch (peek().kind) {
    case Tok::Integer: {
      uint64_t value = take().integer;
      Expr expr = make(Expr::Kind::Integer, begin);
      expr.integer = value;
      return expr;
    }
    case Tok::String: {
      std::string text = take().text;
      Expr expr = make(Expr::Kind::String, begin);
      expr.text = std::move(text);
      return expr;
    }
    case Tok::Variable: {
      std::string text = take().text;
      Expr expr = make(Expr::Kind::Variable, begin);
      expr.text = std::move(text);
      return expr;
    }
    case Tok::Map: return map();
    case Tok::Identifier: return word();
    case Tok::LParen: return parenthesized();
    case Tok::Param:
      return error(peek().location, "positional parameters are not supported",
                   "write the value into the script");
    default: return unexpected("a value");
  }
}

// list = [ expression { "," expression } ] close
bool Parser::list(std::vector<Expr>& kids, Tok close, const char* after) {
  if (accept(close)) return true;
  while (true) {
    auto kid = expression();
    if (!kid) return false;
    kids.push_back(std::move(*kid));
    if (accept(close)) return true;
    if (accept(Tok::Comma)) continue;
    unexpected(close == Tok::RParen ? "',' or ')'" : "',' or ']'",
               std::string("it is missing ") + after);
    return false;
  }
}

// map = "@" [ name ] [ "[" list "]" ]
MaybeExpr Parser::map() {
  Token name = take();
  std::vector<Expr> keys;
  bool indexed = accept(Tok::LBracket);
  if (indexed && !list(keys, Tok::RBracket, "after the key of the map")) return std::nullopt;
  // @m[(a, b)] is @m[a, b].
  if (keys.size() == 1 && keys[0].kind == Expr::Kind::Tuple) {
    std::vector<Expr> parts = std::move(keys[0].kids);
    keys = std::move(parts);
  }
  Expr expr = make(Expr::Kind::Map, name.location.begin, std::move(keys));
  expr.text = name.text;
  expr.indexed = indexed;
  if (indexed && expr.kids.empty())
    return error(expr.location, "the key of the map is missing", "as in " + name.text + "[tid]");
  return bounded(std::move(expr));
}

// word = "true" | "false" | name [ "(" list ")" ]
MaybeExpr Parser::word() {
  Token name = take();
  size_t begin = name.location.begin;
  if (name.text == "true" || name.text == "false") {
    Expr expr = make(Expr::Kind::Bool, begin);
    expr.integer = name.text == "true" ? 1 : 0;
    return expr;
  }
  std::vector<Expr> args;
  bool call = accept(Tok::LParen);
  if (call && !list(args, Tok::RParen, "after the arguments")) return std::nullopt;
  Expr expr = make(call ? Expr::Kind::Call : Expr::Kind::Name, begin, std::move(args));
  expr.text = name.text;
  return bounded(std::move(expr));
}

// ( type { "*" } ) unary | "(" expression { "," expression } ")"
MaybeExpr Parser::parenthesized() {
  size_t begin = take().location.begin;
  if (at(Tok::Identifier) && (peek().text == "struct" || peek().text == "union")) {
    return error(peek().location, "structures are not supported",
                 "read memory with *(uint64*)(pointer + offset)");
  }
  if (!at(Tok::Identifier) || !find_type(peek().text)) return cast_or_group(begin);
  Type type = *find_type(take().text);
  if (at(Tok::Star)) {
    take();
    if (type.kind != Type::Kind::Int)
      return error(since(begin), "only pointers to integers can be read", "as in (uint64*)p");
    type = Type{Type::Kind::Pointer, type.is_signed, 8, type.size, 0};
    if (at(Tok::Star)) {
      return error(peek().location, "pointers to pointers are not supported",
                   "read the inner pointer with *(uint64*)p");
    }
  }
  if (!expect(Tok::RParen, "')'", "after the type")) return std::nullopt;
  Deeper deeper(depth_);
  if (deeper.too_deep()) return error(since(begin), kTooDeep);
  auto operand = unary();
  if (!operand) return std::nullopt;
  std::vector<Expr> kids;
  kids.push_back(std::move(*operand));
  Expr expr = make(Expr::Kind::Cast, begin, std::move(kids));
  expr.type = type;
  return bounded(std::move(expr));
}

MaybeExpr Parser::cast_or_group(size_t begin) {
  bool starts_with_word = at(Tok::Identifier);
  auto inner = expression();
  if (!inner) {
    // (name*)x: the `*` had nothing to multiply.
    return std::nullopt;
  }
  if (at(Tok::Comma)) {
    take();
    std::vector<Expr> kids;
    kids.push_back(std::move(*inner));
    if (!list(kids, Tok::RParen, "after the values in parentheses")) return std::nullopt;
    return bounded(make(Expr::Kind::Tuple, begin, std::move(kids)));
  }
  if (!expect(Tok::RParen, "')'", "after the expression in parentheses")) return std::nullopt;
  if (starts_with_word && inner->kind == Expr::Kind::Name && !find_builtin(inner->text)) {
    Tok next = peek().kind;
    if (next == Tok::Identifier || next == Tok::Integer || next == Tok::Variable ||
        next == Tok::Map || next == Tok::LParen) {
      auto nearest = nearest_names(inner->text, type_names(), 1);
      return error(inner->location, "unknown type '" + inner->text + "'",
                   nearest.empty() ? "types are " + join_words({"int8 to int64", "uint8 to uint64"})
                                   : "did you mean " + nearest[0] + "?");
    }
  }
  // Grouping leaves no node: the tree's shape says it. The place includes the parentheses.
  inner->location = since(begin);
  return inner;
}

Parsed Parser::run() {
  top_level();
  Parsed parsed;
  parsed.script = std::move(script_);
  if (diagnostics_.size() > kMaxDiagnostics) diagnostics_.resize(kMaxDiagnostics);
  parsed.diagnostics = std::move(diagnostics_);
  return parsed;
}

}  // namespace

Parsed parse(const Source& source) { return Parser(source).run(); }

}  // namespace gotap::lang
