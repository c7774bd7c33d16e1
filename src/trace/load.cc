// Entry points: load, Loaded::read_globals, Loaded::set_exiting.
// Facts: DESIGN rules 13, 17 and 18: what is not needed is not opened.
#include "trace/load.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <ctime>

#include "bpf/insn.h"
#include "trace/process.h"
#include "trace/session.h"

namespace gotap::trace {

namespace {

uint64_t boot_ns() {
  timespec now;
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

Result<Fd> open_process(int pid) {
  Fd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (fd) return fd;
  const std::string name = std::to_string(pid);
  switch (errno) {
    case ESRCH: return Error{"there is no process " + name, ""};
    // Linux 6.9 and newer say ENOENT for a thread, older ones EINVAL.
    case ENOENT:
    case EINVAL: return Error{name + " is not a process but one of a process's threads", ""};
    default: return Error{"cannot watch process " + name + ": " + std::strerror(errno), ""};
  }
}

// Whether a program calls a helper that sends events.
bool sends_events(const bpf::Program& program) {
  return std::any_of(program.insns.begin(), program.insns.end(), [](const bpf::Insn& insn) {
    const auto helper = static_cast<bpf::Helper>(insn.imm);
    return insn.code == bpf::kCall && insn.src == 0 &&
           (helper == bpf::Helper::RingbufOutput || helper == bpf::Helper::RingbufReserve);
  });
}

// Setting a field from user space would overwrite the counters that the programs add to
// meanwhile, as a map element is written whole. A program can set it alone.
Result<bpf::Program> stopper_program() {
  bpf::Assembler code;
  code.load_map_value(bpf::R1, bpf::BpfObject::kGlobals, offsetof(bpf::Globals, exiting));
  code.store(bpf::Width::U64, bpf::R1, 0, 1);
  code.mov(bpf::R0, 0);
  code.exit();
  TRY(insns, code.finish());
  return bpf::Program{
      .name = "gotap_stop", .kind = bpf::ProgramKind::RawTracepoint, .insns = std::move(insns)};
}

Result<void> create_maps(bpf::Kernel& kernel, const bpf::BpfObject& object,
                         const SessionOptions& options, Loaded& out) {
  uint32_t largest = 0;
  for (const bpf::EventLayout& event : object.events) {
    const bool has_log = std::any_of(event.fields.begin(), event.fields.end(),
                                     [](const bpf::Field& it) { return !it.roots.empty(); });
    largest = std::max(largest, event.size + (has_log ? object.values.size : 0));
  }
  for (size_t i = 0; i < object.maps.size(); i++) {
    bpf::MapSpec spec = object.maps[i];
    if (spec.type == bpf::MapType::RingBuffer && spec.max_entries != 0) {
      if (object.events.empty())
        spec.max_entries = 0;
      else if (options.ring_bytes)
        spec.max_entries = options.ring_bytes;
      else
        spec.max_entries = default_ring_bytes(largest, out.hits_send ? out.cpus : 0);
    }
    if (object.tgids == static_cast<int32_t>(i))
      spec.max_entries = static_cast<uint32_t>(options.traced_pids().size());
    out.maps.emplace_back();
    out.map_fds.push_back(-1);
    if (spec.max_entries == 0) continue;
    TRY(fd, kernel.create_map(spec));
    out.map_fds.back() = fd.get();
    out.maps.back() = std::move(fd);
  }
  if (out.has_map(bpf::BpfObject::kRing)) {
    TRY(ring, kernel.open_ring(out.map_fds[bpf::BpfObject::kRing]));
    out.ring = std::move(ring);
  }
  return {};
}

// The way from a task to the probe it has hit; see codegen's find_site().
Result<void> find_site_offsets(bpf::Kernel& kernel, bpf::Globals& globals) {
  const bpf::StructMember members[] = {{"task_struct", "utask"},
                                       {"uprobe_task", "vaddr"},
                                       {"trace_uprobe", "offset"},
                                       {"uprobe_dispatch_data", "tu"},
                                       {"uprobe_dispatch_data", "bp_addr"}};
  TRY(offsets, kernel.struct_offsets(members));
  if (offsets[3] != 0 || offsets[4] != 8)
    return Error{"cannot tell probes apart on this kernel: its uprobe_dispatch_data is unknown",
                 "it needs uprobe_multi links, which Linux 6.6 has"};
  globals.task_utask = offsets[0];
  globals.utask_vaddr = offsets[1];
  globals.probe_offset = offsets[2];
  return {};
}

Result<void> fill_attach_maps(bpf::Kernel& kernel, const bpf::BpfObject& object,
                              const plan::Plan& plan, const SessionOptions& options, Loaded& out) {
  if (object.sites >= 0 && out.has_map(static_cast<uint32_t>(object.sites)))
    for (size_t i = 0; i < plan.programs.size(); i++)
      for (const plan::Site& site : plan.programs[i].sites) {
        const uint64_t key = bpf::site_key(static_cast<uint32_t>(i), site.file_offset);
        TRY_DO(
            kernel.map_update(out.map_fds[static_cast<size_t>(object.sites)], &key, &site.cookie));
      }
  if (object.tgids >= 0 && out.has_map(static_cast<uint32_t>(object.tgids)))
    for (int pid : options.traced_pids()) {
      const uint32_t key = static_cast<uint32_t>(pid), value = 1;
      TRY_DO(kernel.map_update(out.map_fds[static_cast<size_t>(object.tgids)], &key, &value));
    }
  if (options.container.is_given()) {
    TRY(cgroups, find_containers(options.node, options.container));
    TRY_DO(out.add_cgroups(kernel, object, cgroups));
  }
  return {};
}

Result<void> fill_copy_maps(bpf::Kernel& kernel, const bpf::BpfObject& object, const Loaded& out) {
  if (object.copy_table < 0 || object.copy_dynamic < 0) return {};
  const auto table = static_cast<size_t>(object.copy_table);
  const auto& [types, slots, dynamic] = object.copies;
  std::vector<uint8_t> value(object.maps[table].value_size);
  std::memcpy(value.data(), types.data(), types.size() * sizeof(CopyType));
  std::memcpy(value.data() + types.size() * sizeof(CopyType), slots.data(),
              slots.size() * sizeof(CopySlot));
  const uint32_t key = 0;
  TRY_DO(kernel.map_update(out.map_fds[table], &key, value.data()));
  for (const auto& [reference, type] : dynamic) {
    const uint64_t behind = type;
    TRY_DO(kernel.map_update(out.map_fds[static_cast<size_t>(object.copy_dynamic)], &reference,
                             &behind));
  }
  return {};
}

Result<void> set_globals(bpf::Kernel& kernel, const bpf::BpfObject& object,
                         const SessionOptions& options, Loaded& out) {
  if (!out.has_map(bpf::BpfObject::kGlobals)) return {};
  out.globals_size = object.maps[bpf::BpfObject::kGlobals].value_size;
  if (out.globals_size < sizeof(bpf::Globals))
    return Error{"internal error: the map of the globals is too small", ""};
  bpf::Globals globals;
  globals.start_ns = boot_ns();
  globals.ncpus = out.cpus;
  const std::vector<int> pids = options.traced_pids();
  if (options.attach.compare_tgid && !pids.empty()) {
    if (pids.size() > 1 && object.tgids < 0)
      return Error{"internal error: the programs know but one process", ""};
    // What the kernel calls a process is not what it is called in here.
    if (!in_first_pid_namespace())
      return Error{
          "gotap runs in a PID namespace of its own, where this way of attaching cannot "
          "tell processes apart",
          "start it outside of the container, or leave out --attach"};
    globals.tgid = static_cast<uint64_t>(pids[0]);
  }
  if (options.attach.by_event && object.sites >= 0) TRY_DO(find_site_offsets(kernel, globals));
  if (object.needs_fsbase) {
    TRY(offset, kernel.struct_offset("task_struct", "thread.fsbase"));
    globals.fsbase_offset = offset;
  }
  std::vector<uint8_t> value(out.globals_size);
  std::memcpy(value.data(), &globals, sizeof globals);
  const uint32_t key = 0;
  return kernel.map_update(out.map_fds[bpf::BpfObject::kGlobals], &key, value.data());
}

Result<void> load_programs(bpf::Kernel& kernel, const bpf::BpfObject& object,
                           const plan::Plan& plan, Loaded& out) {
  bool any_uprobe = false;
  for (size_t i = 0; i < object.programs.size(); i++) {
    const bpf::Program& program = object.programs[i];
    TRY(fd, kernel.load_program(program, out.map_fds));
    out.programs.push_back(std::move(fd));
    if (program.kind == bpf::ProgramKind::Uprobe) {
      any_uprobe = true;
      continue;
    }
    if (program.timer >= plan.timers.size())
      return Error{"internal error: a program for a timer that is not in the plan", ""};
    const plan::Timer& timer = plan.timers[program.timer];
    out.timers.push_back({timer.kind, timer.interval_ns, i});
  }
  std::stable_sort(out.timers.begin(), out.timers.end(),
                   [&](const Loaded::Timer& a, const Loaded::Timer& b) {
                     return object.programs[a.program].timer < object.programs[b.program].timer;
                   });
  if (any_uprobe && out.has_map(bpf::BpfObject::kGlobals)) {
    TRY(program, stopper_program());
    TRY(stopper, kernel.load_program(program, out.map_fds));
    out.stopper = std::move(stopper);
  }
  return {};
}

}  // namespace

uint32_t default_ring_bytes(uint32_t record, uint32_t cpus) {
  constexpr uint64_t kTimersOnly = 1 << 18, kPerCpu = 1 << 20, kMost = 1 << 30, kRecords = 64;
  const uint64_t least = cpus == 0 ? kTimersOnly : kPerCpu * std::bit_ceil(std::min(cpus, 8u));
  const uint64_t wanted = (uint64_t{record} + 16) * kRecords;
  return static_cast<uint32_t>(std::clamp(std::bit_ceil(wanted), least, kMost));
}

std::vector<int> Loaded::program_fds() const {
  std::vector<int> fds;
  for (const Fd& fd : programs) fds.push_back(fd.get());
  return fds;
}

Result<bpf::Globals> Loaded::read_globals(bpf::Kernel& kernel) {
  bpf::Globals globals;
  if (!has_map(bpf::BpfObject::kGlobals)) return globals;
  std::vector<uint8_t> value((globals_size + 7) / 8 * 8);
  const uint32_t key = 0;
  TRY(there, kernel.map_lookup(map_fds[bpf::BpfObject::kGlobals], &key, value.data()));
  if (!there) return Error{"internal error: the globals are gone", ""};
  std::memcpy(&globals, value.data(), sizeof globals);
  const Bytes bytes(value.data(), value.size());
  map_full.clear();
  for (uint64_t at = sizeof globals; auto count = bytes.u64(at); at += 8)
    map_full.push_back(*count);
  return globals;
}

Result<bool> Loaded::add_cgroups(bpf::Kernel& kernel, const bpf::BpfObject& object,
                                 const std::vector<Cgroup>& more) {
  bool is_new = false;
  if (object.cgroups < 0 || !has_map(static_cast<uint32_t>(object.cgroups))) return is_new;
  for (const Cgroup& group : more) {
    if (!cgroups.insert(group.id).second) continue;
    const uint32_t value = 1;
    TRY_DO(kernel.map_update(map_fds[static_cast<size_t>(object.cgroups)], &group.id, &value));
    is_new = true;
  }
  return is_new;
}

Result<void> Loaded::set_exiting(bpf::Kernel& kernel) {
  if (!stopper) return {};
  return kernel.run_program(stopper.get());
}

Result<Loaded> load(bpf::Kernel& kernel, const bpf::BpfObject& object, const plan::Plan& plan,
                    const SessionOptions& options) {
  Loaded out;
  for (int pid : options.pids) {
    TRY(pidfd, open_process(pid));
    out.target_pidfds.push_back(std::move(pidfd));
  }
  out.file_fds = options.target_fds;
  if (out.file_fds.empty())
    for (const plan::Target& target : plan.targets)
      out.file_fds.push_back(target.image ? target.image->fd() : -1);
  if (out.file_fds.size() != plan.targets.size())
    return Error{"internal error: files and targets do not match", ""};
  TRY(cpus, kernel.cpu_count());
  out.cpus = cpus;
  for (const bpf::Program& program : object.programs)
    out.hits_send =
        out.hits_send || (program.kind == bpf::ProgramKind::Uprobe && sends_events(program));
  TRY_DO(create_maps(kernel, object, options, out));
  TRY_DO(set_globals(kernel, object, options, out));
  TRY_DO(fill_attach_maps(kernel, object, plan, options, out));
  TRY_DO(fill_copy_maps(kernel, object, out));
  TRY_DO(load_programs(kernel, object, plan, out));
  return out;
}

}  // namespace gotap::trace
