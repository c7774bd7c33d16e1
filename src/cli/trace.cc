// `gotap trace`: a line for each call as it returns, with arguments, results and duration; with
// --panics for each that a panic or runtime.Goexit ended. For these each beginning and return goes
// to output/thrown_calls.h, which finds those that never returned.
//
// Facts (runtime/panic.go, proc.go, coro.go of Go 1.15 to 1.27): panics go through gopanic(e), and
// end the program in fatalpanic(). recovery(gp) runs on another stack once a panic has been
// recovered; the function that goes on calls deferreturn() at once, and no other call of its is
// open then. Goexit() runs what was deferred and ends in goexit1(), as goroutines do that return;
// that of an iter.Pull in what corostart defers.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/commands.h"
#include "cli/printf_text.h"
#include "cli/report.h"
#include "go/goroutine_ends.h"
#include "go/type_info.h"
#include "output/fields.h"
#include "output/pointers.h"
#include "output/thrown_calls.h"
#include "output/trace_lines.h"
#include "trace/value_kinds.h"

namespace gotap::cli {

namespace {

using go::TypeKind;

/// What the values of one call may take: texts of what pointers lead to, of which each may be as
/// long as a record has room for only some dozens (codegen/events.cc).
struct Room {
  size_t texts = 12;
};

void add_value(Piece& out, const go::Types& types, go::TypeId id, const std::string& value,
               int depth, Room& room);

/// Whether a parameter or field by its name is none that is shown unasked (docs/VALUES.md).
template <class Named>
bool is_secret(const go::Types& types, const Named& it) {
  return trace::names_secret(it.name) && types.at(it.type).kind != TypeKind::Bool;
}

/// Adds the first fields of a struct that are numbers, texts and the like.
void add_fields(Piece& out, const go::Types& types, const go::GoType& type,
                const std::string& value, int depth, bool is_behind, Room& room) {
  constexpr size_t kFields = 8;
  size_t shown = 0;
  for (const go::TypeField& field : type.fields) {
    if (depth > 0 || shown == kFields) break;
    const TypeKind kind = types.at(field.type).kind;
    if (field.name.empty() || field.name == "_" || kind > TypeKind::String ||
        kind == TypeKind::Complex || kind == TypeKind::Unknown)
      continue;
    const bool secret = is_secret(types, field);
    if (is_behind && kind == TypeKind::String && !secret) {
      if (room.texts == 0) continue;
      room.texts--;
    }
    if (shown++ > 0) out.text(" ");
    out.text(field.name + ":");
    if (secret)
      out.text("<redacted>");
    else
      add_value(out, types, field.type, value + "." + field.name, depth + 1, room);
  }
  if (shown < type.fields.size()) out.text(shown ? " ..." : "...");
}

/// Adds the value of a type as Go would print it, as far as the script's language can show it.
void add_value(Piece& out, const go::Types& types, go::TypeId id, const std::string& value,
               int depth, Room& room) {
  const go::GoType& type = types.at(id);
  const std::string name = go::short_name(type.name);
  switch (type.kind) {
    case TypeKind::Uint:
      if (type.name == "uintptr") {
        out.value("0x%x", value);
        return;
      }
      [[fallthrough]];
    case TypeKind::Bool:
    case TypeKind::Int: out.value("%s", value); return;
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
    case TypeKind::Pointer: {
      const go::GoType& target = types.at(type.elem);
      out.value("0x%x", value);
      Piece fields;
      // Whether there is a struct the address says, which is not shown then: settle_pointers().
      if (target.kind == TypeKind::Struct)
        add_fields(fields, types, target, value, depth, true, room);
      if (!fields.arguments.empty())
        out.text(output::kBehindPointer + go::short_name(target.name) + "{").add(fields).text("}");
      return;
    }
    case TypeKind::UnsafePointer: out.value("0x%x", value); return;
    case TypeKind::Struct:
      out.text(name + "{");
      add_fields(out, types, type, value, depth, false, room);
      out.text("}");
      return;
    default: out.text(name); return;
  }
}

// A value as a field of a record is a string without quotes, or a number; what is more than that is
// the text that a line has.
void add_field(Piece& out, const go::Types& types, go::TypeId id, const std::string& value,
               Room& room) {
  if (types.at(id).kind == TypeKind::String)
    out.value("%s", value);
  else
    add_value(out, types, id, value, 0, room);
}

Piece arguments_of(const go::Types& types, const go::Signature& signature, Room& room) {
  Piece out;
  for (size_t i = 0; i < signature.params.size(); i++) {
    const go::Parameter& parameter = signature.params[i];
    if (i > 0) out.text(", ");
    if (!parameter.name.empty() && parameter.name != "_") out.text(parameter.name + "=");
    if (is_secret(types, parameter))
      out.text("<redacted>");
    else
      add_value(out, types, parameter.type, "args." + std::to_string(i), 0, room);
  }
  return out;
}

Piece results_of(const go::Types& types, const go::Signature& signature, Room& room) {
  Piece out;
  for (size_t i = 0; i < signature.results.size(); i++) {
    out.text(i == 0 ? " = " : ", ");
    add_value(out, types, signature.results[i].type, "retval." + std::to_string(i), 0, room);
  }
  return out;
}

// `before`: a record's format and arguments in front of the line.
std::string print_of(const std::string& mark, std::string_view function, const Piece& call,
                     const Piece& more, const Piece& before = {}) {
  Piece name;
  name.text(function);
  return "  printf(\"" + before.format + kLineHead + mark + name.format + "(" + call.format + ")" +
         more.format + "\", " + before.arguments + kLineHeadArguments + call.arguments +
         more.arguments + ");\n";
}

// The same as fields for -f json, of which output::FieldsSink makes a record. `results`: of a call
// that returns.
std::string print_fields(const char* event, std::string_view function, const Piece& arguments,
                         const Piece* results, bool stack, const Piece& before = {}) {
  Piece out;
  out.text("\tevent=").text(event).text("\tfunction=").text(function);
  out.add(arguments);
  if (results) {
    out.add(*results);
    out.text("\tduration_ns=").value("%d", "duration");
  }
  if (stack) out.text("\tstack=").value("%s", "ustack");
  return "  printf(\"" + before.format + "time=%s\\tgoroutine=%d" + out.format + "\\n\", " +
         before.arguments + kLineHeadArguments + out.arguments + ");\n";
}

Piece argument_fields(const go::Types& types, const go::Signature& signature, Room& room) {
  Piece out;
  for (size_t i = 0; i < signature.params.size(); i++) {
    const go::Parameter& it = signature.params[i];
    const bool named = !it.name.empty() && it.name != "_";
    out.text("\targs." + (named ? it.name : std::to_string(i)) + "=");
    if (is_secret(types, it))
      out.text("<redacted>");
    else
      add_field(out, types, it.type, "args." + std::to_string(i), room);
  }
  return out;
}

Piece result_fields(const go::Types& types, const go::Signature& signature, Room& room) {
  Piece out;
  for (size_t i = 0; i < signature.results.size(); i++) {
    out.text("\tresults[]=");
    add_field(out, types, signature.results[i].type, "retval." + std::to_string(i), room);
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
  Room room;
  if (command.run.json) {
    Piece arguments, results;
    if (signature.ok()) {
      arguments = argument_fields(info.types(), *signature, room);
      results = result_fields(info.types(), *signature, room);
    } else {
      arguments.text("\tunknown=" + signature.error().message);
    }
    return {print_fields("enter", name, arguments, nullptr, command.stack),
            print_fields("return", name, arguments, &results, command.stack)};
  }
  Piece call, results;
  if (signature.ok()) {
    call = arguments_of(info.types(), *signature, room);
    results = results_of(info.types(), *signature, room);
  } else {
    call.text("?");
  }
  const Piece end = end_of_line(command.stack);
  results.value("  %d.%03dms", "duration / 1000000, duration / 1000 % 1000");
  results.add(end);
  return {print_of("> ", name, call, end),
          print_of(command.enter ? "< " : "", name, call, results)};
}

constexpr const char* kGopanic = "runtime.gopanic";

// A panic or Goexit is the only end that its calls can have.
bool never_returns(const go::Image& image, uint32_t function) {
  if (!image.functions()[function].is_go) return false;
  const go::FunctionSites sites = image.sites(function);
  return sites.rets.empty() && sites.tail_jumps.empty() && sites.indirect_jumps.empty() &&
         sites.rets_refused.empty();
}

// The records that output::ThrownCalls takes, for --panics. Each has its number among those of its
// goroutine, so that it is seen when one is lost.
class ThrownScript {
 public:
  ThrownScript(const Command& command, const Traced& traced) : command_(command), traced_(traced) {}

  std::string text(const std::vector<ChosenCalls>& chosen) {
    const std::string filter = command_.filter.empty() ? "" : " && (" + command_.filter + ")";
    std::string returns;
    for (const ChosenCalls& calls : chosen) {
      const std::string_view name = traced_.name(calls.function);
      script_ += traced_.probe("uprobe", name) + " /goid != 0" + filter + "/ {\n" + kNextRecord +
                 begins(calls.function, name) + "}\n";
      if (never_returns(*traced_.image, calls.function)) continue;
      returns += (returns.empty() ? "" : ",\n") + traced_.probe("uretprobe", name);
    }
    const std::string here = kRecordNumber;
    if (!returns.empty())
      script_ += returns + " /" + here + "/ {\n" + kNextRecord +
                 "  printf(\"end %d %d %d %d %s\\n\", " + kWho + ", depth, func);\n}\n";
    add(kGopanic, here, record("panic", ", depth, nsecs"));
    add("runtime.Goexit", here, record("goexit", ", depth, nsecs"));
    add("runtime.recovery", "@number[pid, goid(arg0)]", "  @recovers[pid, goid(arg0)] = 1;\n");
    add("runtime.deferreturn", "@recovers[pid, goid]",
        record("behind", ", depth") + "  delete(@recovers, (pid, goid));\n");
    add(go::kFatalPanic, here, record("over", ""));
    for (const char* end : go::kGoroutineEnds)
      add(end, here, record("over", "") + "  delete(@number, (pid, goid));\n");
    // A number for each goroutine that has been in one of the functions.
    return "config = { max_map_keys = 32768 }\n" + script_;
  }

 private:
  static constexpr const char* kWho = "@number[pid, goid], pid, goid";

  // `more`: expressions of numbers.
  static std::string record(const std::string& what, const std::string& more) {
    std::string format = what + " %d %d %d";
    for (const char c : more) format += c == ',' ? " %d" : "";
    return std::string(kNextRecord) + "  printf(\"" + format + "\\n\", " + kWho + more + ");\n";
  }

  void add(const char* function, const std::string& when, const std::string& body) {
    if (traced_.image->find(function).empty()) return;
    script_ += traced_.probe("uprobe", function) + " /" + when + "/ {\n" + body + "}\n";
  }

  std::string begins(uint32_t function, std::string_view name) const {
    const auto signature = traced_.image->type_info().signature(function);
    const go::Types& types = traced_.image->type_info().types();
    const bool jumps = !traced_.image->sites(function).tail_jumps.empty();
    const Piece before{std::string(jumps ? "jumper" : "begin") + " %d %d %d %d %s %d\\t",
                       std::string(kWho) + ", depth, func, nsecs, "};
    Piece call;
    Room room;
    if (command_.run.json) {
      if (signature.ok())
        call = argument_fields(types, *signature, room);
      else
        call.text("\tunknown=" + signature.error().message);
      return print_fields("panic", name, call, nullptr, command_.stack, before);
    }
    if (signature.ok())
      call = arguments_of(types, *signature, room);
    else
      call.text("?");
    return print_of("", name, call, end_of_line(command_.stack), before);
  }

  const Command& command_;
  const Traced& traced_;
  std::string script_;
};

// The functions that --panics follows: their returns are seen, or there are none.
std::vector<ChosenCalls> choose_for_panics(const Command& command, const Traced& traced) {
  Traced returning = traced, others = traced;
  std::erase_if(returning.functions, [&](uint32_t it) { return never_returns(*traced.image, it); });
  std::erase_if(others.functions, [&](uint32_t it) {
    return std::binary_search(returning.functions.begin(), returning.functions.end(), it);
  });
  std::vector<ChosenCalls> chosen = choose_calls(command, returning, "uretprobe");
  for (ChosenCalls& calls : choose_calls(command, others, "uprobe"))
    chosen.push_back(std::move(calls));
  return chosen;
}

// Why --panics cannot be asked; said, if it is so.
std::optional<int> refused_panics(const Command& command) {
  if (!command.panics) return std::nullopt;
  if (command.enter) {
    print_error(
        {"--enter is of all calls, --panics of those that a panic ended", "leave out one of them"});
    return kUsage;
  }
  if (needs_return(command)) {
    print_error({"a call that a panic ended has no results and no duration",
                 "with --panics leave out --errors and --slower; --filter may ask for arguments"});
    return kUsage;
  }
  return std::nullopt;
}

using ThrownLines = output::ThrownSink<output::TraceSink, output::add_ending>;
using ThrownFields = output::ThrownSink<output::FieldsSink, output::add_ending_fields>;

}  // namespace

int trace_calls(const Command& command) {
  constexpr size_t kMost = 200;  // each has a program of its own
  if (const auto refused = refused_panics(command)) return *refused;
  auto traced = open_traced(command);
  if (!traced) return kFailed;
  const std::vector<ChosenCalls> chosen = command.panics
                                              ? choose_for_panics(command, *traced)
                                              : choose_calls(command, *traced, "uretprobe");
  if (chosen.empty()) return kFailed;
  if (chosen.size() > kMost) {
    print_error({std::to_string(chosen.size()) + " functions are too many for a line a call: " +
                     std::to_string(kMost) + " are possible",
                 "name fewer, or see which matter by gotap count"});
    return kFailed;
  }
  if (command.panics && traced->image->find(kGopanic).empty()) {
    print_error({traced->path + " has no function " + kGopanic, "--panics is for Go programs"});
    return kFailed;
  }
  const std::string limit = limit_of(command.limit);
  std::string script = command.panics ? ThrownScript(command, *traced).text(chosen) : "";
  std::vector<std::string> names;
  for (const auto& [function, when] : chosen) {
    const std::string_view name = traced->name(function);
    names.emplace_back(name);
    if (command.panics) continue;
    const Prints prints = prints_of(command, traced->image->type_info(), function, name);
    if (command.enter)
      script += traced->probe("uprobe", name) + " " + when + "{\n" + prints.enter + limit + "}\n";
    script +=
        traced->probe("uretprobe", name) + " " + when + "{\n" + prints.returns + limit + "}\n";
  }
  const auto make_sink = [&](const output::SinkOptions& options) -> std::unique_ptr<output::Sink> {
    if (command.run.json && command.panics)
      return std::make_unique<ThrownFields>(options, json_head(command), "call", command.limit);
    if (command.run.json)
      return std::make_unique<output::FieldsSink>(options, json_head(command), "call",
                                                  command.limit);
    output::TraceStyle style = output::trace_style(options);
    style.functions = names;
    style.limit = command.limit;
    // Where some calls are left out, their beginnings would have no end.
    style.nested = command.enter && !needs_return(command) && command.filter.empty();
    if (command.panics) return std::make_unique<ThrownLines>(options, std::move(style));
    return std::make_unique<output::TraceSink>(options, std::move(style));
  };
  return run_command(command, std::move(*traced), script + timers(command), make_sink, true);
}

}  // namespace gotap::cli
