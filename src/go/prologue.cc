// The matcher behind prologue.h.
//
// The shapes, by frame size (small, big, huge); g is loaded first where it is not in R14 already:
//   <= 1.16   mov %fs:-8,%rcx       (position-independent: its offset comes from a register)
//             cmp 0x10(%rcx),%rsp; jbe
//             lea -N(%rsp),%rax; cmp 0x10(%rcx),%rax; jbe
//             mov 0x10(%rcx),%rsi; cmp $stackPreempt,%rsi; je;
//                 lea N(%rsp),%rax; sub %rsi,%rax; cmp $N,%rax; jbe
//   >= 1.17   the first two with R14 for RCX and R12 for RAX, and for huge frames
//             mov %rsp,%r12; sub $N,%r12; jb; cmp 0x10(%r14),%r12; jbe
// The branches go to a block that calls runtime.morestack and jumps back to the function's first
// instruction, so everything up to the last of them runs again after each stack growth, and on
// preemption too. A branch counts only if its target is such a block.
#include "go/prologue.h"

namespace gotap::go {
namespace {

using arch::CheckRegister;
using arch::Flow;
using arch::PrologueOp;

constexpr size_t kLongestCheck = 16;        // instructions
constexpr size_t kLongestGrowthBlock = 80;  // 9 + 15 argument registers spilled and reloaded

/// Whether control, from the instruction at `target`, goes straight through one call and then
/// jumps to `entry`.
bool is_growth_block(const DecodedFunction& function, uint64_t target, uint64_t entry) {
  unsigned calls = 0;
  const size_t first = function.index_of(target);
  for (size_t i = first; i < function.insns.size() && i < first + kLongestGrowthBlock; i++) {
    const arch::Instruction& insn = function.insns[i].insn;
    switch (insn.flow) {
      case Flow::Next: continue;
      case Flow::Call:
      case Flow::IndirectCall: calls++; continue;
      case Flow::Jump: return calls == 1 && insn.target == entry;
      default: return false;
    }
  }
  return false;
}

/// Follows what the registers hold while the check's instructions pass by.
class Matcher {
 public:
  /// False: `op` is not part of a stack check.
  bool step(const PrologueOp& op) {
    switch (op.kind) {
      case PrologueOp::Kind::None: return false;
      case PrologueOp::Kind::TlsLoad:
      case PrologueOp::Kind::TlsLoadIndirect:
        return op.dest == CheckRegister::Cx || op.dest == CheckRegister::R14;
      case PrologueOp::Kind::Constant:
      case PrologueOp::Kind::GotLoad:
        return op.dest == CheckRegister::Cx || op.dest == CheckRegister::R14;
      case PrologueOp::Kind::StackAddress: return scratch(op.dest);
      case PrologueOp::Kind::GuardLoad: guard(op.base); return op.dest == CheckRegister::Si;
      case PrologueOp::Kind::GuardCompare:
        guard(op.base);
        compared_ = true;
        return op.dest == CheckRegister::Sp || scratch(op.dest);
      case PrologueOp::Kind::SubtractConstant:
        compared_ = true;  // its borrow is what `jb` looks at
        return op.dest == CheckRegister::R12;
      case PrologueOp::Kind::SubtractRegister:
        return op.dest == CheckRegister::Ax && op.base == CheckRegister::Si;
      case PrologueOp::Kind::CompareConstant:
        compared_ = true;
        return guard_ != GSource::None &&
               (op.dest == CheckRegister::Si || op.dest == CheckRegister::Ax);
    }
    return false;
  }

  /// Whether a branch here can belong to the check.
  bool compared() const { return compared_; }
  void branch_taken_in() { compared_ = false; }
  GSource guard() const { return guard_; }

 private:
  static bool scratch(CheckRegister reg) {
    return reg == CheckRegister::Ax || reg == CheckRegister::R12;
  }
  void guard(CheckRegister base) {
    guard_ = base == CheckRegister::R14 ? GSource::R14 : GSource::Rcx;
  }

  GSource guard_ = GSource::None;
  bool compared_ = false;
};

}  // namespace

StackCheck match_stack_check(const DecodedFunction& function, Bytes code, uint64_t entry) {
  StackCheck result;
  Matcher matcher;
  size_t branches = 0;
  for (size_t i = 0; i < function.insns.size() && i < kLongestCheck; i++) {
    const Decoded& at = function.insns[i];
    if (at.insn.flow == Flow::Branch) {
      if (!matcher.compared() || !is_growth_block(function, at.insn.target, entry)) break;
      matcher.branch_taken_in();
      branches++;
      result.branch = i;
      continue;
    }
    if (at.insn.flow != Flow::Next) break;
    if (!matcher.step(arch::decode_prologue(code.from(at.address - entry), at.address))) break;
  }
  if (branches == 0) return result;
  // A `jb` or `je` alone is half a check: g was never compared with.
  if (matcher.guard() == GSource::None || result.branch + 1 >= function.insns.size()) {
    result.found = StackCheck::Found::Strange;
    return result;
  }
  result.found = StackCheck::Found::Yes;
  result.g = matcher.guard();
  return result;
}

}  // namespace gotap::go
