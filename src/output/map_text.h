// A map as text, sorted as bpftrace sorts it.
//
// Entry points: append_map(), append_map_value(), sort_entries().
// Facts: recorded from bpftrace 0.27.1, tests/golden/bpftrace/map-*.out and print-*.out.
#pragma once

#include <string>
#include <vector>

#include "output/format.h"
#include "output/value.h"

namespace gotap::output {

/// Smallest value first: numbers by value, averages by average, histograms by their total.
/// Equal ones, and values without an order of their own (text, bool), by key.
void sort_entries(std::vector<MapEntry>& entries);

/// Appends the whole map: a line an entry, `@m[k1, k2]: v`; histograms below a line `@m[k]:`
/// and with an empty line after them. Nothing for a map without entries.
void append_map(std::string& out, const MapDump& map, Untrusted untrusted);

/// Appends a map's value alone: an average as its quotient, a histogram as its lines.
void append_map_value(std::string& out, const MapValue& value, int64_t div, Untrusted untrusted);

}  // namespace gotap::output
