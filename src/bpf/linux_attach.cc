// Entry point: attach_uprobe_multi.
// Facts: bpf_uprobe_multi_link_attach() in kernel/trace/bpf_trace.c of Linux 6.6 to 6.18, and
// what prepare_uprobe() in kernel/events/uprobes.c answers for an instruction it cannot take:
// ENOTSUPP for a trap, ENOEXEC for one it cannot decode or must not move.
#include "bpf/linux_attach.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <numeric>
#include <string>

#include "base/text.h"
#include "bpf/halves.h"
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

class MultiLink : public Link {
 public:
  explicit MultiLink(Fd fd) : fd_(std::move(fd)) {}

 private:
  Fd fd_;
};

class Attacher {
 public:
  explicit Attacher(const AttachRequest& request)
      : request_(request), path_("/proc/self/fd/" + std::to_string(request.file_fd)) {}

  // `sites` of the request in one link, for `pid` (0: every process). False: the kernel refuses
  // the instruction of one of them.
  Result<bool> attach(std::span<const size_t> sites, int pid, Attachment& out) {
    std::vector<uint64_t> offsets, cookies;
    for (size_t site : sites) {
      offsets.push_back(request_.offsets[site]);
      if (!request_.cookies.empty()) cookies.push_back(request_.cookies[site]);
    }
    uapi::LinkCreateUprobeMulti attr{};
    attr.prog_fd = static_cast<uint32_t>(request_.program_fd);
    attr.attach_type = uapi::kAttachUprobeMulti;
    // Through the very descriptor that was read: its path may name another file by now.
    attr.path = address_of(path_.c_str());
    attr.offsets = address_of(offsets.data());
    attr.cookies = cookies.empty() ? 0 : address_of(cookies.data());
    attr.cnt = static_cast<uint32_t>(sites.size());
    attr.uprobe_flags = request_.on_return ? uapi::kUprobeMultiReturn : 0;
    attr.pid = static_cast<uint32_t>(pid);
    const int fd = create_link(attr);
    if (fd >= 0) {
      out.links.push_back(std::make_unique<MultiLink>(Fd(fd)));
      return true;
    }
    if (-fd == EINVAL && !has_uprobe_multi(request_.program_fd))
      return Error{"cannot attach: this kernel has no uprobe_multi links",
                   "they need Linux 6.6 or newer; --attach=event does without"};
    if (is_refusal(-fd)) return false;
    if (-fd == ESRCH && request_.pids.size() > 1) return true;  // ended: nothing to probe
    return attach_error(sites.size(), -fd);
  }

 private:
  const AttachRequest& request_;
  const std::string path_;
};

}  // namespace

bool has_uprobe_multi(int program_fd) {
  // "/" is no regular file: a kernel that knows the link type says EBADF, others EINVAL.
  return try_link(program_fd, "/", 0) == EBADF;
}

bool pid_filter_is_by_process(int program_fd) {
  // The change that made the filter compare processes (46ba0e49b642) also refuses negative
  // pids with EINVAL, before it looks at the path; older kernels do not find such a task.
  return try_link(program_fd, "/", kNoPid) == EINVAL;
}

bool is_refusal(int err) {
  return err == EINVAL || err == uapi::kEnotsupp || err == ENOEXEC || err == EOPNOTSUPP;
}

Error attach_error(size_t sites, int err) {
  if (err == ENOENT)
    return Error{"cannot attach: /proc is not mounted", "mount -t proc proc /proc"};
  return kernel_error("attach " + count_of(sites, "probe"), err);
}

Result<std::vector<size_t>> sites_of(const AttachRequest& request) {
  const size_t count = request.offsets.size();
  if (count == 0 || (!request.cookies.empty() && request.cookies.size() != count))
    return Error{"internal error: an attach request without sites, or with stray cookies", ""};
  std::vector<size_t> sites(count);
  std::iota(sites.begin(), sites.end(), size_t{0});
  return sites;
}

Result<Attachment> attach_uprobe_multi(const AttachRequest& request) {
  TRY(sites, sites_of(request));
  if (sites.size() > uapi::kMaxUprobeMulti)
    return Error{"cannot attach " + std::to_string(sites.size()) +
                     " probes in one link: the kernel's limit is " +
                     std::to_string(uapi::kMaxUprobeMulti),
                 "name fewer functions"};
  Attachment out;
  Attacher attacher(request);
  const std::vector<int> everyone = {0};
  for (int pid : request.pids.empty() ? std::span<const int>(everyone) : request.pids) {
    std::vector<size_t> refused;
    TRY_DO(attempt_by_halves(
        sites, [&](std::span<const size_t> part) { return attacher.attach(part, pid, out); },
        refused));
    // What was refused once is not tried again for the next process.
    std::erase_if(sites, [&](size_t site) {
      return std::binary_search(refused.begin(), refused.end(), site);
    });
    out.refused.insert(out.refused.end(), refused.begin(), refused.end());
  }
  if (out.links.empty() && out.refused.empty()) return attach_error(sites.size(), ESRCH);
  return out;
}

}  // namespace gotap::bpf
