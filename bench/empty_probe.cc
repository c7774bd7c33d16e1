// Attaches a BPF program that does nothing to one instruction, for as long as its standard
// input stays open: the floor that a tracer's cost is compared with.
//
//   empty_probe FILE FILE_OFFSET PID
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "base/fd.h"
#include "bpf/kernel.h"

namespace {

gotap::Result<void> attach_until_eof(const char* path, uint64_t offset, int pid) {
  using namespace gotap;
  auto kernel = bpf::linux_kernel();
  TRY(file, MappedFile::open(path));
  bpf::Program program;
  program.name = "empty";
  program.insns = {{0xb7, 0, 0, 0, 0}, {0x95, 0, 0, 0, 0}};  // r0 = 0; exit
  TRY(loaded, kernel->load_program(program, {}));
  uint64_t cookie = 0;
  TRY(link, kernel->attach_uprobes(
                {loaded.get(), file.fd(), {&offset, 1}, {&cookie, 1}, false, {&pid, 1}}));
  std::puts("attached");
  std::fflush(stdout);
  char byte;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: empty_probe FILE FILE_OFFSET PID\n");
    return 2;
  }
  auto done = attach_until_eof(argv[1], std::strtoull(argv[2], nullptr, 0), std::atoi(argv[3]));
  if (done.ok()) return 0;
  std::fprintf(stderr, "empty_probe: %s\n", done.error().message.c_str());
  return 1;
}
