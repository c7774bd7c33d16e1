// What was lost or left open, in sentences and in numbers.
//
// Entry points: loss_sentences(), loss_counts().
#pragma once

#include <string>
#include <vector>

#include "output/value.h"

namespace gotap::output {

/// One sentence for each counter that is not zero, in a fixed order; each begins with its
/// number or the map's name.
std::vector<std::string> loss_sentences(const Losses& losses);

/// The name and value of each counter that is not zero, without those of the maps, in the same
/// order: lost_events, lost_hits, unknown_site, no_goroutine, not_timed, not_kept, no_duration,
/// undecided, contended, never_returned, in_flight.
std::vector<std::pair<std::string, uint64_t>> loss_counts(const Losses& losses);

}  // namespace gotap::output
