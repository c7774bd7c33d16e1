// The checker's rounds, clauses and statements; see checker.h.
#include "lang/check.h"

#include <algorithm>

#include "lang/checker.h"
#include "lang/parser.h"

namespace gotap::lang {

namespace {

// Types settle in a round or two; a chain of maps that define each other backwards takes one a
// map. Beyond this no script is meant seriously.
constexpr int kMaxRounds = 200;

bool has_step(const ast::Expr& e) {
  if (e.kind == ast::Expr::Kind::IncDec) return true;
  return std::any_of(e.kids.begin(), e.kids.end(), has_step);
}

bool has_effect(const Expr& e) {
  if (e.kind == Expr::Kind::IncDec || e.type.kind == Type::Kind::Void) return true;
  return std::any_of(e.kids.begin(), e.kids.end(), has_effect);
}

}  // namespace

Checker::Checker(const ast::Script& script, const TargetLookup& lookup, const CheckOptions& options)
    : script_(script), options_(options) {
  for (const ast::Clause& clause : script.clauses) {
    auto& facts = facts_.emplace_back();
    for (const ProbeSpec& spec : clause.probes) {
      bool in_binary = spec.kind == ProbeKind::Uprobe || spec.kind == ProbeKind::Uretprobe;
      facts.push_back(in_binary && lookup ? lookup(spec) : std::nullopt);
    }
  }
}

Typed Checker::error(const Location& where, std::string message, std::string hint) {
  diagnostics_.push_back({Diagnostic::Severity::Error, where, std::move(message), std::move(hint)});
  return unusable();
}

void Checker::warning(const Location& where, std::string message, std::string hint) {
  diagnostics_.push_back(
      {Diagnostic::Severity::Warning, where, std::move(message), std::move(hint)});
}

uint32_t Checker::add_format(Format format) {
  program_.formats.push_back(std::move(format));
  return static_cast<uint32_t>(program_.formats.size() - 1);
}

uint32_t Checker::add_time_format(const std::string& format) {
  auto found = std::find(time_formats_.begin(), time_formats_.end(), format);
  if (found == time_formats_.end()) found = time_formats_.insert(found, format);
  return static_cast<uint32_t>(found - time_formats_.begin());
}

Checked Checker::run() {
  for (int rounds = 0; rounds < kMaxRounds; rounds++) {
    learned_ = false;
    round();
    if (!learned_) break;
  }
  bool settled = !learned_;
  final_ = true;
  round();
  if (!settled) error({}, "the types of this script's maps depend on each other too deeply");
  finish();
  Checked checked;
  checked.program = std::move(program_);
  checked.settings = options_.settings;
  checked.diagnostics = std::move(diagnostics_);
  return checked;
}

void Checker::round() {
  program_ = TypedProgram{};
  diagnostics_.clear();
  settings();
  program_.max_strlen = options_.settings.max_strlen;
  program_.values = options_.settings.values;
  program_.max_map_keys = options_.settings.max_map_keys;
  program_.probe_inline = options_.settings.probe_inline;
  for (clause_index_ = 0; clause_index_ < script_.clauses.size(); clause_index_++)
    check_clause(script_.clauses[clause_index_]);
}

void Checker::finish() {
  program_.time_formats = time_formats_;
  program_.constants = constants_;
  program_.error_texts = options_.settings.error_texts;
  for (MapInfo& map : maps_) {
    MapDecl decl;
    decl.name = map.name;
    for (const Slot& key : map.keys) decl.keys.push_back(key.type);
    decl.value = map.value.type;
    decl.hist_bits = map.hist_bits;
    decl.lhist_min = map.lhist_min;
    decl.lhist_max = map.lhist_max;
    decl.lhist_step = map.lhist_step;
    program_.maps.push_back(std::move(decl));
    bool keys_known =
        std::all_of(map.keys.begin(), map.keys.end(), [](const Slot& key) { return key.known; });
    if (!has_errors(diagnostics_) && (!map.value.known || !keys_known))
      error(map.first, "the type of " + map.name + " cannot be told from the script",
            "it is only ever made from itself");
  }
  std::stable_sort(
      diagnostics_.begin(), diagnostics_.end(),
      [](const Diagnostic& a, const Diagnostic& b) { return a.location.begin < b.location.begin; });
  // The same sentence about the same place is said once.
  diagnostics_.erase(std::unique(diagnostics_.begin(), diagnostics_.end(),
                                 [](const Diagnostic& a, const Diagnostic& b) {
                                   return a.location.begin == b.location.begin &&
                                          a.location.end == b.location.end &&
                                          a.message == b.message;
                                 }),
                     diagnostics_.end());
  if (diagnostics_.size() > kMaxDiagnostics) {
    // Errors first: a script with nothing but warnings runs, whatever their number.
    std::stable_partition(diagnostics_.begin(), diagnostics_.end(), [](const Diagnostic& d) {
      return d.severity == Diagnostic::Severity::Error;
    });
    diagnostics_.resize(kMaxDiagnostics);
  }
}

void Checker::check_clause(const ast::Clause& clause) {
  Clause out;
  out.probes = clause.probes;
  out.location = clause.location;
  clause_ = &out;
  declared_at_.clear();
  ended_.clear();
  scopes_.assign(1, {});
  if (clause.predicate) {
    Typed condition = number(*clause.predicate, "a predicate");
    if (condition.usable) out.predicate = std::move(condition.expr);
  }
  body(clause.body, out.body);
  for (size_t i = 0; i < declared_at_.size(); i++)
    out.variables[i].type = variables_[declared_at_[i]].type;
  clause_ = nullptr;
  program_.clauses.push_back(std::move(out));
}

void Checker::body(const std::vector<ast::Stmt>& stmts, std::vector<Stmt>& out) {
  scopes_.emplace_back();
  for (const ast::Stmt& stmt : stmts) statement(stmt, out);
  for (const auto& entry : scopes_.back()) ended_.push_back(entry.first);
  scopes_.pop_back();
}

void Checker::statement(const ast::Stmt& stmt, std::vector<Stmt>& out) {
  switch (stmt.kind) {
    case ast::Stmt::Kind::Expr: expression_statement(stmt, out); return;
    case ast::Stmt::Kind::Assign:
      if (stmt.target->kind == ast::Expr::Kind::Map)
        assign_map(stmt, out);
      else
        assign_variable(stmt, out);
      return;
    case ast::Stmt::Kind::Break:
    case ast::Stmt::Kind::Continue:
      if (loops_ == 0) {
        error(stmt.location,
              std::string(stmt.kind == ast::Stmt::Kind::Break ? "break" : "continue") +
                  " stands outside of a while or for loop");
        return;
      }
      [[fallthrough]];
    case ast::Stmt::Kind::Return: {
      Stmt made;
      made.kind = stmt.kind == ast::Stmt::Kind::Break      ? Stmt::Kind::Break
                  : stmt.kind == ast::Stmt::Kind::Continue ? Stmt::Kind::Continue
                                                           : Stmt::Kind::Return;
      made.location = stmt.location;
      out.push_back(std::move(made));
      return;
    }
    case ast::Stmt::Kind::Block: body(stmt.then_body, out); return;
    case ast::Stmt::Kind::Let: let(stmt, out); return;
    case ast::Stmt::Kind::For:
    case ast::Stmt::Kind::While:
    case ast::Stmt::Kind::Unroll: loop(stmt, out); return;
    case ast::Stmt::Kind::If: {
      Stmt made;
      made.location = stmt.location;
      Typed condition = number(*stmt.value, "a condition");
      body(stmt.then_body, made.then_body);
      body(stmt.else_body, made.else_body);
      if (!condition.usable) return;
      made.kind = Stmt::Kind::If;
      made.value = std::move(condition.expr);
      out.push_back(std::move(made));
      return;
    }
  }
}

void Checker::loop(const ast::Stmt& stmt, std::vector<Stmt>& out) {
  if (stmt.kind == ast::Stmt::Kind::For) return for_range(stmt, out);
  Stmt made;
  made.location = stmt.location;
  if (stmt.kind == ast::Stmt::Kind::Unroll) {
    made.kind = Stmt::Kind::Unroll;
    auto count = literal(*stmt.value, "the number of rounds of unroll", 1, 100);
    // A break in there would belong to a loop around, of which it is hard to see that.
    uint32_t around = loops_;
    loops_ = 0;
    body(stmt.then_body, made.then_body);
    loops_ = around;
    if (!count) return;
    made.count = static_cast<uint32_t>(*count);
    out.push_back(std::move(made));
    return;
  }
  made.kind = Stmt::Kind::While;
  Typed condition = number(*stmt.value, "a condition");
  loops_++;
  body(stmt.then_body, made.then_body);
  loops_--;
  if (!condition.usable) return;
  made.value = std::move(condition.expr);
  out.push_back(std::move(made));
}

void Checker::for_range(const ast::Stmt& stmt, std::vector<Stmt>& out) {
  if (!stmt.limit) {
    error(stmt.location, "loops over the entries of a map are not supported",
          "print(" + stmt.value->text + ") prints them all");
    return;
  }
  Stmt made;
  made.kind = Stmt::Kind::For;
  made.location = stmt.location;
  Typed begin = number(*stmt.value, "the begin of a range");
  Typed end = number(*stmt.limit, "the end of a range");
  scopes_.emplace_back();
  made.slot = declare(*stmt.target);
  Typed counter;
  counter.expr.type = Type::i64();
  merge(variables_[declared_at_[made.slot]], counter);
  loops_++;
  body(stmt.then_body, made.then_body);
  loops_--;
  ended_.push_back(stmt.target->text);
  scopes_.pop_back();
  if (!begin.usable || !end.usable) return;
  made.value = coerce(std::move(begin), Type::i64()).expr;
  made.limit = coerce(std::move(end), Type::i64()).expr;
  out.push_back(std::move(made));
}

// let $x [: type] [= value]
void Checker::let(const ast::Stmt& stmt, std::vector<Stmt>& out) {
  const ast::Expr& target = *stmt.target;
  if (find_variable(target.text)) {
    error(target.location, target.text + " is declared already", "choose another name");
    return;
  }
  // What a variable holds must not be found in its own value.
  ast::Stmt assign = stmt;
  assign.kind = ast::Stmt::Kind::Assign;
  if (stmt.value && !stmt.type) return assign_variable(assign, out);
  uint32_t slot = declare(target);
  if (stmt.type) {
    Slot& known = variables_[declared_at_[slot]];
    known.declared = stmt.type;
    Typed like;
    like.expr.type = *stmt.type;
    if (like.expr.type.kind == Type::Kind::Int) like.expr.type.size = 8;
    merge(known, like);
  }
  if (stmt.value) assign_variable(assign, out);
}

// The config block. What the environment set stays.
void Checker::settings() {
  for (const ast::Setting& setting : script_.settings) {
    const SettingRow* row = find_setting(setting.name);
    if (row && !row->set) {
      warning(setting.location, "the setting '" + setting.name + "' has no effect in gotap");
      continue;
    }
    const auto& given = options_.given;
    Settings other;
    const bool stays = std::find(given.begin(), given.end(), setting.name) != given.end();
    auto set = set_setting(stays ? other : options_.settings, setting.name,
                           setting.number ? std::to_string(*setting.number) : setting.text);
    if (!set.ok()) error(setting.location, set.error().message, set.error().hint);
    if (setting.name == "error_text") error_texts(setting.location);
  }
}

/// Each text of errors must be known in one of the programs, if types of any are.
void Checker::error_texts(const Location& where) {
  for (const std::string& text : options_.settings.error_texts) {
    bool asked = false, known = false;
    for (const auto& clause : facts_)
      for (const auto& facts : clause) {
        if (!facts || !facts->types) continue;
        asked = true;
        known = known || go::knows_error_text(*facts->types, text);
      }
    if (asked && !known)
      error(where, "error_text: there is no type of errors with a string " + text,
            "a type, a dot, and a field of it that is a string, as in *main.MyError.Msg");
  }
}

void Checker::expression_statement(const ast::Stmt& stmt, std::vector<Stmt>& out) {
  const ast::Expr& e = *stmt.value;
  Stmt made;
  made.location = stmt.location;
  // `c ? printf(...) : printf(...)` is an if: its choices give no value.
  auto is_action = [](const ast::Expr& kid) {
    if (kid.kind != ast::Expr::Kind::Call) return false;
    const BuiltinRow* row = find_builtin(kid.text);
    return row && row->category == Category::Action;
  };
  if (e.kind == ast::Expr::Kind::Ternary && e.kids.size() == 3 && is_action(e.kids[1]) &&
      is_action(e.kids[2])) {
    Typed condition = number(e.kids[0], "a condition");
    for (size_t i : {1, 2}) {
      Typed action = any(e.kids[i]);
      if (!action.usable) continue;
      Stmt inner;
      inner.location = e.kids[i].location;
      inner.value = std::move(action.expr);
      (i == 1 ? made.then_body : made.else_body).push_back(std::move(inner));
    }
    if (!condition.usable) return;
    made.kind = Stmt::Kind::If;
    made.value = std::move(condition.expr);
    out.push_back(std::move(made));
    return;
  }
  // delete(@a[k], @b[k]), as bpftrace took it before 0.22: one entry of each.
  if (e.kind == ast::Expr::Kind::Call && e.text == "delete" && e.kids.size() > 1 &&
      e.kids[0].indexed) {
    for (const ast::Expr& kid : e.kids) {
      ast::Stmt single;
      single.location = stmt.location;
      single.value = e;
      single.value->kids.assign(1, kid);
      expression_statement(single, out);
    }
    return;
  }
  Typed typed = any(e);
  if (!typed.usable) return;
  if (!has_effect(typed.expr)) {
    warning(e.location, "the value of this expression is not used");
    return;
  }
  made.kind = Stmt::Kind::Expr;
  made.value = std::move(typed.expr);
  out.push_back(std::move(made));
}

void Checker::assign_variable(const ast::Stmt& stmt, std::vector<Stmt>& out) {
  const ast::Expr& target = *stmt.target;
  Typed typed;
  if (stmt.op == Op::None) {
    typed = value(*stmt.value);
  } else {
    Typed old = variable(target);
    typed = binary(stmt.op, std::move(old), value(*stmt.value), stmt.location);
  }
  std::optional<uint32_t> slot = find_variable(target.text);
  // Declared even when its value is wrong: one mistake is enough.
  if (!slot && (stmt.op == Op::None || typed.usable)) slot = declare(target);
  if (!slot || !typed.usable) return;
  Slot& known = variables_[declared_at_[*slot]];
  if (known.declared && known.declared->kind == Type::Kind::Int && known.declared->size < 8 &&
      typed.expr.type.kind == Type::Kind::Int) {
    Typed narrow;
    narrow.expr.kind = Expr::Kind::Cast;
    narrow.expr.type = *known.declared;
    narrow.expr.location = typed.expr.location;
    narrow.expr.kids.push_back(std::move(typed.expr));
    typed = std::move(narrow);
  }
  if (!merge(known, typed)) {
    error(stmt.location, "type mismatch for " + target.text + ": it holds '" +
                             describe(known.type) + "' already, this is '" +
                             describe(typed.expr.type) + "'");
    return;
  }
  Stmt made;
  made.kind = Stmt::Kind::AssignVar;
  made.location = stmt.location;
  made.slot = *slot;
  made.value = coerce(std::move(typed), known.type).expr;
  out.push_back(std::move(made));
}

void Checker::assign_map(const ast::Stmt& stmt, std::vector<Stmt>& out) {
  const ast::Expr& target = *stmt.target;
  const ast::Expr& source = *stmt.value;
  uint32_t index = map_index(target);
  maps_[index].written = true;
  if (stmt.op == Op::None && source.kind == ast::Expr::Kind::Call) {
    const BuiltinRow* row = find_builtin(source.text);
    if (row && row->category == Category::Aggregation) return aggregate(stmt, *row, out);
  }
  Stmt made;
  made.kind = Stmt::Kind::AssignMap;
  made.location = stmt.location;
  made.slot = index;
  Typed typed = value(source);
  bool keys_good = map_keys(target, maps_[index], made.keys);
  Slot* slot = &maps_[index].value;
  if (slot->known && slot->type.is_aggregate()) {
    error(stmt.location,
          target.text + " holds an aggregation (" + slot->type.name() +
              ") elsewhere: it cannot be assigned a value",
          "use a map of another name");
    return;
  }
  if (!typed.usable || !keys_good) return;
  bool is_int = typed.expr.type.kind == Type::Kind::Int || typed.expr.type.kind == Type::Kind::Bool;
  bool atomic = (stmt.op == Op::Add || stmt.op == Op::Sub) && is_int &&
                (!slot->known || slot->type.kind == Type::Kind::Int);
  if (atomic) {
    // What is subtracted from may become negative.
    bool is_signed = typed.expr.type.is_signed || stmt.op == Op::Sub;
    typed = coerce(std::move(typed), is_signed ? Type::i64() : Type::u64());
    if (stmt.op == Op::Sub) typed.soft = false;
    made.op = stmt.op;
  } else if (stmt.op != Op::None) {
    if (std::any_of(target.kids.begin(), target.kids.end(), has_step)) {
      error(target.location, "the key would be counted twice", "count it in a statement before");
      return;
    }
    if (!slot->known && is_int) merge(*slot, make_literal(0, target.location));
    Typed old = map_entry(target);
    typed = binary(stmt.op, std::move(old), std::move(typed), stmt.location);
    slot = &maps_[index].value;
    if (!typed.usable) return;
  }
  if (!merge(*slot, typed)) {
    error(stmt.location, "type mismatch for " + target.text + ": it holds '" +
                             describe(slot->type) + "' elsewhere, this is '" +
                             describe(typed.expr.type) + "'");
    return;
  }
  made.value = coerce(std::move(typed), slot->type).expr;
  out.push_back(std::move(made));
}

void Checker::aggregate(const ast::Stmt& stmt, const BuiltinRow& row, std::vector<Stmt>& out) {
  const ast::Expr& target = *stmt.target;
  uint32_t index = map_index(target);
  Stmt made;
  made.kind = Stmt::Kind::Aggregate;
  made.location = stmt.location;
  made.slot = index;
  bool keys_good = map_keys(target, maps_[index], made.keys);
  bool value_good = aggregate_arguments(*stmt.value, row, maps_[index], made.value);
  if (keys_good && value_good) out.push_back(std::move(made));
}

Checked check(const ast::Script& script, const TargetLookup& lookup, const CheckOptions& options) {
  return Checker(script, lookup, options).run();
}

}  // namespace gotap::lang
