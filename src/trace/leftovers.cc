// Entry points: sweep_breakpoints, look_at_breakpoints.
#include "trace/leftovers.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>
#include <string>

#include "base/fd.h"
#include "bpf/insn.h"
#include "trace/code_check.h"
#include "trace/process.h"

namespace gotap::trace {

namespace {

// Bits of an entry of /proc/PID/pagemap.
constexpr uint64_t kPresent = 1ull << 63, kSwapped = 1ull << 62, kOfFile = 1ull << 61;

/// The memory of a process, and which pages of it are copies.
struct Memory {
  Fd mem, pagemap;

  static Result<Memory> open(int pid) {
    const std::string folder = "/proc/" + std::to_string(pid);
    Memory memory{Fd(::open((folder + "/mem").c_str(), O_RDONLY | O_CLOEXEC)),
                  Fd(::open((folder + "/pagemap").c_str(), O_RDONLY | O_CLOEXEC))};
    if (!memory.mem || !memory.pagemap)
      return Error{"cannot read the memory of " + process_name(pid), ""};
    return memory;
  }
};

// File offsets of the bytes of `mapping` that are breakpoints in memory and not in the file.
void find_breakpoints(const Memory& memory, const Mapping& mapping, int file,
                      std::set<uint64_t>& found) {
  std::vector<uint64_t> pages((mapping.end - mapping.start) / kPage);
  if (!read_at(memory.pagemap.get(), mapping.start / kPage * 8, pages.data(), pages.size() * 8))
    return;
  for (size_t i = 0; i < pages.size(); i++) {
    if ((pages[i] & (kPresent | kSwapped)) == 0 || (pages[i] & kOfFile) != 0) continue;
    const uint64_t offset = mapping.offset + i * kPage;
    std::array<uint8_t, kPage> now, before{};
    if (!read_at(memory.mem.get(), mapping.start + i * kPage, now.data(), kPage)) continue;
    // The last page of a file is not whole.
    if (::pread(file, before.data(), kPage, static_cast<off_t>(offset)) <= 0) continue;
    for (size_t at = 0; at < kPage; at++)
      if (now[at] == kInt3 && before[at] != kInt3) found.insert(offset + at);
  }
}

std::set<uint64_t> find_breakpoints(const Memory& memory, int pid,
                                    const std::vector<Mapping>& mappings, int file) {
  std::set<uint64_t> found;
  struct stat st;
  if (::fstat(file, &st) != 0) return found;
  for (const Mapping& mapping : mappings)
    if (is_mapping_of(pid, mapping, st)) find_breakpoints(memory, mapping, file, found);
  return found;
}

// A program may have breakpoints of its own making, which must stay.
bool all_of_kernel(bpf::Kernel& kernel, int file, const std::vector<uint64_t>& offsets) {
  const size_t step = question_step(offsets.size());
  for (size_t i = 0; i < offsets.size(); i += step) {
    auto known = kernel.has_uprobe(file, offsets[i]);
    if (!known.ok() || !*known) return false;
  }
  return true;
}

}  // namespace

Result<uint64_t> sweep_breakpoints(bpf::Kernel& kernel, int pid, const std::vector<int>& fds) {
  TRY(mappings, code_mappings(pid));
  TRY(memory, Memory::open(pid));
  uint64_t swept = 0;
  for (const int file : fds) {
    const auto found = find_breakpoints(memory, pid, mappings, file);
    const std::vector<uint64_t> offsets(found.begin(), found.end());
    if (offsets.empty() || !all_of_kernel(kernel, file, offsets)) continue;
    const std::vector<uint64_t> cookies(offsets.size());
    TRY(program,
        kernel.load_program(
            {.name = "gotap_sweep", .kind = bpf::ProgramKind::Uprobe, .insns = bpf::idle_program()},
            {}));
    TRY(attached, kernel.attach_uprobes({.program_fd = program.get(),
                                         .file_fd = file,
                                         .offsets = offsets,
                                         .cookies = cookies,
                                         .pids = std::span(&pid, 1)}));
    attached.links.clear();  // detaches, and with them what nobody else holds
    const auto left = find_breakpoints(memory, pid, mappings, file);
    swept += static_cast<uint64_t>(std::count_if(
        offsets.begin(), offsets.end(), [&](uint64_t offset) { return !left.contains(offset); }));
  }
  return swept;
}

Result<Breakpoints> look_at_breakpoints(bpf::Kernel& kernel, int pid, int file) {
  TRY(mappings, code_mappings(pid));
  TRY(memory, Memory::open(pid));
  const auto found = find_breakpoints(memory, pid, mappings, file);
  const std::vector<uint64_t> offsets(found.begin(), found.end());
  Breakpoints out;
  if (offsets.empty()) return out;
  const size_t step = question_step(offsets.size());
  for (size_t i = 0; i < offsets.size(); i += step) {
    TRY(known, kernel.has_uprobe(file, offsets[i]));
    (known ? out.uprobes : out.foreign) += std::min(step, offsets.size() - i);
  }
  return out;
}

}  // namespace gotap::trace
