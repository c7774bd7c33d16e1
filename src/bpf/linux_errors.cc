// Entry points: kernel_error, privilege_error, verifier_error.
// Facts: bpf(2), capabilities(7), proc(5) (CapEff); errno values as kernel/bpf/syscall.c and
// kernel/bpf/verifier.c of Linux 6.x return them.
#include "bpf/linux_errors.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "base/fd.h"
#include "base/text.h"
#include "bpf/uapi/uprobe_multi.h"

namespace gotap::bpf {

namespace {

constexpr int kCapSysAdmin = 21, kCapPerfmon = 38, kCapBpf = 39;

uint64_t effective_capabilities() {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line))
    if (line.starts_with("CapEff:")) return std::strtoull(line.c_str() + 7, nullptr, 16);
  return 0;
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    text.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

// The raw fields: readable without us, and what the kernel was given but for the descriptors of
// the maps, in whose place stand their indices.
std::string raw_listing(const Program& program) {
  std::string text;
  char line[96];
  for (size_t i = 0; i < program.insns.size(); i++) {
    const Insn& in = program.insns[i];
    std::snprintf(line, sizeof line, "%5zu: code 0x%02x  dst r%u  src r%u  off %d  imm %d\n", i,
                  in.code, in.dst, in.src, in.off, in.imm);
    text += line;
  }
  return text;
}

}  // namespace

Error privilege_error(std::string_view doing, uint64_t capabilities) {
  auto has = [&](int bit) { return (capabilities >> bit & 1) != 0; };
  std::vector<std::string> missing;
  if (!has(kCapSysAdmin)) {
    if (!has(kCapBpf)) missing.push_back("CAP_BPF");
    if (!has(kCapPerfmon)) missing.push_back("CAP_PERFMON");
  }
  std::string what = "not permitted to " + std::string(doing);
  if (missing.empty())
    return {what + ", although the needed capabilities are there",
            "a container, seccomp or the kernel's lockdown mode forbids it"};
  return {what + ": " + join_words(missing) + (missing.size() > 1 ? " are" : " is") + " missing",
          "run it as root: sudo gotap ..., or once: setcap cap_bpf,cap_perfmon+ep gotap"};
}

Error kernel_error(std::string_view doing, int err) {
  std::string what = "cannot " + std::string(doing) + ": ";
  switch (err) {
    case EPERM: return privilege_error(doing, effective_capabilities());
    case ENOMEM:
      return {what + "the kernel has no memory for it",
              "use fewer or smaller maps, or raise the memory limit of the cgroup"};
    case E2BIG:
      return {what + "larger than the kernel allows", "split the script or use fewer probes"};
    case EMFILE:
    case ENFILE: return {what + "too many open files", "raise the limit: ulimit -n 4096"};
    case ESRCH: return {what + "the process has ended", ""};
    case ENOSYS: return {what + "this kernel has no bpf() system call", ""};
    case EAGAIN: return {what + "the kernel asks to try again later", ""};
    case uapi::kEnotsupp:
    case EOPNOTSUPP: return {what + "not supported by this kernel", ""};
    default: return {what + std::strerror(err), ""};
  }
}

Error verifier_error(const Program& program, std::string_view log, int err) {
  std::string message = "the kernel's verifier refused the program " + program.name +
                        ": this is a defect of gotap (" + std::strerror(err) + ")";
  const char* dir = std::getenv("TMPDIR");
  std::string path = std::string(dir && *dir ? dir : "/tmp") + "/gotap-verifier-XXXXXX.log";
  Fd file(::mkstemps(path.data(), 4));
  if (!file) return {message, "and its log could not be written to " + path};
  ::fcntl(file.get(), F_SETFD, FD_CLOEXEC);
  bool written = write_all(file.get(), log) && write_all(file.get(), "\n\n") &&
                 write_all(file.get(), raw_listing(program));
  if (!written) return {message, "its log could be written to " + path + " in part only"};
  return {message, "please report it with the file " + path};
}

}  // namespace gotap::bpf
