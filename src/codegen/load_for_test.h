// Loads what the generator makes into the running kernel, so that the verifier judges it. Used by
// verifier_test.cc and go_values_test.cc. Entry point: load_object().
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "bpf/kernel.h"

namespace gotap::codegen {

/// Creates the maps and loads all programs; the first error.
inline Result<void> load_object(bpf::Kernel& kernel, const bpf::BpfObject& object) {
  std::vector<Fd> maps(object.maps.size());
  std::vector<int> fds(object.maps.size(), -1);
  for (size_t i = 0; i < object.maps.size(); i++) {
    if (object.maps[i].max_entries == 0) continue;
    TRY(fd, kernel.create_map(object.maps[i]));
    maps[i] = std::move(fd);
    fds[i] = maps[i].get();
  }
  for (const bpf::Program& program : object.programs) {
    TRY(fd, kernel.load_program(program, fds));
    EXPECT_GE(fd.get(), 0);
  }
  return {};
}

}  // namespace gotap::codegen
