// The BPF instruction set as the kernel has it, and an assembler over it: registers, operations,
// helper numbers, labels. Entry points: Assembler, listing().
//
// Facts: Documentation/bpf/standardization/instruction-set.rst; include/uapi/linux/bpf.h
// (helper numbers). Only what Linux 5.12 verifies is used: cpu v3 with fetching atomics.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "bpf/object.h"

namespace gotap::bpf {

/// R0 holds results, R1-R5 arguments (lost over a call), R6-R9 survive calls, R10 is the frame.
enum Reg : uint8_t { R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10 };

enum class Width : uint8_t { U32 = 0x00, U16 = 0x08, U8 = 0x10, U64 = 0x18 };

/// The Width of 1, 2, 4 or 8 bytes.
Width width_of(uint32_t bytes);

enum class Alu : uint8_t {
  Add = 0x00,
  Sub = 0x10,
  Mul = 0x20,
  Div = 0x30,  ///< unsigned
  Or = 0x40,
  And = 0x50,
  Lsh = 0x60,
  Rsh = 0x70,
  Neg = 0x80,
  Mod = 0x90,  ///< unsigned
  Xor = 0xa0,
  Mov = 0xb0,
  Arsh = 0xc0,
};

enum class Jump : uint8_t {
  Always = 0x00,
  Eq = 0x10,
  Gt = 0x20,
  Ge = 0x30,
  Set = 0x40,  ///< dst & src != 0
  Ne = 0x50,
  SGt = 0x60,
  SGe = 0x70,
  Lt = 0xa0,
  Le = 0xb0,
  SLt = 0xc0,
  SLe = 0xd0,
};

enum class Atomic : uint8_t {
  Add = 0x00,
  FetchAdd = 0x01,
  FetchOr = 0x41,
  FetchAnd = 0x51,
  CmpXchg = 0xf1,  ///< compares with R0, which receives the old value
};

enum class Helper : int32_t {
  MapLookup = 1,
  MapUpdate = 2,
  MapDelete = 3,
  KtimeGetNs = 5,
  GetPrandomU32 = 7,
  GetSmpProcessorId = 8,
  GetCurrentPidTgid = 14,
  GetCurrentUidGid = 15,
  GetCurrentComm = 16,
  GetCurrentTask = 35,
  GetNumaNodeId = 42,
  GetCurrentCgroupId = 80,
  ProbeReadUser = 112,
  ProbeReadKernel = 113,
  ProbeReadUserStr = 114,
  Jiffies64 = 118,
  GetCurrentAncestorCgroupId = 123,
  KtimeGetBootNs = 125,
  RingbufOutput = 130,
  RingbufReserve = 131,
  RingbufSubmit = 132,
  RingbufDiscard = 133,
  GetAttachCookie = 174,
  KtimeGetTaiNs = 208,
};

/// Instruction classes, the low three bits of Insn::code.
constexpr uint8_t kClassLd = 0, kClassLdx = 1, kClassSt = 2, kClassStx = 3, kClassAlu32 = 4,
                  kClassJmp = 5, kClassJmp32 = 6, kClassAlu64 = 7;
constexpr uint8_t kModeMem = 0x60, kModeAtomic = 0xc0, kSourceReg = 0x08;
constexpr uint8_t kLdImm64 = 0x18, kCall = 0x85, kExit = 0x95;

/// The least program there is: it returns 0. For trials of what a kernel can do.
std::vector<Insn> idle_program();

/// A place in the code; bound once, jumped to any number of times.
struct Label {
  uint32_t index = 0;
};

/// Collects instructions and, at the end, fills in the jumps.
class Assembler {
 public:
  Label label();
  void bind(Label label);
  bool used(Label label) const { return labels_[label.index].used; }
  size_t size() const { return insns_.size(); }

  void mov(Reg dst, Reg src);
  void mov(Reg dst, int32_t value);  ///< sign-extended
  void load_imm(Reg dst, uint64_t value);
  void zero_extend32(Reg reg);  ///< keeps the low 32 bits
  void alu(Alu op, Reg dst, Reg src);
  void alu(Alu op, Reg dst, int32_t value);  ///< value is sign-extended
  void neg(Reg dst);
  void load_map(Reg dst, uint32_t map);                         ///< for a helper's map argument
  void load_map_value(Reg dst, uint32_t map, uint32_t offset);  ///< in element 0 of an array
  void load(Width width, Reg dst, Reg base, int32_t offset);
  void store(Width width, Reg base, int32_t offset, Reg src);
  void store(Width width, Reg base, int32_t offset, int32_t value);  ///< sign-extended
  void atomic(Atomic op, Reg base, int32_t offset, Reg src);         ///< on 64 bits
  void jump(Label to);
  void jump(Jump cond, Reg a, Reg b, Label to);
  void jump(Jump cond, Reg a, int32_t value, Label to);  ///< value is sign-extended
  void jump32(Jump cond, Reg a, Reg b, Label to);        ///< compares the low 32 bits
  void jump32(Jump cond, Reg a, int32_t value, Label to);
  void call(Helper helper);
  void exit();

  /// The code with all jumps filled in and what cannot be reached left out, as the verifier
  /// refuses dead code. Error: a jump or a memory offset too far for 16 bits,
  /// which only a very large script can cause.
  Result<std::vector<Insn>> finish();

 private:
  struct LabelState {
    int64_t position = -1;
    bool used = false;
  };
  struct Fixup {
    size_t insn;
    uint32_t label;
  };
  std::vector<bool> find_reachable() const;
  void emit(uint8_t code, uint8_t dst, uint8_t src, int32_t offset, int32_t imm);
  void emit_jump(uint8_t code, uint8_t dst, uint8_t src, int32_t imm, Label to);

  std::vector<Insn> insns_;
  std::vector<LabelState> labels_;
  std::vector<Fixup> fixups_;
  bool offset_too_far_ = false;
};

/// Name of a helper as in the kernel's headers without "bpf_"; "helper_N" if not one of ours.
std::string helper_name(int32_t id);

/// One line an instruction, jump targets as labels `L<index>`; map references by name.
std::string listing(const std::vector<Insn>& insns, const std::vector<MapSpec>& maps);

}  // namespace gotap::bpf
