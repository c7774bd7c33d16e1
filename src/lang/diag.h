// Diagnostics: what is wrong with a script, said in the user's words with the place underlined.
// Entry point: render(). The form is bpftrace's: `NAME:LINE:COL-COL: ERROR: message`, the
// source line, a `~~~` underline, and a HINT line.
#pragma once

#include <string>
#include <vector>

#include "lang/source.h"

namespace gotap::lang {

struct Diagnostic {
  enum class Severity : uint8_t { Error, Warning };
  Severity severity = Severity::Error;
  Location location;
  std::string message;  ///< one sentence without a trailing newline
  std::string hint;     ///< what to write instead; may be empty
};

using Diagnostics = std::vector<Diagnostic>;

/// Whether any of them is an error: the script cannot run then.
bool has_errors(const Diagnostics& diagnostics);

/// All diagnostics as text, in order, each ending in a newline. What comes from the script is
/// made safe for a terminal; tabs are widened and long lines cut around the place.
std::string render(const Diagnostics& diagnostics, const Source& source);

}  // namespace gotap::lang
