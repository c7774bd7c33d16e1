// Prints the syntax tree; see ast.h. One line a statement, two blanks a level.
#include "lang/ast.h"

#include "base/text.h"

namespace gotap::lang {

const char* spelling(Op op) {
  switch (op) {
    case Op::Add: return "+";
    case Op::Sub: return "-";
    case Op::Mul: return "*";
    case Op::Div: return "/";
    case Op::Mod: return "%";
    case Op::And: return "&";
    case Op::Or: return "|";
    case Op::Xor: return "^";
    case Op::Shl: return "<<";
    case Op::Shr: return ">>";
    case Op::Eq: return "==";
    case Op::Ne: return "!=";
    case Op::Lt: return "<";
    case Op::Le: return "<=";
    case Op::Gt: return ">";
    case Op::Ge: return ">=";
    case Op::LogicalAnd: return "&&";
    case Op::LogicalOr: return "||";
    case Op::Neg: return "-";
    case Op::Not: return "!";
    case Op::BitNot: return "~";
    case Op::None: return "";
  }
  return "?";
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else {
      // Byte by byte would break UTF-8 apart; escape_controls sees whole characters below.
      out += c;
    }
  }
  return escape_controls(out) + "\"";
}

const char* name(ProbeKind kind) {
  switch (kind) {
    case ProbeKind::Begin: return "BEGIN";
    case ProbeKind::End: return "END";
    case ProbeKind::Interval: return "interval";
    case ProbeKind::Uprobe: return "uprobe";
    case ProbeKind::Uretprobe: return "uretprobe";
  }
  return "?";
}

std::string to_string(const ProbeSpec& spec) {
  std::string out = name(spec.kind);
  if (spec.kind == ProbeKind::Interval) return out + ":" + std::to_string(spec.interval_ns) + "ns";
  if (spec.kind == ProbeKind::Begin || spec.kind == ProbeKind::End) return out;
  out += ":" + quoted(spec.path);
  if (!spec.file.empty()) return out + "@" + quoted(spec.file) + ":" + std::to_string(spec.line);
  out += ":";
  if (spec.address) return out + hex(*spec.address);
  out += quoted(spec.function);
  if (spec.offset) out += "+" + std::to_string(*spec.offset);
  return out;
}

namespace ast {

namespace {

std::string join(const std::vector<Expr>& kids);

std::string print(const Expr& e) {
  switch (e.kind) {
    case Expr::Kind::Integer: return std::to_string(e.integer);
    case Expr::Kind::Bool: return e.integer ? "true" : "false";
    case Expr::Kind::String: return quoted(e.text);
    case Expr::Kind::Name:
    case Expr::Kind::Variable: return e.text;
    case Expr::Kind::Call: return e.text + "(" + join(e.kids) + ")";
    case Expr::Kind::Map: return e.indexed ? e.text + "[" + join(e.kids) + "]" : e.text;
    case Expr::Kind::Unary: return std::string("(") + spelling(e.op) + print(e.kids[0]) + ")";
    case Expr::Kind::Binary:
      return "(" + print(e.kids[0]) + " " + spelling(e.op) + " " + print(e.kids[1]) + ")";
    case Expr::Kind::Ternary:
      if (e.kids.size() == 2) return "(" + print(e.kids[0]) + " ?: " + print(e.kids[1]) + ")";
      return "(" + print(e.kids[0]) + " ? " + print(e.kids[1]) + " : " + print(e.kids[2]) + ")";
    case Expr::Kind::Cast: return "(" + e.type.name() + ")" + print(e.kids[0]);
    case Expr::Kind::Deref: return "(*" + print(e.kids[0]) + ")";
    case Expr::Kind::Index: return print(e.kids[0]) + "[" + print(e.kids[1]) + "]";
    case Expr::Kind::IncDec: {
      const char* op = e.integer == 1 ? "++" : "--";
      return e.postfix ? "(" + print(e.kids[0]) + op + ")" : "(" + (op + print(e.kids[0])) + ")";
    }
    case Expr::Kind::Tuple: return "tuple(" + join(e.kids) + ")";
    case Expr::Kind::Field:
      return print(e.kids[0]) + "." + (e.text.empty() ? std::to_string(e.integer) : e.text);
    case Expr::Kind::Slice:
      return print(e.kids[0]) + "[" + (e.low ? std::to_string(*e.low) : "") + ":" +
             (e.high ? std::to_string(*e.high) : "") + "]";
    case Expr::Kind::Assert: return print(e.kids[0]) + ".(" + e.text + ")";
    case Expr::Kind::Nil: return "nil";
  }
  return "?";
}

std::string join(const std::vector<Expr>& kids) {
  std::string out;
  for (const Expr& kid : kids) out += (out.empty() ? "" : ", ") + print(kid);
  return out;
}

std::string loop_head(const Stmt& stmt) {
  if (stmt.kind == Stmt::Kind::Block) return "block";
  if (stmt.kind == Stmt::Kind::Unroll) return "unroll " + print(*stmt.value);
  if (stmt.kind == Stmt::Kind::While) return "while " + print(*stmt.value);
  return "for " + print(*stmt.target) + " : " + print(*stmt.value) +
         (stmt.limit ? ".." + print(*stmt.limit) : "");
}

void print(std::string& out, const std::vector<Stmt>& body, size_t level) {
  std::string indent(2 * level, ' ');
  for (const Stmt& stmt : body) {
    switch (stmt.kind) {
      case Stmt::Kind::Expr: out += indent + print(*stmt.value) + "\n"; break;
      case Stmt::Kind::Assign:
        out += indent + print(*stmt.target) + " " + spelling(stmt.op) + "= " + print(*stmt.value) +
               "\n";
        break;
      case Stmt::Kind::If:
        out += indent + "if " + print(*stmt.value) + "\n";
        print(out, stmt.then_body, level + 1);
        if (!stmt.else_body.empty()) {
          out += indent + "else\n";
          print(out, stmt.else_body, level + 1);
        }
        break;
      case Stmt::Kind::Return: out += indent + "return\n"; break;
      case Stmt::Kind::Break: out += indent + "break\n"; break;
      case Stmt::Kind::Continue: out += indent + "continue\n"; break;
      case Stmt::Kind::Let:
        out += indent + "let " + print(*stmt.target) +
               (stmt.type ? " : " + stmt.type->name() : "") +
               (stmt.value ? " = " + print(*stmt.value) : "") + "\n";
        break;
      case Stmt::Kind::Unroll:
      case Stmt::Kind::While:
      case Stmt::Kind::For:
      case Stmt::Kind::Block:
        out += indent + loop_head(stmt) + "\n";
        print(out, stmt.then_body, level + 1);
        break;
    }
  }
}

}  // namespace

std::string dump(const Script& script) {
  std::string out;
  for (const Setting& setting : script.settings)
    out += "config " + setting.name + " = " + setting.text + "\n";
  for (const Clause& clause : script.clauses) {
    for (const ProbeSpec& spec : clause.probes) out += to_string(spec) + "\n";
    if (clause.predicate) out += "  / " + print(*clause.predicate) + " /\n";
    print(out, clause.body, 1);
  }
  return out;
}

}  // namespace ast

}  // namespace gotap::lang
