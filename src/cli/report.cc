#include "cli/report.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

namespace gotap::cli {

void print_error(const Error& error) {
  std::fprintf(stderr, "ERROR: %s\n", error.message.c_str());
  if (!error.hint.empty()) std::fprintf(stderr, "HINT: %s\n", error.hint.c_str());
}

lang::Diagnostic error_at(const lang::Location& location, std::string message, std::string hint) {
  return {lang::Diagnostic::Severity::Error, location, std::move(message), std::move(hint)};
}

Result<Fd> open_output(const std::string& path, mode_t mode) {
  if (path.empty()) return Fd(::dup(STDOUT_FILENO));
  Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
  if (!fd) return Error{"cannot write to " + path, "choose another file for -o"};
  return fd;
}

bool report(const std::vector<lang::Diagnostic>& diagnostics, const lang::Source& source) {
  std::fputs(lang::render(diagnostics, source).c_str(), stderr);
  return lang::has_errors(diagnostics);
}

}  // namespace gotap::cli
