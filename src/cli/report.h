// Errors and diagnostics on standard error, in one form for every command.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "lang/diag.h"

namespace gotap::cli {

constexpr int kFailed = 1;  ///< exit code: a failure of ours or of the script
constexpr int kUsage = 2;   ///< exit code: the command line is wrong

/// `ERROR: ...` and, if there is one, `HINT: ...`.
void print_error(const Error& error);

lang::Diagnostic error_at(const lang::Location& location, std::string message, std::string hint);

/// -o's file, made with `mode` if it is not there; standard output if `path` is empty.
Result<Fd> open_output(const std::string& path, mode_t mode);

/// Prints what was found wrong with the script; true if any of it forbids going on.
bool report(const std::vector<lang::Diagnostic>& diagnostics, const lang::Source& source);

}  // namespace gotap::cli
