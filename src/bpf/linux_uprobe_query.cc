// Entry points: is_uprobed, uretprobe_survives_seccomp.
// Facts: perf_event_open(2), the uprobe PMU of kernel/events/core.c (config: bit 0 makes a
// uretprobe, bits 32-63 are the offset of a reference counter); alloc_uprobe() of
// kernel/events/uprobes.c, Linux 4.20 and later: all uprobes of one byte of a file must name the
// same reference counter, another one answers EINVAL; seccomp(2): from Linux 6.11 to 6.13 a
// uretprobe makes the process do a system call that filters kill (fixed by cf6cb56ef244, which
// was also backported).
#include "bpf/linux_uprobe_query.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <string>

#include "base/fd.h"
#include "bpf/linux_errors.h"
#include "bpf/own_code.h"

namespace gotap::bpf {

namespace {

constexpr uint64_t kOnReturn = 1;  // bit of perf_event_attr::config

// A perf event on `offset` of `path` in process `pid`: it counts, and runs nothing.
Result<Fd> open_event(const std::string& path, uint64_t offset, uint64_t config, int pid,
                      int& err) {
  const char* const type_file = "/sys/bus/event_source/devices/uprobe/type";
  uint32_t type;
  err = 0;
  if (!(std::ifstream(type_file) >> type))
    return Error{std::string("cannot read ") + type_file, "/sys must be mounted"};
  perf_event_attr attr{};
  attr.size = sizeof attr;
  attr.type = type;
  attr.config = config;
  attr.uprobe_path = reinterpret_cast<uintptr_t>(path.c_str());
  attr.probe_offset = offset;
  Fd fd(static_cast<int>(::syscall(SYS_perf_event_open, &attr, pid, -1, -1, PERF_FLAG_FD_CLOEXEC)));
  if (fd) return fd;
  err = errno;
  return kernel_error("ask the kernel for the probes of a file", err);
}

extern "C" __attribute__((noinline, used)) void gotap_seccomp_trial() { asm volatile("nop"); }

// In the child: waits for its probe, forbids itself every system call but the end, and calls
// the probed function.
[[noreturn]] void run_trial(int go) {
  char byte;
  if (::read(go, &byte, 1) != 1) ::_exit(1);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
  };
  const sock_fprog filter{static_cast<unsigned short>(std::size(code)), code};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)
    ::_exit(1);
  gotap_seccomp_trial();
  ::_exit(0);
}

}  // namespace

Result<bool> is_uprobed(int file_fd, uint64_t offset) {
  // No real program keeps a counter there.
  constexpr uint64_t kUnusedCounter = 0xfffffffe;
  const std::string path = "/proc/self/fd/" + std::to_string(file_fd);
  int err = 0;
  // Of our own process only, which has nothing of the file mapped that could be probed.
  auto event = open_event(path, offset, kUnusedCounter << 32, 0, err);
  if (event.ok()) return false;
  if (err == EINVAL) return true;
  return std::move(event.error());
}

Result<bool> uretprobe_survives_seccomp() {
  const auto offset = own_file_offset(reinterpret_cast<const void*>(gotap_seccomp_trial));
  int fds[2];
  if (!offset || ::pipe2(fds, O_CLOEXEC) != 0)
    return Error{"cannot try a return probe under seccomp", ""};
  Fd go_read(fds[0]), go_write(fds[1]);
  const int pid = ::fork();
  if (pid < 0) return kernel_error("try a return probe under seccomp", errno);
  if (pid == 0) {
    go_write.reset();
    run_trial(go_read.get());
  }
  int err = 0;
  auto event = open_event("/proc/self/exe", *offset, kOnReturn, pid, err);
  if (event.ok() && ::write(go_write.get(), "g", 1) != 1) ::kill(pid, SIGKILL);
  go_write.reset();
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!event.ok()) return std::move(event.error());
  if (WIFSIGNALED(status)) return false;
  uint64_t hits = 0;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 ||
      ::read(event->get(), &hits, sizeof hits) != sizeof hits || hits == 0)
    return Error{"cannot try a return probe under seccomp", ""};
  return true;
}

}  // namespace gotap::bpf
