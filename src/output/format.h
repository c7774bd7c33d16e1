// Plain values and printf as text. Pure: no file descriptor in here.
//
// Entry points: append_value() as print() shows a value, append_printf() as printf() does.
// Facts: recorded from bpftrace 0.27.1, tests/golden/bpftrace/printf-*.out.
#pragma once

#include <string>
#include <vector>

#include "output/value.h"

namespace gotap::output {

/// How text that came from the traced program is shown.
enum class Untrusted : uint8_t {
  Raw,      ///< byte for byte: files and pipes
  Escaped,  ///< control bytes as \n, \xNN: terminals act on them
};

/// A floating point number as print() shows it: as Go's %v does.
std::string shortest(const Real& real);

/// Appends `value` as print() shows it: true, -5, text, <not readable>.
void append_value(std::string& out, const Value& value, Untrusted untrusted);

/// Appends them all, `between` any two of them.
void append_values(std::string& out, const std::vector<Value>& values, const std::string& between,
                   Untrusted untrusted);

/// Appends `format` with `args` put in. An argument too few shows as `<missing>`; that is a
/// defect of the caller, never undefined behaviour.
void append_printf(std::string& out, const Format& format, const std::vector<Value>& args,
                   Untrusted untrusted);

}  // namespace gotap::output
