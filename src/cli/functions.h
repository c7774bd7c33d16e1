// Functions as a person names them, found in a program.
//
// Entry point: find_functions().
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "go/image.h"

namespace gotap::cli {

/// The functions, by index, that `name` means: the one of exactly this name; all that match a
/// pattern (`main.*`); all of a package (`net/http:`); or the one whose name ends so, behind a dot
/// or a slash (`(*Store).Put`, `Put`). Errors: it is the end of several (they are listed), or of
/// none (the nearest names).
Result<std::vector<uint32_t>> find_functions(const go::Image& image, const std::string& name);

}  // namespace gotap::cli
