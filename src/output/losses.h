// What was lost or left open, in sentences.
//
// Entry point: loss_sentences().
#pragma once

#include <string>
#include <vector>

#include "output/value.h"

namespace gotap::output {

/// One sentence for each counter that is not zero, in a fixed order; each begins with its
/// number or the map's name.
std::vector<std::string> loss_sentences(const Losses& losses);

}  // namespace gotap::output
