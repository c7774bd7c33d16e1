// `gotap log`: a line of text each time that a line of source runs, as if the program had a printf
// there. What the user writes in braces are expressions of the script's language in which a
// variable needs no `local.` before it; they are parsed and checked one by one, so that what is
// wrong is shown in the user's own text.
#include <algorithm>

#include "base/text.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/printf_text.h"
#include "cli/report.h"
#include "cli/user_text.h"
#include "go/access.h"
#include "lang/ast.h"
#include "lang/builtins.h"
#include "output/fields.h"
#include "plan/plan.h"

namespace gotap::cli {

namespace {

/// A line of source in the program.
struct LoggedLine {
  const Traced* traced = nullptr;
  std::string file;
  uint32_t line = 0;
  const go::LineSites* found = nullptr;

  const go::TypeInfo& info() const { return traced->image->type_info(); }
  go::LinePoint point(size_t site) const { return {found->sites[site].address, line}; }
  std::string probe() const {
    return "uprobe:\"" + traced->path + "\"@\"" + file + "\":" + std::to_string(line);
  }
};

/// A name of an expression that is no built-in's, and what is put around it.
struct NameUse {
  size_t begin = 0, end = 0;
  std::string before, after;
};

/// Reads what stands in braces, and --when.
class LogExpression {
 public:
  LogExpression(const LoggedLine& line, Written written)
      : line_(line), out_(*line.traced, std::move(written), line.probe() + " { print(", "); }") {}

  /// The expression for the script; `type` gets its type. Nothing: what is wrong has been said.
  std::optional<std::string> read(Type& type);

 private:
  void names(const lang::ast::Expr& e);
  bool is_variable(const std::string& name) const;

  const LoggedLine& line_;
  UserExpression out_;
  std::vector<NameUse> uses_;
};

bool LogExpression::is_variable(const std::string& name) const {
  for (size_t site = 0; site < line_.found->sites.size(); site++)
    if (line_.info().local(line_.found->sites[site].function, line_.point(site), name).ok())
      return true;
  return false;
}

void LogExpression::names(const lang::ast::Expr& e) {
  using K = lang::ast::Expr::Kind;
  const auto use = [&](const lang::ast::Expr& from, const lang::ast::Expr& to, std::string before,
                       std::string after) {
    uses_.push_back({from.location.begin - out_.prefix(), to.location.end - out_.prefix(),
                     std::move(before), std::move(after)});
  };
  if (e.kind == K::Field && e.kids[0].kind == K::Name && !e.text.empty() &&
      !is_variable(e.kids[0].text) && line_.info().global(e.kids[0].text + "." + e.text).ok())
    return use(e, e, "global(\"", "\")");
  if (e.kind == K::Name) {
    const bool word = e.text == "true" || e.text == "false" || e.text == "local";
    // Of a word that is neither the checker says what there is.
    if (!word && (is_variable(e.text) || !lang::find_builtin(e.text))) use(e, e, "local.", "");
    return;
  }
  for (const lang::ast::Expr& kid : e.kids) names(kid);
}

std::optional<std::string> LogExpression::read(Type& type) {
  const auto whole = [](const lang::ast::Script& script) -> const lang::ast::Expr* {
    if (script.clauses.size() != 1 || script.clauses[0].body.size() != 1) return nullptr;
    const auto& value = script.clauses[0].body[0].value;
    const bool is_print = value && value->kind == lang::ast::Expr::Kind::Call &&
                          value->text == "print" && value->kids.size() == 1;
    return is_print ? &value->kids[0] : nullptr;
  };
  const auto wrong = [&] {
    out_.refuse("one expression is expected here", "as in {key}, {len(list)} or {req.Header.Key}");
    return std::nullopt;
  };
  const auto first = out_.parse();
  if (!first) return std::nullopt;
  const lang::ast::Expr* expression = whole(*first);
  if (!expression) return wrong();
  names(*expression);
  std::sort(uses_.begin(), uses_.end(),
            [](const NameUse& a, const NameUse& b) { return a.begin > b.begin; });
  for (const NameUse& use : uses_) {
    if (!use.after.empty()) out_.insert(use.end, use.after);
    out_.insert(use.begin, use.before);
  }
  const auto second = out_.parse();
  if (!second) return std::nullopt;
  const auto program = out_.check(*second);
  if (!program) return std::nullopt;
  const auto& body = program->clauses.at(0).body;
  if (body.size() != 1 || !body[0].value || body[0].value->kids.empty()) return wrong();
  type = body[0].value->kids[0].type;
  return out_.text();
}

const char* conversion_of(const Type& type) {
  switch (type.kind) {
    case Type::Kind::Float: return "%g";
    case Type::Kind::Pointer:
    case Type::Kind::GoWhole: return "%v";  // all that it leads to
    case Type::Kind::Int: return type.detail ? "%s" : type.is_signed ? "%d" : "%u";
    case Type::Kind::Buffer: return "%r";
    default: return "%s";
  }
}

/// Where the expression ends that begins behind the brace at `open`: its brace, outside of quotes.
size_t closing_brace(const std::string& text, size_t open) {
  bool quoted = false;
  for (size_t at = open + 1; at < text.size(); at++) {
    if (quoted && text[at] == '\\') {
      at++;
      continue;
    }
    if (text[at] == '"') quoted = !quoted;
    if (text[at] == '}' && !quoted) return at;
  }
  return std::string::npos;
}

/// The text with its values, and what stands in its braces.
struct LogText {
  Piece piece;
  std::vector<std::string> expressions;
};

std::string trimmed(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t");
  return first == std::string::npos ? ""
                                    : text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

/// Nothing: what is wrong has been said.
std::optional<LogText> read_text(const LoggedLine& line, const std::string& text) {
  const lang::Source source{"text", text};
  const auto wrong = [&](size_t at, const char* what, const char* hint) {
    report({error_at(lang::LineMap(text).at(at, at + 1), what, hint)}, source);
    return std::nullopt;
  };
  LogText out;
  bool good = true;
  for (size_t at = 0; at < text.size(); at++) {
    const char c = text[at];
    if (c != '{' && c != '}') {
      out.piece.text(std::string_view(&text[at], 1));
      continue;
    }
    if (at + 1 < text.size() && text[at + 1] == c) {
      out.piece.text(std::string_view(&text[at++], 1));
      continue;
    }
    if (c == '}') return wrong(at, "this '}' closes nothing", "a brace itself is written }}");
    const size_t end = closing_brace(text, at);
    if (end == std::string::npos)
      return wrong(at, "this '{' is not closed", "a brace itself is written {{");
    out.expressions.push_back(trimmed(text.substr(at + 1, end - at - 1)));
    if (out.expressions.back().empty())
      return wrong(at, "there is nothing in these braces", "as in {key}");
    Type type;
    const Written written{source, at + 1, end};
    if (auto expression = LogExpression(line, written).read(type))
      out.piece.value(conversion_of(type), *expression);
    else
      good = false;
    at = end;
  }
  if (!good) return std::nullopt;
  return out;
}

/// A variable of type context.Context whose trace the program can be asked for, in all of the
/// line's code; empty: there is none.
std::string context_at(const LoggedLine& line) {
  const go::TypeInfo& info = line.info();
  for (const go::Local& variable : info.locals(line.point(0))) {
    if (info.types().at(variable.type).name != "context.Context") continue;
    bool everywhere = true;
    for (size_t site = 0; site < line.found->sites.size() && everywhere; site++) {
      const go::Path path{{go::PathRoot::Kind::Local, variable.name, {}}, {}};
      const go::Resolved there = go::resolve(info, line.found->sites[site].function, path,
                                             go::Aspect::TraceId, {}, {nullptr, line.point(site)});
      everywhere = !there.error && there.access.unknown.empty();
    }
    if (everywhere) return "local." + variable.name;
  }
  return "";
}

}  // namespace

int log_line(const Command& command) {
  const size_t colon = command.line.rfind(':');
  const std::string number = colon == std::string::npos ? "" : command.line.substr(colon + 1);
  if (colon == 0 || number.empty() || number.size() > 9 ||
      number.find_first_not_of("0123456789") != std::string::npos || std::stoul(number) == 0) {
    print_error({command.line + " is no line of source", "as in checkout.go:142"});
    return kUsage;
  }
  auto traced = open_traced(command);
  if (!traced) return kFailed;
  if (!traced->image->is_go()) {
    print_error({traced->path + " is not a Go program", "gotap log is for lines of Go source"});
    return kFailed;
  }
  LoggedLine line{&*traced, command.line.substr(0, colon),
                  static_cast<uint32_t>(std::stoul(number)), nullptr};
  line.found = &traced->image->line_sites(line.file, line.line);
  if (auto wrong = plan::line_problem(*line.found, traced->path, line.file, line.line)) {
    print_error(*wrong);
    return kFailed;
  }
  const auto text = read_text(line, command.log_text);
  std::string when;
  if (!command.filter.empty()) {
    Type type;
    const Written written{{"--when", command.filter}, 0, command.filter.size()};
    const auto condition = LogExpression(line, written).read(type);
    if (!condition) return kFailed;
    when = " /(" + *condition + ")/";
  }
  if (!text) return kFailed;
  const std::string context = context_at(line);
  const std::string trace = "trace_id(" + context + ")";
  // As a record it is values alone, which output::LogSink gives their names.
  const bool json = command.run.json;
  Piece head, tail;
  if (!context.empty()) {
    if (json)
      head.value("%s", trace);
    else
      head.text("trace=").value("%s", trace).text(" ");
  }
  if (!json || command.stack) tail = end_of_line(command.stack);
  const std::string script = line.probe() + when + " {\n  printf(\"" + (json ? "%s%d" : kLineHead) +
                             head.format + text->piece.format + tail.format + "\", " +
                             kLineHeadArguments + head.arguments + text->piece.arguments +
                             tail.arguments + ");\n" + limit_of(command.limit) + "}\n";
  const auto make_sink = [&](const output::SinkOptions& options) -> std::unique_ptr<output::Sink> {
    if (json)
      return std::make_unique<output::LogSink>(
          options, json_head(command),
          output::LogFields{!context.empty(), command.stack, text->expressions}, command.limit);
    return std::make_unique<LimitedSink>(options, command.limit);
  };
  return run_command(command, std::move(*traced), script + timers(command), make_sink, true);
}

}  // namespace gotap::cli
