// Integers that read as something else than a number, beside those that are constants by name.
#pragma once

#include <cstdint>

namespace gotap {

/// Type::detail of an Int that is a time.Duration, where others have the index of the constants
/// that give their values names: nanoseconds, read as Go's String() has them.
inline constexpr uint32_t kDurationNames = UINT32_MAX;

}  // namespace gotap
