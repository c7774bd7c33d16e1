// Entry point: attach_uprobe_multi.
// Facts: bpf_uprobe_multi_link_attach() in kernel/trace/bpf_trace.c of Linux 6.6 to 6.18, and
// what prepare_uprobe() in kernel/events/uprobes.c answers for an instruction it cannot take:
// ENOTSUPP for a trap, ENOEXEC for one it cannot decode or must not move.
#include "bpf/linux_attach.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "bpf/linux_errors.h"
#include "bpf/uapi/uprobe_multi.h"

// After ours: the constants of the system's header.
#include <linux/bpf.h>

namespace gotap::bpf {

namespace {

uint64_t address_of(const void* p) { return reinterpret_cast<uintptr_t>(p); }

// A new link's descriptor (close-on-exec, as all BPF descriptors are), or -errno.
int create_link(uapi::LinkCreateUprobeMulti& attr) {
  long fd = ::syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof attr);
  return fd >= 0 ? static_cast<int>(fd) : -errno;
}

// What the kernel says to one site in `path`, with `pid`. Made so that it always fails.
int try_link(int program_fd, const char* path, uint32_t pid) {
  const uint64_t offset = 0;
  uapi::LinkCreateUprobeMulti attr{};
  attr.prog_fd = static_cast<uint32_t>(program_fd);
  attr.attach_type = uapi::kAttachUprobeMulti;
  attr.path = address_of(path);
  attr.offsets = address_of(&offset);
  attr.cnt = 1;
  attr.pid = pid;
  int fd = create_link(attr);
  if (fd < 0) return -fd;
  ::close(fd);
  return 0;
}

constexpr uint32_t kNoPid = 0xffffffff;  // -1: no process has it

}  // namespace

bool has_uprobe_multi(int program_fd) {
  // "/" is no regular file: a kernel that knows the link type says EBADF, others EINVAL.
  return try_link(program_fd, "/", 0) == EBADF;
}

bool pid_filter_is_by_process(int program_fd) {
  // The change that made the filter compare processes (46ba0e49b642) also refuses negative
  // pids with EINVAL, before it looks at the path; older kernels do not find such a task.
  return has_uprobe_multi(program_fd) && try_link(program_fd, "/", kNoPid) == EINVAL;
}

Result<Fd> attach_uprobe_multi(const AttachRequest& request) {
  if (request.bad_site) *request.bad_site = false;
  const size_t count = request.offsets.size();
  if (count == 0 || (!request.cookies.empty() && request.cookies.size() != count))
    return Error{"internal error: an attach request without sites, or with stray cookies", ""};
  if (count > uapi::kMaxUprobeMulti)
    return Error{"cannot attach " + std::to_string(count) + " probes in one link: the kernel's " +
                     "limit is " + std::to_string(uapi::kMaxUprobeMulti),
                 "name fewer functions"};
  // Through the very descriptor that was read: the path may name another file by now.
  const std::string path = "/proc/self/fd/" + std::to_string(request.file_fd);
  uapi::LinkCreateUprobeMulti attr{};
  attr.prog_fd = static_cast<uint32_t>(request.program_fd);
  attr.attach_type = uapi::kAttachUprobeMulti;
  attr.path = address_of(path.c_str());
  attr.offsets = address_of(request.offsets.data());
  attr.cookies = request.cookies.empty() ? 0 : address_of(request.cookies.data());
  attr.cnt = static_cast<uint32_t>(count);
  attr.uprobe_flags = request.on_return ? uapi::kUprobeMultiReturn : 0;
  attr.pid = static_cast<uint32_t>(request.pid);
  int fd = create_link(attr);
  if (fd >= 0) return Fd(fd);

  const int err = -fd;
  const std::string doing = "attach " + std::to_string(count) + (count == 1 ? " probe" : " probes");
  if (err == EINVAL && !has_uprobe_multi(request.program_fd))
    return Error{"cannot attach: this kernel has no uprobe_multi links",
                 "they need Linux 6.6 or newer"};
  if (err == EINVAL || err == uapi::kEnotsupp || err == ENOEXEC || err == EOPNOTSUPP) {
    if (request.bad_site) *request.bad_site = true;
    return Error{"cannot " + doing + ": the kernel refuses to probe " +
                     (count == 1 ? "this instruction" : "one of the instructions"),
                 ""};
  }
  if (err == ENOENT)
    return Error{"cannot " + doing + ": /proc is not mounted", "mount -t proc proc /proc"};
  return kernel_error(doing, err);
}

}  // namespace gotap::bpf
