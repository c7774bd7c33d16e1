// The build information that every Go linker since 1.13 leaves in the program, stripped or not.
// Entry point: read_build_info().
#pragma once

#include <optional>
#include <string>

#include "elf/elf.h"

namespace gotap::go {

struct BuildInfo {
  std::string version;      ///< "1.24.4"; "1.28-devel_abcdef" for development versions
  int minor = 0;            ///< 24; 0: could not be told from `version`
  std::string main_module;  ///< path of the main module, else of the main package
};

/// Nothing if the file has no (readable) build information.
std::optional<BuildInfo> read_build_info(const elf::Elf& elf);

/// The minor version in "go1.24.4", "go1.28-devel_x", "devel go1.19-abc"; 0: none.
int minor_of(std::string_view version);

}  // namespace gotap::go
