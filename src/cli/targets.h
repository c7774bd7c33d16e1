// The binaries a script names, found and opened.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "plan/plan.h"

namespace gotap::cli {

/// Where `path` of a probe is: as written if it has a slash, else the first executable of that
/// name in PATH (as bpftrace does). Errors: not in PATH.
Result<std::string> resolve_program(const std::string& path);

/// Opens the program that a probe calls `path`. The target keeps the path as written.
Result<plan::Target> open_target(const std::string& path);

}  // namespace gotap::cli
