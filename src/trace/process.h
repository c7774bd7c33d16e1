// Facts about running processes, from /proc.
// Entry points: code_mappings, threads_of, processes_that_run.
//
// Facts: proc(5): maps, map_files, status, exe, task. The device number in maps is the file
// system's own, which on overlayfs and btrfs is not what stat() says.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace gotap::trace {

constexpr uint64_t kPage = 4096;  ///< bytes of a page of code
constexpr uint8_t kInt3 = 0xcc;   ///< the instruction of a breakpoint, a uprobe's too

/// What the kernel puts behind the path of a file that no longer has one.
inline constexpr const char* kDeleted = " (deleted)";

/// A mapping of a file's code into a process's memory.
struct Mapping {
  uint64_t start = 0, end = 0;  ///< addresses in the process
  uint64_t offset = 0;          ///< in the file
  uint64_t inode = 0;
  dev_t device = 0;
  std::string range;  ///< its name in /proc/PID/map_files: not padded
  std::string path;   ///< of the file, as the kernel names it for us
};

/// Whether process ids are here what they are to BPF programs.
bool in_first_pid_namespace();

/// Every executable mapping of a file. Errors: the process has ended, or may not be read.
Result<std::vector<Mapping>> code_mappings(int pid);

/// Whether `mapping` of process `pid` is of this file.
bool is_mapping_of(int pid, const Mapping& mapping, const struct stat& file);

/// Whether both are one file, to which the kernel's probes belong. Overlays of one folder (the
/// containers of one image) each show it on a device of their own, with the same inode number.
bool is_same_file(const struct stat& a, const struct stat& b);

/// Whether process `pid` has this file mapped as code now.
bool runs_file(int pid, const struct stat& file);

/// Whether there is a process `pid` that has not ended (a zombie has).
bool is_alive(int pid);

/// "process 42 (etcd)", safe on a terminal.
std::string process_name(int pid);

/// What the threads of a process say of themselves.
struct Threads {
  int tracer = 0;        ///< the process that debugs one of them; 0: none
  bool seccomp = false;  ///< some system calls are forbidden to one of them
};

/// Nothing is known of a process that has ended: all zero.
Threads threads_of(int pid);

/// A file whose processes are looked for.
struct RunFile {
  struct stat file {};
  std::string path;  ///< as the kernel names it
  /// It may be mapped by programs that are other files: a shared library. Looking for those
  /// takes ten times as long.
  bool library = false;
};

/// Whether the ELF file `fd` is run as a library of other programs rather than by itself.
bool is_library(int fd);

/// Processes in ascending order, this one not among them.
struct Running {
  std::vector<int> now;     ///< have one of the files mapped as code
  std::vector<int> before;  ///< run what stood under one of the paths before it was replaced
};
Running processes_that_run(const std::vector<RunFile>& files);

}  // namespace gotap::trace
