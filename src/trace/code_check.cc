#include "trace/code_check.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>

#include "base/fd.h"
#include "base/text.h"
#include "trace/process.h"

namespace gotap::trace {

namespace {

constexpr uint8_t kCall = 0xe8;
constexpr uint8_t kNop5[] = {0x0f, 0x1f, 0x44, 0x00, 0x00};

// What may stand in memory where the kernel has put a probe of its own.
bool may_be_uprobe(std::span<const uint8_t> file, const uint8_t* memory) {
  if (file.empty()) return false;
  // In the middle of being turned into a call, or back, it is a breakpoint before the rest.
  if (std::equal(file.begin(), file.end(), std::begin(kNop5), std::end(kNop5)))
    return memory[0] == kInt3 || memory[0] == kCall;
  return memory[0] == kInt3 && std::equal(file.begin() + 1, file.end(), memory + 1);
}

}  // namespace

struct CodeCheck::Memory {
  int pid;
  int fd;  // /proc/PID/mem
  const Mapping& mapping;
};

std::string site_name(const plan::Plan& plan, const plan::Site& site) {
  const uint64_t self = plan::Cookie::unpack(site.cookie).self;
  if (self >= plan.functions.size()) return hex(site.address);
  return plan.functions[self].name + " at " + hex(site.address);
}

size_t question_step(size_t breakpoints) {
  constexpr size_t kMostQuestions = 32;
  return (breakpoints + kMostQuestions - 1) / kMostQuestions;
}

CodeCheck::CodeCheck(const plan::Plan& plan, const std::vector<int>& fds)
    : plan_(plan), fds_(fds), targets_(plan.targets.size()) {
  for (uint32_t i = 0; i < targets_.size() && i < fds.size(); i++)
    if (::fstat(fds[i], &targets_[i].file) != 0) targets_[i].file.st_ino = 0;
  for (const plan::Program& program : plan.programs) {
    if (program.shape.target >= targets_.size()) continue;
    for (const plan::Site& site : program.sites)
      targets_[program.shape.target].sites.push_back(&site);
  }
  for (Target& target : targets_)
    std::sort(
        target.sites.begin(), target.sites.end(),
        [](const plan::Site* a, const plan::Site* b) { return a->file_offset < b->file_offset; });
}

std::vector<uint64_t> CodeCheck::pages() const {
  std::vector<uint64_t> pages;
  for (const Target& target : targets_) {
    uint64_t count = 0, last = UINT64_MAX;
    for (const plan::Site* site : target.sites)
      if (const uint64_t page = site->file_offset / kPage; page != last) {
        last = page;
        count++;
      }
    pages.push_back(count);
  }
  return pages;
}

Result<std::vector<bool>> CodeCheck::check(int pid) {
  TRY(mappings, code_mappings(pid));
  Fd fd(::open(("/proc/" + std::to_string(pid) + "/mem").c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd)
    return Error{"cannot read the memory of " + process_name(pid) + ": " + std::strerror(errno),
                 "run as root, or with the capability CAP_SYS_PTRACE"};
  std::vector<bool> runs(targets_.size());
  for (uint32_t i = 0; i < targets_.size(); i++)
    for (const Mapping& mapping : mappings) {
      if (!is_mapping_of(pid, mapping, targets_[i].file)) continue;
      runs[i] = true;
      TRY_DO(check_mapping({pid, fd.get(), mapping}, i));
    }
  return runs;
}

// A page's sites are read at once.
Result<void> CodeCheck::check_mapping(const Memory& memory, uint32_t target) {
  const Mapping& mapping = memory.mapping;
  const uint64_t end = mapping.offset + (mapping.end - mapping.start);
  const auto& sites = targets_[target].sites;
  auto inside = [&](const plan::Site* site) {
    return site->file_offset >= mapping.offset && site->file_offset + site->bytes.size() <= end;
  };
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i < sites.size();) {
    if (!inside(sites[i])) {
      i++;
      continue;
    }
    const uint64_t from = sites[i]->file_offset;
    uint64_t to = from;
    size_t next = i;
    for (; next < sites.size() && sites[next]->file_offset < from + kPage && inside(sites[next]);
         next++)
      to = std::max(to, sites[next]->file_offset + sites[next]->bytes.size());
    bytes.resize(to - from);
    const uint64_t address = mapping.start + (from - mapping.offset);
    if (!read_at(memory.fd, address, bytes.data(), bytes.size()))
      return Error{"cannot read the code of " + process_name(memory.pid) + " at " + hex(address),
                   "it may just have ended"};
    for (; i < next; i++)
      TRY_DO(
          check_site(*sites[i], bytes.data() + (sites[i]->file_offset - from), target, memory.pid));
  }
  return {};
}

Result<void> CodeCheck::check_site(const plan::Site& site, const uint8_t* memory, uint32_t target,
                                   int pid) {
  if (std::equal(site.bytes.begin(), site.bytes.end(), memory)) return {};
  if (may_be_uprobe(site.bytes, memory)) {
    breakpoints_.try_emplace({target, &site}, pid);
    return {};
  }
  return Error{"the code at " + site_name(plan_, site) + " in " + process_name(pid) +
                   " is not what its file has",
               "the program changed itself, or somebody else did"};
}

Result<void> CodeCheck::explain_breakpoints(bpf::Kernel& kernel) const {
  const size_t step = question_step(breakpoints_.size());
  size_t at = 0;
  for (const auto& [where, pid] : breakpoints_) {
    if (at++ % step != 0) continue;
    const plan::Site& site = *where.second;
    auto known = kernel.has_uprobe(fds_[where.first], site.file_offset);
    if (known.ok() && *known) continue;
    // A tracer that is just ending takes its probes with it; then there is nothing left to ask.
    CodeCheck again(plan_, fds_);
    if (again.check(pid).ok() && !again.breakpoints_.contains(where)) continue;
    const std::string place = site_name(plan_, site) + " in " + process_name(pid);
    if (known.ok())
      return Error{"somebody else's breakpoint is at " + place,
                   "another tracer or debugger is at work there: end it first"};
    return Error{"a breakpoint is at " + place +
                     ", and whether it is a debugger's is not to be "
                     "known: " +
                     known.error().message,
                 known.error().hint};
  }
  return {};
}

}  // namespace gotap::trace
