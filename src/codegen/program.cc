// One program as a whole: what comes before and after its clauses. Entry points:
// Generator::uprobe(), Generator::timer().
//
// Order in a uprobe program: leave if exiting or another process's hit; at a stack-check branch,
// see whether it is taken; cookie, goroutine, frame; claim scratch memory; keep what later returns
// show; then each action. The frame comes before the scratch slot so that a busy slot costs an
// event, never a frame.
#include "arch/registers.h"
#include "codegen/generator.h"

namespace gotap::codegen {

using namespace bpf;
using lang::Builtin;
using plan::Moment;
using plan::Role;

namespace {
constexpr int32_t kExiting = offsetof(Globals, exiting);
}  // namespace

Result<std::vector<Insn>> Generator::uprobe(const plan::Program& program, bool scratch) {
  shape_ = &program.shape;
  program_ = static_cast<uint32_t>(&program - builder_.plan.programs.data());
  find_needs();
  begin(scratch, true);
  check_tgid();
  if (shape_->check_branch) check_branch_taken();
  if (need_cookie_) save_cookie();
  if (need_goid_ || need_frame_ || need_depth_) goroutine();
  if (scratch_) claim_scratch();
  if (!shape_->saves.empty()) save_values();
  for (const plan::Action& action : shape_->actions) this->action(action);
  if (shape_->pop_frame && builder_.saved_size) drop_saved();
  return end();
}

Result<std::vector<Insn>> Generator::timer(const plan::Timer& timer, bool scratch) {
  timer_kind_ = timer.kind;
  // The context of a raw tracepoint run by hand holds nothing of use.
  begin(scratch, timer.kind == lang::ProbeKind::Interval);
  if (scratch_) claim_scratch();
  action({timer.clause, timer.spec, Moment::Instruction, Role::Self});
  return end();
}

void Generator::begin(bool scratch, bool check_exiting) {
  scratch_ = scratch;
  exit_ = asm_.label();
  if (shape_) asm_.mov(R6, R1);
  asm_.load_map_value(R7, BpfObject::kGlobals, 0);
  if (!check_exiting) return;
  asm_.load(Width::U64, R1, R7, kExiting);
  asm_.jump(Jump::Ne, R1, 0, exit_);
}

Result<std::vector<Insn>> Generator::end() {
  if (scratch_) {
    asm_.load(Width::U64, R1, scratch_base_.base, scratch_base_.offset);
    asm_.load(Width::U64, R2, scratch_bit_.base, scratch_bit_.offset);
    asm_.alu(Alu::Xor, R2, -1);
    asm_.atomic(Atomic::FetchAnd, R1, 0, R2);
  }
  asm_.bind(exit_);
  asm_.mov(R0, 0);
  asm_.exit();
  if (!failure_.empty()) return Error{failure_, ""};
  if (memory_.overflow())
    return Error{"the clauses of one probe need more memory than a BPF program has",
                 "use shorter strings: str(p, n) with a constant n, or a smaller "
                 "BPFTRACE_MAX_STRLEN"};
  return asm_.finish();
}

void Generator::fail(std::string message) {
  if (failure_.empty()) failure_ = std::move(message);
}

void Generator::find_needs() {
  need_cookie_ = shape_->push_frame || shape_->pop_frame;
  need_frame_ = need_cookie_ || shape_->end_goroutine || shape_->unwinds;
  for (const plan::Action& action : shape_->actions) {
    const lang::Clause& clause = builder_.program.clauses[action.clause];
    for_each_expr(clause, [&](const Expr& expr) {
      if (expr.kind != Expr::Kind::Call) return;
      for (Builtin named : {Builtin::Func, Builtin::Probe, Builtin::Ustack, Builtin::Caller})
        need_cookie_ |= expr.builtin == named;
      need_goid_ |= expr.builtin == Builtin::Goid && expr.kids.empty();
      need_outermost_ |= expr.builtin == Builtin::Outermost;
      need_depth_ |= expr.builtin == Builtin::Depth;
    });
  }
}

void Generator::count(uint32_t globals_offset) {
  asm_.mov(R1, 1);
  asm_.atomic(Atomic::Add, R7, static_cast<int32_t>(globals_offset), R1);
}

// Out, if what is in R0 is no key of the map.
void Generator::check_member(int32_t map) {
  Memory::Scope scope(memory_);
  Place key = memory_.allocate_on_stack(8);
  asm_.store(Width::U64, key.base, key.offset, R0);
  asm_.load_map(R1, static_cast<uint32_t>(map));
  address(R2, key);
  asm_.call(Helper::MapLookup);
  asm_.jump(Jump::Eq, R0, 0, exit_);
}

// Out, if the hit is of no process that is traced.
void Generator::check_tgid() {
  if (const int32_t cgroups = builder_.object.cgroups; cgroups >= 0) {
    asm_.mov(R1, static_cast<int32_t>(builder_.cgroup_level));
    asm_.call(Helper::GetCurrentAncestorCgroupId);
    return check_member(cgroups);
  }
  if (const int32_t tgids = builder_.object.tgids; tgids >= 0) {
    asm_.call(Helper::GetCurrentPidTgid);
    asm_.alu(Alu::Rsh, R0, 32);
    return check_member(tgids);
  }
  Label ours = asm_.label();
  asm_.load(Width::U64, R1, R7, offsetof(Globals, tgid));
  asm_.jump(Jump::Eq, R1, 0, ours);
  asm_.call(Helper::GetCurrentPidTgid);
  asm_.alu(Alu::Rsh, R0, 32);
  asm_.load(Width::U64, R1, R7, offsetof(Globals, tgid));
  asm_.jump(Jump::Ne, R0, R1, exit_);
  asm_.bind(ours);
}

// The site is the `jbe` of a stack check: taken (CF or ZF), the stack is about to grow and the
// function will start over, so no call begins here.
void Generator::check_branch_taken() {
  bool only_entries = !shape_->pop_frame;
  for (const plan::Action& action : shape_->actions) only_entries &= action.moment == Moment::Entry;
  constexpr auto kTaken = static_cast<int32_t>(arch::Flags::carry | arch::Flags::zero);
  asm_.load(Width::U64, R1, R6, arch::PtRegs::flags);
  if (only_entries) {
    asm_.jump(Jump::Set, R1, kTaken, exit_);
    return;
  }
  branch_taken_ = memory_.allocate_on_stack(8);
  asm_.alu(Alu::And, R1, kTaken);
  asm_.store(Width::U64, branch_taken_.base, branch_taken_.offset, R1);
}

void Generator::save_cookie() {
  cookie_ = memory_.allocate_on_stack(8);
  if (builder_.object.sites >= 0) return find_site(cookie_);
  asm_.mov(R1, R6);
  asm_.call(Helper::GetAttachCookie);
  asm_.store(Width::U64, cookie_.base, cookie_.offset, R0);
}

// Without cookies: while a handler runs, its task's utask->vaddr points to the dispatcher's
// {trace_uprobe *tu, unsigned long bp_addr} (uprobe_dispatch_data in kernel/trace/trace_uprobe.c,
// where the kernel's own FOFFS arguments take it from). tu->offset is the probe's place in the
// file. That bp_addr is the instruction being executed shows that the way there was right.
void Generator::find_site(Place cookie) {
  Memory::Scope scope(memory_);
  Label lost = asm_.label(), found = asm_.label();
  Place data = memory_.allocate_on_stack(16);
  // data = the `bytes` at R0 + the offset in `globals_offset`.
  auto follow = [&](int32_t bytes, int32_t globals_offset) {
    asm_.mov(R3, R0);
    if (globals_offset >= 0) {
      asm_.load(Width::U64, R1, R7, globals_offset);
      asm_.alu(Alu::Add, R3, R1);
    }
    asm_.mov(R2, bytes);
    address(R1, data);
    asm_.call(Helper::ProbeReadKernel);
    asm_.jump(Jump::Ne, R0, 0, lost);
    asm_.load(Width::U64, R0, data.base, data.offset);
  };
  asm_.call(Helper::GetCurrentTask);
  follow(8, offsetof(Globals, task_utask));
  follow(8, offsetof(Globals, utask_vaddr));
  follow(16, -1);
  if (!shape_->kernel_uretprobe) {
    asm_.load(Width::U64, R1, data.base, data.offset + 8);
    asm_.load(Width::U64, R2, R6, arch::PtRegs::ip);
    asm_.jump(Jump::Ne, R1, R2, lost);
  }
  follow(8, offsetof(Globals, probe_offset));
  asm_.load_imm(R1, site_key(program_, 0));
  asm_.alu(Alu::Or, R0, R1);
  asm_.store(Width::U64, data.base, data.offset, R0);
  asm_.load_map(R1, static_cast<uint32_t>(builder_.object.sites));
  address(R2, data);
  asm_.call(Helper::MapLookup);
  asm_.jump(Jump::Ne, R0, 0, found);
  asm_.bind(lost);
  count(offsetof(Globals, unknown_site));
  asm_.jump(exit_);
  asm_.bind(found);
  asm_.load(Width::U64, R0, R0, 0);
  asm_.store(Width::U64, cookie.base, cookie.offset, R0);
}

// A CPU's scratch memory is one element: a bitmap of the slots in use, then the slots. Uprobe
// programs can be preempted by one another on the same CPU, hence the atomics.
void Generator::claim_scratch() {
  uint32_t size = builder_.scratch_size, slots = scratch_slots(size);
  scratch_base_ = memory_.allocate_on_stack(8);
  scratch_bit_ = memory_.allocate_on_stack(8);
  Memory::Scope scope(memory_);
  Place key = memory_.allocate_on_stack(8);
  asm_.store(Width::U64, key.base, key.offset, 0);
  asm_.load_map(R1, BpfObject::kScratch);
  address(R2, key);
  asm_.call(Helper::MapLookup);
  asm_.jump(Jump::Eq, R0, 0, exit_);
  asm_.store(Width::U64, scratch_base_.base, scratch_base_.offset, R0);

  Label claimed = asm_.label(), busy = asm_.label();
  constexpr int kTries = 4;
  for (int i = 0; i < kTries; i++) {
    asm_.load(Width::U64, R1, R0, 0);
    asm_.alu(Alu::Xor, R1, -1);
    asm_.alu(Alu::And, R1, static_cast<int32_t>((1u << slots) - 1));
    asm_.jump(Jump::Eq, R1, 0, busy);
    asm_.mov(R2, R1);
    asm_.neg(R2);
    asm_.alu(Alu::And, R1, R2);  // the lowest free slot's bit
    asm_.mov(R2, R1);
    asm_.atomic(Atomic::FetchOr, R0, 0, R2);
    asm_.alu(Alu::And, R2, R1);
    asm_.jump(Jump::Eq, R2, 0, claimed);  // else another hit took it in between
  }
  asm_.bind(busy);
  count(offsetof(Globals, scratch_busy));
  asm_.jump(exit_);

  asm_.bind(claimed);
  asm_.store(Width::U64, scratch_bit_.base, scratch_bit_.offset, R1);
  // The slot's number from its bit: 1, 2, 4, 8 -> 0, 1, 2, 3.
  asm_.mov(R2, R1);
  asm_.alu(Alu::Rsh, R1, 1);
  asm_.alu(Alu::Rsh, R2, 3);
  asm_.alu(Alu::Sub, R1, R2);
  asm_.alu(Alu::And, R1, static_cast<int32_t>(slots - 1));
  asm_.alu(Alu::Mul, R1, static_cast<int32_t>(size));
  asm_.mov(R9, R0);
  asm_.alu(Alu::Add, R9, static_cast<int32_t>(kScratchHeader));
  asm_.alu(Alu::Add, R9, R1);
}

void Generator::action(const plan::Action& action) {
  Memory::Scope scope(memory_);
  action_ = action;
  const lang::Clause& clause = builder_.program.clauses[action.clause];
  clause_ = &clause;
  clause_end_ = asm_.label();
  unknown_ = clause_end_;
  unknowns_ = {clause_end_, std::nullopt, {}};
  if (shape_ && shape_->check_branch && branch_taken_.offset != 0 &&
      action.moment == Moment::Entry) {
    asm_.load(Width::U64, R1, branch_taken_.base, branch_taken_.offset);
    asm_.jump(Jump::Ne, R1, 0, clause_end_);
  }
  // A wrapper's clause runs only if the wrapper called this function; a clause that uses
  // `duration` only if the beginning of the call was seen.
  bool needs_call =
      action.role != Role::Self || (clause.uses_duration && action.moment == Moment::Return);
  if (needs_call) {
    if (!shape_ || !shape_->pop_frame || (action.role != Role::Self && !shape_->pop_wrappers))
      return fail("internal error: a clause needs a frame that its site does not end");
    Place slot = durations_[static_cast<size_t>(action.role)];
    asm_.load(Width::U64, R1, slot.base, slot.offset);
    asm_.jump(Jump::Eq, R1, -1, clause_end_);
  }
  if (action.moment == Moment::Return) find_saved();
  this->clause(clause);
  asm_.bind(clause_end_);
}

void Generator::clause(const lang::Clause& clause) {
  find_fallible_variables(clause);
  init_variables(clause);
  if (clause.predicate) {
    attempt([&] { branch_false(*clause.predicate, clause_end_); },
            [&] {
              count(offsetof(Globals, undecided));
              asm_.jump(clause_end_);
            });
  }
  body(clause.body);
}

}  // namespace gotap::codegen
