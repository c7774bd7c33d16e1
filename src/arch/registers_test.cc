// The register table against the compiler's own struct pt_regs.
#include "arch/registers.h"

#include <asm/ptrace.h>
#include <gtest/gtest.h>

#include <cstddef>

namespace gotap::arch {
namespace {

struct Case {
  const char* name;
  size_t offset;
};

// <asm/ptrace.h> names the user-space copy's members with an r; the layout is the kernel's.
const Case kCases[] = {
    {"ax", offsetof(pt_regs, rax)},  {"rax", offsetof(pt_regs, rax)},
    {"bx", offsetof(pt_regs, rbx)},  {"cx", offsetof(pt_regs, rcx)},
    {"dx", offsetof(pt_regs, rdx)},  {"si", offsetof(pt_regs, rsi)},
    {"di", offsetof(pt_regs, rdi)},  {"bp", offsetof(pt_regs, rbp)},
    {"sp", offsetof(pt_regs, rsp)},  {"ip", offsetof(pt_regs, rip)},
    {"pc", offsetof(pt_regs, rip)},  {"r8", offsetof(pt_regs, r8)},
    {"r9", offsetof(pt_regs, r9)},   {"r10", offsetof(pt_regs, r10)},
    {"r11", offsetof(pt_regs, r11)}, {"r12", offsetof(pt_regs, r12)},
    {"r13", offsetof(pt_regs, r13)}, {"r14", offsetof(pt_regs, r14)},
    {"r15", offsetof(pt_regs, r15)}, {"flags", offsetof(pt_regs, eflags)},
    {"cs", offsetof(pt_regs, cs)},   {"ss", offsetof(pt_regs, ss)},
    {"rdi", offsetof(pt_regs, rdi)}, {"orig_rax", offsetof(pt_regs, orig_rax)},
};

TEST(Registers, OffsetsAreThoseOfPtRegs) {
  for (const Case& c : kCases) EXPECT_EQ(register_offset(c.name), c.offset) << c.name;
}

TEST(Registers, UnknownNames) {
  for (const char* name : {"", "eax", "r16", "xmm0", "AX", "ax ", "r"})
    EXPECT_EQ(register_offset(name), std::nullopt) << name;
  EXPECT_EQ(register_name(3), "");
  EXPECT_EQ(register_name(1000), "");
}

TEST(Registers, EveryNameResolvesAndComesBack) {
  for (std::string_view name : register_names()) {
    auto offset = register_offset(name);
    ASSERT_TRUE(offset) << name;
    EXPECT_EQ(register_offset(register_name(*offset)), offset) << name;
  }
}

TEST(Registers, ArgumentOrders) {
  const char* c[] = {"di", "si", "dx", "cx", "r8", "r9"};
  for (unsigned i = 0; i < 6; i++) EXPECT_EQ(c_argument_register(i), register_offset(c[i]));
  EXPECT_EQ(c_argument_register(6), std::nullopt);
  const char* go[] = {"ax", "bx", "cx", "di", "si", "r8", "r9", "r10", "r11"};
  for (unsigned i = 0; i < 9; i++) EXPECT_EQ(go_argument_register(i), register_offset(go[i]));
  EXPECT_EQ(go_argument_register(9), std::nullopt);
  const char* dwarf[] = {"ax", "dx", "cx", "bx", "si", "di", "bp", "sp"};
  for (unsigned i = 0; i < 8; i++) EXPECT_EQ(dwarf_register(i), register_offset(dwarf[i]));
  for (unsigned i = 8; i < 16; i++)
    EXPECT_EQ(dwarf_register(i), register_offset("r" + std::to_string(i)));
  EXPECT_EQ(dwarf_register(16), std::nullopt);
}

}  // namespace
}  // namespace gotap::arch
