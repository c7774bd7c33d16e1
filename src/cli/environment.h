// The environment variables that set what a script's config block can set: BPFTRACE_NAME.
#pragma once

#include <string>
#include <vector>

#include "lang/settings.h"

namespace gotap::cli {

/// What the environment sets; a config block cannot change that.
struct Environment {
  lang::Settings settings;
  std::vector<std::string> given;     ///< names of the settings found
  std::vector<std::string> warnings;  ///< one line each: unknown names, values that cannot be,
                                      ///< variables of bpftrace that change nothing here
};

/// Adds settings of the command line, NAME=VALUE, over what the environment has. Errors: one that
/// is no such pair, an unknown name, a value that cannot be.
Result<void> add_settings(Environment& environment, const std::vector<std::string>& settings);

/// Reads `variables`, a list as environ(7) has it, up to its nullptr.
Environment read_environment(const char* const* variables);

}  // namespace gotap::cli
