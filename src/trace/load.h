// Load: the kernel objects of a session: maps created, programs loaded, globals set. Nothing
// of it touches the traced program.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "bpf/kernel.h"
#include "bpf/object.h"
#include "lang/program.h"
#include "plan/plan.h"
#include "trace/containers.h"

namespace gotap::trace {

struct SessionOptions;

struct Loaded {
  struct Timer {
    lang::ProbeKind kind;
    uint64_t period_ns;
    size_t program;  ///< index into `programs`
  };
  std::vector<Fd> maps;             ///< parallel to BpfObject::maps
  std::vector<int> map_fds;         ///< the same, -1: not created
  std::vector<Fd> programs;         ///< parallel to BpfObject::programs
  std::vector<Timer> timers;        ///< in the script's order
  std::vector<int> file_fds;        ///< parallel to Plan::targets; not owned
  std::vector<uint64_t> map_full;   ///< of read_globals(): a count per user map
  std::unique_ptr<bpf::Ring> ring;  ///< null: no events
  std::vector<Fd> target_pidfds;    ///< of -p
  Fd stopper;                       ///< the program that sets Globals::exiting
  uint32_t cpus = 1;
  uint32_t globals_size = 0;
  std::set<uint64_t> cgroups;  ///< whose processes are traced, by id; empty: not chosen so
  bool hits_send = false;      ///< a uprobe program sends events: the ring needs watching

  bool has_map(uint32_t index) const { return index < map_fds.size() && map_fds[index] >= 0; }
  std::vector<int> program_fds() const;
  /// The counters as they stand; map_full beside them.
  Result<bpf::Globals> read_globals(bpf::Kernel& kernel);
  /// Hits of these cgroups count, too. Whether one of them is new.
  Result<bool> add_cgroups(bpf::Kernel& kernel, const bpf::BpfObject& object,
                           const std::vector<Cgroup>& more);
  /// From now on hits do nothing.
  Result<void> set_exiting(bpf::Kernel& kernel);
};

/// Everything before the script's first statement.
Result<Loaded> load(bpf::Kernel& kernel, const bpf::BpfObject& object, const plan::Plan& plan,
                    const SessionOptions& options);

/// Bytes of a ring for records of at most `record` bytes, sent by hits on `cpus` CPUs (0: only
/// by timers, which are drained at once): a power of two of pages.
uint32_t default_ring_bytes(uint32_t record, uint32_t cpus);

}  // namespace gotap::trace
