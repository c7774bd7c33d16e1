// The program from the command line to the exit code: the one place that prints errors.
#pragma once

namespace gotap::cli {

/// Exit codes: usage 2; a failure of ours or of the script 1; else the script's exit(n); else
/// the -c child's (128 + signal).
int run(int argc, const char* const* argv);

}  // namespace gotap::cli
