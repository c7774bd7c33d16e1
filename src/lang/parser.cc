// The recursive-descent parser; see parser.h. Each function's comment is its grammar rule.
// After an error the parser resumes at the next statement or the next clause, so that one run
// shows several mistakes.
#include "lang/parser.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "lang/builtins.h"
#include "lang/parser_impl.h"
#include "lang/probe_spec.h"

namespace gotap::lang {

namespace {

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
constexpr std::array<Unsupported, 7> kUnsupportedTop{{
    {"macro", "macros are not supported"},
    {"import", "imports are not supported"},
    {"fn", "functions of one's own are not supported"},
    {"struct", "type definitions are not supported"},
    {"union", "type definitions are not supported"},
    {"enum", "type definitions are not supported"},
    {"let", "map declarations are not supported"},
}};

}  // namespace

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

// script = [ byte order mark ] [ "#!" line ] { clause }
void Parser::top_level() {
  if (lexer_.text().substr(0, 3) == "\xef\xbb\xbf") lexer_.seek(3);
  if (lexer_.text().substr(lexer_.position(), 2) == "#!") {
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

// config = "config" "=" "{" { name "=" ( integer | name | string ) ";" } "}"
bool Parser::config() {
  size_t begin = lexer_.position();
  std::string_view rest = lexer_.text().substr(begin);
  if (rest.substr(0, 6) != "config" || (rest.size() > 6 && (is_word(rest[6]) || rest[6] == ':')))
    return false;
  Token word = take();
  if (!script_.clauses.empty()) {
    error(word.location, "the config block must come before all probes");
    skip_clause();
    return true;
  }
  if (!expect(Tok::Assign, "'='", "after 'config'") || !at(Tok::LBrace)) {
    skip_clause();
    return true;
  }
  take();
  while (!at(Tok::RBrace) && !at(Tok::End)) {
    if (accept(Tok::Semicolon)) continue;
    if (!setting()) skip_statement();
  }
  if (at(Tok::RBrace))
    take();
  else
    error(word.location, "this config block is not closed: a '}' is missing");
  return true;
}

bool Parser::setting() {
  ast::Setting setting;
  size_t begin = peek().location.begin;
  if (!at(Tok::Identifier)) {
    unexpected("a setting", "as in config = { max_strlen = 200 }");
    return false;
  }
  setting.name = take().text;
  if (!expect(Tok::Assign, "'='", "after the setting's name")) return false;
  if (!at(Tok::Integer) && !at(Tok::Identifier) && !at(Tok::String)) {
    unexpected("a value");
    return false;
  }
  Token value = take();
  setting.text = value.text;
  if (value.kind == Tok::Integer) setting.number = value.integer;
  setting.location = since(begin);
  script_.settings.push_back(std::move(setting));
  if (accept(Tok::Semicolon) || at(Tok::RBrace)) return true;
  unexpected("';'", "settings are separated by ';'");
  return false;
}

// clause = probe { "," probe } [ "/" expression "/" ] block
bool Parser::clause() {
  if (config() || unsupported_top()) return true;
  ast::Clause clause;
  size_t begin = lexer_.position();
  while (true) {
    auto spec = parse_probe_spec(lexer_, parameters_, diagnostics_);
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
               at(Tok::Plus) ? "an offset stands right behind the name: \"main.swap\"+40"
                             : "a function name with blanks or a comma stands in quotes");
    return false;
  }
  if (!block(clause.body)) return true;  // the rest of the script is used up
  script_.clauses.push_back(std::move(clause));
  return true;
}

std::optional<ast::Expr> Parser::predicate() {
  auto condition = expression();
  if (!condition) return std::nullopt;
  if (!at(Tok::Slash)) {
    return unexpected("the '/' that ends the predicate", "as in /pid == 42/ { ... }");
  }
  take();
  return condition;
}

// block = "{" { statement } "}"
bool Parser::block(std::vector<ast::Stmt>& body) {
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

void Parser::statements(std::vector<ast::Stmt>& body) {
  while (!at(Tok::RBrace) && !at(Tok::End) && !too_many()) {
    if (accept(Tok::Semicolon)) continue;
    auto stmt = statement();
    if (!stmt) {
      skip_statement();
      continue;
    }
    using K = ast::Stmt::Kind;
    bool needs_end = stmt->kind != K::If && stmt->kind != K::Unroll && stmt->kind != K::While &&
                     stmt->kind != K::For && stmt->kind != K::Block;
    body.push_back(std::move(*stmt));
    if (!needs_end || accept(Tok::Semicolon) || at(Tok::RBrace)) continue;
    if (at(Tok::End)) break;  // said by block()
    unexpected("';'", "statements are separated by ';'");
    skip_statement();
  }
}

// statement = if | loop | let | block | "return" | "break" | "continue" | simple
std::optional<ast::Stmt> Parser::statement() {
  const Token& token = peek();
  if (token.kind == Tok::LBrace) {
    ast::Stmt stmt;
    stmt.kind = ast::Stmt::Kind::Block;
    stmt.location = token.location;
    block(stmt.then_body);
    return stmt;
  }
  if (token.kind != Tok::Identifier) return simple_statement();
  if (token.text == "if") return if_statement();
  if (token.text == "else") return error(token.location, "this 'else' has no 'if' before it");
  if (token.text == "unroll" || token.text == "while" || token.text == "for") return loop();
  if (token.text == "let") return let();
  if (token.text == "break" || token.text == "continue") {
    ast::Stmt stmt;
    stmt.kind = token.text == "break" ? ast::Stmt::Kind::Break : ast::Stmt::Kind::Continue;
    stmt.location = take().location;
    return stmt;
  }
  if (token.text == "return") {
    ast::Stmt stmt;
    stmt.kind = ast::Stmt::Kind::Return;
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
std::optional<ast::Stmt> Parser::if_statement() {
  Deeper deeper(depth_);
  ast::Stmt stmt;
  stmt.kind = ast::Stmt::Kind::If;
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

// loop = ( "unroll" | "while" ) expression block | "for" range block
std::optional<ast::Stmt> Parser::loop() {
  Deeper deeper(depth_);
  ast::Stmt stmt;
  Token keyword = take();
  stmt.location = keyword.location;
  if (deeper.too_deep()) return error(keyword.location, kTooDeep);
  if (keyword.text == "for") {
    stmt.kind = ast::Stmt::Kind::For;
    if (!loop_range(stmt)) return std::nullopt;
  } else {
    stmt.kind = keyword.text == "while" ? ast::Stmt::Kind::While : ast::Stmt::Kind::Unroll;
    auto value = expression();
    if (!value) return std::nullopt;
    stmt.value = std::move(*value);
  }
  stmt.location = since(keyword.location.begin);
  if (!at(Tok::LBrace))
    return unexpected("a block '{ ... }'", "the braces are needed even for one statement");
  block(stmt.then_body);
  return stmt;
}

// range = [ "(" ] variable ":" ( map | expression ".." expression ) [ ")" ]
bool Parser::loop_range(ast::Stmt& stmt) {
  constexpr const char* kUsage = "as in for ($i : 0..10) { ... }";
  bool parentheses = accept(Tok::LParen);
  if (!at(Tok::Variable)) {
    unexpected("a variable", kUsage);
    return false;
  }
  stmt.target = primary();
  if (!expect(Tok::Colon, "':'", "after the variable of the loop")) return false;
  auto value = expression();
  if (!value) return false;
  stmt.value = std::move(*value);
  if (accept(Tok::DotDot)) {
    auto limit = expression();
    if (!limit) return false;
    stmt.limit = std::move(*limit);
  } else if (stmt.value->kind != ast::Expr::Kind::Map || stmt.value->indexed) {
    unexpected("'..'", kUsage);
    return false;
  }
  return !parentheses || expect(Tok::RParen, "')'", "after the range of the loop");
}

// let = "let" variable [ ":" type ] [ "=" expression ]
std::optional<ast::Stmt> Parser::let() {
  ast::Stmt stmt;
  stmt.kind = ast::Stmt::Kind::Let;
  size_t begin = take().location.begin;
  if (!at(Tok::Variable)) return unexpected("a variable", "as in let $x = 1; or let $x : uint64;");
  stmt.target = primary();
  if (accept(Tok::Colon)) {
    if (!at(Tok::Identifier)) return unexpected("a type");
    Token name = take();
    stmt.type = find_type(name.text);
    if (!stmt.type) {
      auto nearest = nearest_names(name.text, type_names(), 1);
      return error(name.location, "unknown type '" + name.text + "'",
                   nearest.empty() ? "types are " + join_words({"int8 to int64", "uint8 to uint64"})
                                   : "did you mean " + nearest[0] + "?");
    }
  }
  if (accept(Tok::Assign)) {
    auto value = expression();
    if (!value) return std::nullopt;
    stmt.value = std::move(*value);
  }
  stmt.location = since(begin);
  return stmt;
}

// simple = expression [ assign-op expression ]
std::optional<ast::Stmt> Parser::simple_statement() {
  size_t begin = peek().location.begin;
  auto value = expression();
  if (!value) return std::nullopt;
  ast::Stmt stmt;
  for (const AssignOp& known : kAssignOps) {
    if (!at(known.token)) continue;
    Token op = take();
    if (value->kind != ast::Expr::Kind::Map && value->kind != ast::Expr::Kind::Variable) {
      return error(value->location, "only variables ($x) and maps (@x) can be assigned to");
    }
    stmt.kind = ast::Stmt::Kind::Assign;
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

Parsed Parser::run() {
  top_level();
  Parsed parsed;
  parsed.script = std::move(script_);
  if (diagnostics_.size() > kMaxDiagnostics) diagnostics_.resize(kMaxDiagnostics);
  parsed.diagnostics = std::move(diagnostics_);
  return parsed;
}

Parsed parse(const Source& source, const Parameters& parameters) {
  return Parser(source, parameters).run();
}

}  // namespace gotap::lang
