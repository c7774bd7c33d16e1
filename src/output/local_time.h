// The time of day as text, for time().
#pragma once

#include <string>

namespace gotap::output {

/// Now, in the local time zone, as strftime(3) shows it; nothing if it cannot be told.
std::string local_time(const std::string& strftime_format);

}  // namespace gotap::output
