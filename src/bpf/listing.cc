// The readable form of BPF code, for --dump=bpf and the golden files. Entry point: listing().
// The notation is the one of the kernel's verifier log, with labels instead of offsets.
#include <map>

#include <fmt/format.h>
#include "bpf/insn.h"

namespace gotap::bpf {

namespace {

const char* width_name(uint8_t code) {
  switch (static_cast<Width>(code & 0x18)) {
    case Width::U8: return "u8";
    case Width::U16: return "u16";
    case Width::U32: return "u32";
    case Width::U64: return "u64";
  }
  return "?";
}

const char* alu_name(uint8_t op) {
  static constexpr const char* kNames[] = {
      "+=", "-=", "*=", "/=", "|=", "&=", "<<=", ">>=", "-", "%=", "^=", "=", "s>>="};
  return (op >> 4) < 13 ? kNames[op >> 4] : "?";
}

const char* jump_name(uint8_t op) {
  static constexpr const char* kNames[] = {"",    "==", ">", ">=", "&",  "!=", "s>",
                                           "s>=", "?",  "?", "<",  "<=", "s<", "s<="};
  return (op >> 4) < 14 ? kNames[op >> 4] : "?";
}

std::string atomic_name(int32_t op) {
  switch (static_cast<Atomic>(op)) {
    case Atomic::Add: return "add";
    case Atomic::FetchAdd: return "fetch_add";
    case Atomic::FetchOr: return "fetch_or";
    case Atomic::FetchAnd: return "fetch_and";
    case Atomic::CmpXchg: return "cmpxchg";
  }
  return fmt::format("atomic_{:#x}", op);
}

std::string memory(const char* width, int reg, int offset) {
  if (offset == 0) return fmt::format("*({} *)(r{})", width, reg);
  return fmt::format("*({} *)(r{} {} {})", width, reg, offset < 0 ? '-' : '+',
                     offset < 0 ? -offset : offset);
}

std::string wide_immediate(const Insn& low, const Insn& high, const std::vector<MapSpec>& maps) {
  auto index = static_cast<uint32_t>(low.imm);
  std::string map = index < maps.size() ? maps[index].name : fmt::format("#{}", index);
  if (low.src == kPseudoMapFd) return fmt::format("r{} = map {}", +low.dst, map);
  if (low.src == kPseudoMapValue)
    return fmt::format("r{} = map_value {} + {}", +low.dst, map, high.imm);
  uint64_t value = static_cast<uint32_t>(low.imm) | static_cast<uint64_t>(high.imm) << 32;
  return fmt::format("r{} = {:#x} ll", +low.dst, value);
}

std::string alu_line(const Insn& insn) {
  char file = (insn.code & 7) == kClassAlu64 ? 'r' : 'w';
  uint8_t op = insn.code & 0xf0;
  if (op == static_cast<uint8_t>(Alu::Neg)) return fmt::format("{0}{1} = -{0}{1}", file, +insn.dst);
  std::string source =
      insn.code & kSourceReg ? fmt::format("{}{}", file, +insn.src) : std::to_string(insn.imm);
  return fmt::format("{}{} {} {}", file, +insn.dst, alu_name(op), source);
}

std::string jump_line(const Insn& insn, uint32_t label) {
  if (insn.code == kExit) return "exit";
  if (insn.code == kCall) return "call " + helper_name(insn.imm);
  if (insn.code == kClassJmp) return fmt::format("goto L{}", label);
  char file = (insn.code & 7) == kClassJmp ? 'r' : 'w';
  std::string source =
      insn.code & kSourceReg ? fmt::format("{}{}", file, +insn.src) : std::to_string(insn.imm);
  return fmt::format("if {}{} {} {} goto L{}", file, +insn.dst, jump_name(insn.code & 0xf0), source,
                     label);
}

bool is_jump(const Insn& insn) {
  uint8_t cls = insn.code & 7;
  return (cls == kClassJmp || cls == kClassJmp32) && insn.code != kExit && insn.code != kCall;
}

std::string line(const Insn& insn, uint32_t label) {
  switch (insn.code & 7) {
    case kClassLdx:
      return fmt::format("r{} = {}", +insn.dst, memory(width_name(insn.code), insn.src, insn.off));
    case kClassSt:
      return fmt::format("{} = {}", memory(width_name(insn.code), insn.dst, insn.off), insn.imm);
    case kClassStx:
      if ((insn.code & 0xe0) == kModeAtomic)
        return fmt::format("lock {} {}, r{}", atomic_name(insn.imm),
                           memory(width_name(insn.code), insn.dst, insn.off), +insn.src);
      return fmt::format("{} = r{}", memory(width_name(insn.code), insn.dst, insn.off), +insn.src);
    case kClassAlu32:
    case kClassAlu64: return alu_line(insn);
    case kClassJmp:
    case kClassJmp32: return jump_line(insn, label);
    default: return fmt::format("code {:#x}", insn.code);
  }
}

}  // namespace

std::string helper_name(int32_t id) {
  switch (static_cast<Helper>(id)) {
    case Helper::MapLookup: return "map_lookup_elem";
    case Helper::MapUpdate: return "map_update_elem";
    case Helper::MapDelete: return "map_delete_elem";
    case Helper::KtimeGetNs: return "ktime_get_ns";
    case Helper::GetPrandomU32: return "get_prandom_u32";
    case Helper::GetNumaNodeId: return "get_numa_node_id";
    case Helper::GetCurrentCgroupId: return "get_current_cgroup_id";
    case Helper::GetCurrentAncestorCgroupId: return "get_current_ancestor_cgroup_id";
    case Helper::Jiffies64: return "jiffies64";
    case Helper::KtimeGetTaiNs: return "ktime_get_tai_ns";
    case Helper::GetSmpProcessorId: return "get_smp_processor_id";
    case Helper::GetCurrentPidTgid: return "get_current_pid_tgid";
    case Helper::GetCurrentUidGid: return "get_current_uid_gid";
    case Helper::GetCurrentComm: return "get_current_comm";
    case Helper::GetCurrentTask: return "get_current_task";
    case Helper::ProbeReadUser: return "probe_read_user";
    case Helper::ProbeReadKernel: return "probe_read_kernel";
    case Helper::ProbeReadUserStr: return "probe_read_user_str";
    case Helper::KtimeGetBootNs: return "ktime_get_boot_ns";
    case Helper::RingbufOutput: return "ringbuf_output";
    case Helper::RingbufReserve: return "ringbuf_reserve";
    case Helper::RingbufSubmit: return "ringbuf_submit";
    case Helper::RingbufDiscard: return "ringbuf_discard";
    case Helper::GetAttachCookie: return "get_attach_cookie";
  }
  return fmt::format("helper_{}", id);
}

std::string listing(const std::vector<Insn>& insns, const std::vector<MapSpec>& maps) {
  std::map<int64_t, uint32_t> labels;  // target -> number, in the order of the targets
  for (size_t i = 0; i < insns.size(); i++)
    if (is_jump(insns[i])) labels[static_cast<int64_t>(i) + 1 + insns[i].off];
  uint32_t next = 0;
  for (auto& [target, number] : labels) number = ++next;

  std::string out;
  for (size_t i = 0; i < insns.size(); i++) {
    if (auto at = labels.find(static_cast<int64_t>(i)); at != labels.end())
      out += fmt::format("L{}:\n", at->second);
    const Insn& insn = insns[i];
    if (insn.code == kLdImm64 && i + 1 < insns.size()) {
      out += "  " + wide_immediate(insn, insns[i + 1], maps) + "\n";
      i++;
      continue;
    }
    uint32_t label = is_jump(insn) ? labels[static_cast<int64_t>(i) + 1 + insn.off] : 0;
    out += "  " + line(insn, label) + "\n";
  }
  return out;
}

}  // namespace gotap::bpf
