// Functions as a person names them, found in a program.
//
// Entry points: find_functions(), complete_function().
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "go/image.h"

namespace gotap::cli {

/// The functions, by index, that `name` means: the one of exactly this name; all that match a
/// pattern (`main.*`); all of a package (`net/http:`); or the one whose name ends so, behind a dot
/// or a slash (`(*Store).Put`, `Put`). Of a package or a pattern that means nothing the path may be
/// left out (`http:`, `http.(*Server).*`). Errors: it is the end of several (they are listed), or
/// of none (the nearest names).
Result<std::vector<uint32_t>> find_functions(const go::Image& image, const std::string& name);

/// What `prefix` can become: whole names; where none begins so, ends of names that mean one
/// function. Of more than a hundred those are told apart by the next part of their names alone,
/// which ends in "/" or ".". Sorted.
std::vector<std::string> complete_function(const go::Image& image, const std::string& prefix);
std::vector<std::string> complete_function(const std::vector<std::string_view>& names,
                                           const std::string& prefix);

}  // namespace gotap::cli
