// `gotap count`: how often functions are called.
#include "output/count.h"

#include <map>

#include "cli/command.h"
#include "cli/commands.h"
#include "cli/report.h"

namespace gotap::cli {

namespace {

// Calls, those of them that return, and with --share those that return an error, of functions that
// return one. A clause that asks for the duration leaves out returns of calls that began before;
// one that asks for outermost has calls that a panic ended found where it is recovered, and not
// only when another begins or returns.
std::string outcome_clauses(const Command& command, const Traced& traced) {
  const std::vector<ChosenCalls> chosen = choose_calls(command, traced, "uretprobe");
  if (chosen.empty()) return "";
  std::string calls;
  std::map<std::string, std::string> returns_of;  // by what is an error
  const auto add = [](std::string& probes, const std::string& probe) {
    probes += (probes.empty() ? "" : ",\n") + probe;
  };
  for (const auto& [function, when] : chosen) {
    const auto result =
        command.share ? error_result(*traced.image, function) : std::optional<size_t>();
    add(calls, traced.probe("uprobe", traced.name(function)));
    add(returns_of[result ? "if (retval." + std::to_string(*result) +
                                " != nil) { @errors[func] = count(); } "
                          : ""],
        traced.probe("uretprobe", traced.name(function)));
  }
  std::string script = calls + " { @calls[func] = count(); }\n";
  for (const auto& [errors, probes] : returns_of)
    script += probes + " /(int64)duration >= 0 || outermost/ { @returned[func] = count(); " +
              errors + "}\n";
  return script;
}

}  // namespace

int count_calls(const Command& command) {
  const bool by_outcome = command.share || command.panics;
  if (by_outcome &&
      (!command.by.empty() || command.stack || needs_return(command) || !command.filter.empty())) {
    print_error(
        {std::string(command.share ? "--share" : "--panics") + " is of all calls of a function",
         "leave out --by, --stack, --filter, --slower and --errors"});
    return kUsage;
  }
  if (command.share && command.panics) {
    print_error({"--share has a column of panics", "leave out --panics, or --share"});
    return kUsage;
  }
  auto traced = open_traced(command);
  if (!traced) return kFailed;
  // In a stack the function is the innermost.
  std::string keys = command.run.folded ? "" : "func";
  if (!command.by.empty()) keys += (keys.empty() ? "" : ", ") + command.by;
  if (command.stack) keys += (keys.empty() ? "" : std::string(", ")) + "ustack";
  output::CountStyle style{.limit = command.limit, .live = command.interval > 0};
  std::string script;
  style.share = command.share;
  style.panics = command.panics;
  if (by_outcome) {
    script = outcome_clauses(command, *traced);
    for (const uint32_t function : traced->functions)
      if (error_result(*traced->image, function))
        style.with_errors.insert(std::string(traced->name(function)));
  } else {
    script = write_clauses(command, *traced, needs_return(command) ? "uretprobe" : "uprobe",
                           [&](const std::string& probes, const std::string& when) {
                             return probes + " " + when + "{ @calls[" + keys + "] = count(); }\n";
                           });
  }
  if (script.empty()) return kFailed;
  std::string print;
  for (const char* map : {"@errors", "@returned", "@calls"})  // the last is what makes a table
    if (script.find(std::string(map) + "[") != std::string::npos)
      print += std::string(print.empty() ? "" : " ") + "print(" + map + ");";
  return run_command(command, std::move(*traced), script + timers(command, print),
                     [&](const output::SinkOptions& options) {
                       return std::make_unique<output::CountSink>(options, style);
                     });
}

}  // namespace gotap::cli
