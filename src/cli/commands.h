// What the program can do: one function and one file a command. Each prints its own errors and
// returns the exit code.
#pragma once

#include <functional>
#include <memory>

#include "cli/options.h"
#include "output/value.h"
#include "output/writer.h"

namespace gotap::cli {

/// What a script's output goes through, in whatever format; called once the probes are planned.
using MakeSink = std::function<std::unique_ptr<output::Sink>(const output::SinkOptions&)>;

/// The script itself, its output and its end. Without `make_sink` as -f says.
int run_script(const Options& options, const MakeSink& make_sink = {});
int print_info();                         ///< --info
int list_probes(const Options& options);  ///< -l
int emit_script(const Options& options);  ///< emit

// Of functions, or a line, of a program. The first six write a script and run it.
int trace_calls(const Command& command);
int show_latency(const Command& command);
int count_calls(const Command& command);
int show_waits(const Command& command);
int graph_calls(const Command& command);
int log_line(const Command& command);
int show_panics(const Command& command);
int list_functions(const Command& command);
int show_function(const Command& command);
int run_doctor(const Command& command);

// Of gotap itself.
int print_completion(const Command& command);  ///< completion SHELL
int complete_words(const Command& command);    ///< what it calls
int print_man(const Command& command);         ///< man

}  // namespace gotap::cli
