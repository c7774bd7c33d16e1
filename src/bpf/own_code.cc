// Entry point: own_file_offset.
// Facts: proc(5), maps.
#include "bpf/own_code.h"

#include <cstdio>
#include <fstream>
#include <string>

namespace gotap::bpf {

std::optional<uint64_t> own_file_offset(const void* code) {
  const uint64_t address = reinterpret_cast<uintptr_t>(code);
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    unsigned long start, end, offset;
    if (std::sscanf(line.c_str(), "%lx-%lx %*s %lx", &start, &end, &offset) == 3 &&
        address >= start && address < end)
      return address - start + offset;
  }
  return std::nullopt;
}

}  // namespace gotap::bpf
