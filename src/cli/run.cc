#include "cli/run.h"

#include <unistd.h>

#include <cstdio>

#include "base/terminal.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/targets.h"

namespace gotap::cli {

int run(int argc, const char* const* argv) {
  CommandLine line = parse_command_line(argc, argv);
  if (line.exit_code) {
    std::fputs(line.text.c_str(), *line.exit_code ? stderr : stdout);
    return *line.exit_code;
  }
  for (Options* options : {&line.options, &line.command.run})
    if (auto found = find_container(*options); !found.ok()) {
      print_error(found.error());
      return kFailed;
    }
  const bool quiet = line.options.quiet || line.command.run.quiet;
  allow_progress(!quiet && is_terminal(STDERR_FILENO) &&
                 line.command.kind != Command::Kind::Complete);
  switch (line.command.kind) {
    case Command::Kind::Trace: return trace_calls(line.command);
    case Command::Kind::Latency: return show_latency(line.command);
    case Command::Kind::Count: return count_calls(line.command);
    case Command::Kind::Waits: return show_waits(line.command);
    case Command::Kind::Graph: return graph_calls(line.command);
    case Command::Kind::Log: return log_line(line.command);
    case Command::Kind::Panics: return show_panics(line.command);
    case Command::Kind::List: return list_functions(line.command);
    case Command::Kind::Show: return show_function(line.command);
    case Command::Kind::Doctor: return run_doctor(line.command);
    case Command::Kind::Emit: return emit_script(line.command.run);
    case Command::Kind::Completion: return print_completion(line.command);
    case Command::Kind::Man: return print_man(line.command);
    case Command::Kind::Complete: return complete_words(line.command);
    case Command::Kind::None: break;
  }
  if (line.options.info) return print_info();
  if (line.options.list) return list_probes(line.options);
  return run_script(line.options);
}

}  // namespace gotap::cli
