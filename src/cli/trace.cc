// `gotap trace`: a line for each call as it returns, with arguments, results and duration.
#include <memory>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/commands.h"
#include "cli/printf_text.h"
#include "cli/report.h"
#include "go/type_info.h"
#include "output/trace_lines.h"

namespace gotap::cli {

namespace {

using go::TypeKind;

/// Adds the value of a type as Go would print it, as far as the script's language can show it.
void add_value(Piece& out, const go::Types& types, go::TypeId id, const std::string& value,
               int depth) {
  const go::GoType& type = types.at(id);
  const std::string name = go::short_name(type.name);
  switch (type.kind) {
    case TypeKind::Bool:
    case TypeKind::Int:
    case TypeKind::Uint: out.value("%s", value); return;
    case TypeKind::Float: out.value("%g", value); return;
    case TypeKind::String: out.text("\"").value("%s", value).text("\""); return;
    case TypeKind::Slice:
    case TypeKind::Map:
    case TypeKind::Chan: out.text(name + "(").value("%d", "len(" + value + ")").text(")"); return;
    case TypeKind::Interface:
      if (type.name == "error")
        out.value("%s", value);
      else
        out.text("(").value("%s", "typeof(" + value + ")").text(")");
      return;
    case TypeKind::Pointer:
    case TypeKind::UnsafePointer: out.value("0x%x", value); return;
    case TypeKind::Struct: {
      constexpr size_t kFields = 8;
      size_t shown = 0;
      out.text(name + "{");
      for (const go::TypeField& field : type.fields) {
        if (depth > 0 || shown == kFields) break;
        const TypeKind kind = types.at(field.type).kind;
        if (field.name.empty() || field.name == "_" || kind > TypeKind::String ||
            kind == TypeKind::Complex || kind == TypeKind::Unknown)
          continue;
        if (shown++ > 0) out.text(" ");
        out.text(field.name + ":");
        add_value(out, types, field.type, value + "." + field.name, depth + 1);
      }
      if (shown < type.fields.size()) out.text(shown ? " ..." : "...");
      out.text("}");
      return;
    }
    default: out.text(name); return;
  }
}

Piece arguments_of(const go::Types& types, const go::Signature& signature) {
  Piece out;
  for (size_t i = 0; i < signature.params.size(); i++) {
    const go::Parameter& parameter = signature.params[i];
    if (i > 0) out.text(", ");
    if (!parameter.name.empty() && parameter.name != "_") out.text(parameter.name + "=");
    add_value(out, types, parameter.type, "args." + std::to_string(i), 0);
  }
  return out;
}

Piece results_of(const go::Types& types, const go::Signature& signature) {
  Piece out;
  for (size_t i = 0; i < signature.results.size(); i++) {
    out.text(i == 0 ? " = " : ", ");
    add_value(out, types, signature.results[i].type, "retval." + std::to_string(i), 0);
  }
  return out;
}

std::string print_of(const std::string& mark, std::string_view function, const Piece& call,
                     const Piece& more) {
  Piece name;
  name.text(function);
  return std::string("  printf(\"") + kLineHead + mark + name.format + "(" + call.format + ")" +
         more.format + "\\n\", " + kLineHeadArguments + call.arguments + more.arguments + ");\n";
}

}  // namespace

int trace_calls(const Command& command) {
  constexpr size_t kMost = 200;  // each has a program of its own
  auto traced = open_traced(command);
  if (!traced) return kFailed;
  if (traced->functions.size() > kMost) {
    print_error({std::to_string(traced->functions.size()) +
                     " functions are too many for a line a call: " + std::to_string(kMost) +
                     " are possible",
                 "name fewer, or see which matter by gotap count"});
    return kFailed;
  }
  const go::TypeInfo& info = traced->image->type_info();
  const std::string limit = limit_of(command.limit);
  std::string script;
  std::vector<std::string> names;
  for (const uint32_t function : traced->functions) {
    names.emplace_back(traced->name(function));
    Traced one = *traced;
    one.functions = {function};
    Piece call, results;
    if (auto signature = info.signature(function)) {
      call = arguments_of(info.types(), *signature);
      results = results_of(info.types(), *signature);
    } else {
      call.text("?");
    }
    results.value("  %d.%03dms", "duration / 1000000, duration / 1000 % 1000");
    script += write_clauses(
        command, one, "uretprobe", [&](const std::string& probe, const std::string& when) {
          std::string text;
          const std::string_view name = traced->name(function);
          if (command.enter)
            text +=
                one.probe("uprobe", name) + " {\n" + print_of("> ", name, call, {}) + limit + "}\n";
          return text + probe + " " + when + "{\n" +
                 print_of(command.enter ? "< " : "", name, call, results) + limit + "}\n";
        });
  }
  if (script.empty()) return kFailed;
  return run_command(command, std::move(*traced), script + timers(command),
                     [&](const output::SinkOptions& options) {
                       output::TraceStyle style = output::trace_style(options);
                       style.functions = names;
                       style.limit = command.limit;
                       // Where some calls are left out, their beginnings would have no end.
                       style.nested =
                           command.enter && !needs_return(command) && command.filter.empty();
                       return std::make_unique<output::TraceSink>(options, std::move(style));
                     });
}

}  // namespace gotap::cli
