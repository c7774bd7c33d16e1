// What the memory controller allows the traced processes: the copies of code pages that probes
// make are charged to them.
// Entry points: check_memory, headroom.
//
// Facts: Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst; cgroups(7). A limit
// holds for a group and everything below it. Cached file pages that nobody uses are counted
// as used but given up first.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/result.h"

namespace gotap::trace {

/// Where to look; tests have a tree of their own.
struct CgroupTree {
  std::string proc = "/proc";
  /// Mount point of the unified hierarchy, and of the memory controller of version 1; empty:
  /// not mounted. `root` is the part of the hierarchy that is mounted there.
  struct Mount {
    std::string point, root;
  } unified, memory_v1;
};

/// The tree of this machine.
CgroupTree find_cgroups();

/// What a group has left, in bytes: idle cache counts as left.
struct Headroom {
  std::string group;  ///< its name, safe on a terminal
  uint64_t room = 0, limit = 0;
};

/// Of the group of process `pid`, and those above it, the one that has least left; nothing: none of
/// them has a limit.
std::optional<Headroom> headroom(const CgroupTree& tree, int pid);

/// Whether `bytes` more (by process id) leave the groups of the processes, and those above
/// them, at least as much room again. What cannot be read limits nothing. Errors name the
/// group and the figures.
Result<void> check_memory(const CgroupTree& tree, const std::map<int, uint64_t>& bytes);

/// "3.2 MB".
std::string megabytes(uint64_t bytes);

}  // namespace gotap::trace
