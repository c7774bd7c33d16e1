// The time of day as text, for time() and strftime().
#pragma once

#include <cstdint>
#include <string>

namespace gotap::output {

/// Now, in the local time zone, as strftime(3) shows it, and %:z as date(1) does: the zone as RFC
/// 3339 has it, "+05:30". Nothing if it cannot be told.
std::string local_time(const std::string& strftime_format);

/// The time `ns` nanoseconds after the beginning of 1970, likewise; %f is its microseconds, as in
/// bpftrace's strftime().
std::string local_time(const std::string& format, int64_t ns);

}  // namespace gotap::output
