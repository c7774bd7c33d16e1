// Where the runtime takes a panic as recovered. Entry point: recovery_site().
//
// Facts: runtime.gorecover (runtime/panic.go) sets p.recovered, a bool of g._panic, where a
// deferred function does recover, and nowhere else; it has no other constant 1 to store outside of
// its frame. Read, and disassembled, from Go 1.15 to 1.27.
#pragma once

#include <cstdint>
#include <optional>

#include "go/image.h"

namespace gotap::go {

/// The address of the instruction of runtime.gorecover, function `index`, that runs once for each
/// panic recovered, and for nothing else. Its stack begins with the deferred function. Nothing: the
/// code is not as we know it.
std::optional<uint64_t> recovery_site(const Image& image, uint32_t index);

}  // namespace gotap::go
