// Entry point: Trial::start.
// Facts: proc(5), exe; bpf-helpers(7), bpf_get_attach_cookie (Linux 5.15).
#include "trace/trial.h"

#include <fcntl.h>
#include <unistd.h>

#include "bpf/insn.h"
#include "bpf/own_code.h"

namespace gotap::trace {

namespace {

Result<bpf::Program> noting_program(Trial::Notes notes, bool by_event) {
  bpf::Assembler code;
  if (notes == Trial::Notes::Time) {
    // The time first at a return, last at an entry, and then one update of a hash map: so do the
    // programs of scripts.
    code.call(bpf::Helper::KtimeGetNs);
    code.store(bpf::Width::U64, bpf::R10, -8, bpf::R0);
    code.store(bpf::Width::U32, bpf::R10, -16, 0);
    code.load_map(bpf::R1, 0);
    code.mov(bpf::R2, bpf::R10);
    code.alu(bpf::Alu::Add, bpf::R2, -16);
    code.mov(bpf::R3, bpf::R10);
    code.alu(bpf::Alu::Add, bpf::R3, -8);
    code.mov(bpf::R4, 0);
    code.call(bpf::Helper::MapUpdate);
    code.mov(bpf::R0, 0);
    code.exit();
    TRY(timing, code.finish());
    return bpf::Program{.name = "gotap_self", .by_event = by_event, .insns = std::move(timing)};
  }
  if (notes == Trial::Notes::Cookie) {
    code.call(bpf::Helper::GetAttachCookie);
    code.mov(bpf::R2, bpf::R0);
  } else {
    code.mov(bpf::R2, 1);
  }
  code.load_map_value(bpf::R1, 0, 0);
  if (notes == Trial::Notes::Cookie)
    code.store(bpf::Width::U64, bpf::R1, 0, bpf::R2);
  else
    code.atomic(bpf::Atomic::Add, bpf::R1, 0, bpf::R2);
  code.mov(bpf::R0, 0);
  code.exit();
  TRY(insns, code.finish());
  return bpf::Program{.name = "gotap_self", .by_event = by_event, .insns = std::move(insns)};
}

}  // namespace

Result<Trial> Trial::start(bpf::Kernel& kernel, const void* code, bool by_event, Notes notes,
                           uint64_t cookie, bool on_return) {
  const auto offset = bpf::own_file_offset(code);
  Fd self(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  if (!offset || !self) return Error{"cannot find our own code: /proc is not mounted", ""};
  Trial trial;
  const auto type = notes == Notes::Time ? bpf::MapType::Hash : bpf::MapType::Array;
  TRY(map, kernel.create_map({"gotap_self", type, 4, 8, 1}));
  TRY(program, noting_program(notes, by_event));
  const int map_fd = map.get();
  TRY(loaded, kernel.load_program(program, {&map_fd, 1}));
  const int pid = ::getpid();
  TRY(attachment, kernel.attach_uprobes({.program_fd = loaded.get(),
                                         .file_fd = self.get(),
                                         .offsets = {&*offset, 1},
                                         .cookies = {&cookie, 1},
                                         .on_return = on_return,
                                         .pids = {&pid, 1},
                                         .by_event = by_event}));
  trial.map_ = std::move(map);
  trial.links_ = std::move(attachment.links);
  return trial;
}

Result<uint64_t> Trial::noted(bpf::Kernel& kernel) const {
  uint64_t value = 0;
  const uint32_t key = 0;
  TRY(there, kernel.map_lookup(map_.get(), &key, &value));
  return there ? value : 0;
}

}  // namespace gotap::trace
