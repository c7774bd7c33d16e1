// Values of the types that Go shows by a text of their own: moments, durations, network addresses;
// and which names are of what should not be shown. Entry points below.
//
// Facts: time/time.go (Time's wall and ext, Duration.String), time/format.go, net/ip.go
// (IP.String).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace gotap::trace {

/// time.Time of these words, in UTC, as its String() has it: "2009-11-10 23:00:00 +0000 UTC".
std::string go_time_text(uint64_t wall, int64_t ext);

/// time.Duration: "1h15m30.918s".
std::string go_duration_text(int64_t nanoseconds);

/// net.IP: "192.0.2.1", "2001:db8::1"; of another length "?" and the bytes.
std::string go_ip_text(Bytes bytes);

/// Whether a field, parameter or key of this name is likely to hold a secret.
bool names_secret(std::string_view name);

/// Whether bytes are text: UTF-8 without control characters. `cut`: more of them may follow.
bool is_text(std::string_view bytes, bool cut);

/// The length of `bytes` without a character that is cut off at its end.
size_t without_half_character(std::string_view bytes);

}  // namespace gotap::trace
