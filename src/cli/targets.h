// The binaries a script names, found and opened.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "plan/plan.h"

namespace gotap::cli {

/// Opens the program that a probe calls `path`: as written if it has a slash, else the first
/// executable of that name in PATH (as bpftrace does). The target keeps the path as written.
Result<plan::Target> open_target(const std::string& path);

}  // namespace gotap::cli
