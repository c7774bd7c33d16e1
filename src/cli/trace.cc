// `gotap trace`: a line for each call as it returns, with arguments, results and duration.
#include <memory>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/commands.h"
#include "cli/printf_text.h"
#include "cli/report.h"
#include "go/type_info.h"
#include "output/fields.h"
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

// A value as a field of a record is a string without quotes, or a number; what is more than that is
// the text that a line has.
void add_field(Piece& out, const go::Types& types, go::TypeId id, const std::string& value) {
  if (types.at(id).kind == TypeKind::String)
    out.value("%s", value);
  else
    add_value(out, types, id, value, 0);
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
         more.format + "\", " + kLineHeadArguments + call.arguments + more.arguments + ");\n";
}

// The same as fields for -f json, of which output::FieldsSink makes a record. `results`: of a call
// that returns.
std::string print_fields(std::string_view function, const Piece& arguments, const Piece* results,
                         bool stack) {
  Piece out;
  out.text("\tevent=").text(results ? "return" : "enter").text("\tfunction=").text(function);
  out.format += arguments.format;
  out.arguments += arguments.arguments;
  if (results) {
    out.format += results->format;
    out.arguments += results->arguments;
    out.text("\tduration_ns=").value("%d", "duration");
  }
  if (stack) out.text("\tstack=").value("%s", "ustack");
  return std::string("  printf(\"time=%s\\tgoroutine=%d") + out.format + "\\n\", " +
         kLineHeadArguments + out.arguments + ");\n";
}

Piece argument_fields(const go::Types& types, const go::Signature& signature) {
  Piece out;
  for (size_t i = 0; i < signature.params.size(); i++) {
    const go::Parameter& it = signature.params[i];
    const bool named = !it.name.empty() && it.name != "_";
    out.text("\targs." + (named ? it.name : std::to_string(i)) + "=");
    add_field(out, types, it.type, "args." + std::to_string(i));
  }
  return out;
}

Piece result_fields(const go::Types& types, const go::Signature& signature) {
  Piece out;
  for (size_t i = 0; i < signature.results.size(); i++) {
    out.text("\tresults[]=");
    add_field(out, types, signature.results[i].type, "retval." + std::to_string(i));
  }
  return out;
}

// What is printed when a call of the function begins, and when it returns.
struct Prints {
  std::string enter, returns;
};

Prints prints_of(const Command& command, const go::TypeInfo& info, uint32_t function,
                 std::string_view name) {
  const auto signature = info.signature(function);
  if (command.run.json) {
    Piece arguments, results;
    if (signature.ok()) {
      arguments = argument_fields(info.types(), *signature);
      results = result_fields(info.types(), *signature);
    } else {
      arguments.text("\tunknown=" + signature.error().message);
    }
    return {print_fields(name, arguments, nullptr, command.stack),
            print_fields(name, arguments, &results, command.stack)};
  }
  Piece call, results;
  if (signature.ok()) {
    call = arguments_of(info.types(), *signature);
    results = results_of(info.types(), *signature);
  } else {
    call.text("?");
  }
  const Piece end = end_of_line(command.stack);
  results.value("  %d.%03dms", "duration / 1000000, duration / 1000 % 1000");
  results.format += end.format;
  results.arguments += end.arguments;
  return {print_of("> ", name, call, end),
          print_of(command.enter ? "< " : "", name, call, results)};
}

}  // namespace

int trace_calls(const Command& command) {
  constexpr size_t kMost = 200;  // each has a program of its own
  auto traced = open_traced(command);
  if (!traced) return kFailed;
  const std::vector<ChosenCalls> chosen = choose_calls(command, *traced, "uretprobe");
  if (chosen.empty()) return kFailed;
  if (chosen.size() > kMost) {
    print_error({std::to_string(chosen.size()) + " functions are too many for a line a call: " +
                     std::to_string(kMost) + " are possible",
                 "name fewer, or see which matter by gotap count"});
    return kFailed;
  }
  const std::string limit = limit_of(command.limit);
  std::string script;
  std::vector<std::string> names;
  for (const auto& [function, when] : chosen) {
    const std::string_view name = traced->name(function);
    names.emplace_back(name);
    const Prints prints = prints_of(command, traced->image->type_info(), function, name);
    if (command.enter)
      script += traced->probe("uprobe", name) + " {\n" + prints.enter + limit + "}\n";
    script +=
        traced->probe("uretprobe", name) + " " + when + "{\n" + prints.returns + limit + "}\n";
  }
  const auto make_sink = [&](const output::SinkOptions& options) -> std::unique_ptr<output::Sink> {
    if (command.run.json)
      return std::make_unique<output::FieldsSink>(options, json_head(command), "call",
                                                  command.limit);
    output::TraceStyle style = output::trace_style(options);
    style.functions = names;
    style.limit = command.limit;
    // Where some calls are left out, their beginnings would have no end.
    style.nested = command.enter && !needs_return(command) && command.filter.empty();
    return std::make_unique<output::TraceSink>(options, std::move(style));
  };
  return run_command(command, std::move(*traced), script + timers(command), make_sink, true);
}

}  // namespace gotap::cli
