// `gotap latency`: how long calls take.
#include "output/latency.h"

#include "cli/command.h"
#include "cli/commands.h"
#include "cli/report.h"

namespace gotap::cli {

namespace {

// A clause for the functions whose predicate is the same.
std::string clause(const Traced& traced, const Command& command, const std::string& functions,
                   const std::string& when) {
  const bool several = traced.functions.size() > 1;
  std::string keys = several ? "func" : "";
  if (!command.by.empty()) keys += (keys.empty() ? "" : ", ") + command.by;
  const std::string of = keys.empty() ? "" : "[" + keys + "]";
  // Parts of a 32nd of a power of two: a percentile is known to 3 %.
  return functions + " " + when + "{ @ns" + of + " = hist(duration, 5); @max" + of +
         " = max(duration); }\n";
}

}  // namespace

int show_latency(const Command& command) {
  auto traced = open_traced(command);
  if (!traced) return kFailed;
  std::string script = write_clauses(command, *traced, "uretprobe",
                                     [&](const std::string& probes, const std::string& when) {
                                       return clause(*traced, command, probes, when);
                                     });
  if (script.empty()) return kFailed;
  return run_command(command, std::move(*traced),
                     script + timers(command, "print(@max); print(@ns);"),
                     [&](const output::SinkOptions& options) {
                       return std::make_unique<output::LatencySink>(options, command.interval > 0);
                     });
}

}  // namespace gotap::cli
