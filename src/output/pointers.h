// Pointers in the lines and records of `gotap trace`: what they lead to, nil, or why that is not
// known.
//
// Entry points: settle_pointers(), kBehindPointer.
#pragma once

#include <string>
#include <vector>

#include "output/value.h"

namespace gotap::output {

/// What stands between a pointer, written `0x%x`, and what it leads to: `&Name{Field:%d}`.
inline constexpr const char* kBehindPointer = "&";

/// Of each `0x%x&Name{...}` of the format there stays `&Name{...}`; of one that is nil `nil`, and
/// of one that is not known the reason. What is in the braces has none in its text.
void settle_pointers(Format& format, std::vector<Value>& args);

}  // namespace gotap::output
