// printf formats: taken apart and checked once, here. Entry point: parse_format(). What a
// format may hold is bpftrace's list without floats and kernel things.
#pragma once

#include <string>
#include <string_view>

#include "base/format.h"
#include "base/result.h"

namespace gotap::lang {

/// Errors: an unknown or unfinished conversion, with a hint.
Result<Format> parse_format(std::string_view text);

/// How many arguments the format takes, `*` widths included.
size_t argument_count(const Format& format);

}  // namespace gotap::lang
