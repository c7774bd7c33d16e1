// Entry points: Tracefs::open, attach_uprobe_event.
//
// Facts: Documentation/trace/uprobetracer.rst; kernel/trace/trace_uprobe.c of Linux 5.4 and later:
// a definition whose event exists already appends a probe to it. BPF programs run before the
// event's own work, also while the event is disabled, and where the event's filter, the memory
// maps of its perf events' processes, lets the hit through. Letting go of a program waits for a
// grace period of 0.1 s, however many probes there are; of an event without a program it does not.
// Removing an event of several probes is not refused while it is in use: the kernel frees what it
// still uses. Hence nothing is ever removed whose owner might live.
// fsopen(2), fsmount(2) (Linux 5.2): a mount of its own, gone with its descriptor.
#include "bpf/linux_events.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <iterator>
#include <set>
#include <string_view>

#include "bpf/halves.h"
#include "bpf/linux_attach.h"
#include "bpf/linux_errors.h"

namespace gotap::bpf {

namespace {

constexpr const char* kCommands = "uprobe_events";
// Defining a probe looks at all there are: 10,000 take seconds.
constexpr size_t kMaxProbes = 20'000;
// What the kernel takes apart at once.
constexpr size_t kMaxCommand = 4000;

Fd mount_tracefs() {
  Fd context(static_cast<int>(::syscall(SYS_fsopen, "tracefs", FSOPEN_CLOEXEC)));
  if (!context ||
      ::syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
    return {};
  return Fd(static_cast<int>(::syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, 0)));
}

Fd open_commands(const Fd& root) {
  if (!root) return {};
  // Never O_TRUNC: that removes everybody's events.
  return Fd(::openat(root.get(), kCommands, O_RDWR | O_APPEND | O_CLOEXEC));
}

Error tracefs_error(int err) {
  if (err == EPERM || err == EACCES)
    return {"not permitted to use the kernel's uprobe events: CAP_SYS_ADMIN is missing, or a " +
                std::string("container or the kernel's lockdown mode forbids it"),
            "run it as root: sudo gotap ..."};
  if (err == ENOENT || err == ENODEV)
    return {"this kernel has no uprobe events", "it must be built with CONFIG_UPROBE_EVENTS"};
  return kernel_error("open the kernel's uprobe events", err);
}

// What tells the groups of this process from all others' there ever were: its PID namespace,
// its id in there, and when it started, by the clock of its time namespace.
std::string own_namespace() {
  struct stat st;
  if (::stat("/proc/self/ns/pid", &st) != 0) return "gotap_";
  return "gotap_" + std::to_string(st.st_ino) + "_";
}

std::string start_time() {
  std::ifstream file("/proc/self/stat");
  std::string text{std::istreambuf_iterator<char>(file), {}};
  // Field 22, of which the second, the name, is in parentheses and may hold anything.
  size_t at = text.rfind(')');
  for (int field = 2; field < 22 && at != std::string::npos; field++) at = text.find(' ', at + 1);
  if (at == std::string::npos) return "0";
  return text.substr(at + 1, text.find(' ', at + 1) - at - 1);
}

Result<void> write_command(const Fd& commands, std::string_view text) {
  ssize_t written;
  do written = ::write(commands.get(), text.data(), text.size());
  while (written < 0 && errno == EINTR);
  if (written == static_cast<ssize_t>(text.size())) return {};
  const int err = written < 0 ? errno : EIO;
  if (err == ENOENT)
    return Error{"cannot attach: /proc is not mounted", "mount -t proc proc /proc"};
  return kernel_error("define uprobe events", err);
}

std::string read_all(int directory, const std::string& path) {
  Fd file(::openat(directory, path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  char buffer[16384];
  for (ssize_t n; file && (n = ::read(file.get(), buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<size_t>(n));
  return text;
}

// An event of ours with the descriptors that make it hit.
class EventLink : public Link {
 public:
  EventLink(std::shared_ptr<Tracefs> tracefs, std::string name)
      : tracefs_(std::move(tracefs)), name_(std::move(name)) {}
  EventLink(const EventLink&) = delete;
  EventLink& operator=(const EventLink&) = delete;
  ~EventLink() override {
    perf_.clear();  // first: what is in use must not be removed
    tracefs_->remove(name_);
  }

  const std::string& name() const { return name_; }

  /// From here on the breakpoints are there, in `pid` (-1: in every process). Returns an errno.
  int open(uint64_t id, int pid) {
    perf_event_attr attr{};
    attr.type = PERF_TYPE_TRACEPOINT;
    attr.size = sizeof attr;
    attr.config = id;
    attr.disabled = 1;
    // Of all processes: on any CPU, it counts on all of them.
    Fd fd(static_cast<int>(
        ::syscall(SYS_perf_event_open, &attr, pid, pid < 0 ? 0 : -1, -1, PERF_FLAG_FD_CLOEXEC)));
    if (!fd) return errno;
    perf_.push_back(std::move(fd));
    return 0;
  }
  bool empty() const { return perf_.empty(); }

  Result<void> run(int program_fd) {
    // The program belongs to the event as a whole.
    if (::ioctl(perf_[0].get(), PERF_EVENT_IOC_SET_BPF, program_fd) == 0) return {};
    return kernel_error("attach a program to a uprobe event", errno);
  }

 private:
  std::shared_ptr<Tracefs> tracefs_;
  const std::string name_;
  std::vector<Fd> perf_;
};

// The sites in one event; nothing if the kernel refuses the instruction of one of them.
Result<std::unique_ptr<EventLink>> open_event(const std::shared_ptr<Tracefs>& tracefs,
                                              const AttachRequest& request,
                                              std::span<const size_t> sites) {
  auto link = std::make_unique<EventLink>(tracefs, tracefs->new_name());
  TRY_DO(tracefs->define(link->name(), request, sites));
  TRY(id, tracefs->id_of(link->name()));
  const std::vector<int> everyone = {-1};
  for (int pid : request.pids.empty() ? std::span<const int>(everyone) : request.pids) {
    const int err = link->open(id, pid);
    if (err == 0 || (err == ESRCH && request.pids.size() > 1)) continue;
    if (is_refusal(err)) return std::unique_ptr<EventLink>();
    return attach_error(sites.size(), err == EACCES ? EPERM : err);
  }
  if (link->empty()) return attach_error(sites.size(), ESRCH);
  return link;
}

}  // namespace

Tracefs::Tracefs(Fd root, Fd commands, std::string prefix)
    : root_(std::move(root)), commands_(std::move(commands)), prefix_(std::move(prefix)) {}

Result<std::shared_ptr<Tracefs>> Tracefs::open() {
  Fd root = mount_tracefs();
  Fd commands = open_commands(root);
  int err = errno;
  for (const char* path : {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"}) {
    if (commands) break;
    root = Fd(::open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
    commands = open_commands(root);
    if (!commands && (errno == EPERM || errno == EACCES)) err = errno;
  }
  if (!commands) return tracefs_error(err);
  const std::string prefix = own_namespace() + std::to_string(::getpid()) + "_" + start_time();
  auto tracefs = std::make_shared<Tracefs>(std::move(root), std::move(commands), prefix);
  tracefs->remove_leftovers();
  return tracefs;
}

// An event of ours whose process is gone is in use no more: its descriptors were closed before
// the process vanished. Of another PID namespace that cannot be told, so those stay; so do those
// whose process id somebody else has by now.
void Tracefs::remove_leftovers() {
  const std::string ours = own_namespace();
  const std::string text = definitions();
  std::set<std::string> dead;
  for (size_t line = 0; line < text.size();) {
    const size_t end = std::min(text.find('\n', line), text.size());
    std::string_view name = std::string_view(text).substr(line, end - line);
    line = end + 1;
    if (name.size() < 2 || name[1] != ':') continue;
    name = name.substr(2, name.find(' ') - 2);
    if (!name.starts_with(ours)) continue;
    int pid = 0;
    std::from_chars(name.data() + ours.size(), name.data() + name.size(), pid);
    if (pid <= 0) continue;
    const bool gone = pid == ::getpid() ? !name.starts_with(prefix_ + "/")
                                        : ::kill(pid, 0) != 0 && errno == ESRCH;
    if (gone) dead.emplace(name);
  }
  for (const std::string& name : dead) remove(name);
}

std::string Tracefs::new_name() {
  // The descriptor tells apart what several parts of one process make.
  return prefix_ + "/p" + std::to_string(root_.get()) + "_" + std::to_string(++names_);
}

Result<void> Tracefs::define(const std::string& name, const AttachRequest& request,
                             std::span<const size_t> sites) {
  // Through the very descriptor that was read: its path may name another file by now, or hold
  // characters that the kernel would take for its own.
  const std::string begin = std::string(request.on_return ? "r:" : "p:") + name +
                            " /proc/self/fd/" + std::to_string(request.file_fd) + ":";
  std::string text;
  for (size_t site : sites) {
    const std::string line = begin + std::to_string(request.offsets[site]) + "\n";
    if (text.size() + line.size() > kMaxCommand) {
      TRY_DO(write_command(commands_, text));
      text.clear();
    }
    text += line;
  }
  return write_command(commands_, text);
}

Result<uint64_t> Tracefs::id_of(const std::string& name) {
  const std::string text = read_all(root_.get(), "events/" + name + "/id");
  uint64_t id = 0;
  std::from_chars(text.data(), text.data() + text.size(), id);
  if (id == 0) return Error{"cannot attach: the kernel does not show the new uprobe event", ""};
  return id;
}

void Tracefs::remove(const std::string& name) {
  // It may be gone, or never have been made.
  (void)write_command(commands_, "-:" + name + "\n").ok();
}

std::string Tracefs::definitions() const { return read_all(root_.get(), kCommands); }

Result<Attachment> attach_uprobe_event(const std::shared_ptr<Tracefs>& tracefs,
                                       const AttachRequest& request) {
  TRY(sites, sites_of(request));
  if (sites.size() > kMaxProbes)
    return Error{"cannot attach " + std::to_string(sites.size()) +
                     " probes through uprobe events: that would take minutes, the limit is " +
                     std::to_string(kMaxProbes),
                 "name fewer functions"};
  Attachment out;
  TRY(link, open_event(tracefs, request, sites));
  if (!link) {
    TRY_DO(attempt_by_halves(
        sites,
        [&](std::span<const size_t> part) -> Result<bool> {
          TRY(trial, open_event(tracefs, request, part));
          return trial != nullptr;
        },
        out.refused));
    std::erase_if(sites, [&](size_t site) {
      return std::binary_search(out.refused.begin(), out.refused.end(), site);
    });
    if (sites.empty()) return out;
    TRY(rest, open_event(tracefs, request, sites));
    if (!rest) return Error{"the kernel refuses a probe that it took a moment ago", "try again"};
    link = std::move(rest);
  }
  TRY_DO(link->run(request.program_fd));
  out.links.push_back(std::move(link));
  return out;
}

}  // namespace gotap::bpf
