// Prints the typed program: `--dump=types`, and the golden format of the checker's tests. Every
// value carries its type behind a colon; maps and variables are listed with theirs first.
#include "lang/program.h"

#include "arch/registers.h"
#include "lang/ast.h"
#include "lang/builtins.h"

namespace gotap::lang {

namespace {

bool takes_format(Builtin builtin) {
  return builtin == Builtin::Printf || builtin == Builtin::Time || builtin == Builtin::Cat ||
         builtin == Builtin::System;
}

// As written around a path; empty: nothing is.
const char* name(go::Aspect aspect) {
  switch (aspect) {
    case go::Aspect::Value: return "";
    case go::Aspect::Len: return "len";
    case go::Aspect::Cap: return "cap";
    case go::Aspect::Word: return "word";
    case go::Aspect::TypeOf: return "typeof";
    case go::Aspect::TraceId: return "trace_id";
    case go::Aspect::SpanId: return "span_id";
    case go::Aspect::Whole: return "whole";
  }
  return "?";
}

class Dumper {
 public:
  explicit Dumper(const TypedProgram& program) : program_(program) {}
  std::string run();

 private:
  std::string join(const std::vector<Expr>& kids) {
    std::string out;
    for (const Expr& kid : kids) out += (out.empty() ? "" : ", ") + print(kid);
    return out;
  }
  std::string place(uint32_t map, const std::vector<Expr>& keys) {
    std::string name = map < program_.maps.size() ? program_.maps[map].name : "@?";
    return keys.empty() ? name : name + "[" + join(keys) + "]";
  }
  std::string call(const Expr& e);
  std::string go_value(const Expr& e);
  std::string bare(const Expr& e);
  std::string print(const Expr& e) {
    std::string out = bare(e);
    if (e.type.kind != Type::Kind::Void) out += ":" + e.type.name();
    if (e.type.kind == Type::Kind::Int && e.type.detail) out += "#" + std::to_string(e.type.detail);
    return out;
  }
  void maps();
  void body(const std::vector<Stmt>& stmts, size_t level);
  void statement(const Stmt& stmt, const std::string& indent);

  const TypedProgram& program_;
  const Clause* clause_ = nullptr;
  std::string out_;
};

std::string Dumper::call(const Expr& e) {
  const BuiltinRow& row = builtin_rows()[static_cast<size_t>(e.builtin)];
  std::string name = row.name;
  if (e.builtin == Builtin::Arg || e.builtin == Builtin::Sarg)
    return name + std::to_string(e.integer);
  if (e.builtin == Builtin::Reg)
    return "reg(" + std::string(arch::register_name(static_cast<uint16_t>(e.integer))) + ")";
  if (row.category == Category::Value && e.kids.empty()) return name;
  std::string args = e.builtin == Builtin::Label ? quoted(e.string) : join(e.kids);
  if (takes_format(e.builtin) && e.format < program_.formats.size())
    args = quoted(program_.formats[e.format].text) + (args.empty() ? "" : ", ") + args;
  return name + "(" + args + ")";
}

// len(args.list[?].Name), the dynamic indices behind it; `entry` if it is kept from the begin.
std::string Dumper::go_value(const Expr& e) {
  if (e.slot >= clause_->go_values.size()) return "go(?)";
  const GoValue& value = clause_->go_values[e.slot];
  std::string out = value.path.text();
  const char* aspect = name(value.aspect);
  if (*aspect) out = std::string(aspect) + "(" + out + ")";
  if (value.at_entry) out = "entry(" + out + ")";
  return e.kids.empty() ? out : out + "{" + join(e.kids) + "}";
}

std::string Dumper::bare(const Expr& e) {
  switch (e.kind) {
    case Expr::Kind::Integer:
      if (e.type.kind == Type::Kind::Bool) return e.integer ? "true" : "false";
      return e.type.is_signed ? std::to_string(static_cast<int64_t>(e.integer))
                              : std::to_string(e.integer);
    case Expr::Kind::String: return quoted(e.string);
    case Expr::Kind::Call: return call(e);
    case Expr::Kind::Variable:
      return e.slot < clause_->variables.size() ? clause_->variables[e.slot].name : "$?";
    case Expr::Kind::Map: return place(e.slot, e.kids);
    case Expr::Kind::MapRef: return "&" + place(e.slot, {});
    case Expr::Kind::Unary: return std::string("(") + spelling(e.op) + print(e.kids[0]) + ")";
    case Expr::Kind::Binary:
      return "(" + print(e.kids[0]) + " " + spelling(e.op) + " " + print(e.kids[1]) + ")";
    case Expr::Kind::Ternary:
      return "(" + print(e.kids[0]) + " ? " + print(e.kids[1]) + " : " + print(e.kids[2]) + ")";
    case Expr::Kind::Cast: return "cast(" + print(e.kids[0]) + ")";
    case Expr::Kind::Deref: return "*" + print(e.kids[0]);
    case Expr::Kind::Tuple: return "(" + join(e.kids) + ")";
    case Expr::Kind::Index: return print(e.kids[0]) + "[" + print(e.kids[1]) + "]";
    case Expr::Kind::Field: return print(e.kids[0]) + "." + std::to_string(e.integer);
    case Expr::Kind::GoValue: return go_value(e);
    case Expr::Kind::IncDec: {
      std::string op = e.integer == 1 ? "++" : "--";
      return e.postfix ? "(" + print(e.kids[0]) + op + ")" : "(" + op + print(e.kids[0]) + ")";
    }
  }
  return "?";
}

void Dumper::statement(const Stmt& stmt, const std::string& indent) {
  out_ += indent;
  switch (stmt.kind) {
    case Stmt::Kind::Expr: out_ += print(*stmt.value); break;
    case Stmt::Kind::AssignVar:
      out_ += clause_->variables[stmt.slot].name + " = " + print(*stmt.value);
      break;
    case Stmt::Kind::AssignMap:
      out_ += place(stmt.slot, stmt.keys) + " " + spelling(stmt.op) + "= " + print(*stmt.value);
      break;
    case Stmt::Kind::Aggregate:
      out_ += place(stmt.slot, stmt.keys) + " = " + program_.maps[stmt.slot].value.name() + "(" +
              (stmt.value ? print(*stmt.value) : "") + ")";
      break;
    case Stmt::Kind::If: out_ += "if " + print(*stmt.value); break;
    case Stmt::Kind::Return: out_ += "return"; break;
    case Stmt::Kind::Unroll: out_ += "unroll " + std::to_string(stmt.count); break;
    case Stmt::Kind::While: out_ += "while " + print(*stmt.value); break;
    case Stmt::Kind::For:
      out_ += "for " + clause_->variables[stmt.slot].name + " : " + print(*stmt.value) + ".." +
              print(*stmt.limit);
      break;
    case Stmt::Kind::Break: out_ += "break"; break;
    case Stmt::Kind::Continue: out_ += "continue"; break;
  }
  out_ += "\n";
}

void Dumper::body(const std::vector<Stmt>& stmts, size_t level) {
  std::string indent(2 * level, ' ');
  for (const Stmt& stmt : stmts) {
    statement(stmt, indent);
    body(stmt.then_body, level + 1);
    if (stmt.else_body.empty()) continue;
    out_ += indent + "else\n";
    body(stmt.else_body, level + 1);
  }
}

void Dumper::maps() {
  for (const MapDecl& map : program_.maps) {
    out_ += "map " + map.name;
    std::string keys;
    for (const Type& key : map.keys) keys += (keys.empty() ? "" : ", ") + key.name();
    if (!keys.empty()) out_ += "[" + keys + "]";
    out_ += ": " + map.value.name();
    if (map.hist_bits > 0) out_ += "(bits " + std::to_string(map.hist_bits) + ")";
    if (map.value.kind == Type::Kind::Lhist)
      out_ += "(" + std::to_string(map.lhist_min) + " to " + std::to_string(map.lhist_max) +
              " by " + std::to_string(map.lhist_step) + ")";
    out_ += "\n";
  }
}

std::string Dumper::run() {
  for (size_t i = 0; i < program_.constants.size(); i++) {
    out_ += "constants #" + std::to_string(i + 1) + ":";
    for (const auto& [value, name] : program_.constants[i])
      out_ += " " + name + "=" + std::to_string(value);
    out_ += "\n";
  }
  maps();
  for (const Clause& clause : program_.clauses) {
    clause_ = &clause;
    for (const ProbeSpec& spec : clause.probes) out_ += to_string(spec) + "\n";
    for (const Variable& variable : clause.variables)
      out_ += "  var " + variable.name + ": " + variable.type.name() + "\n";
    if (clause.uses_duration) out_ += "  uses duration\n";
    if (clause.predicate) out_ += "  / " + print(*clause.predicate) + " /\n";
    body(clause.body, 1);
  }
  return std::move(out_);
}

}  // namespace

std::string dump(const TypedProgram& program) { return Dumper(program).run(); }

}  // namespace gotap::lang
