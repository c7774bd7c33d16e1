// `gotap count`: how often functions are called.
#include "output/count.h"

#include "cli/command.h"
#include "cli/commands.h"
#include "cli/report.h"

namespace gotap::cli {

int count_calls(const Command& command) {
  auto traced = open_traced(command);
  if (!traced) return kFailed;
  // In a stack the function is the innermost.
  const std::string keys = command.run.folded   ? command.by
                           : command.by.empty() ? "func"
                                                : "func, " + command.by;
  std::string script =
      write_clauses(command, *traced, needs_return(command) ? "uretprobe" : "uprobe",
                    [&](const std::string& probes, const std::string& when) {
                      return probes + " " + when + "{ @calls[" + keys + "] = count(); }\n";
                    });
  if (script.empty()) return kFailed;
  return run_command(command, std::move(*traced), script + timers(command, "print(@calls);"),
                     [&](const output::SinkOptions& options) {
                       return std::make_unique<output::CountSink>(options, command.limit,
                                                                  command.interval > 0);
                     });
}

}  // namespace gotap::cli
