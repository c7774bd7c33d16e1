// A map as text, sorted as bpftrace sorts it; what every format needs to show a map.
//
// Entry points: append_map(), append_map_value(), shown_entries().
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

/// The entries to show, in their order: the last `top` of all if the map says so.
std::vector<MapEntry> shown_entries(const MapDump& map);

/// A whole number that is not negative, as counts and times are; of anything else 0.
uint64_t number_in(const Value& value);
uint64_t number_in(const MapEntry& entry);

/// The quotient; 0 of nothing. And the sum.
Value average(const Average& average);
Value total(const Average& average);

/// Division as bpftrace does it: toward zero; by 0 or 1 not at all. Only of numbers.
Value divided(const Value& value, int64_t div);

/// Takes stacks of more than a line, as a caller is, out of the keys and returns their lines.
std::vector<std::string> take_stacks(MapEntry& entry);

/// Appends the whole map: a line an entry, `@m[k1, k2]: v`; histograms below a line `@m[k]:`
/// and with an empty line after them. Nothing for a map without entries.
void append_map(std::string& out, const MapDump& map, Untrusted untrusted);

/// Appends a map's value alone: an average as its quotient, a histogram as its lines.
void append_map_value(std::string& out, const MapValue& value, int64_t div, Untrusted untrusted);

}  // namespace gotap::output
