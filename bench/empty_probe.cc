// Attaches a BPF program that does nothing to one instruction, for as long as its standard
// input stays open: the floor that a tracer's cost is compared with. Or one that reads 64 bytes of
// the stack as gotap does (`read`), or as only a program may that can sleep (`copy`), and then gets
// what is not in memory, too.
//
//   empty_probe FILE FILE_OFFSET PID [read|copy]
#include <bpf/bpf.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/fd.h"
#include "bpf/insn.h"
#include "bpf/kernel.h"
#include "bpf/uapi/uprobe_multi.h"

namespace {

using namespace gotap;

Result<Fd> load(const std::string& what) {
  const bool sleeps = what == "copy";
  std::vector<bpf::Insn> insns = bpf::idle_program();
  if (!what.empty())
    insns.insert(insns.begin(),
                 {
                     {0x79, 3, 1, 152, 0},  // r3 = pt_regs.sp
                     {0xbf, 1, 10, 0, 0},   // r1 = r10 - 64
                     {0x07, 1, 0, 0, -64},
                     {0xb7, 2, 0, 0, 64},  // r2 = 64
                     {0x85, 0, 0, 0, sleeps ? BPF_FUNC_copy_from_user : BPF_FUNC_probe_read_user},
                 });
  LIBBPF_OPTS(bpf_prog_load_opts, options);
  options.expected_attach_type = static_cast<bpf_attach_type>(bpf::uapi::kAttachUprobeMulti);
  if (sleeps) options.prog_flags = BPF_F_SLEEPABLE;
  const int fd =
      bpf_prog_load(BPF_PROG_TYPE_KPROBE, "bench", "GPL",
                    reinterpret_cast<const bpf_insn*>(insns.data()), insns.size(), &options);
  if (fd < 0) return Error{"the kernel does not load the program", ""};
  return Fd(fd);
}

Result<void> attach_until_eof(const char* path, uint64_t offset, int pid, const std::string& what) {
  auto kernel = bpf::linux_kernel();
  TRY(file, MappedFile::open(path));
  TRY(loaded, load(what));
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
  const std::string what = argc == 5 ? argv[4] : "";
  if (argc < 4 || argc > 5 || (argc == 5 && what != "read" && what != "copy")) {
    std::fprintf(stderr, "usage: empty_probe FILE FILE_OFFSET PID [read|copy]\n");
    return 2;
  }
  auto done =
      attach_until_eof(argv[1], std::strtoull(argv[2], nullptr, 0), std::atoi(argv[3]), what);
  if (done.ok()) return 0;
  std::fprintf(stderr, "empty_probe: %s\n", done.error().message.c_str());
  return 1;
}
