// The only file that knows Zydis. Two depths of decoding: without operands for whole functions
// (branch targets need none), with operands for the few instructions of a stack check.
#include "arch/x86_64.h"

#include <Zydis/Zydis.h>

#include <algorithm>

#include "arch/registers.h"

namespace gotap::arch {
namespace {

/// Whether `offset` in g is stackguard0 or, in go:systemstack functions, stackguard1 (all
/// versions: runtime2.go).
bool is_stackguard(int64_t offset) { return offset == 0x10 || offset == 0x18; }

ZydisDecoder make_decoder() {
  ZydisDecoder decoder;
  ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
  return decoder;
}

Bytes limit(Bytes code) {
  return code.size() > kMaxInstructionLength ? *code.sub(0, kMaxInstructionLength) : code;
}

struct WithOperands {
  ZydisDecodedInstruction insn;
  ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
};

/// Decodes the instruction at the front of `code`; false: these bytes are none.
bool decode_with_operands(Bytes code, WithOperands& it) {
  static const ZydisDecoder decoder = make_decoder();
  const Bytes bytes = limit(code);
  return ZYAN_SUCCESS(
      ZydisDecoderDecodeFull(&decoder, bytes.data(), bytes.size(), &it.insn, it.operands));
}

bool has_prefix(const ZydisDecodedInstruction& insn, uint8_t byte) {
  for (uint8_t i = 0; i < insn.raw.prefix_count; i++)
    if (insn.raw.prefixes[i].value == byte) return true;
  return false;
}

/// jcc: 70..7f short, 0f 80..8f near. (jcxz and loop are branches too, but not emulated.)
bool is_jcc(const ZydisDecodedInstruction& insn) {
  if (insn.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT) return (insn.opcode & 0xf0) == 0x70;
  return insn.opcode_map == ZYDIS_OPCODE_MAP_0F && (insn.opcode & 0xf0) == 0x80;
}

/// Whether the kernel emulates it (see the head of x86_64.h). For nops only the 90 form, which
/// all kernels since 3.16 emulate, is claimed.
bool kernel_emulates(const ZydisDecodedInstruction& insn) {
  if (insn.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT && insn.opcode >= 0x50 && insn.opcode <= 0x57)
    return insn.length == 1 ||
           (insn.length == 2 && (insn.attributes & ZYDIS_ATTRIB_HAS_REX) && insn.raw.rex.B &&
            !insn.raw.rex.W && !insn.raw.rex.R && !insn.raw.rex.X);
  if (insn.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT && insn.opcode == 0x90)
    return insn.mnemonic == ZYDIS_MNEMONIC_NOP;
  if (has_prefix(insn, 0x66)) return false;
  if (is_jcc(insn)) return true;
  return insn.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT &&
         (insn.opcode == 0xeb || insn.opcode == 0xe9 || insn.opcode == 0xe8);
}

/// Opcodes that the kernel does not single-step, a bit each, a word a row of 16: good_insns_64 of
/// the kernel's uprobes.c, inverted. It is asked for the opcode byte behind a VEX or EVEX prefix
/// too, where the byte means something else; behind 0f it takes everything.
constexpr uint16_t kRefusedOpcodes[16] = {0x40c0, 0xc0c0, 0x8080, 0x8080, 0x0000, 0x0000,
                                          0xf007, 0x0000, 0x0004, 0x0400, 0x0000, 0x0000,
                                          0xf000, 0x0070, 0xf4f0, 0x0c12};

bool kernel_refuses(const ZydisDecodedInstruction& insn) {
  for (uint8_t prefix : {0xf0, 0x2e, 0x36, 0x3e, 0x26})  // LOCK; CS, SS, DS, ES
    if (has_prefix(insn, prefix)) return true;
  const bool legacy = insn.encoding == ZYDIS_INSTRUCTION_ENCODING_LEGACY;
  if (legacy && insn.opcode_map != ZYDIS_OPCODE_MAP_DEFAULT) return false;
  return (kRefusedOpcodes[insn.opcode >> 4] >> (insn.opcode & 15) & 1) != 0;
}

/// What the kernel takes a uprobe on, to the harm of the program or of its counts:
/// xchg %r8,%rax is 49 90, and emulated as the nop 90; pushf, single-stepped, stores the trap flag
/// that a later popf sets; of syscall the child of clone, and sigreturn, end up in the slot for
/// single-stepping; a repeated string instruction hits once a round.
bool kernel_runs_wrongly(const ZydisDecodedInstruction& insn) {
  constexpr ZydisInstructionAttributes kRepeated =
      ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE;
  switch (insn.mnemonic) {
    case ZYDIS_MNEMONIC_XCHG: return insn.opcode == 0x90;
    case ZYDIS_MNEMONIC_PUSHF:
    case ZYDIS_MNEMONIC_PUSHFQ:
    case ZYDIS_MNEMONIC_SYSCALL:
    case ZYDIS_MNEMONIC_SYSENTER: return true;
    default: return (insn.attributes & kRepeated) != 0;
  }
}

Flow flow_of(const ZydisDecodedInstruction& insn) {
  const bool relative = insn.raw.imm[0].is_relative;
  switch (insn.meta.category) {
    case ZYDIS_CATEGORY_RET: return Flow::Ret;
    case ZYDIS_CATEGORY_UNCOND_BR: return relative ? Flow::Jump : Flow::IndirectJump;
    case ZYDIS_CATEGORY_COND_BR: return Flow::Branch;
    case ZYDIS_CATEGORY_CALL: return relative ? Flow::Call : Flow::IndirectCall;
    default: break;
  }
  switch (insn.mnemonic) {
    case ZYDIS_MNEMONIC_INT3:
    case ZYDIS_MNEMONIC_UD0:
    case ZYDIS_MNEMONIC_UD1:
    case ZYDIS_MNEMONIC_UD2:
    case ZYDIS_MNEMONIC_HLT: return Flow::Trap;
    default: return Flow::Next;
  }
}

CheckRegister check_register(ZydisRegister reg) {
  switch (reg) {
    case ZYDIS_REGISTER_RSP: return CheckRegister::Sp;
    case ZYDIS_REGISTER_RAX: return CheckRegister::Ax;
    case ZYDIS_REGISTER_RCX: return CheckRegister::Cx;
    case ZYDIS_REGISTER_RSI: return CheckRegister::Si;
    case ZYDIS_REGISTER_R12: return CheckRegister::R12;
    case ZYDIS_REGISTER_R14: return CheckRegister::R14;
    default: return CheckRegister::None;
  }
}

using Kind = PrologueOp::Kind;

/// `op d, memory` of mov and lea.
PrologueOp memory_load(const ZydisDecodedInstruction& insn, const ZydisDecodedOperandMem& mem,
                       CheckRegister dest, uint64_t address) {
  const CheckRegister base = check_register(mem.base);
  const int64_t disp = mem.disp.value;
  if (mem.index != ZYDIS_REGISTER_NONE) return {};
  if (insn.mnemonic == ZYDIS_MNEMONIC_LEA)
    return base == CheckRegister::Sp ? PrologueOp{Kind::StackAddress, dest, base, disp}
                                     : PrologueOp{};
  if (mem.segment == ZYDIS_REGISTER_FS) {
    if (mem.base == ZYDIS_REGISTER_NONE) return {Kind::TlsLoad, dest, CheckRegister::None, disp};
    if (base != CheckRegister::None && disp == 0) return {Kind::TlsLoadIndirect, dest, base, 0};
    return {};
  }
  if (mem.base == ZYDIS_REGISTER_RIP)
    return {Kind::GotLoad, dest, CheckRegister::None,
            static_cast<int64_t>(address + insn.length + static_cast<uint64_t>(disp))};
  if ((base == CheckRegister::Cx || base == CheckRegister::R14) && is_stackguard(disp))
    return {Kind::GuardLoad, dest, base, disp};
  return {};
}

}  // namespace

std::optional<Instruction> decode(Bytes code, uint64_t address) {
  static const ZydisDecoder decoder = make_decoder();
  const Bytes bytes = limit(code);
  ZydisDecodedInstruction insn;
  if (!ZYAN_SUCCESS(
          ZydisDecoderDecodeInstruction(&decoder, nullptr, bytes.data(), bytes.size(), &insn)))
    return std::nullopt;
  Instruction result;
  result.length = insn.length;
  result.flow = flow_of(insn);
  result.emulated = kernel_emulates(insn);
  result.refused = kernel_refuses(insn) || kernel_runs_wrongly(insn);
  result.is_endbr = insn.mnemonic == ZYDIS_MNEMONIC_ENDBR64;
  switch (result.flow) {
    case Flow::Jump:
    case Flow::Branch:
    case Flow::Call:
      result.target = address + insn.length + static_cast<uint64_t>(insn.raw.imm[0].value.s);
      result.is_jbe = insn.mnemonic == ZYDIS_MNEMONIC_JBE;
      break;
    case Flow::IndirectJump:
      // mod != 3: a memory operand; rm == 4: it has a SIB byte, whose index 4 means none.
      result.indexed = (insn.attributes & ZYDIS_ATTRIB_HAS_MODRM) && insn.raw.modrm.mod != 3 &&
                       insn.raw.modrm.rm == 4 && (insn.raw.sib.index != 4 || insn.raw.rex.X != 0);
      break;
    default: break;
  }
  return result;
}

PrologueOp decode_prologue(Bytes code, uint64_t address) {
  WithOperands decoded;
  if (!decode_with_operands(code, decoded)) return {};
  const auto& [insn, operands] = decoded;
  if (insn.operand_count_visible != 2) return {};
  const ZydisDecodedOperand& first = operands[0];
  const ZydisDecodedOperand& second = operands[1];
  if (first.type != ZYDIS_OPERAND_TYPE_REGISTER) return {};
  const CheckRegister dest = check_register(first.reg.value);
  if (dest == CheckRegister::None) return {};
  const bool from_register = second.type == ZYDIS_OPERAND_TYPE_REGISTER;
  const bool from_memory = second.type == ZYDIS_OPERAND_TYPE_MEMORY;
  const bool from_constant = second.type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
  const CheckRegister source =
      from_register ? check_register(second.reg.value) : CheckRegister::None;
  const int64_t constant = from_constant ? second.imm.value.s : 0;
  switch (insn.mnemonic) {
    case ZYDIS_MNEMONIC_MOV:
      if (from_memory) return memory_load(insn, second.mem, dest, address);
      if (from_constant) return {Kind::Constant, dest, CheckRegister::None, constant};
      if (source == CheckRegister::Sp) return {Kind::StackAddress, dest, source, 0};
      return {};
    case ZYDIS_MNEMONIC_LEA: return memory_load(insn, second.mem, dest, address);
    case ZYDIS_MNEMONIC_CMP: {
      if (from_constant) return {Kind::CompareConstant, dest, CheckRegister::None, constant};
      if (!from_memory) return {};
      const CheckRegister base = check_register(second.mem.base);
      const bool g = base == CheckRegister::Cx || base == CheckRegister::R14;
      if (!g || second.mem.index != ZYDIS_REGISTER_NONE || !is_stackguard(second.mem.disp.value))
        return {};
      return {Kind::GuardCompare, dest, base, second.mem.disp.value};
    }
    case ZYDIS_MNEMONIC_SUB:
      if (from_constant) return {Kind::SubtractConstant, dest, CheckRegister::None, constant};
      if (source != CheckRegister::None) return {Kind::SubtractRegister, dest, source, 0};
      return {};
    default: return {};
  }
}

std::optional<int64_t> tls_displacement(Bytes code) {
  WithOperands decoded;
  if (!decode_with_operands(code, decoded)) return std::nullopt;
  const auto& [insn, operands] = decoded;
  for (unsigned i = 0; i < insn.operand_count_visible; i++) {
    const ZydisDecodedOperand& operand = operands[i];
    if (operand.type == ZYDIS_OPERAND_TYPE_MEMORY && operand.mem.segment == ZYDIS_REGISTER_FS &&
        operand.mem.base == ZYDIS_REGISTER_NONE && operand.mem.index == ZYDIS_REGISTER_NONE)
      return operand.mem.disp.value;
  }
  return std::nullopt;
}

// SDM volume 2, 2.2.1.6: in 64-bit mode mod 0 with r/m 5 is relative to the next instruction.
std::optional<RipOperand> rip_operand(Bytes code, uint64_t address) {
  static const ZydisDecoder decoder = make_decoder();
  const Bytes bytes = limit(code);
  ZydisDecodedInstruction insn;
  if (!ZYAN_SUCCESS(
          ZydisDecoderDecodeInstruction(&decoder, nullptr, bytes.data(), bytes.size(), &insn)) ||
      !(insn.attributes & ZYDIS_ATTRIB_HAS_MODRM) || insn.raw.modrm.mod != 0 ||
      insn.raw.modrm.rm != 5 || insn.raw.disp.size != 32)
    return std::nullopt;
  return RipOperand{insn.length, insn.raw.disp.offset,
                    address + insn.length + static_cast<uint64_t>(insn.raw.disp.value)};
}

namespace {

/// By its offset in struct pt_regs; a part stands for the whole.
std::optional<uint16_t> general_register(const ZydisDecodedOperand& operand) {
  if (operand.type != ZYDIS_OPERAND_TYPE_REGISTER) return std::nullopt;
  // Zydis numbers RAX to R15 as the machine does.
  constexpr uint16_t kOffsets[] = {PtRegs::ax,  PtRegs::cx,  PtRegs::dx,  PtRegs::bx,
                                   PtRegs::sp,  PtRegs::bp,  PtRegs::si,  PtRegs::di,
                                   PtRegs::r8,  PtRegs::r9,  PtRegs::r10, PtRegs::r11,
                                   PtRegs::r12, PtRegs::r13, PtRegs::r14, PtRegs::r15};
  const ZydisRegister whole =
      ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, operand.reg.value);
  if (whole < ZYDIS_REGISTER_RAX || whole > ZYDIS_REGISTER_R15) return std::nullopt;
  return kOffsets[whole - ZYDIS_REGISTER_RAX];
}

bool is_on_stack(const ZydisDecodedOperand& operand) {
  return operand.type == ZYDIS_OPERAND_TYPE_MEMORY && operand.mem.base == ZYDIS_REGISTER_RSP &&
         operand.mem.index == ZYDIS_REGISTER_NONE && operand.mem.type == ZYDIS_MEMOP_TYPE_MEM;
}

}  // namespace

Effects effects(Bytes code) {
  WithOperands decoded;
  if (!decode_with_operands(code, decoded)) return {};
  const auto& [insn, operands] = decoded;
  Effects result;
  result.divides = insn.mnemonic == ZYDIS_MNEMONIC_DIV || insn.mnemonic == ZYDIS_MNEMONIC_IDIV ||
                   insn.mnemonic == ZYDIS_MNEMONIC_DIVSD || insn.mnemonic == ZYDIS_MNEMONIC_DIVSS;
  for (unsigned i = 0; i < insn.operand_count; i++) {
    const ZydisDecodedOperand& operand = operands[i];
    if (operand.type != ZYDIS_OPERAND_TYPE_MEMORY || operand.mem.type != ZYDIS_MEMOP_TYPE_MEM)
      continue;
    const ZydisRegister base = operand.mem.base;
    if (base == ZYDIS_REGISTER_RSP || base == ZYDIS_REGISTER_RBP) continue;
    result.reads |=
        (operand.actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0 && base != ZYDIS_REGISTER_RIP;
    result.writes |= (operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
  }
  return result;
}

std::string disassemble(Bytes code, uint64_t address) {
  static const ZydisFormatter formatter = [] {
    ZydisFormatter it;
    ZydisFormatterInit(&it, ZYDIS_FORMATTER_STYLE_INTEL);
    ZydisFormatterSetProperty(&it, ZYDIS_FORMATTER_PROP_HEX_UPPERCASE, ZYAN_FALSE);
    ZydisFormatterSetProperty(&it, ZYDIS_FORMATTER_PROP_ADDR_PADDING_ABSOLUTE,
                              ZYDIS_PADDING_DISABLED);
    return it;
  }();
  WithOperands decoded;
  char text[128];
  if (!decode_with_operands(code, decoded) ||
      !ZYAN_SUCCESS(ZydisFormatterFormatInstruction(&formatter, &decoded.insn, decoded.operands,
                                                    decoded.insn.operand_count_visible, text,
                                                    sizeof text, address, nullptr)))
    return "?";
  return text;
}

Writes writes(Bytes code) {
  WithOperands decoded;
  if (!decode_with_operands(code, decoded)) return {};
  const auto& [insn, operands] = decoded;
  Writes result;
  for (unsigned i = 0; i < insn.operand_count; i++) {
    const ZydisDecodedOperand& operand = operands[i];
    if (!(operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)) continue;
    if (const auto reg = general_register(operand)) {
      result.registers |= uint32_t{1} << (*reg / 8);
    } else if (operand.visibility == ZYDIS_OPERAND_VISIBILITY_EXPLICIT && is_on_stack(operand)) {
      result.stack_offset = operand.mem.disp.value;
      result.stack_bytes = operand.size / 8;
    }
  }
  if (insn.mnemonic == ZYDIS_MNEMONIC_LEA && operands[1].mem.base == ZYDIS_REGISTER_RSP)
    result.stack_address = operands[1].mem.disp.value;
  const bool copies =
      insn.mnemonic == ZYDIS_MNEMONIC_MOV || insn.mnemonic == ZYDIS_MNEMONIC_MOVZX ||
      insn.mnemonic == ZYDIS_MNEMONIC_MOVSX || insn.mnemonic == ZYDIS_MNEMONIC_MOVSXD;
  if (!copies) return result;
  result.from_register = general_register(operands[1]);
  if (!result.from_register && !is_on_stack(operands[1])) return result;
  if (!result.from_register) result.from_offset = operands[1].mem.disp.value;
  result.copied_bytes = std::min(operands[0].size, operands[1].size) / 8;
  return result;
}

}  // namespace gotap::arch
