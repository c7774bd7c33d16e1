// Entry points: check_files, check_process.
#include "trace/gate.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "base/fd.h"
#include "base/text.h"

namespace gotap::trace {

namespace {

constexpr uint8_t kInt3 = 0xcc;

bool read_at(int fd, uint64_t offset, std::vector<uint8_t>& out) {
  size_t done = 0;
  while (done < out.size()) {
    ssize_t n =
        ::pread(fd, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    done += static_cast<size_t>(n);
  }
  return true;
}

/// A mapping of /proc/PID/maps that holds code.
struct Mapping {
  uint64_t start = 0, end = 0, offset = 0, inode = 0;
  dev_t device = 0;
  std::string name;  // of the link in /proc/PID/map_files
};

Result<std::vector<Mapping>> code_mappings(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/maps");
  std::vector<Mapping> mappings;
  std::string line;
  while (std::getline(file, line)) {
    unsigned long start, end, offset, inode;
    unsigned major, minor;
    char mode[8];
    if (std::sscanf(line.c_str(), "%lx-%lx %7s %lx %x:%x %lu", &start, &end, mode, &offset, &major,
                    &minor, &inode) != 7)
      continue;
    if (mode[2] != 'x' || inode == 0) continue;
    mappings.push_back(
        {start, end, offset, inode, makedev(major, minor), line.substr(0, line.find(' '))});
  }
  if (mappings.empty())
    return Error{"cannot read the memory map of process " + std::to_string(pid),
                 "it has ended, or it belongs to another user: run as root, or with the " +
                     std::string("capability CAP_SYS_PTRACE")};
  return mappings;
}

// The device number in maps is the file system's own, which on overlay and btrfs is not what
// fstat() says; the link in map_files leads to the file itself.
bool is_same_file(int pid, const Mapping& mapping, const struct stat& file) {
  struct stat st;
  const std::string link = "/proc/" + std::to_string(pid) + "/map_files/" + mapping.name;
  if (::stat(link.c_str(), &st) == 0) return st.st_ino == file.st_ino && st.st_dev == file.st_dev;
  return mapping.inode == file.st_ino && mapping.device == file.st_dev;
}

std::string status_field(int pid, std::string_view field) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  std::string line;
  while (std::getline(status, line)) {
    if (!line.starts_with(field)) continue;
    size_t at = line.find_first_not_of(" \t", field.size());
    return at == std::string::npos ? "" : line.substr(at);
  }
  return "";
}

std::string link_target(const std::string& path) {
  char target[4096];
  ssize_t n = ::readlink(path.c_str(), target, sizeof target);
  return n < 0 ? "" : std::string(target, static_cast<size_t>(n));
}

// "process 42 (etcd)".
std::string process_name(int pid) {
  std::string name = status_field(pid, "Name:");
  return "process " + std::to_string(pid) +
         (name.empty() ? "" : " (" + escape_controls(name) + ")");
}

Result<void> check_no_debugger(int pid) {
  const std::string tracer = status_field(pid, "TracerPid:");
  if (tracer.empty()) return Error{"there is no process " + std::to_string(pid), ""};
  const int tracer_pid = std::atoi(tracer.c_str());
  if (tracer_pid == 0) return {};
  return Error{process_name(pid) + " is being debugged by " + process_name(tracer_pid),
               "end the debugger first: two breakpoints on one instruction would corrupt it"};
}

Error not_running(const plan::Target& target, int pid) {
  const std::string exe = link_target("/proc/" + std::to_string(pid) + "/exe");
  Error error{process_name(pid) + " does not run " + target.path, ""};
  if (exe.ends_with(" (deleted)")) {
    error.hint = "its own file was replaced or deleted since it started: name /proc/" +
                 std::to_string(pid) + "/exe in the script";
  } else if (!exe.empty()) {
    error.hint = "it runs " + escape_controls(exe);
  }
  return error;
}

class MemoryCheck {
 public:
  MemoryCheck(const plan::Plan& plan, int pid, Fd memory, std::vector<Mapping> mappings)
      : plan_(plan), pid_(pid), memory_(std::move(memory)), mappings_(std::move(mappings)) {}

  // Every site of `target` in every mapping of its file; false if the file is not mapped.
  Result<bool> check(uint32_t target, const struct stat& file) const {
    std::vector<const Mapping*> own;
    for (const Mapping& mapping : mappings_)
      if (is_same_file(pid_, mapping, file)) own.push_back(&mapping);
    if (own.empty()) return false;
    for (const plan::Program& program : plan_.programs) {
      if (program.shape.target != target) continue;
      for (const plan::Site& site : program.sites)
        for (const Mapping* mapping : own) TRY_DO(check_site(site, *mapping));
    }
    return true;
  }

 private:
  Result<void> check_site(const plan::Site& site, const Mapping& mapping) const {
    if (site.file_offset < mapping.offset ||
        site.file_offset - mapping.offset >= mapping.end - mapping.start)
      return {};
    std::vector<uint8_t> bytes(site.bytes.size());
    const uint64_t address = mapping.start + (site.file_offset - mapping.offset);
    if (!read_at(memory_.get(), address, bytes))
      return Error{"cannot read the code of " + process_name(pid_) + " at " + hex(address),
                   "it may just have ended"};
    if (bytes == site.bytes) return {};
    const std::string where = site_name(plan_, site) + " in " + process_name(pid_);
    if (!bytes.empty() && bytes[0] == kInt3)
      return Error{"somebody else's breakpoint is at " + where,
                   "another tracer or debugger is at work there: end it first"};
    return Error{"the code at " + where + " is not what its file has",
                 "the program changed itself, or somebody else did"};
  }

  const plan::Plan& plan_;
  int pid_;
  Fd memory_;
  std::vector<Mapping> mappings_;
};

}  // namespace

std::string site_name(const plan::Plan& plan, const plan::Site& site) {
  const uint64_t self = plan::Cookie::unpack(site.cookie).self;
  if (self >= plan.functions.size()) return hex(site.address);
  return plan.functions[self].name + " at " + hex(site.address);
}

Result<void> check_files(const plan::Plan& plan, const std::vector<int>& fds) {
  for (const plan::Program& program : plan.programs) {
    const uint32_t target = program.shape.target;
    if (target >= fds.size() || target >= plan.targets.size() || fds[target] < 0)
      return Error{"internal error: a program without an opened file", ""};
    for (const plan::Site& site : program.sites) {
      std::vector<uint8_t> bytes(site.bytes.size());
      if (read_at(fds[target], site.file_offset, bytes) && bytes == site.bytes) continue;
      return Error{plan.targets[target].path + " was changed while it was being read (at " +
                       site_name(plan, site) + ")",
                   "start again once it is written"};
    }
  }
  return {};
}

Result<ProcessCheck> check_process(const plan::Plan& plan, const std::vector<int>& fds, int pid) {
  ProcessCheck result;
  if (plan.programs.empty()) return result;
  TRY_DO(check_no_debugger(pid));
  TRY(mappings, code_mappings(pid));
  Fd memory(::open(("/proc/" + std::to_string(pid) + "/mem").c_str(), O_RDONLY | O_CLOEXEC));
  if (!memory)
    return Error{"cannot read the memory of " + process_name(pid) + ": " + std::strerror(errno),
                 "run as root, or with the capability CAP_SYS_PTRACE"};
  MemoryCheck check(plan, pid, std::move(memory), std::move(mappings));
  std::vector<Error> missing;
  for (uint32_t target = 0; target < plan.targets.size(); target++) {
    struct stat file;
    if (::fstat(fds[target], &file) != 0)
      return Error{"internal error: " + plan.targets[target].path + " is not open", ""};
    TRY(mapped, check.check(target, file));
    if (!mapped) missing.push_back(not_running(plan.targets[target], pid));
  }
  // One of several files may be a library that is loaded later; none at all is a mistake.
  if (!missing.empty() && missing.size() == plan.targets.size()) return std::move(missing[0]);
  for (const Error& error : missing)
    result.warnings.push_back(error.message + (error.hint.empty() ? "" : ": " + error.hint));
  return result;
}

}  // namespace gotap::trace
