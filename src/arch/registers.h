// Registers of x86-64 as a uprobe program sees them: names, and places in struct pt_regs.
// Entry points: register_offset(), c_argument_register(), go_argument_register(),
// dwarf_register().
//
// Facts: struct pt_regs of arch/x86/include/asm/ptrace.h (the BPF context of a uprobe);
// System V ABI AMD64 3.2.3 (C arguments) and figure 3.36 (DWARF numbers); Go's
// src/cmd/compile/abi-internal.md (Go >= 1.17).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace gotap::arch {

/// Byte offsets in struct pt_regs.
struct PtRegs {
  static constexpr uint16_t r15 = 0, r14 = 8, r13 = 16, r12 = 24, bp = 32, bx = 40, r11 = 48,
                            r10 = 56, r9 = 64, r8 = 72, ax = 80, cx = 88, dx = 96, si = 104,
                            di = 112, orig_ax = 120, ip = 128, cs = 136, flags = 144, sp = 152,
                            ss = 160;
};

/// Bits of the flags register that a conditional branch looks at.
struct Flags {
  static constexpr uint64_t carry = 1u << 0, zero = 1u << 6;
};

/// Offset in struct pt_regs of the register the script calls `name`: bpftrace's names ("ax",
/// "r8", "ip", "flags") and the long ones ("rax", "eflags"); nothing if there is none.
std::optional<uint16_t> register_offset(std::string_view name);

/// All names register_offset() takes, bpftrace's own first: for messages.
const std::vector<std::string_view>& register_names();

/// bpftrace's name of the register at `offset`; empty if no register is there.
std::string_view register_name(uint16_t offset);

/// Offset in struct pt_regs of the N-th (from 0) integer argument of a C function; nothing
/// from the seventh on, which is on the stack.
std::optional<uint16_t> c_argument_register(unsigned n);

/// Offset in struct pt_regs of the N-th (from 0) integer word of a Go >= 1.17 call's arguments
/// or results; nothing from the tenth on.
std::optional<uint16_t> go_argument_register(unsigned n);

/// Offset in struct pt_regs of the general register that DWARF numbers `n`; nothing from 16 on.
std::optional<uint16_t> dwarf_register(unsigned n);

}  // namespace gotap::arch
