// Goroutine and frame of a hit: who is calling, and which call begins or ends here. Entry point:
// Generator::goroutine().
//
// DESIGN rule 7: a call is (process, goroutine, function, k) with k = stack.hi - SP, the same at
// entry and at RET whatever happens to the stack in between. The goroutine's innermost open frame
// stands in `tops`; frames deeper than the current one were thrown away by a panic or Goexit. A
// goroutine runs on one thread at a time, so its entries have one writer. C functions: the thread
// stands for the goroutine, k is the low half of ~SP, which grows with depth as well.
//
// Facts: runtime.g begins with stack.lo, stack.hi (runtime/runtime2.go); the kernel hits a
// uretprobe after the return address was popped, so SP is 8 higher than at the entry.
#include "arch/registers.h"
#include "codegen/generator.h"

namespace gotap::codegen {

using namespace bpf;
using arch::PtRegs;
using go::GSource;
using plan::Cookie;
using plan::Role;

namespace {
constexpr int32_t kStackHi = 8;  // offset in runtime.g
constexpr int32_t kGoroutine = offsetof(FrameKey, goroutine);
constexpr int32_t kFunction = offsetof(FrameKey, function);
constexpr int32_t kK = offsetof(FrameKey, k);
constexpr int32_t kTopK = offsetof(TopValue, k);
constexpr int32_t kTopFunction = offsetof(TopValue, function);
constexpr uint64_t kEmptyTop = uint64_t{kNoFunction} << 32;
constexpr auto kNone = static_cast<int32_t>(kNoFunction);
// Frames one panic can throw away and that are still counted at once; what is left over is found
// at the next call.
constexpr int32_t kMaxUnwind = 512;
// Dead calls as deep as the current one: functions that left by a jump, and what they jumped to.
constexpr int kMaxAsDeep = 3;
}  // namespace

void Generator::goroutine() {
  if (need_goid_) {
    goid_ = memory_.allocate_on_stack(8);
    goroutine_known_ = memory_.allocate_on_stack(8);
    asm_.store(Width::U64, goroutine_known_.base, goroutine_known_.offset, 0);
  }
  if (shape_->pop_frame) {
    for (Place& duration : durations_) {
      duration = memory_.allocate_on_stack(8);
      asm_.store(Width::U64, duration.base, duration.offset, -1);
    }
  }
  if (need_outermost_ && need_frame_) {
    outermost_ = memory_.allocate_on_stack(8);
    asm_.store(Width::U64, outermost_.base, outermost_.offset, 0);
  }
  if (need_depth_) {
    depth_ = memory_.allocate_on_stack(8);
    asm_.store(Width::U64, depth_.base, depth_.offset, 0);
  }
  if (keeps_frame_key()) {
    // For what comes later: saved.cc.
    key_ = memory_.allocate_on_stack(sizeof(FrameKey));
    k_ = memory_.allocate_on_stack(8);
    zero(key_, sizeof(FrameKey));
    zero(k_, 8);
    if (shape_->pop_frame) now_ = memory_.allocate_on_stack(8);
    if (!shape_->saves.empty()) {
      pushed_ = memory_.allocate_on_stack(8);
      zero(pushed_, 8);
    }
  }
  Memory::Scope scope(memory_);
  Label done = asm_.label(), no_goroutine = asm_.label();
  if (need_frame_) {
    if (!keeps_frame_key()) key_ = memory_.allocate_on_stack(sizeof(FrameKey));
    top_ = memory_.allocate_on_stack(sizeof(TopValue));
    top_pointer_ = memory_.allocate_on_stack(8);
    if (!keeps_frame_key()) k_ = memory_.allocate_on_stack(8);
    frame_ = memory_.allocate_on_stack(sizeof(FrameValue));
    if (!keeps_frame_key() || !shape_->pop_frame) now_ = memory_.allocate_on_stack(8);
  }
  if (shape_->pop_frame) {
    asm_.call(Helper::KtimeGetNs);  // first: our own work is not the call's
    asm_.store(Width::U64, now_.base, now_.offset, R0);
  }
  if (shape_->g == GSource::None)
    read_c_frame();
  else
    read_go_frame(no_goroutine);
  if (need_frame_) {
    if (shape_->g != GSource::None) {
      asm_.call(Helper::GetCurrentPidTgid);
      asm_.alu(Alu::Rsh, R0, 32);
      asm_.store(Width::U64, key_.base, key_.offset, R0);
    }
    if ((shape_->push_frame || shape_->end_goroutine || shape_->unwinds) &&
        branch_taken_.offset != 0) {
      asm_.load(Width::U64, R1, branch_taken_.base, branch_taken_.offset);
      asm_.jump(Jump::Ne, R1, 0, done);
    }
    if (shape_->unwinds) drop_as_deep();
    if (shape_->push_frame) push_frame();
    if (shape_->pop_frame) pop_frame();
    if (shape_->end_goroutine) end_goroutine();
  }
  if (asm_.used(no_goroutine)) {
    asm_.jump(done);
    asm_.bind(no_goroutine);
    count(offsetof(Globals, no_goroutine));
  } else {
    asm_.bind(no_goroutine);
  }
  asm_.bind(done);
}

// R0 = g.
void Generator::load_g(Label no_goroutine) {
  if (shape_->g == GSource::R14) return asm_.load(Width::U64, R0, R6, PtRegs::r14);
  if (shape_->g == GSource::Rcx) return asm_.load(Width::U64, R0, R6, PtRegs::cx);
  // Not known (shared libraries): no g can be read from there.
  if (shape_->tls_offset == 0) return asm_.mov(R0, 0);
  builder_.object.needs_fsbase = true;
  Memory::Scope scope(memory_);
  Place word = memory_.allocate_on_stack(8);
  asm_.load(Width::U64, R1, R7, offsetof(Globals, fsbase_offset));
  asm_.jump(Jump::Eq, R1, 0, no_goroutine);
  asm_.call(Helper::GetCurrentTask);
  asm_.load(Width::U64, R3, R7, offsetof(Globals, fsbase_offset));
  asm_.alu(Alu::Add, R3, R0);
  asm_.mov(R2, 8);
  address(R1, word);
  asm_.call(Helper::ProbeReadKernel);
  asm_.jump(Jump::Ne, R0, 0, no_goroutine);
  asm_.load(Width::U64, R3, word.base, word.offset);
  asm_.alu(Alu::Add, R3, shape_->tls_offset);
  asm_.mov(R2, 8);
  address(R1, word);
  asm_.call(Helper::ProbeReadUser);
  asm_.jump(Jump::Ne, R0, 0, no_goroutine);
  asm_.load(Width::U64, R0, word.base, word.offset);
}

// One read of g from stack.hi to goid, instead of one for each. Where it is
// not known where goid is (a Go version of the future), it stays unknown, and g itself stands for
// the goroutine: when a dead goroutine's g is used anew, all calls of the new one are seen.
void Generator::read_go_frame(Label no_goroutine) {
  const bool has_goid = shape_->goid_offset != 0;
  const bool need_k = need_frame_ || need_depth_;
  if (!has_goid && !need_k) return;
  if (has_goid && (shape_->goid_offset < kStackHi || shape_->goid_offset > 400))
    return fail("internal error: no place of goid in the plan");
  Memory::Scope scope(memory_);
  load_g(no_goroutine);
  Place g = memory_.allocate_on_stack(8);
  int32_t first = need_k ? kStackHi : shape_->goid_offset;
  auto size = static_cast<uint32_t>((has_goid ? shape_->goid_offset : kStackHi) + 8 - first);
  Place buffer = memory_.allocate_on_stack(size);
  asm_.store(Width::U64, g.base, g.offset, R0);
  asm_.mov(R3, R0);
  asm_.alu(Alu::Add, R3, first);
  asm_.mov(R2, static_cast<int32_t>(size));
  address(R1, buffer);
  asm_.call(Helper::ProbeReadUser);
  asm_.jump(Jump::Ne, R0, 0, no_goroutine);
  if (has_goid)
    asm_.load(Width::U64, R1, buffer.base, buffer.offset + shape_->goid_offset - first);
  else
    asm_.mov(R1, 0);
  if (has_goid && need_goid_) {
    asm_.store(Width::U64, goid_.base, goid_.offset, R1);
    asm_.store(Width::U64, goroutine_known_.base, goroutine_known_.offset, 1);
  }
  if (!need_k) return;
  if (need_frame_) {
    Label ordinary = asm_.label();
    asm_.jump(Jump::Ne, R1, 0, ordinary);
    asm_.load(Width::U64, R1, g.base, g.offset);  // g0 and gsignal all have goid 0
    asm_.bind(ordinary);
    asm_.store(Width::U64, key_.base, key_.offset + kGoroutine, R1);
  }
  asm_.load(Width::U64, R1, buffer.base, buffer.offset);
  asm_.load(Width::U64, R2, R6, PtRegs::sp);
  asm_.alu(Alu::Sub, R1, R2);
  asm_.zero_extend32(R1);
  keep_k();
}

void Generator::read_c_frame() {
  // goid stays unknown: not a Go function
  if (!need_frame_ && !need_depth_) return;
  if (need_frame_) {
    asm_.call(Helper::GetCurrentPidTgid);
    asm_.mov(R1, R0);
    asm_.zero_extend32(R1);
    asm_.load_imm(R2, uint64_t{1} << 63);
    asm_.alu(Alu::Or, R1, R2);
    asm_.store(Width::U64, key_.base, key_.offset + kGoroutine, R1);
    asm_.alu(Alu::Rsh, R0, 32);
    asm_.store(Width::U64, key_.base, key_.offset, R0);
  }
  asm_.load(Width::U64, R1, R6, PtRegs::sp);
  if (shape_->kernel_uretprobe) asm_.alu(Alu::Sub, R1, 8);
  asm_.alu(Alu::Xor, R1, -1);
  asm_.zero_extend32(R1);
  keep_k();
}

// k, which is in R1.
void Generator::keep_k() {
  if (need_frame_) asm_.store(Width::U64, k_.base, k_.offset, R1);
  if (need_depth_) asm_.store(Width::U64, depth_.base, depth_.offset, R1);
}

// top_ = the goroutine's innermost open frame; top_pointer_ = where it stands, or 0.
void Generator::load_top() {
  Label none = asm_.label(), done = asm_.label();
  asm_.load_map(R1, BpfObject::kTops);
  address(R2, key_);  // TopKey is the beginning of FrameKey
  asm_.call(Helper::MapLookup);
  asm_.jump(Jump::Eq, R0, 0, none);
  asm_.store(Width::U64, top_pointer_.base, top_pointer_.offset, R0);
  asm_.load(Width::U64, R1, R0, 0);
  asm_.store(Width::U64, top_.base, top_.offset, R1);
  asm_.jump(done);
  asm_.bind(none);
  asm_.store(Width::U64, top_pointer_.base, top_pointer_.offset, 0);
  asm_.load_imm(R1, kEmptyTop);
  asm_.store(Width::U64, top_.base, top_.offset, R1);
  asm_.bind(done);
}

// key_ = the current call's of the cookie's function `role`.
void Generator::set_frame_key(Role role) {
  load_cookie_function(R1, role);
  asm_.store(Width::U32, key_.base, key_.offset + kFunction, R1);
  asm_.load(Width::U64, R1, k_.base, k_.offset);
  asm_.store(Width::U32, key_.base, key_.offset + kK, R1);
}

void Generator::load_cookie_function(Reg dst, Role role) {
  auto shift = static_cast<int32_t>(Cookie::kBits * static_cast<uint64_t>(role));
  asm_.load(Width::U64, dst, cookie_.base, cookie_.offset);
  if (shift) asm_.alu(Alu::Rsh, dst, shift);
  asm_.alu(Alu::And, dst, static_cast<int32_t>(Cookie::kNone));
}

// Removes the frame top_ from the map, its parent becomes top_. An empty top_ has k 0, which is
// never above the current k.
void Generator::drop_top(Label lost) {
  asm_.load(Width::U32, R1, top_.base, top_.offset + kTopFunction);
  asm_.store(Width::U32, key_.base, key_.offset + kFunction, R1);
  asm_.load(Width::U32, R2, top_.base, top_.offset + kTopK);
  asm_.store(Width::U32, key_.base, key_.offset + kK, R2);
  asm_.load_map(R1, BpfObject::kFrames);
  address(R2, key_);
  asm_.call(Helper::MapLookup);
  asm_.jump(Jump::Eq, R0, 0, lost);
  asm_.load(Width::U64, R1, R0, offsetof(FrameValue, parent_k));
  asm_.store(Width::U64, top_.base, top_.offset, R1);
  asm_.load_map(R1, BpfObject::kFrames);
  address(R2, key_);
  asm_.call(Helper::MapDelete);
  if (builder_.saved_size) delete_saved();
  count(offsetof(Globals, unwound));
}

// Pops the frames that cannot be alive any more: deeper than the current one, or as deep and
// neither a wrapper that jumped here nor, at a return, the returning call itself. The verifier
// walks every round of the first loop, so that is as small as can be: R8 counts, R9 is k.
void Generator::unwind(Unwind what) {
  static_assert(sizeof(TopKey) == offsetof(FrameKey, function));
  Label deeper = asm_.label(), as_deep = asm_.label(), lost = asm_.label(), done = asm_.label();
  asm_.mov(R8, 0);
  asm_.load(Width::U64, R9, k_.base, k_.offset);
  if (what == Unwind::AsDeep) asm_.alu(Alu::Sub, R9, 1);
  asm_.bind(deeper);
  asm_.load(Width::U32, R2, top_.base, top_.offset + kTopK);
  asm_.jump(Jump::Le, R2, R9, as_deep);
  drop_top(lost);
  asm_.alu(Alu::Add, R8, 1);
  asm_.jump(Jump::Lt, R8, kMaxUnwind, deeper);
  count(offsetof(Globals, unwind_cut));
  asm_.jump(done);

  asm_.bind(as_deep);
  for (int i = 0; i < kMaxAsDeep && what != Unwind::AsDeep; i++) {
    asm_.load(Width::U32, R2, top_.base, top_.offset + kTopK);
    asm_.jump(Jump::Ne, R2, R9, done);
    asm_.load(Width::U32, R1, top_.base, top_.offset + kTopFunction);
    asm_.jump32(Jump::Eq, R1, kNone, done);
    for (Role role : {Role::Self, Role::Wrapper1, Role::Wrapper2}) {
      if (role == Role::Self && what != Unwind::AtReturn) continue;
      load_cookie_function(R4, role);
      asm_.jump(Jump::Eq, R1, R4, done);
    }
    drop_top(lost);
  }
  asm_.jump(done);
  asm_.bind(lost);  // the chain is broken: forget it
  asm_.load_imm(R1, kEmptyTop);
  asm_.store(Width::U64, top_.base, top_.offset, R1);
  asm_.bind(done);
}

// No call is open that begins at this place or deeper: it is where another function has just
// begun. Mostly there is no open call at all.
void Generator::drop_as_deep() {
  Label done = asm_.label();
  load_top();
  asm_.load(Width::U64, R1, top_pointer_.base, top_pointer_.offset);
  asm_.jump(Jump::Eq, R1, 0, done);
  unwind(Unwind::AsDeep);
  store_top();
  asm_.bind(done);
}

void Generator::push_frame() {
  static_assert(offsetof(FrameValue, parent_k) == 8 && offsetof(FrameValue, parent_function) == 12);
  Label full = asm_.label(), done = asm_.label();
  load_top();
  unwind(Unwind::AtEntry);
  load_cookie_function(R1, Role::Self);
  asm_.store(Width::U32, key_.base, key_.offset + kFunction, R1);
  asm_.load(Width::U64, R1, k_.base, k_.offset);
  asm_.store(Width::U32, key_.base, key_.offset + kK, R1);
  asm_.load(Width::U64, R1, top_.base, top_.offset);
  asm_.store(Width::U64, frame_.base, frame_.offset + 8, R1);
  // Where a call begins and returns at one instruction (an empty function), at one time.
  if (shape_->pop_frame)
    asm_.load(Width::U64, R0, now_.base, now_.offset);
  else
    asm_.call(Helper::KtimeGetNs);
  asm_.store(Width::U64, frame_.base, frame_.offset, R0);
  asm_.load_map(R1, BpfObject::kFrames);
  address(R2, key_);
  address(R3, frame_);
  asm_.mov(R4, 0);
  asm_.call(Helper::MapUpdate);
  asm_.jump(Jump::Ne, R0, 0, full);
  note_outermost(Role::Self, frame_.base, frame_.offset);
  if (!shape_->saves.empty()) {
    asm_.load(Width::U64, R1, frame_.base, frame_.offset);
    asm_.store(Width::U64, pushed_.base, pushed_.offset, R1);
  }
  asm_.load(Width::U32, R1, key_.base, key_.offset + kFunction);
  asm_.store(Width::U32, top_.base, top_.offset + kTopFunction, R1);
  asm_.load(Width::U32, R1, key_.base, key_.offset + kK);
  asm_.store(Width::U32, top_.base, top_.offset + kTopK, R1);
  asm_.jump(done);
  asm_.bind(full);
  count(offsetof(Globals, frames_full));
  asm_.bind(done);
  store_top();
}

void Generator::pop_frame() {
  load_top();
  unwind(Unwind::AtReturn);
  pop_one(Role::Self, true);
  if (shape_->pop_wrappers) {
    pop_one(Role::Wrapper1, false);
    pop_one(Role::Wrapper2, false);
  }
  store_top();
}

// Ends the call of the cookie's function `role`, if it is open, and keeps its duration.
void Generator::pop_one(Role role, bool count_missing) {
  Place duration = durations_[static_cast<size_t>(role)];
  Label missing = asm_.label(), not_top = asm_.label(), done = asm_.label();
  load_cookie_function(R1, role);
  if (role != Role::Self) asm_.jump(Jump::Eq, R1, static_cast<int32_t>(Cookie::kNone), done);
  asm_.store(Width::U32, key_.base, key_.offset + kFunction, R1);
  asm_.load(Width::U64, R1, k_.base, k_.offset);
  asm_.store(Width::U32, key_.base, key_.offset + kK, R1);
  asm_.load_map(R1, BpfObject::kFrames);
  address(R2, key_);
  asm_.call(Helper::MapLookup);
  asm_.jump(Jump::Eq, R0, 0, missing);
  asm_.load(Width::U64, R1, now_.base, now_.offset);
  asm_.load(Width::U64, R2, R0, offsetof(FrameValue, start_ns));
  asm_.alu(Alu::Sub, R1, R2);
  asm_.store(Width::U64, duration.base, duration.offset, R1);
  note_outermost(role, R0, 0);
  asm_.load(Width::U64, R1, R0, offsetof(FrameValue, parent_k));
  asm_.load(Width::U32, R2, top_.base, top_.offset + kTopK);
  asm_.load(Width::U64, R3, k_.base, k_.offset);
  asm_.jump(Jump::Ne, R2, R3, not_top);
  asm_.store(Width::U64, top_.base, top_.offset, R1);
  asm_.bind(not_top);
  asm_.load_map(R1, BpfObject::kFrames);
  address(R2, key_);
  asm_.call(Helper::MapDelete);
  asm_.jump(done);
  asm_.bind(missing);
  if (count_missing) count(offsetof(Globals, frames_missing));
  asm_.bind(done);
}

// Sets the role's bit of outermost_ if the frame at `frame` + `offset` has none around it.
void Generator::note_outermost(Role role, Reg frame, int32_t offset) {
  if (!need_outermost_) return;
  Label within = asm_.label();
  constexpr int32_t kParent = offsetof(FrameValue, parent_function);
  asm_.load(Width::U32, R1, frame, offset + kParent);
  asm_.jump32(Jump::Ne, R1, kNone, within);
  asm_.load(Width::U64, R1, outermost_.base, outermost_.offset);
  asm_.alu(Alu::Or, R1, 1 << static_cast<int32_t>(role));
  asm_.store(Width::U64, outermost_.base, outermost_.offset, R1);
  asm_.bind(within);
}

// The goroutine ends: none of its open calls returns. Mostly there is none. Of more than a panic
// may throw away, those left over hang on no chain any more, and user space counts them.
void Generator::end_goroutine() {
  Label next = asm_.label(), done = asm_.label();
  load_top();
  asm_.load(Width::U64, R1, top_pointer_.base, top_pointer_.offset);
  asm_.jump(Jump::Eq, R1, 0, done);
  asm_.mov(R8, 0);
  asm_.bind(next);
  asm_.load(Width::U32, R1, top_.base, top_.offset + kTopFunction);
  Label empty = asm_.label();
  asm_.jump32(Jump::Eq, R1, kNone, empty);
  drop_top(empty);
  asm_.alu(Alu::Add, R8, 1);
  asm_.jump(Jump::Lt, R8, kMaxUnwind, next);
  asm_.bind(empty);
  asm_.load_map(R1, BpfObject::kTops);
  address(R2, key_);
  asm_.call(Helper::MapDelete);
  asm_.bind(done);
}

// Writes top_ back: in place where the goroutine has an entry, as an update of it costs three
// times as much.
void Generator::store_top() {
  Label remove = asm_.label(), insert = asm_.label(), done = asm_.label();
  asm_.load(Width::U32, R1, top_.base, top_.offset + kTopFunction);
  asm_.load(Width::U64, R2, top_pointer_.base, top_pointer_.offset);
  asm_.jump32(Jump::Eq, R1, kNone, remove);
  asm_.jump(Jump::Eq, R2, 0, insert);
  asm_.load(Width::U64, R1, top_.base, top_.offset);
  asm_.store(Width::U64, R2, 0, R1);
  asm_.jump(done);
  asm_.bind(insert);
  asm_.load_map(R1, BpfObject::kTops);
  address(R2, key_);
  address(R3, top_);
  asm_.mov(R4, 0);
  asm_.call(Helper::MapUpdate);
  asm_.jump(done);
  asm_.bind(remove);
  asm_.jump(Jump::Eq, R2, 0, done);
  asm_.load_map(R1, BpfObject::kTops);
  address(R2, key_);
  asm_.call(Helper::MapDelete);
  asm_.bind(done);
}

}  // namespace gotap::codegen
