// Attach points: `uprobe:./swapper:"main.swap"+40`, cut out of the text by hand because paths
// and Go's function names hold nearly every character. Entry point: parse_probe_spec().
#pragma once

#include <optional>

#include "lang/diag.h"
#include "lang/lexer.h"
#include "lang/parser.h"
#include "lang/program.h"

namespace gotap::lang {

/// Reads one attach point at the lexer's position and leaves the lexer right behind it. Nothing,
/// and a diagnostic, if it is not one.
///
///   spec     = word | word ":" "interval"-args | word ":" path ":" target
///   target   = name [ "+" number ] | "0x" number
///   path     = { character but blank : , { | string }
///   name     = { character but blank , { outside of ( ) [ ] | string }
///
/// `$N` outside of quotes is the N-th of `parameters`, in the path, the target and the numbers.
std::optional<ProbeSpec> parse_probe_spec(Lexer& lexer, const Parameters& parameters,
                                          Diagnostics& diagnostics);

}  // namespace gotap::lang
