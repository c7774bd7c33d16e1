// How the probes of a run are attached: by what the kernel can do, found by trying it.
// Entry points: choose_attach(), event_works().
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "bpf/kernel.h"

namespace gotap::trace {

/// --attach.
enum class AttachWay : uint8_t { Auto, Multi, Event };

struct AttachMode {
  bool by_event = false;      ///< by uprobe_events: the programs must be made for it
  bool compare_tgid = false;  ///< the programs look whether a hit is of a traced process
  std::string note;           ///< for the user, may be empty
  /// A probe on ourselves by which the kernel was tried: detached with all others at the end, as
  /// each detaching takes the kernel a while.
  std::shared_ptr<bpf::Links> trial;
};

/// `by_pid`: probes of certain processes, not of all that run a file. Errors: no privilege; the
/// wanted way does not exist here.
Result<AttachMode> choose_attach(bpf::Kernel& kernel, AttachWay wanted, bool by_pid);

/// Whether a probe of uprobe_events on ourselves counts a hit: tried. Errors: why there is none.
Result<bool> event_works(bpf::Kernel& kernel);

}  // namespace gotap::trace
