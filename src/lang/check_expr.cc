// Types of expressions: literals, operators, casts, memory. See checker.h for the rounds.
//
// Integers are computed in 64 bits. A literal takes the type of the other side. Of two others
// uint64 wins, but differences are signed: of two times or lengths the later need not be the
// larger, and 2^64 - 1 is never what was meant.
#include <limits>

#include "base/text.h"
#include "lang/checker.h"

namespace gotap::lang {

namespace {

using Kind = Expr::Kind;

constexpr __int128 kMaxI64 = std::numeric_limits<int64_t>::max();
constexpr __int128 kMinI64 = std::numeric_limits<int64_t>::min();
constexpr __int128 kMaxU64 = std::numeric_limits<uint64_t>::max();

bool is_comparison(Op op) { return op >= Op::Eq && op <= Op::Ge; }
bool is_order(Op op) { return op >= Op::Lt && op <= Op::Ge; }

// a - b of values that are not signed themselves.
bool is_difference(const Expr& e) {
  if (e.kind != Kind::Binary) return false;
  if (e.op == Op::Div || e.op == Op::Mod || e.op == Op::Mul)
    return is_difference(e.kids[0]) && is_literal(e.kids[1]);
  return e.op == Op::Sub;
}

bool is_hard_u64(const Typed& typed) {
  const Type& type = typed.expr.type;
  return !typed.soft && type.kind == Type::Kind::Int && type.size == 8 && !type.is_signed;
}

bool is_hard_signed(const Typed& typed) {
  return !typed.soft && typed.expr.type.kind == Type::Kind::Int && typed.expr.type.is_signed;
}

Typed make_binary(Op op, Type type, Typed left, Typed right, const Location& where) {
  Typed out;
  out.expr.kind = Kind::Binary;
  out.expr.op = op;
  out.expr.type = std::move(type);
  out.expr.location = where;
  out.expr.kids.push_back(std::move(left.expr));
  out.expr.kids.push_back(std::move(right.expr));
  return out;
}

}  // namespace

Typed make_literal(__int128 value, const Location& where) {
  Typed out;
  out.expr.kind = Kind::Integer;
  out.expr.location = where;
  out.expr.integer = static_cast<uint64_t>(value);
  out.expr.type = value > kMaxI64 ? Type::u64() : Type::i64();
  out.soft = value >= 0 && value <= kMaxI64;
  return out;
}

__int128 literal_value(const Expr& e) {
  return e.type.is_signed ? static_cast<__int128>(static_cast<int64_t>(e.integer))
                          : static_cast<__int128>(e.integer);
}

std::string describe(const Type& type) {
  return type.kind == Type::Kind::String ? "string" : type.name();
}

std::string a(const Type& type) {
  std::string name = describe(type);
  return (name[0] == 'i' || name[0] == 'e' ? "an " : "a ") + name;
}

Typed Checker::coerce(Typed typed, const Type& type) {
  Expr& e = typed.expr;
  if (!typed.usable || e.type == type || !e.type.is_number() || type.kind != Type::Kind::Int)
    return typed;
  if (is_literal(e)) {
    e.type = type;
    return typed;
  }
  Typed out;
  out.expr.kind = Kind::Cast;
  out.expr.type = type;
  out.expr.location = e.location;
  out.expr.kids.push_back(std::move(e));
  return out;
}

Typed Checker::value(const ast::Expr& e) {
  Typed typed = printable(e);
  if (typed.usable && typed.expr.type.kind == Type::Kind::Length)
    return error(e.location, "len() can be printed, but not computed with",
                 "as in printf(\"%d\\n\", len(@m))");
  if (typed.usable && typed.expr.type.kind == Type::Kind::Float)
    return error(e.location, "floating point numbers can be shown, but not computed with or kept",
                 "as in printf(\"%f\\n\", args.x)");
  return typed;
}

Typed Checker::printable(const ast::Expr& e) {
  Typed typed = any(e);
  if (typed.usable && typed.expr.type.kind == Type::Kind::Void)
    return error(e.location,
                 (e.kind == ast::Expr::Kind::Call ? e.text + "()" : "this") + " gives no value",
                 "it is a statement of its own");
  return typed;
}

Typed Checker::number(const ast::Expr& e, const char* what) {
  Typed typed = value(e);
  if (!typed.usable || typed.expr.type.is_number()) return typed;
  return error(e.location, std::string(what) + " must be a number, not " + a(typed.expr.type));
}

std::optional<int64_t> Checker::literal(const ast::Expr& e, const char* what, int64_t low,
                                        int64_t high) {
  Typed typed = value(e);
  if (!typed.usable) return std::nullopt;
  if (!is_literal(typed.expr)) {
    error(e.location, std::string(what) + " must be a number written in the script");
    return std::nullopt;
  }
  __int128 number = literal_value(typed.expr);
  if (number >= low && number <= high) return static_cast<int64_t>(number);
  bool below = number < low;
  error(e.location, std::string(what) + " must be at " + (below ? "least " : "most ") +
                        std::to_string(below ? low : high));
  return std::nullopt;
}

Typed Checker::any(const ast::Expr& e) {
  using K = ast::Expr::Kind;
  Typed out;
  out.expr.location = e.location;
  switch (e.kind) {
    case K::Integer: return make_literal(e.integer, e.location);
    case K::Bool:
      out.expr.type = Type::of(Type::Kind::Bool);
      out.expr.integer = e.integer;
      return out;
    case K::String:
      if (e.text.size() > options_.settings.max_strlen) {
        return error(e.location, "this string is longer than strings can be (" +
                                     std::to_string(options_.settings.max_strlen) + " bytes)");
      }
      out.expr.kind = Kind::String;
      out.expr.string = e.text;
      out.expr.type = Type::string(std::max<uint32_t>(static_cast<uint32_t>(e.text.size()), 1));
      return out;
    case K::Name:
    case K::Call: return builtin(e);
    case K::Variable: return variable(e);
    case K::Map: return map_value(e);
    case K::Unary: return unary(e);
    case K::Binary: return binary(e);
    case K::Ternary: return ternary(e);
    case K::Cast: return cast(e);
    case K::Deref: return is_go(e) ? go_value(e) : deref(value(e.kids[0]), e.location);
    case K::Index: return is_go(e) ? go_value(e) : index(e);
    case K::IncDec: return step(e);
    case K::Tuple: return tuple(e);
    case K::Field:
      if (e.text.empty() && !is_go(e)) return field(value(e.kids[0]), e.integer, e.location);
      [[fallthrough]];
    case K::Slice:
    case K::Assert: return go_value(e);
    case K::Nil:
      return error(e.location, "nil stands only behind == and !=", "as in args.err != nil");
  }
  return unusable();
}

Typed Checker::unary(const ast::Expr& e) {
  Typed operand = number(e.kids[0], e.op == Op::Not   ? "the operand of !"
                                    : e.op == Op::Neg ? "the operand of -"
                                                      : "the operand of ~");
  if (!operand.usable) return operand;
  if (e.op != Op::Not && operand.expr.type.kind == Type::Kind::Pointer)
    return error(e.location, std::string("a pointer has no ") + spelling(e.op),
                 "make it a number: (uint64)p");
  if (is_literal(operand.expr) && e.op != Op::Not) {
    __int128 literal = literal_value(operand.expr);
    if (e.op == Op::BitNot) return make_literal(~literal, e.location);
    if (-literal < kMinI64)
      return error(e.location, "integer overflow: the number does not fit in 64 bits");
    return make_literal(-literal, e.location);
  }
  Typed out;
  out.expr.kind = Kind::Unary;
  out.expr.op = e.op;
  out.expr.location = e.location;
  if (e.op == Op::Not) {
    out.expr.type = Type::of(Type::Kind::Bool);
  } else {
    bool is_unsigned = operand.expr.type.kind == Type::Kind::Int && !operand.expr.type.is_signed;
    out.expr.type = e.op == Op::BitNot && is_unsigned ? Type::u64() : Type::i64();
    operand = coerce(std::move(operand), out.expr.type);
  }
  out.expr.kids.push_back(std::move(operand.expr));
  return out;
}

Typed Checker::binary(const ast::Expr& e) {
  const bool nil = e.kids[0].kind == ast::Expr::Kind::Nil || e.kids[1].kind == ast::Expr::Kind::Nil;
  if (nil && (e.op == Op::Eq || e.op == Op::Ne)) return compare_nil(e);
  Typed left = value(e.kids[0]);
  Typed right = value(e.kids[1]);
  return binary(e.op, std::move(left), std::move(right), e.location);
}

/// The type two integers are computed in. `mixed`: one is signed, the other is not, and the
/// values of neither fit the other's type for certain.
Type Checker::common(const Typed& left, const Typed& right, bool* mixed) const {
  *mixed = false;
  if (is_hard_u64(left) || is_hard_u64(right)) {
    if (is_difference(left.expr) || is_difference(right.expr)) return Type::i64();
    *mixed = is_hard_signed(left) || is_hard_signed(right);
    return Type::u64();
  }
  if (is_hard_signed(left) || is_hard_signed(right)) return Type::i64();
  auto flexible = [](const Typed& t) { return t.soft || t.expr.type.kind == Type::Kind::Bool; };
  return flexible(left) && flexible(right) ? Type::i64() : Type::u64();
}

Typed Checker::binary(Op op, Typed left, Typed right, const Location& where) {
  if (!left.usable || !right.usable) return unusable();
  if (is_comparison(op)) return compare(op, std::move(left), std::move(right), where);
  const Type &l = left.expr.type, &r = right.expr.type;
  if (!l.is_number() || !r.is_number()) {
    const Type& wrong = l.is_number() ? r : l;
    std::string hint;
    if (wrong.kind == Type::Kind::String && op == Op::Add) hint = "print them one after the other";
    return error(where, a(wrong) + " has no " + spelling(op), hint);
  }
  if (op == Op::LogicalAnd || op == Op::LogicalOr)
    return make_binary(op, Type::of(Type::Kind::Bool), std::move(left), std::move(right), where);
  if (l.kind == Type::Kind::Pointer || r.kind == Type::Kind::Pointer)
    return pointer_math(op, std::move(left), std::move(right), where);
  if ((op == Op::Div || op == Op::Mod) && is_literal(right.expr) && right.expr.integer == 0)
    return error(where, "division by zero");
  bool is_shift = op == Op::Shl || op == Op::Shr;
  if (is_shift && is_literal(right.expr) &&
      (literal_value(right.expr) < 0 || literal_value(right.expr) > 63))
    return error(where, "a shift must be by 0 to 63 bits");
  if (is_literal(left.expr) && is_literal(right.expr)) return fold(op, left, right, where);
  bool mixed = false;
  Type type = common(left, right, &mixed);
  if (op == Op::Sub) type = Type::i64();
  if (is_shift) type = is_hard_signed(left) ? Type::i64() : Type::u64();
  // Only division tells the signs apart: the other operations' 64 bits come out alike.
  if (mixed && (op == Op::Div || op == Op::Mod)) {
    warning(where, "a signed and an unsigned number are divided as unsigned numbers",
            "say how it is meant: (int64) or (uint64)");
  }
  bool soft = left.soft && right.soft && op != Op::Sub && !is_shift;
  Typed out =
      make_binary(op, type, coerce(std::move(left), type), coerce(std::move(right), type), where);
  out.soft = soft;
  return out;
}

Typed Checker::fold(Op op, const Typed& left, const Typed& right, const Location& where) {
  // 64-bit operands: no operation but a shift or product leaves 128 bits.
  __int128 a = literal_value(left.expr), b = literal_value(right.expr), c = 0;
  bool overflow = false;
  switch (op) {
    case Op::Add: c = a + b; break;
    case Op::Sub: c = a - b; break;
    case Op::Mul: overflow = __builtin_mul_overflow(a, b, &c); break;
    case Op::Div: c = a / b; break;
    case Op::Mod: c = a % b; break;
    case Op::And: c = a & b; break;
    case Op::Or: c = a | b; break;
    case Op::Xor: c = a ^ b; break;
    case Op::Shl: overflow = __builtin_mul_overflow(a, static_cast<__int128>(1) << b, &c); break;
    case Op::Shr: c = a >> b; break;
    default: return unusable();
  }
  if (overflow || c > kMaxU64 || c < kMinI64)
    return error(where, "integer overflow: the result does not fit in 64 bits");
  return make_literal(c, where);
}

Typed Checker::pointer_math(Op op, Typed left, Typed right, const Location& where) {
  bool left_is = left.expr.type.kind == Type::Kind::Pointer;
  bool right_is = right.expr.type.kind == Type::Kind::Pointer;
  bool allowed = (op == Op::Add && left_is != right_is) || (op == Op::Sub && left_is && !right_is);
  if (!allowed)
    return error(where, std::string("pointers have no ") + spelling(op) + " here",
                 "make them numbers: (uint64)p");
  if (right_is) std::swap(left, right);
  Type pointer = left.expr.type;
  // As in C, + 1 is one element further.
  Typed offset = coerce(std::move(right), Type::u64());
  if (pointer.elem_size > 1) {
    Location at = offset.expr.location;
    if (is_literal(offset.expr))
      offset.expr.integer *= pointer.elem_size;
    else
      offset = make_binary(Op::Mul, Type::u64(), std::move(offset),
                           coerce(make_literal(pointer.elem_size, at), Type::u64()), at);
  }
  Typed sum =
      make_binary(op, Type::u64(), coerce(std::move(left), Type::u64()), std::move(offset), where);
  Typed out;
  out.expr.kind = Kind::Cast;
  out.expr.type = pointer;
  out.expr.location = where;
  out.expr.kids.push_back(std::move(sum.expr));
  return out;
}

Typed Checker::compare(Op op, Typed left, Typed right, const Location& where) {
  const Type &l = left.expr.type, &r = right.expr.type;
  Type result = Type::of(Type::Kind::Bool);
  using T = Type::Kind;
  if (l.kind == T::Probe || l.kind == T::Func || r.kind == T::Probe || r.kind == T::Func)
    return error(where, "probe and func cannot be compared",
                 "name the function in a probe of its own");
  if (l.kind == T::Username || r.kind == T::Username)
    return error(where, "username cannot be compared", "uid can: the user's number");
  if (l.kind == T::String && r.kind == T::String) {
    if (is_order(op))
      return error(where, std::string("strings have no ") + spelling(op), "they have == and !=");
    return make_binary(op, result, std::move(left), std::move(right), where);
  }
  if (l.kind == T::GoError || r.kind == T::GoError)
    return error(where, "an error is compared with nil only",
                 "as in args.err != nil; what it holds is args.err.(*pkg.Type)");
  if (l.kind == T::Stack || r.kind == T::Stack)
    return error(where, "a stack can be shown and be a key, but not be compared");
  if (l.kind == T::GoType || r.kind == T::GoType)
    return error(where, "a type can be shown and be a key, but not be compared",
                 "what it holds is args.err.(*pkg.Type)");
  if (!l.is_number() || !r.is_number()) {
    std::string hint;
    if (l.is_number() != r.is_number()) hint = "text at an address is str(address)";
    return error(where, a(l) + " cannot be compared with " + a(r), hint);
  }
  if (l.kind == T::Pointer || r.kind == T::Pointer) {
    return make_binary(op, result, coerce(std::move(left), Type::u64()),
                       coerce(std::move(right), Type::u64()), where);
  }
  bool mixed = false;
  Type type = common(left, right, &mixed);
  const Expr* zero = is_literal(right.expr) && right.expr.integer == 0 ? &left.expr : nullptr;
  if (zero && (op == Op::Lt || op == Op::Ge) && zero->type.kind == T::Int &&
      !zero->type.is_signed) {
    warning(where, "an unsigned number is never below zero", "if it is signed: (int64)");
  } else if (mixed && is_order(op)) {
    warning(where, "a signed and an unsigned number are compared as unsigned numbers",
            "say how it is meant: (int64) or (uint64)");
  }
  return make_binary(op, result, coerce(std::move(left), type), coerce(std::move(right), type),
                     where);
}

Typed Checker::ternary(const ast::Expr& e) {
  Typed condition = number(e.kids[0], "a condition");
  bool short_form = e.kids.size() == 2;  // c ?: b
  Typed yes = short_form ? condition : value(e.kids[1]);
  Typed no = value(e.kids[short_form ? 1 : 2]);
  if (!condition.usable || !yes.usable || !no.usable) return unusable();
  Typed out;
  const Type &l = yes.expr.type, &r = no.expr.type;
  auto is_int = [](const Type& t) {
    return t.kind == Type::Kind::Int || t.kind == Type::Kind::Bool;
  };
  if (l.kind == r.kind &&
      (l.kind == Type::Kind::String || (l.kind == Type::Kind::Stack && l.detail == r.detail))) {
    out.expr.type = l.capacity > r.capacity ? l : r;
  } else if (l == r && l.kind != Type::Kind::Int && l.kind != Type::Kind::Tuple &&
             l.kind != Type::Kind::Buffer) {
    out.expr.type = l;
  } else if (is_int(l) && is_int(r)) {
    bool mixed = false;
    out.expr.type = common(yes, no, &mixed);
    out.soft = yes.soft && no.soft;
    yes = coerce(std::move(yes), out.expr.type);
    no = coerce(std::move(no), out.expr.type);
  } else {
    return error(e.location, "the two choices have different types: '" + describe(l) + "' and '" +
                                 describe(r) + "'");
  }
  out.expr.kind = Kind::Ternary;
  out.expr.location = e.location;
  out.expr.kids.push_back(std::move(condition.expr));
  out.expr.kids.push_back(std::move(yes.expr));
  out.expr.kids.push_back(std::move(no.expr));
  return out;
}

Typed Checker::cast(const ast::Expr& e) {
  Typed operand = value(e.kids[0]);
  if (!operand.usable) return operand;
  if (e.type.kind == Type::Kind::String)
    return error(e.location, "a cast makes no string", "text at an address is str(address)");
  if (!operand.expr.type.is_number())
    return error(e.location, a(operand.expr.type) + " cannot be cast to " + e.type.name());
  if (e.type.kind == Type::Kind::Bool) {
    Typed zero = make_literal(0, e.location);
    return compare(Op::Ne, std::move(operand), std::move(zero), e.location);
  }
  Typed out;
  out.expr.kind = Kind::Cast;
  out.expr.type = e.type;
  out.expr.location = e.location;
  out.expr.kids.push_back(std::move(operand.expr));
  return out;
}

Typed Checker::deref(Typed pointer, const Location& where) {
  if (!pointer.usable) return pointer;
  const Type& type = pointer.expr.type;
  bool is_address =
      type.kind == Type::Kind::Pointer || (type.kind == Type::Kind::Int && type.size == 8);
  if (!is_address)
    return error(where, a(type) + " is not an address",
                 type.is_number() ? "addresses have 64 bits: (uint64)" : "");
  Typed out;
  out.expr.kind = Kind::Deref;
  out.expr.type = type.kind == Type::Kind::Pointer ? Type::integer(type.elem_size, type.is_signed)
                                                   : Type::u64();
  out.expr.location = where;
  if (type.kind == Type::Kind::Int) pointer = coerce(std::move(pointer), Type::u64());
  out.expr.kids.push_back(std::move(pointer.expr));
  return out;
}

// (a, b): integers in it have 64 bits, like everything that is kept.
Typed Checker::tuple(const ast::Expr& e) {
  Typed out;
  out.expr.kind = Kind::Tuple;
  out.expr.location = e.location;
  out.expr.type.kind = Type::Kind::Tuple;
  for (const ast::Expr& kid : e.kids) {
    Typed part = value(kid);
    if (!part.usable) {
      out.usable = false;
      continue;
    }
    if (part.expr.type.kind == Type::Kind::Int) {
      Type wide = Type::integer(8, part.expr.type.is_signed);
      wide.detail = part.expr.type.detail;
      part = coerce(std::move(part), wide);
    }
    out.expr.type.parts.push_back(part.expr.type);
    out.expr.kids.push_back(std::move(part.expr));
  }
  if (!out.usable) return unusable();
  return out;
}

Typed Checker::field(Typed of, uint64_t part, const Location& where) {
  if (!of.usable) return unusable();
  if (of.expr.type.kind != Type::Kind::Tuple)
    return error(where, a(of.expr.type) + " has no parts", "only tuples have .0, .1");
  size_t parts = of.expr.type.parts.size();
  if (part >= parts)
    return error(where, "this tuple has " + std::to_string(parts) + " parts, the last is ." +
                            std::to_string(parts - 1));
  if (of.expr.kind == Kind::Tuple) {
    Typed out;
    out.expr = of.expr.kids[part];
    return out;
  }
  Typed out;
  out.expr.kind = Kind::Field;
  out.expr.integer = part;
  out.expr.type = of.expr.type.parts[part];
  out.expr.location = where;
  out.expr.kids.push_back(std::move(of.expr));
  return out;
}

// The kernel's return probe of a C function is hit when the function's frame is gone.
Typed Checker::stack(Typed made, const char* name) {
  for (size_t i = 0; i < facts().size(); i++) {
    if (!facts()[i] || facts()[i]->is_go || probes()[i].kind != ProbeKind::Uretprobe) continue;
    return error(made.expr.location, std::string(name) + ": not known where a C function returns",
                 "a uprobe sees the stack where the call begins");
  }
  return made;
}

// p[i] of a pointer, s[i] of a string, t[N] of a tuple.
Typed Checker::index(const ast::Expr& e) {
  Typed base = value(e.kids[0]);
  Typed offset = number(e.kids[1], "an index");
  if (!base.usable || !offset.usable) return unusable();
  if (base.expr.type.kind == Type::Kind::Tuple && is_literal(offset.expr))
    return field(std::move(base), offset.expr.integer, e.location);
  if (base.expr.type.has_bytes()) {
    if (is_literal(offset.expr) && offset.expr.integer >= base.expr.type.capacity)
      return error(e.kids[1].location,
                   "this string has at most " + std::to_string(base.expr.type.capacity) + " bytes");
    Typed out;
    out.expr.kind = Kind::Index;
    out.expr.type = Type::integer(1, true);
    out.expr.location = e.location;
    out.expr.kids.push_back(std::move(base.expr));
    out.expr.kids.push_back(coerce(std::move(offset), Type::u64()).expr);
    return out;
  }
  if (base.expr.type.kind != Type::Kind::Pointer || offset.expr.type.kind == Type::Kind::Pointer)
    return error(e.location, "only pointers have elements", "as in ((uint64*)arg0)[1]");
  return deref(pointer_math(Op::Add, std::move(base), std::move(offset), e.location), e.location);
}

Typed Checker::unknown_word(const ast::Expr& e) {
  if (is_foreign_builtin(e.text)) return error(e.location, "'" + e.text + "' is not supported");
  std::vector<std::string_view> names;
  for (const BuiltinRow& row : builtin_rows())
    if (row.id != Builtin::Arg && row.id != Builtin::Sarg) names.push_back(row.name);
  for (std::string_view more : {"arg0", "sarg0", "true", "false"}) names.push_back(more);
  auto nearest = nearest_names(e.text, names, 1);
  std::string hint = nearest.empty() ? "" : "did you mean " + nearest[0] + "?";
  if (e.kind == ast::Expr::Kind::Name && nearest.empty()) hint = "text is written in double quotes";
  return error(
      e.location,
      (e.kind == ast::Expr::Kind::Call ? "unknown function '" : "unknown word '") + e.text + "'",
      hint);
}

/// Whether the row's word means something in each of the clause's probes.
bool Checker::stands_right(const ast::Expr& e, const BuiltinRow& row) {
  for (const ProbeSpec& spec : probes()) {
    const bool fits = row.where == Where::Anywhere || spec.kind == ProbeKind::Uretprobe ||
                      (spec.kind == ProbeKind::Uprobe && row.where == Where::InFunctions);
    if (fits) continue;
    error(e.location, e.text + " can only be used in a uretprobe" +
                          (row.where == Where::InFunctions ? " or a uprobe" : "") + ", not in " +
                          lang::name(spec.kind));
    return false;
  }
  return true;
}

Typed Checker::builtin(const ast::Expr& e) {
  bool is_call = e.kind == ast::Expr::Kind::Call;
  const BuiltinRow* row = find_builtin(e.text);
  if (!row) return unknown_word(e);
  std::string name = e.text;
  if (!stands_right(e, *row)) return unusable();
  std::string usage = std::string("as in ") + row->usage;
  if (!is_call && row->category != Category::Value)
    return error(e.location, name + " needs its arguments in parentheses", usage);
  if (row->category == Category::Aggregation)
    return error(e.location, name + "() stands only right behind @map =", usage);
  if (e.kids.size() < row->min_args)
    return error(e.location, name + "() needs " + (e.kids.empty() ? "" : "more ") + "arguments",
                 usage);
  if (e.kids.size() > row->max_args)
    return error(e.location,
                 name + (row->max_args == 0 ? "() takes no arguments" : "() takes fewer arguments"),
                 usage);
  return row->check(*this, e, *row);
}

}  // namespace gotap::lang
