// Expressions; see parser.h. Each function's comment is its grammar rule. Operators have C's
// precedence; the depth of every tree is bounded, since all later stages recurse over it.
#include <array>
#include <utility>

#include "base/text.h"
#include "lang/builtins.h"
#include "lang/parser_impl.h"

namespace gotap::lang {

using MaybeExpr = std::optional<ast::Expr>;

namespace {

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

}  // namespace

ast::Expr Parser::make(ast::Expr::Kind kind, size_t begin, std::vector<ast::Expr> kids) {
  ast::Expr expr;
  expr.kind = kind;
  expr.location = since(begin);
  for (const ast::Expr& kid : kids) expr.depth = std::max(expr.depth, kid.depth + 1);
  expr.kids = std::move(kids);
  return expr;
}

MaybeExpr Parser::bounded(ast::Expr expr) {
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
  std::vector<ast::Expr> kids;
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
  return bounded(make(ast::Expr::Kind::Ternary, begin, std::move(kids)));
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
    std::vector<ast::Expr> kids;
    kids.push_back(std::move(*left));
    kids.push_back(std::move(*right));
    ast::Expr expr = make(ast::Expr::Kind::Binary, begin, std::move(kids));
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
  if (is_step && operand->kind != ast::Expr::Kind::Map &&
      operand->kind != ast::Expr::Kind::Variable)
    return error(operand->location, "only variables ($x) and maps (@x) can be counted up or down");
  std::vector<ast::Expr> kids;
  kids.push_back(std::move(*operand));
  ast::Expr expr = make(is_step             ? ast::Expr::Kind::IncDec
                        : kind == Tok::Star ? ast::Expr::Kind::Deref
                                            : ast::Expr::Kind::Unary,
                        op.location.begin, std::move(kids));
  if (is_step) expr.integer = kind == Tok::Increment ? 1 : ~uint64_t{0};
  expr.op = kind == Tok::Minus   ? Op::Neg
            : kind == Tok::Bang  ? Op::Not
            : kind == Tok::Tilde ? Op::BitNot
                                 : Op::None;
  return bounded(std::move(expr));
}

// postfix = primary { "++" | "--" | subscript | member }
MaybeExpr Parser::postfix() {
  size_t begin = peek().location.begin;
  auto expr = primary();
  while (expr) {
    if (at(Tok::Increment) || at(Tok::Decrement)) {
      if (expr->kind != ast::Expr::Kind::Map && expr->kind != ast::Expr::Kind::Variable)
        return error(expr->location, "only variables ($x) and maps (@x) can be counted up or down");
      uint64_t step = take().kind == Tok::Increment ? 1 : ~uint64_t{0};
      std::vector<ast::Expr> kids;
      kids.push_back(std::move(*expr));
      expr = make(ast::Expr::Kind::IncDec, begin, std::move(kids));
      expr->integer = step;
      expr->postfix = true;
    } else if (at(Tok::LBracket)) {
      expr = subscript(std::move(*expr));
    } else if (at(Tok::Dot) && expr->kind == ast::Expr::Kind::Integer) {
      return error(peek().location, "there are no floating point numbers");
    } else if (at(Tok::Dot)) {
      expr = member(std::move(*expr));
    } else if (at(Tok::Arrow)) {
      return error(peek().location, "-> is not supported",
                   "fields of Go values are args.p.Field, through pointers too; other memory is "
                   "*(uint64*)(pointer + offset)");
    } else {
      return expr;
    }
    if (expr) expr = bounded(std::move(*expr));
  }
  return expr;
}

// subscript = "[" ( expression | [ integer ] ":" [ integer ] ) "]"
MaybeExpr Parser::subscript(ast::Expr of) {
  size_t begin = of.location.begin, bracket = take().location.begin;
  std::optional<ast::Expr> low, high;
  if (!at(Tok::Colon) && !(low = expression())) return std::nullopt;
  const bool slice = accept(Tok::Colon);
  if (slice && !at(Tok::RBracket) && !(high = expression())) return std::nullopt;
  if (!expect(Tok::RBracket, "']'", slice ? "after the part" : "after the index"))
    return std::nullopt;
  std::vector<ast::Expr> kids;
  kids.push_back(std::move(of));
  if (!slice) kids.push_back(std::move(*low));
  ast::Expr expr =
      make(slice ? ast::Expr::Kind::Slice : ast::Expr::Kind::Index, begin, std::move(kids));
  expr.step = since(bracket);
  if (!slice) return expr;
  for (const std::optional<ast::Expr>* bound : {&low, &high})
    if (*bound && (*bound)->kind != ast::Expr::Kind::Integer)
      return error((*bound)->location, "the bounds of a part must be numbers written in the script",
                   "as in args.key[:3]");
  if (low) expr.low = low->integer;
  if (high) expr.high = high->integer;
  return expr;
}

// member = "." ( integer | name | string | "(" type ")" )
MaybeExpr Parser::member(ast::Expr of) {
  size_t begin = of.location.begin;
  Token dot = take();
  std::vector<ast::Expr> kids;
  kids.push_back(std::move(of));
  ast::Expr::Kind kind = ast::Expr::Kind::Field;
  uint64_t number = 0;
  std::string text;
  size_t name = peek().location.begin;
  if (at(Tok::Integer)) {
    number = take().integer;
  } else if (at(Tok::Identifier) || at(Tok::String)) {
    text = take().text;
    if (text.empty()) return error(since(dot.location.begin), "a field has a name");
  } else if (at(Tok::LParen)) {
    take();
    // Not made of words: it is cut out of the text.
    Token type = lexer_.type_name();
    last_end_ = type.location.end;
    if (type.kind != Tok::String) return std::nullopt;
    if (type.text.empty())
      return error(since(dot.location.begin), "the name of the type is missing",
                   "as in args.err.(*io/fs.PathError)");
    if (!expect(Tok::RParen, "')'", "after the type")) return std::nullopt;
    kind = ast::Expr::Kind::Assert;
    text = std::move(type.text);
  } else {
    return unexpected("the name of a field", "as in args.req.Key");
  }
  ast::Expr expr = make(kind, begin, std::move(kids));
  expr.step = since(name);
  expr.integer = number;
  expr.text = std::move(text);
  return expr;
}

// primary = integer | string | "true" | "false" | "nil" | variable | map | word | "(" ...
MaybeExpr Parser::primary() {
  size_t begin = peek().location.begin;
  switch (peek().kind) {
    case Tok::Integer: {
      uint64_t value = take().integer;
      ast::Expr expr = make(ast::Expr::Kind::Integer, begin);
      expr.integer = value;
      return expr;
    }
    case Tok::String: {
      std::string text = take().text;
      ast::Expr expr = make(ast::Expr::Kind::String, begin);
      expr.text = std::move(text);
      return expr;
    }
    case Tok::Variable: {
      std::string text = take().text;
      ast::Expr expr = make(ast::Expr::Kind::Variable, begin);
      expr.text = std::move(text);
      return expr;
    }
    case Tok::Map: return map();
    case Tok::Identifier: return word();
    case Tok::LParen: return parenthesized();
    case Tok::Param: return parameter();
    default: return unexpected("a value");
  }
}

// list = [ expression { "," expression } ] close
bool Parser::list(std::vector<ast::Expr>& kids, Tok close, const char* after) {
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
  std::vector<ast::Expr> keys;
  bool indexed = accept(Tok::LBracket);
  if (indexed && !list(keys, Tok::RBracket, "after the key of the map")) return std::nullopt;
  // @m[(a, b)] is @m[a, b].
  if (keys.size() == 1 && keys[0].kind == ast::Expr::Kind::Tuple) {
    std::vector<ast::Expr> parts = std::move(keys[0].kids);
    keys = std::move(parts);
  }
  ast::Expr expr = make(ast::Expr::Kind::Map, name.location.begin, std::move(keys));
  expr.text = name.text;
  expr.indexed = indexed;
  if (indexed && expr.kids.empty())
    return error(expr.location, "the key of the map is missing", "as in " + name.text + "[tid]");
  return bounded(std::move(expr));
}

// word = "true" | "false" | "nil" | name [ "(" list ")" ]
MaybeExpr Parser::word() {
  Token name = take();
  size_t begin = name.location.begin;
  if (name.text == "true" || name.text == "false") {
    ast::Expr expr = make(ast::Expr::Kind::Bool, begin);
    expr.integer = name.text == "true" ? 1 : 0;
    return expr;
  }
  if (name.text == "nil") return make(ast::Expr::Kind::Nil, begin);
  std::vector<ast::Expr> args;
  bool call = accept(Tok::LParen);
  if (call && !list(args, Tok::RParen, "after the arguments")) return std::nullopt;
  ast::Expr expr =
      make(call ? ast::Expr::Kind::Call : ast::Expr::Kind::Name, begin, std::move(args));
  expr.text = name.text;
  if (call && name.text == "str") return parameter_text(std::move(expr));
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
  std::vector<ast::Expr> kids;
  kids.push_back(std::move(*operand));
  ast::Expr expr = make(ast::Expr::Kind::Cast, begin, std::move(kids));
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
    std::vector<ast::Expr> kids;
    kids.push_back(std::move(*inner));
    // (1,) is a tuple of one.
    if (!list(kids, Tok::RParen, "after the values in parentheses")) return std::nullopt;
    return bounded(make(ast::Expr::Kind::Tuple, begin, std::move(kids)));
  }
  if (!expect(Tok::RParen, "')'", "after the expression in parentheses")) return std::nullopt;
  if (starts_with_word && inner->kind == ast::Expr::Kind::Name && !find_builtin(inner->text)) {
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

}  // namespace gotap::lang
