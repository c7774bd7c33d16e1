// Parser: the text of a script to its syntax tree. Entry point: parse(). Recursive descent, the
// grammar rule above each function of parser.cc; attach points are cut out by probe_spec.cc.
// The grammar is bpftrace's for user-space probes (its language reference, release 0.27, and
// what 0.17 still took).
#pragma once

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

/// Never fails on any input: all it could not understand stands in `diagnostics`.
Parsed parse(const Source& source);

}  // namespace gotap::lang
