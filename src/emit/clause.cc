#include "emit/clause.h"

#include <algorithm>

#include "arch/registers.h"
#include "lang/ast.h"
#include "lang/builtins.h"

namespace gotap::emit {

using lang::Builtin;
using lang::Expr;
using lang::Op;
using lang::Stmt;
using Kind = Expr::Kind;

namespace {

// 0.17 takes no longer string written in a script (STRING_SIZE in its src/types.h).
constexpr size_t kOldLiteral = 63;

// What printf() shows with %s.
bool is_text(const Type& type) {
  switch (type.kind) {
    case Type::Kind::String:
    case Type::Kind::Probe:
    case Type::Kind::Func:
    case Type::Kind::Time:
    case Type::Kind::Username:
    case Type::Kind::Errno:
    case Type::Kind::Signal: return true;
    default: return false;
  }
}

bool is_name(const Type& type) {
  return type.kind == Type::Kind::Probe || type.kind == Type::Kind::Func;
}

bool is_literal(const Expr& e) { return e.kind == Kind::Integer && e.type.kind == Type::Kind::Int; }

// A literal that is no int64: 0.17 must be told.
bool is_large(const Expr& e) { return is_literal(e) && !e.type.is_signed && e.integer > INT64_MAX; }

bool has_step(const Expr& e) {
  bool found = false;
  lang::for_each_expr(e, [&](const Expr& part) { found |= part.kind == Kind::IncDec; });
  return found;
}

// With commas, leaving out empty ones.
std::string join(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() || part.empty() ? "" : ", ") + part;
  return out;
}

// `text` in a format string: a percent sign is written twice. But 0.17 prints both behind the last
// conversion, so there it is an argument.
std::string format_text(const std::string& text, bool old, std::vector<std::string>& arguments) {
  std::string out;
  for (char c : text) {
    if (c == '%' && old) arguments.emplace_back("\"%\"");
    out += c != '%' ? std::string(1, c) : old ? "%s" : "%%";
  }
  return out;
}

std::string padded(const std::string& text, const FormatPiece& piece) {
  auto width = static_cast<size_t>(std::max(piece.width, 0));
  std::string kept =
      piece.precision >= 0 ? text.substr(0, static_cast<size_t>(piece.precision)) : text;
  std::string blanks(kept.size() < width ? width - kept.size() : 0, ' ');
  return piece.flags.find('-') == std::string::npos ? blanks + kept : kept + blanks;
}

}  // namespace

std::string Names::fresh(const std::string& wanted) {
  std::string name = wanted;
  for (int n = 2; !taken_.insert(name).second; n++) name = wanted + "_" + std::to_string(n);
  return name;
}

void Script::problem(const lang::Location& where, std::string message, std::string hint) {
  for (const lang::Diagnostic& known : problems)
    if (known.location.begin == where.begin && known.message == message) return;
  problems.push_back(
      {lang::Diagnostic::Severity::Error, where, std::move(message), std::move(hint)});
}

bool mentions(const lang::Clause& clause, Builtin builtin) {
  bool found = false;
  lang::for_each_expr(
      clause, [&](const Expr& e) { found |= e.kind == Kind::Call && e.builtin == builtin; });
  return found;
}

ClausePrinter::ClausePrinter(Script& script, Names& names, const Surroundings& where,
                             const lang::Clause& clause)
    : script_(script), names_(names), where_(where), clause_(clause) {
  for (const lang::Variable& variable : clause.variables)
    variables_.push_back(names_.fresh(variable.name));
}

namespace {

// Variables that are used where no assignment to them is in sight: those of `let $x;`. They are 0
// at first, and visible all over the clause.
class Undeclared {
 public:
  explicit Undeclared(const lang::Clause& clause) { walk(clause.body, {}); }
  const std::set<uint32_t>& slots() const { return slots_; }

 private:
  void look(const Expr& e, const std::set<uint32_t>& visible) {
    lang::for_each_expr(e, [&](const Expr& part) {
      if (part.kind == Kind::Variable && !visible.count(part.slot)) slots_.insert(part.slot);
    });
  }
  void walk(const std::vector<Stmt>& body, std::set<uint32_t> visible) {
    for (const Stmt& stmt : body) {
      for (const Expr& key : stmt.keys) look(key, visible);
      if (stmt.value) look(*stmt.value, visible);
      if (stmt.limit) look(*stmt.limit, visible);
      if (stmt.kind == Stmt::Kind::AssignVar) visible.insert(stmt.slot);
      std::set<uint32_t> inside = visible;
      if (stmt.kind == Stmt::Kind::For) inside.insert(stmt.slot);
      walk(stmt.then_body, inside);
      walk(stmt.else_body, visible);
    }
  }
  std::set<uint32_t> slots_;
};

}  // namespace

std::string zero(const Type& type, bool old) {
  if (type.kind == Type::Kind::Int || type.kind == Type::Kind::Pointer)
    return "(" + type.name() + ")0";
  if (type.kind == Type::Kind::Bool) return old ? "0" : "false";
  return "\"\"";
}

std::string ClausePrinter::print(size_t level) {
  const Undeclared undeclared(clause_);
  for (uint32_t slot : undeclared.slots())
    line(level, variables_[slot] + " = " + zero(clause_.variables[slot].type, script_.old()) + ";");
  if (!clause_.predicate) {
    body(clause_.body, level);
    return std::move(out_);
  }
  steps_ = has_step(*clause_.predicate);
  std::string condition = expr(*clause_.predicate);
  line(level, "if (" + condition + ") {");
  body(clause_.body, level + 1);
  line(level, "}");
  return std::move(out_);
}

void ClausePrinter::flush(size_t level) {
  for (const std::string& text : before_) out_ += std::string(2 * level, ' ') + text + "\n";
  before_.clear();
}

void ClausePrinter::line(size_t level, const std::string& text) {
  flush(level);
  out_ += std::string(2 * level, ' ') + text + "\n";
}

void ClausePrinter::body(const std::vector<Stmt>& stmts, size_t level) {
  for (const Stmt& stmt : stmts) statement(stmt, level);
}

void ClausePrinter::statement(const Stmt& stmt, size_t level) {
  steps_ = stmt.value && has_step(*stmt.value);
  for (const Expr& key : stmt.keys) steps_ |= has_step(key);
  switch (stmt.kind) {
    case Stmt::Kind::Expr: return expression_statement(*stmt.value, level);
    case Stmt::Kind::AssignVar:
      return line(level, variables_[stmt.slot] + " = " + stored(*stmt.value) + ";");
    case Stmt::Kind::AssignMap: {
      std::string value = stored(*stmt.value);
      line(level, place(stmt.slot, stmt.keys) + " " + lang::spelling(stmt.op) + "= " + value + ";");
      script_.written.insert(stmt.slot);
      return;
    }
    case Stmt::Kind::Aggregate: {
      std::string value = aggregation(stmt);
      line(level, place(stmt.slot, stmt.keys) + " = " + value + ";");
      script_.written.insert(stmt.slot);
      return;
    }
    case Stmt::Kind::If: {
      std::string condition = expr(*stmt.value);
      line(level, "if (" + condition + ") {");
      body(stmt.then_body, level + 1);
      return otherwise(stmt.else_body, level);
    }
    case Stmt::Kind::Return: return line(level, "return;");
    case Stmt::Kind::Break: return line(level, "break;");
    case Stmt::Kind::Continue: return line(level, "continue;");
    case Stmt::Kind::Unroll:
    case Stmt::Kind::While:
    case Stmt::Kind::For: return loop(stmt, level);
  }
}

void ClausePrinter::loop(const Stmt& stmt, size_t level) {
  std::string head = "unroll(" + std::to_string(stmt.count) + ")";
  if (stmt.kind == Stmt::Kind::While) {
    head = "while (" + expr(*stmt.value) + ")";
    if (!before_.empty())
      script_.problem(stmt.location,
                      "bpftrace divides and shifts unsigned numbers only, and the condition of "
                      "this loop has a signed one",
                      "compute it in the loop and leave that by break");
  } else if (stmt.kind == Stmt::Kind::For) {
    head = "for (" + variables_[stmt.slot] + " : " + stored(*stmt.value) + "..";
    head += stored(*stmt.limit) + ")";
    if (script_.old())
      script_.problem(stmt.location, "bpftrace 0.17 has no loop over a range",
                      "use while or unroll, or emit for 0.27");
  }
  line(level, head + " {");
  body(stmt.then_body, level + 1);
  line(level, "}");
}

// What follows the block of an `if`.
void ClausePrinter::otherwise(const std::vector<Stmt>& stmts, size_t level) {
  if (stmts.empty()) return line(level, "}");
  const Stmt& first = stmts.front();
  if (stmts.size() == 1 && first.kind == Stmt::Kind::If) {
    steps_ = has_step(*first.value);
    std::string condition = expr(*first.value);
    if (before_.empty()) {
      line(level, "} else if (" + condition + ") {");
      body(first.then_body, level + 1);
      return otherwise(first.else_body, level);
    }
    before_.clear();
  }
  line(level, "} else {");
  body(stmts, level + 1);
  line(level, "}");
}

void ClausePrinter::expression_statement(const Expr& e, size_t level) {
  bool deletes = e.kind == Kind::Call && e.builtin == Builtin::Delete;
  std::string text = expr(e);
  // From 0.24 on an unused result is warned about.
  line(level, (deletes && !script_.old() ? "_ = " : "") + text + ";");
}

std::string ClausePrinter::aggregation(const Stmt& stmt) {
  const lang::MapDecl& map = script_.program.maps[stmt.slot];
  std::vector<std::string> arguments;
  if (stmt.value) arguments.push_back(stored(*stmt.value));
  const char* name = "?";
  switch (map.value.kind) {
    case Type::Kind::Count: name = "count"; break;
    case Type::Kind::Sum: name = "sum"; break;
    case Type::Kind::Avg: name = "avg"; break;
    case Type::Kind::Stats: name = "stats"; break;
    case Type::Kind::Min: name = "min"; break;
    case Type::Kind::Max: name = "max"; break;
    case Type::Kind::Hist:
      name = "hist";
      if (map.hist_bits == 0) break;
      if (script_.old())
        script_.problem(stmt.location, "bpftrace 0.17 has no hist() with bits",
                        "leave them out, or emit for 0.27");
      arguments.push_back(std::to_string(map.hist_bits));
      break;
    case Type::Kind::Lhist:
      name = "lhist";
      for (int64_t number : {map.lhist_min, map.lhist_max, map.lhist_step})
        arguments.push_back(std::to_string(number));
      break;
    default: script_.problem(stmt.location, map.value.name() + " cannot be emitted");
  }
  return std::string(name) + "(" + join(arguments) + ")";
}

std::string ClausePrinter::hoist(const Expr& e, const std::string& text) {
  if (steps_)
    script_.problem(e.location,
                    "bpftrace divides and shifts unsigned numbers only, and this statement "
                    "changes something while it computes a signed one",
                    "use ++ and -- in a statement of their own");
  std::string name = names_.fresh("$n");
  before_.push_back(name + " = " + text + ";");
  return name;
}

std::string ClausePrinter::operand(const Expr& e) {
  std::string text = expr(e);
  bool primary = e.kind != Kind::Unary && e.kind != Kind::Binary && e.kind != Kind::Ternary &&
                 e.kind != Kind::IncDec;
  return primary && text[0] != '-' ? text : "(" + text + ")";
}

std::string ClausePrinter::stored(const Expr& e) {
  if (!is_literal(e) || is_large(e)) return expr(e);
  return "(" + e.type.name() + ")" + integer(e);
}

std::string ClausePrinter::integer(const Expr& e) {
  if (e.type.is_signed) return std::to_string(static_cast<int64_t>(e.integer));
  return std::to_string(e.integer);
}

std::string ClausePrinter::expr(const Expr& e) {
  switch (e.kind) {
    case Kind::Integer:
      if (e.type.kind == Type::Kind::Bool)
        return script_.old() ? std::to_string(e.integer) : e.integer ? "true" : "false";
      return is_large(e) && script_.old() ? "(uint64)" + integer(e) : integer(e);
    case Kind::String:
      if (script_.old() && e.string.size() > kOldLiteral)
        script_.problem(e.location, "strings in a script of bpftrace 0.17 end at 63 bytes",
                        "emit for 0.27, or shorten it");
      return lang::quoted(e.string);
    case Kind::Call: return call(e);
    case Kind::Variable: return variables_[e.slot];
    case Kind::Map:
      if (!script_.written.count(e.slot)) script_.read_early.insert(e.slot);
      if (script_.old() && e.type.is_aggregate())
        script_.problem(e.location, "bpftrace 0.17 cannot compute with " + e.type.name(),
                        "emit for 0.27");
      return place(e.slot, e.kids);
    case Kind::MapRef: return script_.program.maps[e.slot].name;
    case Kind::Unary: return lang::spelling(e.op) + operand(e.kids[0]);
    case Kind::Binary: return binary(e);
    case Kind::Ternary:
      return operand(e.kids[0]) + " ? " + stored(e.kids[1]) + " : " + stored(e.kids[2]);
    case Kind::Cast:
      if (e.type.kind == Type::Kind::String) return expr(e.kids[0]);
      if (is_large(e.kids[0]) && e.type == e.kids[0].type) return expr(e.kids[0]);
      return "(" + e.type.name() + ")" + operand(e.kids[0]);
    case Kind::Deref: return deref(e);
    case Kind::Tuple: {
      if (script_.old()) script_.problem(e.location, "tuples cannot be emitted for 0.17");
      std::vector<std::string> parts;
      for (const Expr& kid : e.kids) parts.push_back(stored(kid));
      return "(" + join(parts) + (parts.size() == 1 ? ",)" : ")");
    }
    case Kind::Field: return operand(e.kids[0]) + "." + std::to_string(e.integer);
    case Kind::Index:
      script_.problem(e.location, "the byte of a string cannot be emitted");
      return "0";
    case Kind::GoValue: return go_value(e);
    case Kind::IncDec: {
      if (e.kids[0].kind == Kind::Map) script_.written.insert(e.kids[0].slot);
      std::string op = e.integer == 1 ? "++" : "--";
      return e.postfix ? expr(e.kids[0]) + op : op + expr(e.kids[0]);
    }
  }
  return "?";
}

std::string ClausePrinter::binary(const Expr& e) {
  bool is_signed = e.kids[0].type.is_signed;
  if ((e.op == Op::Div || e.op == Op::Mod) && (is_signed || e.kids[1].type.is_signed))
    return divide(e);
  if (e.op == Op::Shr && is_signed) {
    std::string value = hoist(e, stored(e.kids[0])), bits = operand(e.kids[1]);
    return value + " < 0 ? ~(~" + value + " >> " + bits + ") : (" + value + " >> " + bits + ")";
  }
  return operand(e.kids[0]) + " " + lang::spelling(e.op) + " " + operand(e.kids[1]);
}

// A signed quotient or remainder, of absolute values.
std::string ClausePrinter::divide(const Expr& e) {
  bool quotient = e.op == Op::Div;
  auto absolute = [](const std::string& value) {
    return "(uint64)(" + value + " < 0 ? -" + value + " : " + value + ")";
  };
  std::string dividend = hoist(e, stored(e.kids[0]));
  std::string divisor, negative = dividend + " < 0";
  if (is_literal(e.kids[1])) {
    auto number = static_cast<int64_t>(e.kids[1].integer);
    uint64_t magnitude = number < 0 ? -e.kids[1].integer : e.kids[1].integer;
    divisor = "(uint64)" + std::to_string(magnitude);
    if (quotient && number < 0) negative = dividend + " >= 0";
  } else {
    std::string value = hoist(e, stored(e.kids[1]));
    divisor = absolute(value);
    if (quotient) negative = "(" + dividend + " < 0) != (" + value + " < 0)";
  }
  std::string result =
      hoist(e, "(int64)(" + absolute(dividend) + " " + lang::spelling(e.op) + " " + divisor + ")");
  return negative + " ? -" + result + " : " + result;
}

// In BEGIN, END and interval bpftrace takes addresses for the kernel's.
std::string ClausePrinter::memory(const std::string& pointer) const {
  return where_.shape ? "*" + pointer : "*uptr(" + pointer + ")";
}

std::string ClausePrinter::deref(const Expr& e) {
  const Expr& address = e.kids[0];
  if (address.type.kind == Type::Kind::Pointer) return memory(operand(address));
  return memory("(" + e.type.name() + " *)" + operand(address));
}

std::string ClausePrinter::place(uint32_t map, const std::vector<Expr>& keys) {
  std::vector<std::string> parts;
  parts.reserve(keys.size());
  for (const Expr& key : keys) parts.push_back(stored(key));
  return script_.program.maps[map].name + (parts.empty() ? "" : "[" + join(parts) + "]");
}

std::string ClausePrinter::call(const Expr& e) {
  const lang::BuiltinRow& row = lang::builtin_rows()[static_cast<size_t>(e.builtin)];
  switch (e.builtin) {
    case Builtin::Pid:
    case Builtin::Tid:
    case Builtin::Comm:
    case Builtin::Cpu:
    case Builtin::Uid:
    case Builtin::Gid:
    case Builtin::Rand:
    case Builtin::Username:
    case Builtin::Cgroup:
    case Builtin::Elapsed: return row.name;
    case Builtin::Nsecs: return clock(e);
    case Builtin::Ncpus:
    case Builtin::Numaid:
    case Builtin::Jiffies:
    case Builtin::Usermode: return newer(e, row.name);
    case Builtin::Probetype: {
      std::string name = plan::probe_name(script_.plan, where_.probe);
      name = name.substr(0, name.find(':'));
      return lang::quoted(name == "begin" || name == "end" ? "special" : name);
    }
    case Builtin::Func:
    case Builtin::Probe: return name_literal(e);
    case Builtin::Goid:
      if (e.kids.empty() && where_.shape && where_.shape->g != go::GSource::None &&
          where_.shape->goid_offset != 0)
        return kGoidVariable;
      break;
    case Builtin::Duration:
      if (!where_.duration.empty()) return where_.duration;
      break;
    // bpftrace's stacks miss the caller where no frame is set up.
    case Builtin::Ustack:
    case Builtin::Caller: break;
    case Builtin::Recovered:
      if (!where_.shape || where_.shape->recovery == go::Recovery::Unknown) break;
      return where_.shape->recovery == go::Recovery::Yes && where_.role == plan::Role::Self ? "1"
                                                                                            : "0";
    case Builtin::Retval:
    case Builtin::Arg:
    case Builtin::Sarg:
    case Builtin::Reg: return argument(e);
    case Builtin::Str: return string_read(e);
    case Builtin::Buf: return buffer(e);
    case Builtin::Strftime:
      if (script_.program.time_formats[e.type.detail].find("%:z") != std::string::npos)
        script_.problem(e.location, "bpftrace's strftime() has no %:z",
                        "write %z: the zone without a colon");
      return "strftime(" + lang::quoted(script_.program.time_formats[e.type.detail]) + ", " +
             expr(e.kids[0]) + ")";
    case Builtin::Strncmp:
      return "strncmp(" + expr(e.kids[0]) + ", " + expr(e.kids[1]) + ", " +
             std::to_string(e.integer) + ")";
    case Builtin::Strlen:
    case Builtin::Strcontains:
    case Builtin::Strstr:
    case Builtin::Strerror:
    case Builtin::SignalName:
    case Builtin::Bswap: {
      std::vector<std::string> arguments;
      for (const Expr& kid : e.kids) arguments.push_back(stored(kid));
      return newer(e, row.name + ("(" + join(arguments)) + ")");
    }
    case Builtin::HasKey: return newer(e, "has_key(" + keyed(e.kids[0]) + ")");
    case Builtin::Len: return newer(e, "len(" + script_.program.maps[e.type.detail].name + ")");
    case Builtin::Join:
      return "join(" + (where_.shape ? expr(e.kids[0]) : "uptr(" + expr(e.kids[0]) + ")") +
             (e.string == " " ? "" : ", " + lang::quoted(e.string)) + ")";
    case Builtin::System: script_.runs_commands = true; return printf_call(e);
    case Builtin::Cat:
    case Builtin::Printf: return printf_call(e);
    case Builtin::Print: return print_call(e);
    case Builtin::Clear:
    case Builtin::Zero: return std::string(row.name) + "(" + expr(e.kids[0]) + ")";
    case Builtin::Delete: return delete_call(e);
    case Builtin::Exit: return exit_call(e);
    case Builtin::Time: return "time(" + lang::quoted(script_.program.formats[e.format].text) + ")";
    default: break;
  }
  script_.problem(e.location, std::string(row.name) + " cannot be emitted for bpftrace");
  return row.name;
}

// What 0.17 does not have.
std::string ClausePrinter::newer(const Expr& e, const std::string& text) {
  if (script_.old())
    script_.problem(e.location,
                    std::string("bpftrace 0.17 has no ") +
                        lang::builtin_rows()[static_cast<size_t>(e.builtin)].name,
                    "emit for 0.27");
  return text;
}

std::string ClausePrinter::clock(const Expr& e) {
  if (e.integer == static_cast<uint64_t>(lang::ClockMode::Boot)) return "nsecs";
  bool monotonic = e.integer == static_cast<uint64_t>(lang::ClockMode::Monotonic);
  return newer(e, monotonic ? "nsecs(monotonic)" : "nsecs(tai)");
}

std::string ClausePrinter::buffer(const Expr& e) {
  const Expr& source = e.kids[0];
  std::string text = expr(source);
  if (source.type.has_bytes()) {  // bpftrace wants the length of that too
    if (source.kind != Kind::String || script_.old())
      script_.problem(e.location, "buf() of a string cannot be emitted",
                      "buf(address, length) can");
    return "buf(" + text + ", " + std::to_string(source.string.size()) + ")";
  }
  if (!where_.shape) text = "uptr(" + text + ")";
  if (e.kids.size() > 1) text += ", " + expr(e.kids[1]);
  return "buf(" + text + ")";
}

// `@m, key` or `@m, (key, key)`
std::string ClausePrinter::keyed(const Expr& entry) {
  std::vector<std::string> keys;
  for (const Expr& key : entry.kids) keys.push_back(stored(key));
  return script_.program.maps[entry.slot].name + ", " +
         (keys.size() > 1 ? "(" + join(keys) + ")" : join(keys));
}

std::string ClausePrinter::name_of(const Expr& e) const {
  return e.builtin == Builtin::Func ? plan::func_name(script_.plan, where_.function)
                                    : plan::probe_name(script_.plan, where_.probe);
}

std::string ClausePrinter::name_literal(const Expr& e) {
  std::string name = name_of(e);
  if (script_.old() && name.size() > kOldLiteral)
    script_.problem(e.location,
                    "strings in a script of bpftrace 0.17 end at 63 bytes, too few for " + name,
                    "it can be printed by printf(), but be no map's key; or emit for 0.27");
  return lang::quoted(name);
}

std::string ClausePrinter::argument(const Expr& e) {
  if (where_.shape && where_.shape->inlined &&
      (e.builtin == Builtin::Arg || e.builtin == Builtin::Sarg))
    script_.problem(e.location, "an inlined call's arguments are not known",
                    "leave out probe_inline");
  auto reg = [](uint16_t offset) {
    return "reg(" + lang::quoted(arch::register_name(offset)) + ")";
  };
  const go::Abi abi = where_.shape ? where_.shape->abi : go::Abi::C;
  auto number = static_cast<unsigned>(e.integer);
  std::string stack = memory("(uint64 *)(reg(\"sp\") + " + std::to_string(8 + 8 * e.integer) + ")");
  switch (e.builtin) {
    case Builtin::Reg: return reg(static_cast<uint16_t>(e.integer));
    case Builtin::Sarg: return stack;
    case Builtin::Retval:
      if (abi != go::Abi::GoStack) return reg(arch::PtRegs::ax);
      script_.problem(e.location, "retval: a function here returns its results on the stack",
                      "read them with *(reg(\"sp\")+N)");
      return "0";
    default: break;
  }
  if (abi == go::Abi::GoStack) return stack;
  auto offset =
      abi == go::Abi::C ? arch::c_argument_register(number) : arch::go_argument_register(number);
  if (offset) return reg(*offset);
  script_.problem(e.location,
                  "arg" + std::to_string(e.integer) + " is not in a register of a function here");
  return "0";
}

// A number that is in one place at the site, such as a result in a register, is that word.
std::string ClausePrinter::go_value(const Expr& e) {
  const std::vector<plan::Layout>& layouts = script_.plan.layouts;
  const bool here = where_.layout < layouts.size() &&
                    e.slot < layouts[where_.layout].values.size() &&
                    !clause_.go_values[e.slot].at_entry && e.type.is_number();
  const go::Access none;
  const go::Access& access = here ? layouts[where_.layout].values[e.slot] : none;
  if (access.steps.empty() && access.words.size() == 1) {
    const go::Word& word = access.words[0];
    // Above a narrow value its register holds garbage.
    const Type made = Type::integer(word.size, word.is_signed);
    const std::string type = made.name();
    if (word.in == go::Word::In::Stack)
      return memory("(" + type + " *)(reg(\"sp\") + " + std::to_string(word.offset) + ")");
    auto offset = go::register_of(word);
    if (word.in != go::Word::In::Context && offset)
      return (made == Type::u64() ? "" : "(" + type + ")") + "reg(" +
             lang::quoted(arch::register_name(*offset)) + ")";
  }
  script_.problem(e.location, "bpftrace has no words for Go values",
                  "the words they are made of are arg0, reg(\"bx\"), *(reg(\"ax\")+8)");
  return "0";
}

// From 0.23 on bpftrace's length counts the NUL that it puts behind.
std::string ClausePrinter::string_read(const Expr& e) {
  std::string address = where_.shape ? expr(e.kids[0]) : "uptr(" + expr(e.kids[0]) + ")";
  if (e.kids.size() < 2) return "str(" + address + ")";
  const Expr& length = e.kids[1];
  if (is_literal(length)) {
    uint64_t bytes = std::min<uint64_t>(length.integer, script_.program.max_strlen);
    return "str(" + address + ", " + std::to_string(bytes + (script_.old() ? 0 : 1)) + ")";
  }
  return "str(" + address + ", " + (script_.old() ? expr(length) : operand(length) + " + 1") + ")";
}

std::string ClausePrinter::printf_call(const Expr& e) {
  const Format& format = script_.program.formats[e.format];
  std::string text;
  std::vector<std::string> arguments;
  size_t next = 0;
  for (const FormatPiece& piece : format.pieces) {
    if (piece.conversion == 0) {
      text += format_text(piece.literal, script_.old(), arguments);
      continue;
    }
    if (piece.star_width) {
      script_.problem(e.location, "bpftrace has no * for a width", "write the width as a number");
      next++;
    }
    if (next >= e.kids.size()) break;
    const Expr& value = e.kids[next++];
    if (is_name(value.type)) {
      text += format_text(padded(name_of(value), piece), script_.old(), arguments);
      continue;
    }
    std::string conversion = piece.length + piece.conversion;
    if (piece.conversion == 'r') conversion = "r" + piece.length;
    if (piece.conversion == 'v') conversion = "s";  // what is no Go value
    if (piece.wide && piece.conversion != 'v') conversion = std::string("ll") + piece.conversion;
    std::string argument = expr(value);
    if ((piece.conversion == 's' || piece.conversion == 'v') && value.type.is_number()) {
      bool boolean = value.type.kind == Type::Kind::Bool;
      if (boolean) argument = operand(value) + " ? \"true\" : \"false\"";
      conversion = boolean ? "s" : value.type.is_signed ? "lld" : "llu";
    }
    text += "%" + piece.flags + (piece.width >= 0 ? std::to_string(piece.width) : "") +
            (piece.precision >= 0 ? "." + std::to_string(piece.precision) : "") + conversion;
    arguments.push_back(argument);
  }
  return std::string(lang::builtin_rows()[static_cast<size_t>(e.builtin)].name) + "(" +
         join({lang::quoted(text), join(arguments)}) + ")";
}

std::string ClausePrinter::print_call(const Expr& e) {
  const Expr& what = e.kids[0];
  const Type& type = what.type;
  if (what.kind == Kind::MapRef || (what.kind == Kind::Map && what.kids.empty())) {
    std::vector<std::string> arguments = {script_.program.maps[what.slot].name};
    for (size_t i = 1; i < e.kids.size(); i++) arguments.push_back(expr(e.kids[i]));
    return "print(" + join(arguments) + ")";
  }
  if (is_name(type)) {
    std::vector<std::string> arguments;
    std::string text = format_text(name_of(what) + "\n", script_.old(), arguments);
    return "printf(" + join({lang::quoted(text), join(arguments)}) + ")";
  }
  if (!script_.old()) return "print(" + expr(what) + ")";
  if (type.is_aggregate()) {
    script_.problem(e.location, "bpftrace 0.17 prints no single entry of such a map",
                    "print the whole map, or emit for 0.27");
    return "0";
  }
  if (type.kind == Type::Kind::Buffer) return "printf(\"%r\\n\", " + expr(what) + ")";
  if (type.kind == Type::Kind::Bool)
    return "printf(\"%s\\n\", " + operand(what) + " ? \"true\" : \"false\")";
  const char* format = is_text(type) ? "%s" : type.is_signed ? "%lld" : "%llu";
  return "printf(\"" + std::string(format) + "\\n\", " + expr(what) + ")";
}

std::string ClausePrinter::delete_call(const Expr& e) {
  const Expr& entry = e.kids[0];
  if (script_.old() || entry.kids.empty()) return "delete(" + place(entry.slot, entry.kids) + ")";
  return "delete(" + keyed(entry) + ")";
}

std::string ClausePrinter::exit_call(const Expr& e) {
  bool plain = e.kids.empty() || (is_literal(e.kids[0]) && e.kids[0].integer == 0);
  if (plain) return "exit()";
  if (script_.old())
    script_.problem(e.location, "bpftrace 0.17 has no exit code of a script", "write exit()");
  return "exit(" + expr(e.kids[0]) + ")";
}

}  // namespace gotap::emit
