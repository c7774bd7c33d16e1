// Finding programs and following links.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gotap {

/// The first executable regular file `name` in the directories of PATH, an empty one being the
/// current directory, as execvp(3) looks for it; nothing if there is none.
std::optional<std::string> find_in_path(std::string_view name);

/// What the symbolic link `path` says; empty if it is none or may not be read.
std::string link_target(const std::string& path);

}  // namespace gotap
