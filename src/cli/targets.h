// The binaries a script names, found and opened.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/options.h"
#include "plan/plan.h"

namespace gotap::cli {

/// Finds the container of --container or the pod of --pod, if one is given, and fills in
/// Options::inside and cgroup_level. Errors: there is none, or nothing runs in it.
Result<void> find_container(Options& options);

/// Opens the program that a probe calls `path`: as written if it has a slash, else the first
/// executable of that name in PATH (as bpftrace does). The target keeps the path as written.
///
/// Where that is not what the processes of -p or of the container run, it is what they run by that
/// name: the file as it was before it was replaced or deleted, or as they see it in a mount
/// namespace or root of their own. `note` then says so. Its types are what the file and the user's
/// options say. Errors: no such file, no program, the processes run different files by that name.
Result<plan::Target> open_target(const std::string& path, const Options& options,
                                 std::string& note);

}  // namespace gotap::cli
