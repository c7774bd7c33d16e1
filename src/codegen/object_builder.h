// ObjectBuilder: the parts of a BpfObject that all programs share: maps, event layouts, and what
// has to be known about the whole script before the first instruction. Entry point: make_maps().
#pragma once

#include <vector>

#include "base/result.h"
#include "bpf/object.h"
#include "codegen/codegen.h"
#include "lang/program.h"
#include "plan/plan.h"

namespace gotap::codegen {

/// How the script uses one of its maps.
struct MapUse {
  bool read = false;     ///< its value is read by a program: so it must not be per CPU
  bool deleted = false;  ///< delete() is called on it: so it must not be an array
};

struct ObjectBuilder {
  const lang::TypedProgram& program;
  const plan::Plan& plan;
  bpf::BpfObject object;
  uint32_t zeros_offset = 0;  ///< in Globals' map: enough zero bytes for any map's first value
  uint32_t scratch_size = 0;  ///< of one slot; 0: not needed
  uint32_t cgroup_level = 0;  ///< Options::cgroup_level
  uint32_t saved_size = 0;    ///< of what is kept of a call; 0: nothing is
  /// Where in it each clause's Go values are, by slot; 0: that one is not kept.
  std::vector<std::vector<uint32_t>> saved{};

  uint32_t counter_of(uint32_t user_map) const {
    return static_cast<uint32_t>(sizeof(bpf::Globals)) + 8 * user_map;
  }
};

/// Fills in the maps but for the scratch map, whose size is known at the end.
/// Error: a key or value too large.
Result<void> make_maps(ObjectBuilder& builder);

/// Adds BpfObject::sites, BpfObject::tgids and BpfObject::cgroups where they are needed.
void make_attach_maps(ObjectBuilder& builder, const Options& options);

/// Adds the maps that say what is to be copied of whole Go values, if there are any.
void make_copy_maps(ObjectBuilder& builder);

/// Asks for the ring if the script has events; its size is the session's choice.
void make_ring(bpf::BpfObject& object);

/// Adds the scratch map for slots of `scratch_size` bytes.
void make_scratch_map(ObjectBuilder& builder);

/// Number of scratch slots a CPU has: as many hits as can be in the making on it, one preempting
/// the other. A power of two.
uint32_t scratch_slots(uint32_t slot_size);

/// Bytes before the first slot: the bitmap of slots in use.
constexpr uint32_t kScratchHeader = 8;

}  // namespace gotap::codegen
