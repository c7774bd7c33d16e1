#include "cli/report.h"

#include <cstdio>

namespace gotap::cli {

void print_error(const Error& error) {
  std::fprintf(stderr, "ERROR: %s\n", error.message.c_str());
  if (!error.hint.empty()) std::fprintf(stderr, "HINT: %s\n", error.hint.c_str());
}

lang::Diagnostic error_at(const lang::Location& location, std::string message, std::string hint) {
  return {lang::Diagnostic::Severity::Error, location, std::move(message), std::move(hint)};
}

bool report(const std::vector<lang::Diagnostic>& diagnostics, const lang::Source& source) {
  std::fputs(lang::render(diagnostics, source).c_str(), stderr);
  return lang::has_errors(diagnostics);
}

}  // namespace gotap::cli
