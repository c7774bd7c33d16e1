#include "bpf/insn.h"

#include <limits>

namespace gotap::bpf {

namespace {
bool fits16(int64_t value) {
  return value >= std::numeric_limits<int16_t>::min() &&
         value <= std::numeric_limits<int16_t>::max();
}
uint8_t code(uint8_t a, uint8_t b) { return static_cast<uint8_t>(a | b); }
}  // namespace

Width width_of(uint32_t bytes) {
  return bytes == 1 ? Width::U8 : bytes == 2 ? Width::U16 : bytes == 4 ? Width::U32 : Width::U64;
}

void Assembler::emit(uint8_t code, uint8_t dst, uint8_t src, int32_t offset, int32_t imm) {
  if (!fits16(offset)) offset_too_far_ = true;
  Insn insn;
  insn.code = code;
  insn.dst = dst & 0xf;
  insn.src = src & 0xf;
  insn.off = static_cast<int16_t>(offset);
  insn.imm = imm;
  insns_.push_back(insn);
}

Label Assembler::label() {
  labels_.emplace_back();
  return {static_cast<uint32_t>(labels_.size() - 1)};
}

void Assembler::bind(Label label) {
  labels_[label.index].position = static_cast<int64_t>(insns_.size());
}

void Assembler::mov(Reg dst, Reg src) { alu(Alu::Mov, dst, src); }
void Assembler::mov(Reg dst, int32_t value) { alu(Alu::Mov, dst, value); }

void Assembler::load_imm(Reg dst, uint64_t value) {
  auto as_signed = static_cast<int64_t>(value);
  if (as_signed >= std::numeric_limits<int32_t>::min() &&
      as_signed <= std::numeric_limits<int32_t>::max())
    return mov(dst, static_cast<int32_t>(as_signed));
  emit(kLdImm64, dst, 0, 0, static_cast<int32_t>(value & 0xffffffff));
  emit(0, 0, 0, 0, static_cast<int32_t>(value >> 32));
}

void Assembler::zero_extend32(Reg reg) {
  emit(code(kClassAlu32 | kSourceReg, static_cast<uint8_t>(Alu::Mov)), reg, reg, 0, 0);
}

void Assembler::alu(Alu op, Reg dst, Reg src) {
  emit(code(kClassAlu64 | kSourceReg, static_cast<uint8_t>(op)), dst, src, 0, 0);
}

void Assembler::alu(Alu op, Reg dst, int32_t value) {
  emit(code(kClassAlu64, static_cast<uint8_t>(op)), dst, 0, 0, value);
}

void Assembler::neg(Reg dst) {
  emit(code(kClassAlu64, static_cast<uint8_t>(Alu::Neg)), dst, 0, 0, 0);
}

void Assembler::load_map(Reg dst, uint32_t map) {
  emit(kLdImm64, dst, kPseudoMapFd, 0, static_cast<int32_t>(map));
  emit(0, 0, 0, 0, 0);
}

void Assembler::load_map_value(Reg dst, uint32_t map, uint32_t offset) {
  emit(kLdImm64, dst, kPseudoMapValue, 0, static_cast<int32_t>(map));
  emit(0, 0, 0, 0, static_cast<int32_t>(offset));
}

void Assembler::load(Width width, Reg dst, Reg base, int32_t offset) {
  emit(code(kClassLdx | kModeMem, static_cast<uint8_t>(width)), dst, base, offset, 0);
}

void Assembler::store(Width width, Reg base, int32_t offset, Reg src) {
  emit(code(kClassStx | kModeMem, static_cast<uint8_t>(width)), base, src, offset, 0);
}

void Assembler::store(Width width, Reg base, int32_t offset, int32_t value) {
  emit(code(kClassSt | kModeMem, static_cast<uint8_t>(width)), base, 0, offset, value);
}

void Assembler::atomic(Atomic op, Reg base, int32_t offset, Reg src) {
  emit(code(kClassStx | kModeAtomic, static_cast<uint8_t>(Width::U64)), base, src, offset,
       static_cast<int32_t>(op));
}

void Assembler::emit_jump(uint8_t code, uint8_t dst, uint8_t src, int32_t imm, Label to) {
  labels_[to.index].used = true;
  fixups_.push_back({insns_.size(), to.index});
  emit(code, dst, src, 0, imm);
}

void Assembler::jump(Label to) { emit_jump(kClassJmp, 0, 0, 0, to); }

void Assembler::jump(Jump cond, Reg a, Reg b, Label to) {
  emit_jump(code(kClassJmp | kSourceReg, static_cast<uint8_t>(cond)), a, b, 0, to);
}

void Assembler::jump(Jump cond, Reg a, int32_t value, Label to) {
  emit_jump(code(kClassJmp, static_cast<uint8_t>(cond)), a, 0, value, to);
}

void Assembler::jump32(Jump cond, Reg a, Reg b, Label to) {
  emit_jump(code(kClassJmp32 | kSourceReg, static_cast<uint8_t>(cond)), a, b, 0, to);
}

void Assembler::jump32(Jump cond, Reg a, int32_t value, Label to) {
  emit_jump(code(kClassJmp32, static_cast<uint8_t>(cond)), a, 0, value, to);
}

void Assembler::call(Helper helper) { emit(kCall, 0, 0, 0, static_cast<int32_t>(helper)); }

void Assembler::exit() { emit(kExit, 0, 0, 0, 0); }

std::vector<bool> Assembler::find_reachable() const {
  std::vector<bool> reachable(insns_.size() + 1, false);
  std::vector<int64_t> target(insns_.size(), -1), work{0};
  for (const Fixup& fixup : fixups_) target[fixup.insn] = labels_[fixup.label].position;
  while (!work.empty()) {
    auto at = static_cast<size_t>(work.back());
    work.pop_back();
    while (at < insns_.size() && !reachable[at]) {
      reachable[at] = true;
      uint8_t code = insns_[at].code;
      if (target[at] >= 0) work.push_back(target[at]);
      if (code == kExit || code == kClassJmp) break;  // nothing goes on behind these
      if (code == kLdImm64) reachable[++at] = true;
      at++;
    }
  }
  return reachable;
}

Result<std::vector<Insn>> Assembler::finish() {
  for (const Fixup& fixup : fixups_)
    if (labels_[fixup.label].position < 0) return Error{"internal error: unbound label", ""};
  std::vector<bool> reachable = find_reachable();
  std::vector<int64_t> moved(insns_.size() + 1, 0);  // the new index of each instruction
  std::vector<Insn> out;
  for (size_t i = 0; i < insns_.size(); i++) {
    moved[i] = static_cast<int64_t>(out.size());
    if (reachable[i]) out.push_back(insns_[i]);
  }
  moved[insns_.size()] = static_cast<int64_t>(out.size());
  bool too_far = offset_too_far_;
  for (const Fixup& fixup : fixups_) {
    if (!reachable[fixup.insn]) continue;
    int64_t from = moved[fixup.insn];
    int64_t distance = moved[static_cast<size_t>(labels_[fixup.label].position)] - from - 1;
    if (!fits16(distance)) too_far = true;
    out[static_cast<size_t>(from)].off = static_cast<int16_t>(distance);
  }
  if (too_far)
    return Error{"the clauses of one probe need more code than a BPF program can jump across",
                 "split the script, or use shorter strings (BPFTRACE_MAX_STRLEN)"};
  return out;
}

std::vector<Insn> idle_program() {
  return {{.code = 0xb7, .dst = static_cast<uint8_t>(R0)}, {.code = 0x95}};  // r0 = 0; exit
}

}  // namespace gotap::bpf
