// Entry points: code_mappings, threads_of, processes_that_run.
#include "trace/process.h"

#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/path.h"
#include "base/text.h"

namespace gotap::trace {

namespace {

std::string proc(int pid, const char* file) { return "/proc/" + std::to_string(pid) + "/" + file; }

// The numbers among the names of a folder: processes, threads.
std::vector<int> numbers_in(const std::string& folder) {
  std::vector<int> numbers;
  DIR* dir = ::opendir(folder.c_str());
  if (!dir) return numbers;
  while (const dirent* entry = ::readdir(dir)) {
    const std::string_view name = entry->d_name;
    int number = 0;
    auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error == std::errc() && end == name.data() + name.size()) numbers.push_back(number);
  }
  ::closedir(dir);
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::string read_all(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The value of a line "Field:\tvalue" of a status file.
std::string field(const std::string& status, std::string_view name) {
  std::istringstream lines(status);
  std::string line;
  while (std::getline(lines, line)) {
    if (!line.starts_with(name)) continue;
    const size_t at = line.find_first_not_of(" \t", name.size());
    return at == std::string::npos ? "" : line.substr(at);
  }
  return "";
}

bool maps_one_of(int pid, const std::vector<RunFile>& files) {
  auto mappings = code_mappings(pid);
  if (!mappings.ok()) return false;
  return std::any_of(mappings->begin(), mappings->end(), [&](const Mapping& mapping) {
    return std::any_of(files.begin(), files.end(), [&](const RunFile& file) {
      return file.library && mapping.inode == file.file.st_ino &&
             is_mapping_of(pid, mapping, file.file);
    });
  });
}

}  // namespace

// The number is the kernel's constant for it, PROC_PID_INIT_INO of include/linux/proc_ns.h.
bool in_first_pid_namespace() { return link_target("/proc/self/ns/pid") == "pid:[4026531836]"; }

Result<std::vector<Mapping>> code_mappings(int pid) {
  errno = 0;
  std::istringstream maps(read_all(proc(pid, "maps")));
  if (errno == EMFILE || errno == ENFILE)
    return Error{
        "cannot read the memory map of process " + std::to_string(pid) + ": too many open files",
        "raise the limit: ulimit -n 4096"};
  std::vector<Mapping> mappings;
  std::string line;
  while (std::getline(maps, line)) {
    unsigned long start, end, offset, inode;
    unsigned major, minor;
    char mode[8];
    int path = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx %7s %lx %x:%x %lu %n", &start, &end, mode, &offset,
                    &major, &minor, &inode, &path) != 7)
      continue;
    if (mode[2] != 'x' || inode == 0) continue;
    mappings.push_back({start, end, offset, inode, makedev(major, minor),
                        hex(start).substr(2) + "-" + hex(end).substr(2),
                        path > 0 ? line.substr(static_cast<size_t>(path)) : ""});
  }
  if (mappings.empty())
    return Error{"cannot read the memory map of process " + std::to_string(pid),
                 "it has ended, or it belongs to another user: run as root, or with the "
                 "capability CAP_SYS_PTRACE"};
  return mappings;
}

bool is_same_file(const struct stat& a, const struct stat& b) {
  if (a.st_ino != b.st_ino) return false;
  return a.st_dev == b.st_dev || (a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
                                  a.st_mtim.tv_nsec == b.st_mtim.tv_nsec);
}

// The link in map_files leads to the file itself, in whatever mount namespace it is.
bool is_mapping_of(int pid, const Mapping& mapping, const struct stat& file) {
  struct stat st;
  if (::stat(proc(pid, ("map_files/" + mapping.range).c_str()).c_str(), &st) == 0)
    return is_same_file(st, file);
  return mapping.inode == file.st_ino && mapping.device == file.st_dev;
}

bool runs_file(int pid, const struct stat& file) {
  struct stat exe;
  if (::stat(proc(pid, "exe").c_str(), &exe) == 0 && is_same_file(exe, file)) return true;
  auto mappings = code_mappings(pid);
  return mappings.ok() && std::any_of(mappings->begin(), mappings->end(), [&](const Mapping& m) {
           return is_mapping_of(pid, m, file);
         });
}

bool is_alive(int pid) {
  // Whether it is there takes no descriptor: without any left it would seem to have ended.
  if (::access(proc(pid, "status").c_str(), F_OK) != 0) return false;
  const std::string state = field(read_all(proc(pid, "status")), "State:");
  return state.empty() || (state[0] != 'Z' && state[0] != 'X');
}

std::string process_name(int pid) {
  const std::string name = field(read_all(proc(pid, "status")), "Name:");
  return "process " + std::to_string(pid) +
         (name.empty() ? "" : " (" + escape_controls(name) + ")");
}

Threads threads_of(int pid) {
  Threads threads;
  const std::string tasks = proc(pid, "task");
  for (const int thread : numbers_in(tasks)) {
    const std::string status = read_all(tasks + "/" + std::to_string(thread) + "/status");
    if (const int tracer = std::atoi(field(status, "TracerPid:").c_str())) threads.tracer = tracer;
    if (std::atoi(field(status, "Seccomp:").c_str()) != 0) threads.seccomp = true;
  }
  return threads;
}

// A program has a fixed address or asks for an interpreter; libc and the loader have
// interpreters too and are told by their names.
bool is_library(int fd) {
  const std::string path = link_target("/proc/self/fd/" + std::to_string(fd));
  if (path.find(".so", path.rfind('/') + 1) != std::string::npos) return true;
  Elf64_Ehdr header;
  if (::pread(fd, &header, sizeof header, 0) != sizeof header) return true;
  if (header.e_type == ET_EXEC) return false;
  for (uint16_t i = 0; i < header.e_phnum; i++) {
    Elf64_Phdr segment;
    const uint64_t at = header.e_phoff + uint64_t{i} * sizeof segment;
    if (::pread(fd, &segment, sizeof segment, static_cast<off_t>(at)) != sizeof segment) break;
    if (segment.p_type == PT_INTERP) return false;
  }
  return true;
}

Running processes_that_run(const std::vector<RunFile>& files) {
  Running found;
  const bool libraries =
      std::any_of(files.begin(), files.end(), [](const RunFile& file) { return file.library; });
  const int self = ::getpid();
  for (const int pid : numbers_in("/proc")) {
    struct stat exe;
    // Kernel threads have none.
    if (pid == self || ::stat(proc(pid, "exe").c_str(), &exe) != 0) continue;
    if (std::any_of(files.begin(), files.end(),
                    [&](const RunFile& file) { return is_same_file(exe, file.file); }) ||
        (libraries && maps_one_of(pid, files))) {
      found.now.push_back(pid);
    } else if (exe.st_nlink == 0) {
      const std::string path = link_target(proc(pid, "exe"));
      if (std::any_of(files.begin(), files.end(),
                      [&](const RunFile& file) { return path == file.path + kDeleted; }))
        found.before.push_back(pid);
    }
  }
  return found;
}

}  // namespace gotap::trace
