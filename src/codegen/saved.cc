// What is kept of a call from its begin to its return: the arguments that a uretprobe shows. Entry
// points: Generator::save_values() where a call begins, find_saved(), kept_value() and
// kept_string() where it returns.
//
// The values of all clauses that look at the call stand one behind the other in one element of the
// map `kSaved`, under the frame's key (bpf/object.h: kSavedValues; lay_out_saved()). Strings are
// copied: by the time of the return their memory may be used for something else. An element begins
// with the time its call began, and counts only for the frame that has the same one, so that one
// left behind by a panic is never taken for a later call's. The element is read where it lies and
// deleted when all clauses have run; whoever else deletes elements (unwind(), user space) means
// frames that are gone.
#include "codegen/generator.h"

namespace gotap::codegen {

using namespace bpf;
using plan::Role;

namespace {
constexpr int32_t kValue = 8;  // behind its reason
}  // namespace

bool Generator::keeps_frame_key() const {
  return need_frame_ && (!shape_->saves.empty() || (shape_->pop_frame && builder_.saved_size > 0));
}

// Whether the value is one that was kept when the call began.
bool Generator::is_kept(const Expr& expr) const {
  return expr.kind == Expr::Kind::GoValue && action_.moment == plan::Moment::Return &&
         expr.slot < clause_->go_values.size() && clause_->go_values[expr.slot].at_entry;
}

// Keeps the values of the frame that was pushed, if there was room for the frame.
void Generator::save_values() {
  Memory::Scope scope(memory_);
  Label done = asm_.label();
  asm_.load(Width::U64, R1, pushed_.base, pushed_.offset);
  asm_.jump(Jump::Eq, R1, 0, done);
  Place area = memory_.allocate(builder_.saved_size);
  // The verifier wants to see every byte on the stack written.
  if (area.base == R10) zero(area, builder_.saved_size);
  asm_.store(Width::U64, area.base, area.offset, R1);
  for (uint32_t index : shape_->saves) {
    const plan::Layout& layout = builder_.plan.layouts[index];
    const std::vector<uint32_t>& places = builder_.saved[layout.clause];
    for (uint32_t slot = 0; slot < places.size(); slot++) {
      if (places[slot] == 0) continue;
      Place place = area + static_cast<int32_t>(places[slot]);
      asm_.store(Width::U64, place.base, place.offset, 0);
      attempt([&] { save_value(layout, slot, place + kValue); }, [] {}, ReasonSink{place});
    }
  }
  set_frame_key(Role::Self);
  asm_.load_map(R1, BpfObject::kSaved);
  address(R2, key_);
  address(R3, area);
  asm_.mov(R4, 0);
  asm_.call(Helper::MapUpdate);
  asm_.jump(Jump::Eq, R0, 0, done);
  count(offsetof(Globals, saved_full));
  asm_.bind(done);
}

void Generator::save_value(const plan::Layout& layout, uint32_t slot, Place value) {
  Memory::Scope scope(memory_);
  GoOperand operand = go_operand(layout, slot, nullptr);
  if (!operand) return;
  const Type& type = operand.value->type;
  if (operand.value->aspect > go::Aspect::TypeOf) return go_span_id(operand, value);
  if (type.has_bytes())
    return go_string(operand, value, std::min(type.capacity, builder_.program.max_strlen));
  if (type.kind == Type::Kind::GoError) return go_error(operand, value);
  go_scalar(operand);
  asm_.store(Width::U64, value.base, value.offset, R0);
}

// saved_ = where what was kept of the action's call is, or 0.
void Generator::find_saved() {
  bool any = false;
  for (const lang::GoValue& value : clause_->go_values) any |= value.at_entry;
  if (!any) return;
  if (!keeps_frame_key()) return fail("internal error: a return without a frame shows arguments");
  saved_ = memory_.allocate_on_stack(8);
  if (builder_.saved_size == 0) return zero(saved_, 8);
  Label none = asm_.label(), done = asm_.label();
  set_frame_key(action_.role);
  asm_.load_map(R1, BpfObject::kSaved);
  address(R2, key_);
  asm_.call(Helper::MapLookup);
  asm_.jump(Jump::Eq, R0, 0, none);
  Place duration = durations_[static_cast<size_t>(action_.role)];
  asm_.load(Width::U64, R1, now_.base, now_.offset);
  asm_.load(Width::U64, R2, duration.base, duration.offset);
  asm_.alu(Alu::Sub, R1, R2);
  asm_.load(Width::U64, R2, R0, 0);
  asm_.jump(Jump::Ne, R1, R2, none);
  asm_.store(Width::U64, saved_.base, saved_.offset, R0);
  asm_.jump(done);
  asm_.bind(none);
  zero(saved_, 8);
  asm_.bind(done);
}

// The calls that ended here need no arguments any more.
void Generator::drop_saved() {
  for (Role role : {Role::Self, Role::Wrapper1, Role::Wrapper2}) {
    if (role != Role::Self && !shape_->pop_wrappers) continue;
    set_frame_key(role);
    delete_saved();
  }
}

// What was kept under key_.
void Generator::delete_saved() {
  asm_.load_map(R1, BpfObject::kSaved);
  address(R2, key_);
  asm_.call(Helper::MapDelete);
}

// R0 + the result = the kept value; unknown if there is none.
int32_t Generator::load_saved(const Expr& expr) {
  const std::vector<uint32_t>& places = builder_.saved[action_.clause];
  if (expr.slot >= places.size() || places[expr.slot] == 0) {
    asm_.jump(unknown_because(UnknownReason::NotKept));
    return 0;
  }
  const auto offset = static_cast<int32_t>(places[expr.slot]);
  asm_.load(Width::U64, R0, saved_.base, saved_.offset);
  asm_.jump(Jump::Eq, R0, 0, unknown_because(UnknownReason::NotKept));
  unknown_by_flag({R0, offset});
  return offset + kValue;
}

void Generator::kept_value(const Expr& expr) {
  const int32_t offset = load_saved(expr);
  asm_.load(Width::U64, R0, R0, offset);
}

void Generator::kept_string(const Expr& expr, Place dst, uint32_t capacity, bool zeroed) {
  const uint32_t kept = clause_->go_values[expr.slot].type.capacity;
  Label fits = asm_.label(), done = asm_.label();
  if (zeroed) zero(dst, 8 + capacity);
  const int32_t offset = load_saved(expr);
  asm_.load(Width::U64, R1, R0, offset);
  asm_.store(Width::U64, dst.base, dst.offset, R1);
  asm_.load(Width::U32, R2, R0, offset + kStringLength);
  asm_.jump(Jump::Eq, R2, 0, done);
  asm_.jump(Jump::Le, R2, static_cast<int32_t>(std::min(capacity, kept)), fits);
  asm_.mov(R2, static_cast<int32_t>(std::min(capacity, kept)));
  asm_.store(Width::U32, dst.base, dst.offset + kStringLength, R2);
  asm_.store(Width::U32, dst.base, dst.offset + kStringState,
             static_cast<int32_t>(StringState::Cut));
  asm_.bind(fits);
  asm_.mov(R3, R0);
  asm_.alu(Alu::Add, R3, offset + kStringData);
  address(R1, dst + kStringData);
  asm_.call(Helper::ProbeReadKernel);
  asm_.bind(done);
}

}  // namespace gotap::codegen
