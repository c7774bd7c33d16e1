// The register table behind registers.h: one row a name.
#include "arch/registers.h"

#include <array>

namespace gotap::arch {
namespace {

struct Row {
  std::string_view name;
  uint16_t offset;
};

// bpftrace's names first (its src/arch/x86_64.cpp has the same set), then the long aliases.
constexpr size_t kOwnNames = 21;
constexpr Row kRegisters[] = {
    {"ax", PtRegs::ax},           {"bx", PtRegs::bx},        {"cx", PtRegs::cx},
    {"dx", PtRegs::dx},           {"si", PtRegs::si},        {"di", PtRegs::di},
    {"bp", PtRegs::bp},           {"sp", PtRegs::sp},        {"ip", PtRegs::ip},
    {"r8", PtRegs::r8},           {"r9", PtRegs::r9},        {"r10", PtRegs::r10},
    {"r11", PtRegs::r11},         {"r12", PtRegs::r12},      {"r13", PtRegs::r13},
    {"r14", PtRegs::r14},         {"r15", PtRegs::r15},      {"flags", PtRegs::flags},
    {"cs", PtRegs::cs},           {"ss", PtRegs::ss},        {"orig_rax", PtRegs::orig_ax},
    {"pc", PtRegs::ip},           {"rax", PtRegs::ax},       {"rbx", PtRegs::bx},
    {"rcx", PtRegs::cx},          {"rdx", PtRegs::dx},       {"rsi", PtRegs::si},
    {"rdi", PtRegs::di},          {"rbp", PtRegs::bp},       {"rsp", PtRegs::sp},
    {"rip", PtRegs::ip},          {"eflags", PtRegs::flags}, {"rflags", PtRegs::flags},
    {"orig_ax", PtRegs::orig_ax},
};
static_assert(kRegisters[kOwnNames].name == "pc");

constexpr std::array kCArguments = {PtRegs::di, PtRegs::si, PtRegs::dx,
                                    PtRegs::cx, PtRegs::r8, PtRegs::r9};
constexpr std::array kGoArguments = {PtRegs::ax, PtRegs::bx, PtRegs::cx,  PtRegs::di, PtRegs::si,
                                     PtRegs::r8, PtRegs::r9, PtRegs::r10, PtRegs::r11};
constexpr std::array kDwarfRegisters = {PtRegs::ax,  PtRegs::dx,  PtRegs::cx,  PtRegs::bx,
                                        PtRegs::si,  PtRegs::di,  PtRegs::bp,  PtRegs::sp,
                                        PtRegs::r8,  PtRegs::r9,  PtRegs::r10, PtRegs::r11,
                                        PtRegs::r12, PtRegs::r13, PtRegs::r14, PtRegs::r15};

}  // namespace

std::optional<uint16_t> register_offset(std::string_view name) {
  for (const Row& row : kRegisters)
    if (row.name == name) return row.offset;
  return std::nullopt;
}

const std::vector<std::string_view>& register_names() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> all;
    for (const Row& row : kRegisters) all.push_back(row.name);
    return all;
  }();
  return names;
}

std::string_view register_name(uint16_t offset) {
  for (size_t i = 0; i < kOwnNames; i++)
    if (kRegisters[i].offset == offset) return kRegisters[i].name;
  return {};
}

std::optional<uint16_t> c_argument_register(unsigned n) {
  if (n >= kCArguments.size()) return std::nullopt;
  return kCArguments[n];
}

std::optional<uint16_t> go_argument_register(unsigned n) {
  if (n >= kGoArguments.size()) return std::nullopt;
  return kGoArguments[n];
}

std::optional<uint16_t> dwarf_register(unsigned n) {
  if (n >= kDwarfRegisters.size()) return std::nullopt;
  return kDwarfRegisters[n];
}

}  // namespace gotap::arch
