// The checker: every name resolved, every expression typed, every mistake said. Entry point:
// check(). Pure: what it must know of the binaries it asks the lookup.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "go/image.h"
#include "go/type_info.h"
#include "lang/ast.h"
#include "lang/diag.h"
#include "lang/program.h"
#include "lang/settings.h"

namespace gotap::lang {

/// What the checker needs to know of the functions a probe names. Of a Go program whose probe
/// names C functions only, all is as in a C program.
struct TargetFacts {
  bool is_go = false;
  go::Abi abi = go::Abi::C;  ///< go::Image::abi()
  std::string version;       ///< "1.24.4"; empty if not Go
  std::string no_goid;       ///< why `goid` cannot be had there; empty if it can
  /// What is known of the program's types; null: not a Go program.
  const go::TypeInfo* types = nullptr;
  /// The functions that the probe names, as TypeInfo counts them.
  std::vector<uint32_t> functions;
  /// Of a probe on a line of source: its instructions, parallel to `functions`. Else empty.
  std::vector<go::LinePoint> lines;
};

/// Nothing: the binary could not be opened, and that has been said. Called once a probe.
using TargetLookup = std::function<std::optional<TargetFacts>(const ProbeSpec&)>;

struct CheckOptions {
  Settings settings;  ///< the environment's
  /// Names of those that the environment set, which counts more than the script's config block.
  std::vector<std::string> given;
  bool allow_unsafe = false;  ///< --unsafe: system()
};

struct Checked {
  TypedProgram program;     ///< meaningless if there are errors
  Settings settings;        ///< the options' with those of the config block
  Diagnostics diagnostics;  ///< in the order of the text
};

Checked check(const ast::Script& script, const TargetLookup& lookup,
              const CheckOptions& options = {});

}  // namespace gotap::lang
