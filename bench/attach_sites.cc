// How long it takes to put an empty program on many functions of a running Go process, and to
// take it off again: the medians, in milliseconds.
//
//   attach_sites FILE PID SITES multi|event [ROUNDS]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "bpf/kernel.h"
#include "go/image.h"

namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Entry sites of `count` functions, spread over the whole file.
std::vector<uint64_t> entry_sites(const gotap::go::Image& image, size_t count) {
  std::vector<uint64_t> offsets;
  const size_t functions = image.functions().size();
  const size_t step = std::max<size_t>(1, functions / (count + count / 4));
  for (size_t i = 0; i < functions && offsets.size() < count; i += step) {
    if (!image.functions()[i].is_go) continue;
    const auto entry = image.sites(static_cast<uint32_t>(i)).entry;
    const auto offset = entry ? image.file_offset(entry->address) : std::nullopt;
    if (offset) offsets.push_back(*offset);
  }
  std::sort(offsets.begin(), offsets.end());
  offsets.erase(std::unique(offsets.begin(), offsets.end()), offsets.end());
  return offsets;
}

gotap::Result<void> measure(const char* path, int pid, size_t count, bool by_event, int rounds) {
  using namespace gotap;
  TRY(image, go::Image::open(path));
  const std::vector<uint64_t> offsets = entry_sites(*image, count);
  if (offsets.size() < count) return Error{"the program has too few functions", ""};
  auto kernel = bpf::linux_kernel();
  bpf::Program program{.name = "empty", .by_event = by_event};
  program.insns = {{0xb7, 0, 0, 0, 0}, {0x95, 0, 0, 0, 0}};  // r0 = 0; exit
  TRY(loaded, kernel->load_program(program, {}));
  std::vector<double> on, off;
  for (int round = 0; round < rounds; round++) {
    auto start = Clock::now();
    TRY(attachment, kernel->attach_uprobes({.program_fd = loaded.get(),
                                            .file_fd = image->fd(),
                                            .offsets = offsets,
                                            .pids = {&pid, 1},
                                            .by_event = by_event}));
    on.push_back(ms_since(start));
    if (!attachment.refused.empty()) return Error{"the kernel refuses some sites", ""};
    start = Clock::now();
    attachment.links.clear();
    off.push_back(ms_since(start));
  }
  std::printf("%.0f %.0f\n", median(on), median(off));
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "usage: attach_sites FILE PID SITES multi|event [ROUNDS]\n");
    return 2;
  }
  auto done = measure(argv[1], std::atoi(argv[2]), std::strtoul(argv[3], nullptr, 0),
                      std::string(argv[4]) == "event", argc > 5 ? std::atoi(argv[5]) : 5);
  if (done.ok()) return 0;
  std::fprintf(stderr, "attach_sites: %s\n", done.error().message.c_str());
  return 1;
}
