// What the program can do: one function and one file a command. Each prints its own errors and
// returns the exit code.
#pragma once

#include "cli/options.h"

namespace gotap::cli {

int run_script(const Options& options);   ///< the script itself, its output and its end
int print_info();                         ///< --info
int list_probes(const Options& options);  ///< -l
int emit_script(const Options& options);  ///< emit

}  // namespace gotap::cli
