// x86-64: decodes one instruction into what a tracer must know of it. Entry points: decode()
// for every instruction of a function, decode_prologue() for the few that a Go stack check is
// made of.
//
// Facts: Intel SDM volume 2 by way of Zydis; what the kernel emulates instead of single-stepping
// is in arch/x86/kernel/uprobes.c, branch_setup_xol_ops() and push_setup_xol_ops(), what it refuses
// to probe in uprobe_init_insn() there; read up to Linux 6.18 and measured there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace gotap::arch {

constexpr unsigned kMaxInstructionLength = 15;

/// Where control goes after an instruction.
enum class Flow : uint8_t {
  Next,          ///< to the next one
  Ret,           ///< back to the caller (C3, C2)
  Jump,          ///< to `target`
  Branch,        ///< to `target` or the next one
  Call,          ///< to `target`, and back behind it
  IndirectJump,  ///< to an address from a register or memory; `indexed` if a table is likely
  IndirectCall,
  Trap,  ///< int3, ud2, hlt: not further
};

struct Instruction {
  uint8_t length = 0;
  Flow flow = Flow::Next;
  bool emulated = false;  ///< the kernel emulates it at a uprobe: no single-step
  bool refused = false;   ///< no uprobe may sit on it: the kernel takes none, or runs it wrongly
  bool is_jbe = false;    ///< Branch: taken when the carry or the zero flag is set
  bool is_endbr = false;  ///< endbr64: a no-op that the kernel single-steps
  bool indexed = false;   ///< IndirectJump through base + index * scale: a jump table
  uint64_t target = 0;    ///< Jump, Branch, Call
};

/// The instruction at the start of `code`, which lies at virtual address `address`. Nothing if
/// the bytes are no instruction or end inside one.
std::optional<Instruction> decode(Bytes code, uint64_t address);

/// The instruction as Intel's syntax has it, jumps with their target's address; "?" if the bytes
/// are none.
std::string disassemble(Bytes code, uint64_t address);

/// The registers that Go's stack check uses.
enum class CheckRegister : uint8_t { None, Sp, Ax, Cx, Si, R12, R14 };

/// An instruction as Go's stack check uses it (cmd/internal/obj/x86/obj6.go, stacksplit and
/// load_g). In the comments d is `dest`, b is `base`.
struct PrologueOp {
  enum class Kind : uint8_t {
    None,              ///< nothing a stack check has
    TlsLoad,           ///< mov %fs:value, d        d = g
    TlsLoadIndirect,   ///< mov %fs:(b), d          d = g, its offset was in b
    Constant,          ///< mov $value, d
    GotLoad,           ///< mov value(%rip), d      `value` is the slot's address
    StackAddress,      ///< lea value(%rsp), d  or  mov %rsp, d
    GuardLoad,         ///< mov value(b), d         d = g.stackguard0 or 1: 0x10, 0x18
    GuardCompare,      ///< cmp value(b), d
    SubtractConstant,  ///< sub $value, d
    SubtractRegister,  ///< sub b, d
    CompareConstant,   ///< cmp $value, d
  };
  Kind kind = Kind::None;
  CheckRegister dest = CheckRegister::None;
  CheckRegister base = CheckRegister::None;
  int64_t value = 0;
};

/// The same instruction as decode(), seen with the stack check in mind. Kind::None whenever a
/// register outside CheckRegister is involved.
PrologueOp decode_prologue(Bytes code, uint64_t address);

/// The displacement of the first operand %fs:disp of an instruction, if it has one.
std::optional<int64_t> tls_displacement(Bytes code);

/// An operand in memory that an instruction names relative to its own address.
struct RipOperand {
  uint8_t length = 0;  ///< of the instruction
  uint8_t offset = 0;  ///< in it, of the four bytes that say where the operand is
  uint64_t target = 0;
};

/// Nothing if the instruction at the start of `code` has none, or the bytes are none.
std::optional<RipOperand> rip_operand(Bytes code, uint64_t address);

/// What an instruction does beside computing in registers. Memory of the frame (through RSP or
/// RBP) does not count, nor do constants of the program (read through RIP).
struct Effects {
  bool reads = false, writes = false;
  bool divides = false;
};
Effects effects(Bytes code);

/// What an instruction itself overwrites; what the callee of a call does not count, nor does what
/// push and call put on the stack.
struct Writes {
  /// A bit for each register, by its offset in struct pt_regs / 8. A part counts as the whole.
  uint32_t registers = 0;
  uint32_t stack_bytes = 0;  ///< of memory at RSP + stack_offset
  int64_t stack_offset = 0;
  /// Not 0: it does nothing but copy so many bytes, extended or not, from a register, by its offset
  /// in struct pt_regs, or from memory at RSP + from_offset.
  uint32_t copied_bytes = 0;
  std::optional<uint16_t> from_register;
  int64_t from_offset = 0;
  /// It takes the address of memory at RSP + this, which who has it may overwrite.
  std::optional<int64_t> stack_address;
};
Writes writes(Bytes code);

}  // namespace gotap::arch
