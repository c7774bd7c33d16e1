// Parser: the text of a script to its syntax tree. Entry point: parse(). Recursive descent, the
// grammar rule above each function of parser.cc; attach points are cut out by probe_spec.cc.
// The grammar is bpftrace's for user-space probes (its language reference, release 0.27, and
// what 0.17 still took).
#pragma once

#include <string>
#include <vector>

#include "lang/ast.h"
#include "lang/diag.h"
#include "lang/source.h"

namespace gotap::lang {

struct Parsed {
  ast::Script script;       ///< what could be understood; run it only if there are no errors
  Diagnostics diagnostics;  ///< in the order of the text; at most kMaxDiagnostics errors
};

constexpr size_t kMaxDiagnostics = 20;
/// How deep expressions and blocks may nest: every later stage recurses over the tree.
constexpr uint32_t kMaxDepth = 100;

/// The words behind the script on the command line: $1, $2, ...
using Parameters = std::vector<std::string>;

/// Never fails on any input: all it could not understand stands in `diagnostics`. Positional
/// parameters are replaced by literals (numbers if they look like numbers, else strings;
/// str($1) is a string always), and by their text in probes.
Parsed parse(const Source& source, const Parameters& parameters = {});

}  // namespace gotap::lang
