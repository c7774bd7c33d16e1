// What a refusal of the kernel means to the user: errno values of bpf(2) in plain words, and
// the report of a verifier refusal.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "bpf/object.h"

namespace gotap::bpf {

/// `doing` is what failed, as in "create the map @calls"; `err` an errno value.
Error kernel_error(std::string_view doing, int err);

/// Missing privilege: which capabilities `capabilities` (a CapEff mask) lacks, and what to do.
Error privilege_error(std::string_view doing, uint64_t capabilities);

/// A refused program is a defect of ours: writes `log` and the instructions into a new file
/// in TMPDIR (or /tmp) and names it.
Error verifier_error(const Program& program, std::string_view log, int err);

}  // namespace gotap::bpf
