// Kernel: the one door to the operating system's tracing facilities. LinuxKernel is the real
// one; tests use a fake that fails on demand.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/result.h"
#include "bpf/object.h"

namespace gotap::bpf {

/// A mapped ring buffer. Drained by a timer, never by wake-ups (DESIGN rule 17).
class Ring {
 public:
  virtual ~Ring() = default;
  /// Calls `handle` for every record now in the ring; returns their number.
  virtual Result<uint64_t> drain(const std::function<void(Bytes)>& handle) = 0;
};

/// A member of a kernel structure: {"task_struct", "thread.fsbase"}.
struct StructMember {
  std::string type, member;
};

/// Where a program is attached.
struct AttachRequest {
  int program_fd = -1;
  int file_fd = -1;                   ///< the executable, the very file that was read
  std::span<const uint64_t> offsets;  ///< file offsets
  std::span<const uint64_t> cookies;  ///< parallel to offsets
  bool on_return = false;             ///< the kernel's own uretprobe; never on Go
  std::span<const int> pids;          ///< only these processes; empty: every process
  /// By one event of uprobe_events instead of uprobe_multi links. The programs get no cookies, and
  /// hits of vfork children that share a process's memory.
  bool by_event = false;
};

/// Attached probes. Destroying it detaches them, which waits for the kernel: tens of
/// milliseconds.
class Link {
 public:
  virtual ~Link() = default;
};
using Links = std::vector<std::unique_ptr<Link>>;

struct Attachment {
  Links links;
  /// Sites, as indices into the request, whose instruction the kernel will not probe; all the
  /// others are attached.
  std::vector<size_t> refused;
};

class Kernel {
 public:
  virtual ~Kernel() = default;

  /// Errors are for the user: missing privilege names the capability, a kernel without the
  /// feature names the feature.
  virtual Result<Fd> create_map(const MapSpec& spec) = 0;
  /// `map_fds` is parallel to BpfObject::maps (-1: not created). A verifier refusal is our
  /// bug: the message says so and names a file that holds the log.
  virtual Result<Fd> load_program(const Program& program, std::span<const int> map_fds) = 0;
  /// Errors stop all of it: then nothing stays attached. Of several processes those that have
  /// ended are left out, unless that is all of them.
  virtual Result<Attachment> attach_uprobes(const AttachRequest& request) = 0;
  /// Runs a RawTracepoint program once, on this CPU.
  virtual Result<void> run_program(int program_fd) = 0;

  virtual Result<void> map_update(int map_fd, const void* key, const void* value) = 0;
  /// False if the key is missing. Per-CPU maps fill cpu_count() values of 8-byte-rounded size.
  virtual Result<bool> map_lookup(int map_fd, const void* key, void* value) = 0;
  virtual Result<bool> map_delete(int map_fd, const void* key) = 0;
  /// The key after `key` (nullptr: the first); false at the end.
  virtual Result<bool> map_next_key(int map_fd, const void* key, void* next) = 0;

  virtual Result<std::unique_ptr<Ring>> open_ring(int map_fd) = 0;
  /// Possible CPUs: the number of values in a per-CPU map's element.
  virtual Result<uint32_t> cpu_count() = 0;
  /// Byte offset of `member` ("thread.fsbase") in kernel struct `type`, from the kernel's BTF.
  virtual Result<uint32_t> struct_offset(const std::string& type, const std::string& member) = 0;
  /// The same for many: reading the BTF takes 10 ms.
  virtual Result<std::vector<uint32_t>> struct_offsets(std::span<const StructMember> members) {
    std::vector<uint32_t> offsets;
    for (const StructMember& at : members) {
      TRY(offset, struct_offset(at.type, at.member));
      offsets.push_back(offset);
    }
    return offsets;
  }
  /// Whether there are uprobe_multi links (Linux >= 6.6): tried.
  virtual Result<bool> has_uprobe_multi() = 0;
  /// Whether uprobe_multi's pid filter counts all threads of the process (Linux >= 6.10, or a
  /// backport of 46ba0e49b642): tried, not derived from the version.
  virtual Result<bool> pid_filter_works() = 0;
  /// Whether a uprobe, made by anybody in any way, is on this byte of the file. A yes leaves a
  /// line in the kernel's log.
  virtual Result<bool> has_uprobe(int file_fd, uint64_t offset) = 0;
  /// Whether a process with a seccomp filter lives through a kernel uretprobe: tried on a child.
  virtual Result<bool> uretprobe_survives_seccomp() = 0;
};

/// The running Linux kernel.
std::unique_ptr<Kernel> linux_kernel();

}  // namespace gotap::bpf
