// Entry points: choose_attach, event_works.
// Facts: DESIGN rule 13. Before 46ba0e49b642 (Linux 6.10, and backports) the pid filter of
// uprobe_multi compared threads and silently lost the hits of all but one.
#include "trace/mode.h"

#include <fcntl.h>
#include <unistd.h>

#include <system_error>
#include <thread>

#include "bpf/insn.h"
#include "bpf/own_code.h"

namespace gotap::trace {

namespace {

// What the trial probes.
extern "C" __attribute__((noinline, used)) void gotap_pid_filter_trial() { asm volatile("nop"); }

Result<bpf::Program> counting_program() {
  bpf::Assembler code;
  code.load_map_value(bpf::R1, 0, 0);
  code.mov(bpf::R2, 1);
  code.atomic(bpf::Atomic::Add, bpf::R1, 0, bpf::R2);
  code.mov(bpf::R0, 0);
  code.exit();
  TRY(insns, code.finish());
  return bpf::Program{.name = "gotap_self", .insns = std::move(insns)};
}

// Whether a probe on ourselves counts a hit of another thread. The detaching of it is left to
// whoever holds `links`.
Result<bool> counts_other_threads(bpf::Kernel& kernel, bool by_event, bpf::Links& links) {
  const auto offset = bpf::own_file_offset(reinterpret_cast<const void*>(gotap_pid_filter_trial));
  Fd self(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  if (!offset || !self) return Error{"cannot find our own code: /proc is not mounted", ""};
  TRY(map, kernel.create_map({"gotap_self", bpf::MapType::Array, 4, 8, 1}));
  TRY(program, counting_program());
  const int map_fd = map.get();
  TRY(loaded, kernel.load_program(program, {&map_fd, 1}));
  const uint64_t cookie = 0;
  const int pid = ::getpid();
  TRY(attachment, kernel.attach_uprobes({.program_fd = loaded.get(),
                                         .file_fd = self.get(),
                                         .offsets = {&*offset, 1},
                                         .cookies = {&cookie, 1},
                                         .pids = {&pid, 1},
                                         .by_event = by_event}));
  links = std::move(attachment.links);
  try {
    std::thread(gotap_pid_filter_trial).join();
  } catch (const std::system_error&) {
    return false;  // no thread to be had: then it is not known, and the programs compare
  }
  uint64_t hits = 0;
  const uint32_t key = 0;
  TRY(there, kernel.map_lookup(map_fd, &key, &hits));
  return there && hits == 1;
}

}  // namespace

Result<bool> event_works(bpf::Kernel& kernel) {
  bpf::Links links;
  return counts_other_threads(kernel, true, links);
}

Result<AttachMode> choose_attach(bpf::Kernel& kernel, AttachWay wanted, bool by_pid) {
  AttachMode mode;
  if (wanted == AttachWay::Event) {
    mode.by_event = true;
    mode.compare_tgid = by_pid;
    return mode;
  }
  TRY(has_multi, kernel.has_uprobe_multi());
  if (!has_multi && wanted == AttachWay::Multi)
    return Error{"this kernel has no uprobe_multi links",
                 "they need Linux 6.6 or newer; --attach=event does without"};
  bool filters = has_multi;
  if (has_multi && by_pid) {
    TRY(promised, kernel.pid_filter_works());
    filters = promised;
    if (promised) {
      mode.trial = std::make_shared<bpf::Links>();
      TRY(counted, counts_other_threads(kernel, false, *mode.trial));
      filters = counted;
    }
  }
  if (filters) return mode;
  mode.compare_tgid = by_pid;
  if (wanted == AttachWay::Multi) return mode;
  mode.by_event = true;
  mode.note = std::string("this kernel ") +
              (has_multi ? "loses hits of uprobe_multi links" : "has no uprobe_multi links") +
              ": attaching by uprobe_events";
  return mode;
}

}  // namespace gotap::trace
