// Stacks of the traced program: ustack and caller. Entry point: Generator::walk_stack().
//
// The return address of the function that was hit lies as far above SP as the plan says, so the
// caller is never missed, as it is by a walk along frame pointers alone where no frame is set up:
// at an entry and at a RET. From there on each frame is {the caller's frame pointer, its return
// address}. A frame pointer of 0 ends the stack of a goroutine (runtime.gogo sets RBP from
// gobuf.bp, which is 0 in a new one) and of a C thread (the System V ABI, 3.4.1). Frames lie one
// above the other: where the next does not, it is none, or on another stack, and the walk ends.
//
// Facts: Go keeps frame pointers in all functions that call others (cmd/internal/obj/x86/obj6.go,
// bpsize): saved right below the return address.
#include "arch/registers.h"
#include "codegen/generator.h"

namespace gotap::codegen {

using namespace bpf;
using arch::PtRegs;

namespace {
constexpr auto kAddresses = static_cast<int32_t>(StackLayout::kAddresses);
constexpr auto kStackState = static_cast<int32_t>(StackLayout::kState);
}  // namespace

/// Where a walk along the frames is.
struct StackWalk {
  Place frame;  ///< the frame pointer: where the next frame lies
  Place index;  ///< of the next address
  Place pair;   ///< what was read of a frame
  Label whole, cut, damaged;
};

// dst = the stack as `type` has it.
void Generator::walk_stack(const Expr& expr, const Type& type, Place dst) {
  if (!shape_) return fail("internal error: a stack without a probe");
  zero(dst, type.memory_size());
  auto function = [&](plan::Role role, uint32_t at) {
    load_cookie_function(R0, role);
    asm_.store(Width::U32, dst.base, dst.offset + static_cast<int32_t>(at), R0);
  };
  function(plan::Role::Self, StackLayout::kSite);
  function(action_.role, StackLayout::kFunction);
  StackWalk walk{memory_.allocate_on_stack(8),
                 memory_.allocate_on_stack(8),
                 memory_.allocate_on_stack(16),
                 asm_.label(),
                 asm_.label(),
                 asm_.label()};
  zero(walk.pair, 16);  // the verifier wants to see it written
  const auto limit = static_cast<int32_t>(expr.type.capacity);
  first_frames(walk, dst, limit);
  if (limit > 2) further_frames(walk, dst, limit);
  Label done = asm_.label();
  const bool at_call = action_.moment != plan::Moment::Instruction;
  auto end = [&](Label reached, StackState state) {
    if (!asm_.used(reached)) return asm_.bind(reached);
    asm_.bind(reached);
    const uint32_t flags = at_call ? StackLayout::kAtCall : 0;
    asm_.store(Width::U32, dst.base, dst.offset + kStackState,
               static_cast<int32_t>(static_cast<uint32_t>(state) | flags));
    if (state == StackState::Whole) stack_creator(dst);
    asm_.jump(done);
  };
  end(walk.whole, StackState::Whole);
  end(walk.cut, StackState::Cut);
  end(walk.damaged, StackState::Damaged);
  asm_.bind(done);
  asm_.load(Width::U64, R1, walk.index.base, walk.index.offset);
  asm_.store(Width::U32, dst.base, dst.offset + static_cast<int32_t>(StackLayout::kCount), R1);
}

// The hit's own address, and the return address of the function that was hit.
void Generator::first_frames(const StackWalk& walk, Place dst, int32_t limit) {
  auto found = [&](int32_t frames) {
    asm_.mov(R1, frames);
    asm_.store(Width::U64, walk.index.base, walk.index.offset, R1);
  };
  asm_.load(Width::U64, R1, R6, PtRegs::ip);
  asm_.store(Width::U64, dst.base, dst.offset + kAddresses, R1);
  found(1);
  if (limit == 1) return asm_.jump(walk.cut);
  asm_.load(Width::U64, R1, R6, PtRegs::bp);
  asm_.store(Width::U64, walk.frame.base, walk.frame.offset, R1);
  const int32_t depth = shape_->stack_depth;
  if (depth < 0) {
    if (limit == 2) further_frames(walk, dst, limit);
    return;
  }
  asm_.load(Width::U64, R3, R6, PtRegs::sp);
  if (depth > 0) asm_.alu(Alu::Add, R3, depth);
  asm_.mov(R2, kWord);
  address(R1, walk.pair);
  asm_.call(Helper::ProbeReadUser);
  asm_.jump(Jump::Ne, R0, 0, walk.damaged);
  asm_.load(Width::U64, R1, walk.pair.base, walk.pair.offset);
  asm_.jump(Jump::Eq, R1, 0, walk.whole);
  asm_.store(Width::U64, dst.base, dst.offset + kAddresses + kWord, R1);
  found(2);
  if (limit == 2) return asm_.jump(walk.cut);
  if (depth < kWord) return;
  // Where the function has set up its frame, RBP points to it: the caller's is kept there.
  Label callers = asm_.label();
  asm_.load(Width::U64, R3, R6, PtRegs::sp);
  asm_.alu(Alu::Add, R3, depth - kWord);
  asm_.load(Width::U64, R1, walk.frame.base, walk.frame.offset);
  asm_.jump(Jump::Ne, R1, R3, callers);
  asm_.mov(R2, kWord);
  address(R1, walk.frame);
  asm_.call(Helper::ProbeReadUser);
  asm_.jump(Jump::Ne, R0, 0, walk.damaged);
  asm_.bind(callers);
}

// One round a frame. The verifier walks through every round, and follows the index, which is on
// the stack.
void Generator::further_frames(const StackWalk& walk, Place dst, int32_t limit) {
  Label head = asm_.label();
  asm_.bind(head);
  asm_.load(Width::U64, R1, walk.index.base, walk.index.offset);
  asm_.jump(Jump::Ge, R1, limit, walk.cut);
  asm_.load(Width::U64, R3, walk.frame.base, walk.frame.offset);
  asm_.jump(Jump::Eq, R3, 0, walk.whole);
  asm_.mov(R2, 2 * kWord);
  address(R1, walk.pair);
  asm_.call(Helper::ProbeReadUser);
  asm_.jump(Jump::Ne, R0, 0, walk.damaged);
  asm_.load(Width::U64, R2, walk.pair.base, walk.pair.offset + kWord);
  asm_.jump(Jump::Eq, R2, 0, walk.whole);
  asm_.load(Width::U64, R1, walk.index.base, walk.index.offset);
  asm_.mov(R3, R1);
  asm_.alu(Alu::Lsh, R3, 3);
  address(R4, dst);
  asm_.alu(Alu::Add, R4, R3);
  asm_.store(Width::U64, R4, kAddresses, R2);
  asm_.alu(Alu::Add, R1, 1);
  asm_.store(Width::U64, walk.index.base, walk.index.offset, R1);
  asm_.load(Width::U64, R1, walk.pair.base, walk.pair.offset);
  asm_.load(Width::U64, R2, walk.frame.base, walk.frame.offset);
  asm_.store(Width::U64, walk.frame.base, walk.frame.offset, R1);
  asm_.jump(Jump::Eq, R1, 0, walk.whole);
  asm_.jump(Jump::Le, R1, R2, walk.damaged);
  asm_.jump(head);
}

// Of a whole stack of a goroutine, which go statement made it. g.gopc of g0 is 0.
void Generator::stack_creator(Place dst) {
  if (shape_->g == go::GSource::None || shape_->gopc_offset == 0) return;
  Label unknown = asm_.label();
  load_g(unknown);
  asm_.mov(R3, R0);
  asm_.alu(Alu::Add, R3, shape_->gopc_offset);
  asm_.mov(R2, kWord);
  address(R1, dst + static_cast<int32_t>(StackLayout::kCreated));
  asm_.call(Helper::ProbeReadUser);  // zeros where it cannot be read
  asm_.bind(unknown);
}

}  // namespace gotap::codegen
