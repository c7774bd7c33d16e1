// Values of Go programs by name: args.req.Key, retval.err, captured.x, local.x, global("pkg.v"),
// and what len(), cap(), typeof(), trace_id() and span_id() say of them; see checker.h. Where a
// value is, and what is wrong with the way to it, go::resolve() knows; here it gets a type of the
// language, one for all functions that the clause's probes name.
#include <algorithm>

#include "base/text.h"
#include "lang/checker.h"

namespace gotap::lang {

namespace {

using K = ast::Expr::Kind;
using go::Aspect;
using go::PathRoot;
using go::PathStep;

// The expression that a path begins with: args, retval ...
const ast::Expr& root_of(const ast::Expr& e) {
  const ast::Expr* at = &e;
  while (at->kind == K::Field || at->kind == K::Index || at->kind == K::Slice ||
         at->kind == K::Assert || at->kind == K::Deref)
    at = &at->kids[0];
  return *at;
}

bool is_name(const ast::Expr& e, const char* word) { return e.kind == K::Name && e.text == word; }

// Whether the root is a parameter, or the like, that is known when a call begins only.
bool is_of_begin(const go::Path& path) {
  return path.root.kind != PathRoot::Kind::Result && path.root.kind != PathRoot::Kind::Global &&
         path.root.kind != PathRoot::Kind::Local;
}

std::optional<Aspect> aspect_of(const ast::Expr& e) {
  if (e.kind != K::Call) return std::nullopt;
  const BuiltinRow* row = find_builtin(e.text);
  if (!row) return std::nullopt;
  switch (row->id) {
    case Builtin::Cap: return Aspect::Cap;
    case Builtin::Typeof: return Aspect::TypeOf;
    case Builtin::TraceId: return Aspect::TraceId;
    case Builtin::SpanId: return Aspect::SpanId;
    default: return std::nullopt;
  }
}

}  // namespace

bool Checker::is_go(const ast::Expr& e) {
  const ast::Expr& root = root_of(e);
  if (root.kind == K::Call) return root.text == "global";
  for (const char* word : {"args", "captured", "local"})
    if (is_name(root, word)) return true;
  if (!is_name(root, "retval")) return false;
  // retval.N and retval.NAME are results; alone it is a word where its type is not known.
  const ast::Expr* at = &e;
  while (at != &root && &at->kids[0] != &root) at = &at->kids[0];
  return (at != &root && at->kind == K::Field) || has_typed_retval();
}

bool Checker::can_only_be_go(const ast::Expr& e) { return is_go(e) || is_name(e, "retval"); }

// Whether every function has one result of a known type, the same in all. Where it is a slice or an
// array, which are no value of a script, it has a length.
bool Checker::has_typed_retval() {
  GoPath path;
  path.path.root.kind = PathRoot::Kind::Result;
  const auto known = [&](Aspect aspect) {
    const GoResolved resolved = resolve_all(path, aspect, GoUse::Value);
    return resolved.type && resolved.everywhere;
  };
  return known(Aspect::Value) || known(Aspect::Len);
}

/// The root's kind and name; `e` is args, retval, captured, local or global("...").
bool Checker::go_root(const ast::Expr& e, GoPath& out) {
  out.root = e.location;
  const BuiltinRow* row = find_builtin(e.text);
  if (!row || !stands_right(e, *row)) return false;
  PathRoot& root = out.path.root;
  if (row->id == Builtin::Global) {
    root.kind = PathRoot::Kind::Global;
    if (e.kids.size() != 1 || e.kids[0].kind != K::String) {
      error(e.location, "global() takes the name of a package variable in quotes",
            "as in global(\"main.counter\")");
      return false;
    }
    root.name = e.kids[0].text;
    return true;
  }
  root.kind = row->id == Builtin::Args       ? PathRoot::Kind::Parameter
              : row->id == Builtin::Captured ? PathRoot::Kind::Captured
              : row->id == Builtin::Local    ? PathRoot::Kind::Local
                                             : PathRoot::Kind::Result;
  return true;
}

/// The path that `e` spells. Nothing: it is wrong, which has been said. `whole`: args alone is all
/// parameters.
std::optional<Checker::GoPath> Checker::go_path(const ast::Expr& e, bool whole) {
  const ast::Expr& root = root_of(e);
  GoPath out;
  if (!can_only_be_go(e)) {
    error(e.location, "only values of Go programs have fields and parts",
          "they begin with args, retval, captured, local or global(), as in args.req.Key");
    return std::nullopt;
  }
  if (!go_root(root, out)) return std::nullopt;
  std::vector<const ast::Expr*> steps;
  for (const ast::Expr* at = &e; at != &root; at = &at->kids[0]) steps.push_back(at);
  std::reverse(steps.begin(), steps.end());
  for (const ast::Expr* step : steps)
    if (!go_step(*step, out)) return std::nullopt;
  const PathRoot& made = out.path.root;
  const bool all_of_them = whole && made.kind == PathRoot::Kind::Parameter;
  if (made.kind == PathRoot::Kind::Local && made.name.empty()) {
    error(out.root, "local needs the name of a variable", "as in local.key");
    return std::nullopt;
  }
  const bool needs_name =
      made.kind == PathRoot::Kind::Parameter || made.kind == PathRoot::Kind::Captured;
  if (needs_name && !all_of_them && made.name.empty() && !made.number) {
    error(out.root, root.text + " needs the name or the number of one",
          "as in " + root.text + ".key or " + root.text + ".0");
    return std::nullopt;
  }
  return out;
}

bool Checker::go_step(const ast::Expr& e, GoPath& out) {
  PathRoot& root = out.path.root;
  PathStep step;
  const bool first = out.path.steps.empty() && root.name.empty() && !root.number &&
                     root.kind != PathRoot::Kind::Global;
  switch (e.kind) {
    case K::Field:
      if (first) {
        root.name = e.text;
        if (e.text.empty())
          root.number = static_cast<uint32_t>(std::min<uint64_t>(e.integer, 9999));
        out.root = e.location;
        return true;
      }
      if (e.text.empty()) {
        error(e.step, "fields have names", "an element is [" + std::to_string(e.integer) + "]");
        return false;
      }
      step.name = e.text;
      break;
    case K::Index: {
      step.kind = PathStep::Kind::Index;
      Typed index = number(e.kids[1], "an index");
      if (!index.usable) return false;
      if (is_literal(index.expr)) {
        if (literal_value(index.expr) < 0) {
          error(e.step, "an index is not negative");
          return false;
        }
        step.index = index.expr.integer;
      } else {
        out.indices.push_back(coerce(std::move(index), Type::u64()).expr);
      }
      break;
    }
    case K::Slice:
      step.kind = PathStep::Kind::Slice;
      step.low = e.low;
      step.high = e.high;
      break;
    case K::Assert:
      step.kind = PathStep::Kind::Assert;
      step.name = e.text;
      break;
    default: step.kind = PathStep::Kind::Deref; break;
  }
  out.path.steps.push_back(std::move(step));
  out.steps.push_back(e.kind == K::Deref ? e.location : e.step);
  return true;
}

/// Whether the clause's probes know what the path begins with; what does not has been said.
bool Checker::go_probes(const GoPath& path, const Location& where) {
  bool begin = false, end = false;
  const std::string word = path.path.root.kind == PathRoot::Kind::Context    ? "trace_id()"
                           : path.path.root.kind == PathRoot::Kind::Result   ? "retval"
                           : path.path.root.kind == PathRoot::Kind::Captured ? "captured"
                           : path.path.root.kind == PathRoot::Kind::Global   ? "global()"
                           : path.path.root.kind == PathRoot::Kind::Local    ? "local"
                                                                             : "args";
  for (size_t i = 0; i < probes().size(); i++) {
    const ProbeSpec& spec = probes()[i];
    if (facts()[i] && !facts()[i]->types) {
      error(where, word + ": " + spec.path + ":" + spec.function + " is not Go's",
            "its words are arg0, arg1, ... and retval");
      return false;
    }
    if (path.path.root.kind == PathRoot::Kind::Local && spec.file.empty()) {
      error(where, "local: variables are known at lines of source only",
            "as in uprobe:" + spec.path + "@FILE:LINE; a function's parameters are args.NAME");
      return false;
    }
    if (!is_of_begin(path.path)) continue;
    if (!spec.file.empty()) {
      const std::string& name = path.path.root.name;
      error(where, word + ": arguments are known where a call begins only, not at a line",
            path.path.root.kind == PathRoot::Kind::Context
                ? "name the variable: trace_id(local.ctx)"
                : "what has a name at the line is local." + (name.empty() ? "NAME" : name));
      return false;
    }
    if (spec.offset || spec.address) {
      error(where, word + ": arguments are known where a call begins only, not at an instruction",
            "without an offset: uprobe:" + spec.path + ":FUNCTION; a register here is reg(\"ax\")");
      return false;
    }
    (spec.kind == ProbeKind::Uretprobe ? end : begin) = true;
  }
  if (begin && end) {
    error(where, word + " are looked at where the call begins, by uprobe and uretprobe alike",
          "a block for each of the two");
    return false;
  }
  return true;
}

/// Adds the value to the clause's, once.
uint32_t Checker::add_go_value(GoValue value) {
  std::vector<GoValue>& values = clause_->go_values;
  for (size_t i = 0; i < values.size(); i++)
    if (values[i].path == value.path && values[i].aspect == value.aspect &&
        values[i].type == value.type)
      return static_cast<uint32_t>(i);
  values.push_back(std::move(value));
  return static_cast<uint32_t>(values.size() - 1);
}

Typed Checker::go_made(GoPath path, Aspect aspect, GoUse use, const Location& where) {
  if (!go_probes(path, where)) return unusable();
  GoResolved resolved = resolve_all(path, aspect, use);
  if (resolved.problem) {
    diagnostics_.push_back(*resolved.problem);
    return unusable();
  }
  if (!resolved.type) return unusable();
  const auto returns = [](const ProbeSpec& spec) { return spec.kind == ProbeKind::Uretprobe; };
  GoValue value;
  value.aspect = aspect;
  value.type = *resolved.type;
  value.location = where;
  value.at_entry = is_of_begin(path.path) && std::any_of(probes().begin(), probes().end(), returns);
  if (value.at_entry) {
    // What it leads to may have changed since; a copy of it all, for each call, would cost too
    // much.
    if (aspect == Aspect::Whole)
      return error(
          where, "a whole value is looked at where the call begins, not kept until it returns",
          "show it in a uprobe of the function, with goid to tell the calls apart, or here a "
          "part of it: %s, %d and args.x.Key");
    clause_->uses_duration = true;
    if (!path.indices.empty())
      return error(path.indices[0].location,
                   "what is kept when a call begins has indices that are numbers",
                   "this one is known at the return only");
  }
  value.path = std::move(path.path);
  Typed out;
  out.expr.kind = Expr::Kind::GoValue;
  out.expr.type = value.type;
  out.expr.location = where;
  out.expr.kids = std::move(path.indices);
  out.expr.slot = add_go_value(std::move(value));
  return out;
}

Typed Checker::go_value(const ast::Expr& e) {
  const auto aspect = aspect_of(e);
  if (!aspect) return go_value(e, Aspect::Value, GoUse::Value);
  if (e.kids.size() == 1) return go_value(e.kids[0], *aspect, GoUse::Value, &e);
  GoPath path;
  path.path.root.kind = PathRoot::Kind::Context;
  path.root = e.location;
  return go_made(std::move(path), *aspect, GoUse::Value, e.location);
}

Typed Checker::go_value(const ast::Expr& e, Aspect aspect, GoUse use, const ast::Expr* around) {
  if (around && !can_only_be_go(e))
    return error(e.location, around->text + "() takes a value of a Go program",
                 "as in " + around->text + "(args.x)");
  auto path = go_path(e, aspect == Aspect::Whole);
  if (!path) return unusable();
  return go_made(std::move(*path), aspect, use, around ? around->location : e.location);
}

Typed Checker::whole(const ast::Expr& e) {
  if (!is_go(e) && !is_name(e, "retval")) return printable(e);
  return go_value(e, Aspect::Whole, GoUse::Value);
}

Typed Checker::printed(const ast::Expr& e) {
  if (!can_only_be_go(e)) return printable(e);
  if (is_name(e, "args")) return whole(e);
  if (!is_go(e)) {  // retval, of several results, or one that is more than a word
    GoPath path;
    path.path.root.kind = PathRoot::Kind::Result;
    const GoResolved resolved = resolve_all(path, Aspect::Whole, GoUse::Value);
    return resolved.type && resolved.everywhere ? whole(e) : printable(e);
  }
  const auto said = static_cast<std::ptrdiff_t>(diagnostics_.size());
  Typed plain = printable(e);
  if (plain.usable && plain.expr.type.kind != Type::Kind::Pointer) return plain;
  Diagnostics of_plain(diagnostics_.begin() + said, diagnostics_.end());
  diagnostics_.erase(diagnostics_.begin() + said, diagnostics_.end());
  Typed all = whole(e);
  if (all.usable) return all;
  diagnostics_.erase(diagnostics_.begin() + said, diagnostics_.end());
  diagnostics_.insert(diagnostics_.end(), of_plain.begin(), of_plain.end());
  return plain;
}

// x == nil: of what a Go value's first word says.
Typed Checker::compare_nil(const ast::Expr& e) {
  const bool left = e.kids[0].kind == K::Nil;
  const ast::Expr& other = e.kids[left ? 1 : 0];
  if (other.kind == K::Nil) return error(e.location, "nil is compared with itself");
  Typed word;
  if (can_only_be_go(other)) {
    word = go_value(other, Aspect::Word, GoUse::Value);
  } else {
    word = value(other);
    if (word.usable && word.expr.type.kind != Type::Kind::Pointer)
      return error(other.location, a(word.expr.type) + " is never nil",
                   word.expr.type.is_number() ? "compare it with 0"
                                              : "compare the value itself: args.err == nil");
  }
  if (!word.usable) return word;
  return compare(e.op, std::move(word), make_literal(0, e.kids[left ? 0 : 1].location), e.location);
}

}  // namespace gotap::lang
