// hist() and lhist() as text: one line a bucket, with a bar.
//
// Entry point: append_histogram().
// Facts: recorded from bpftrace 0.27.1, tests/golden/bpftrace/hist-*.out and lhist-*.out.
#pragma once

#include <string>

#include "output/value.h"

namespace gotap::output {

/// Appends the lines of `histogram`, nothing if it has no bucket. Counts of hist() are divided
/// by `div` (0 and 1: as they are); those of lhist() never are, as in bpftrace.
void append_histogram(std::string& out, const Histogram& histogram, int64_t div);

}  // namespace gotap::output
