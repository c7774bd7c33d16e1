// The built-ins: one row each in kBuiltins, which says how its code is made: a number or an action
// (value), a string, or an aggregation. Entry points: Generator::call(), string_call(),
// update_aggregate().
#include <array>

#include "arch/registers.h"
#include "codegen/generator.h"

namespace gotap::codegen {

using namespace bpf;
using lang::Builtin;
using plan::Cookie;
using plan::Role;

/// How a built-in is generated: exactly one of the three.
struct BuiltinTable {
  struct Row {
    Builtin builtin;
    void (Generator::*value)(const lang::Expr&);
    void (Generator::*string)(const lang::Expr&, Place, uint32_t, bool);
    void (Generator::*aggregate)(const lang::Stmt&, Place, Label);
  };
  using G = Generator;
  static constexpr std::array kRows = {
      Row{Builtin::Pid, &G::value_pid},
      Row{Builtin::Tid, &G::value_tid},
      Row{Builtin::Comm, nullptr, &G::string_comm},
      Row{Builtin::Cpu, &G::value_cpu},
      Row{Builtin::Uid, &G::value_uid},
      Row{Builtin::Gid, &G::value_gid},
      Row{Builtin::Nsecs, &G::value_nsecs},
      Row{Builtin::Elapsed, &G::value_elapsed},
      Row{Builtin::Rand, &G::value_rand},
      Row{Builtin::Username, &G::value_uid},
      Row{Builtin::Ncpus, &G::value_ncpus},
      Row{Builtin::Cgroup, &G::value_cgroup},
      Row{Builtin::Numaid, &G::value_numaid},
      Row{Builtin::Jiffies, &G::value_jiffies},
      Row{Builtin::Usermode, &G::value_usermode},
      Row{Builtin::Probetype, nullptr, &G::string_probetype},
      Row{Builtin::Func, &G::value_func},
      Row{Builtin::Probe, &G::value_probe},
      Row{Builtin::Goid, &G::value_goid},
      Row{Builtin::Duration, &G::value_duration},
      Row{Builtin::Retval, &G::value_argument},
      Row{Builtin::Arg, &G::value_argument},
      Row{Builtin::Sarg, &G::value_stack_argument},
      Row{Builtin::Reg, &G::value_argument},
      Row{Builtin::Str, nullptr, &G::string_read},
      Row{Builtin::Buf, nullptr, &G::buffer},
      Row{Builtin::Strftime, &G::value_kid},
      Row{Builtin::Strlen, &G::value_strlen},
      Row{Builtin::Strncmp, &G::value_strncmp},
      Row{Builtin::Strcontains, &G::value_strcontains},
      Row{Builtin::Strstr, &G::value_strstr},
      Row{Builtin::Strerror, &G::value_kid},
      Row{Builtin::SignalName, &G::value_kid},
      Row{Builtin::WaitName, &G::value_wait_name},
      Row{Builtin::Bswap, &G::value_bswap},
      Row{Builtin::HasKey, &G::value_has_key},
      Row{Builtin::Len, &G::value_length},
      Row{Builtin::Label, nullptr, &G::string_label},
      Row{Builtin::Recovered, &G::value_recovered},
      Row{Builtin::Outermost, &G::value_outermost},
      Row{Builtin::Depth, &G::value_depth},
      Row{Builtin::Ustack, &G::value_stack},
      Row{Builtin::Caller, &G::value_stack},
      Row{Builtin::Printf, &G::printf_call},
      Row{Builtin::Print, &G::print_call},
      Row{Builtin::Clear, &G::clear_call},
      Row{Builtin::Zero, &G::zero_call},
      Row{Builtin::Delete, &G::delete_key},
      Row{Builtin::Exit, &G::exit_call},
      Row{Builtin::Time, &G::time_call},
      Row{Builtin::Join, &G::join_call},
      Row{Builtin::Cat, &G::cat_call},
      Row{Builtin::System, &G::system_call},
      Row{Builtin::Count, nullptr, nullptr, &G::update_count},
      Row{Builtin::Sum, nullptr, nullptr, &G::update_sum},
      Row{Builtin::Avg, nullptr, nullptr, &G::update_avg},
      Row{Builtin::Stats, nullptr, nullptr, &G::update_avg},
      Row{Builtin::Min, nullptr, nullptr, &G::update_extreme},
      Row{Builtin::Max, nullptr, nullptr, &G::update_extreme},
      Row{Builtin::Hist, nullptr, nullptr, &G::update_hist},
      Row{Builtin::Lhist, nullptr, nullptr, &G::update_hist},
  };
  static constexpr bool whole() {
    for (size_t i = 0; i < kRows.size(); i++) {
      const Row& row = kRows[i];
      int ways = (row.value != nullptr) + (row.string != nullptr) + (row.aggregate != nullptr);
      if (static_cast<size_t>(row.builtin) != i || ways != 1) return false;
    }
    return kRows.size() == static_cast<size_t>(Builtin::kNumber);
  }
  static const Row& row(Builtin builtin) { return kRows[static_cast<size_t>(builtin)]; }
};
#ifndef __SANITIZE_ADDRESS__  // g++ 12: no constant member pointers under UBSan (GCC PR71962)
static_assert(BuiltinTable::whole(), "one row a built-in, in the order of lang::Builtin");
#endif

namespace {

Builtin aggregation(Type::Kind kind) {
  switch (kind) {
    case Type::Kind::Count: return Builtin::Count;
    case Type::Kind::Sum: return Builtin::Sum;
    case Type::Kind::Avg: return Builtin::Avg;
    case Type::Kind::Stats: return Builtin::Stats;
    case Type::Kind::Min: return Builtin::Min;
    case Type::Kind::Max: return Builtin::Max;
    case Type::Kind::Hist: return Builtin::Hist;
    case Type::Kind::Lhist: return Builtin::Lhist;
    default: return Builtin::kNumber;
  }
}

}  // namespace

void Generator::call(const Expr& expr) {
  if (expr.builtin >= Builtin::kNumber || !BuiltinTable::row(expr.builtin).value)
    return fail("internal error: no number of this name");
  (this->*BuiltinTable::row(expr.builtin).value)(expr);
}

void Generator::string_call(const Expr& expr, Place dst, uint32_t capacity, bool zeroed) {
  if (expr.builtin >= Builtin::kNumber || !BuiltinTable::row(expr.builtin).string)
    return fail("internal error: no string of this name");
  (this->*BuiltinTable::row(expr.builtin).string)(expr, dst, capacity, zeroed);
}

// R0 = address of the map's value.
void Generator::update_aggregate(const Stmt& stmt, Place value, Label full) {
  Builtin builtin = aggregation(user_map(stmt.slot).value.kind);
  if (builtin == Builtin::kNumber) return fail("internal error: not an aggregation");
  (this->*BuiltinTable::row(builtin).aggregate)(stmt, value, full);
}

void Generator::id_half(Helper helper, bool high) {
  asm_.call(helper);
  if (high)
    asm_.alu(Alu::Rsh, R0, 32);
  else
    asm_.zero_extend32(R0);
}

void Generator::value_pid(const Expr&) { id_half(Helper::GetCurrentPidTgid, true); }
void Generator::value_tid(const Expr&) { id_half(Helper::GetCurrentPidTgid, false); }
void Generator::value_uid(const Expr&) { id_half(Helper::GetCurrentUidGid, false); }
void Generator::value_gid(const Expr&) { id_half(Helper::GetCurrentUidGid, true); }
void Generator::value_cpu(const Expr&) { id_half(Helper::GetSmpProcessorId, false); }
void Generator::value_nsecs(const Expr& expr) {
  switch (static_cast<lang::ClockMode>(expr.integer)) {
    case lang::ClockMode::Boot: return asm_.call(Helper::KtimeGetBootNs);
    case lang::ClockMode::Monotonic: return asm_.call(Helper::KtimeGetNs);
    case lang::ClockMode::Tai: return asm_.call(Helper::KtimeGetTaiNs);
  }
}
void Generator::value_rand(const Expr&) { id_half(Helper::GetPrandomU32, false); }
void Generator::value_numaid(const Expr&) { id_half(Helper::GetNumaNodeId, false); }
void Generator::value_cgroup(const Expr&) { asm_.call(Helper::GetCurrentCgroupId); }
void Generator::value_jiffies(const Expr&) { asm_.call(Helper::Jiffies64); }
void Generator::value_ncpus(const Expr&) {
  asm_.load(Width::U64, R0, R7, offsetof(Globals, ncpus));
}
void Generator::value_usermode(const Expr&) { asm_.mov(R0, 1); }  // where uprobes are
void Generator::value_kid(const Expr& expr) { eval(expr.kids[0]); }
// User space counts the entries when it comes to the event.
void Generator::value_length(const Expr&) { asm_.mov(R0, 0); }

// A stack is made in memory: eval_into() is where it is asked for.
void Generator::value_stack(const Expr&) { fail("internal error: a stack is not a number"); }

void Generator::value_bswap(const Expr& expr) {
  eval(expr.kids[0]);
  cast(expr.type);
  if (expr.type.size == 1) return;
  // Swaps bytes in pairs, then the pairs in fours, then the fours.
  constexpr uint64_t kMasks[] = {0x00ff00ff00ff00ff, 0x0000ffff0000ffff, 0x00000000ffffffff};
  for (size_t step = 0; step < std::size(kMasks) && (2u << step) <= expr.type.size; step++) {
    const auto bits = static_cast<int32_t>(8u << step);
    asm_.load_imm(R2, kMasks[step]);
    asm_.mov(R1, R0);
    asm_.alu(Alu::Rsh, R1, bits);
    asm_.alu(Alu::And, R1, R2);
    asm_.alu(Alu::And, R0, R2);
    asm_.alu(Alu::Lsh, R0, bits);
    asm_.alu(Alu::Or, R0, R1);
  }
}

void Generator::value_has_key(const Expr& expr) {
  Memory::Scope scope(memory_);
  Label missing = asm_.label(), done = asm_.label();
  Place key = map_key(expr.kids[0].slot, expr.kids[0].kids);
  map_lookup(expr.kids[0].slot, key);
  asm_.jump(Jump::Eq, R0, 0, missing);
  asm_.mov(R0, 1);
  asm_.jump(done);
  asm_.bind(missing);
  asm_.mov(R0, 0);
  asm_.bind(done);
}

void Generator::value_elapsed(const Expr&) {
  asm_.call(Helper::KtimeGetBootNs);
  asm_.load(Width::U64, R1, R7, offsetof(Globals, start_ns));
  asm_.alu(Alu::Sub, R0, R1);
}

void Generator::value_func(const Expr&) {
  if (!shape_) return asm_.mov(R0, static_cast<int32_t>(Cookie::kNone));
  load_cookie_function(R0, action_.role);
}

void Generator::value_probe(const Expr& expr) {
  value_func(expr);
  if (action_.spec == 0) return;
  asm_.load_imm(R1, static_cast<uint64_t>(action_.spec) << 32);
  asm_.alu(Alu::Or, R0, R1);
}

void Generator::value_goid(const Expr& expr) {
  if (!shape_) return unknown();
  if (!expr.kids.empty()) {
    if (shape_->goid_offset == 0) return unknown();
    eval(expr.kids[0]);
    asm_.alu(Alu::Add, R0, shape_->goid_offset);
    return read_user(kWord, false);
  }
  asm_.load(Width::U64, R0, goroutine_known_.base, goroutine_known_.offset);
  asm_.jump(Jump::Eq, R0, 0, unknown_);
  asm_.load(Width::U64, R0, goid_.base, goid_.offset);
}

// At a return, the clause runs only if the call's frame was found.
void Generator::value_duration(const Expr&) {
  if (!shape_ || action_.moment != plan::Moment::Return) return unknown();
  Place place = durations_[static_cast<size_t>(action_.role)];
  asm_.load(Width::U64, R0, place.base, place.offset);
}

// Whether it is known at the action's site what frames are around its call.
bool Generator::knows_frames() const {
  if (!shape_) return false;
  return action_.moment == plan::Moment::Return  ? shape_->pop_frame
         : action_.moment == plan::Moment::Entry ? shape_->push_frame
                                                 : false;
}

void Generator::value_outermost(const Expr&) {
  if (!knows_frames()) return unknown();
  asm_.load(Width::U64, R0, outermost_.base, outermost_.offset);
  asm_.alu(Alu::Rsh, R0, static_cast<int32_t>(action_.role));
  asm_.alu(Alu::And, R0, 1);
}

void Generator::value_depth(const Expr&) {
  if (!shape_ || action_.moment == plan::Moment::Instruction) return unknown();
  asm_.load(Width::U64, R0, depth_.base, depth_.offset);
  asm_.jump(Jump::Eq, R0, 0, unknown_);
}

// The text is of the program's own runtime.
void Generator::value_wait_name(const Expr& expr) {
  eval(expr.kids[0]);
  asm_.zero_extend32(R0);
  if (!shape_ || shape_->target == 0) return;
  asm_.load_imm(R1, static_cast<uint64_t>(shape_->target) << 32);
  asm_.alu(Alu::Or, R0, R1);
}

// A wrapper that left by a jump has no deferred calls.
void Generator::value_recovered(const Expr&) {
  if (!shape_ || action_.moment != plan::Moment::Return) return unknown();
  if (action_.role != Role::Self || shape_->recovery == go::Recovery::No) return asm_.mov(R0, 0);
  if (shape_->recovery == go::Recovery::Unknown) return unknown();
  asm_.mov(R0, 1);
}

// Where an inlined call begins, its arguments are wherever the compiler has them.
bool Generator::is_inlined_argument(const Expr& expr) const {
  return shape_ && shape_->inlined && expr.kind == Expr::Kind::Call &&
         (expr.builtin == Builtin::Arg || expr.builtin == Builtin::Sarg);
}

// The offset in pt_regs of what the expression is, if it is a register.
std::optional<uint16_t> Generator::register_of(const Expr& expr) const {
  if (expr.kind != Expr::Kind::Call || !shape_) return std::nullopt;
  if (is_inlined_argument(expr)) return std::nullopt;
  bool go = shape_->abi == go::Abi::GoRegisters;
  auto number = static_cast<unsigned>(expr.integer);
  switch (expr.builtin) {
    case Builtin::Reg:
      return expr.integer <= arch::PtRegs::ss ? std::optional(static_cast<uint16_t>(expr.integer))
                                              : std::nullopt;
    case Builtin::Retval:
      return shape_->abi == go::Abi::GoStack ? std::nullopt : std::optional(arch::PtRegs::ax);
    case Builtin::Arg:
      if (shape_->abi == go::Abi::GoStack || expr.integer > 99) return std::nullopt;
      return go ? arch::go_argument_register(number) : arch::c_argument_register(number);
    default: return std::nullopt;
  }
}

void Generator::value_argument(const Expr& expr) {
  if (is_inlined_argument(expr)) return unknown();
  if (auto offset = register_of(expr)) return asm_.load(Width::U64, R0, R6, *offset);
  if (!shape_) return fail("arguments and registers are known at uprobes only");
  if (expr.builtin == Builtin::Arg && shape_->abi == go::Abi::GoStack)
    return value_stack_argument(expr);
  if (expr.builtin == Builtin::Arg)
    return fail("arg" + std::to_string(expr.integer) + " is not in a register of this function");
  if (expr.builtin == Builtin::Retval)
    return fail(
        "retval: this function returns its results on the stack; read them with "
        "*(reg(\"sp\")+N)");
  fail("internal error: register");
}

// The N-th word above the return address.
void Generator::value_stack_argument(const Expr& expr) {
  if (!shape_) return fail("arguments and registers are known at uprobes only");
  if (is_inlined_argument(expr)) return unknown();
  if (expr.integer > 10000) return fail("sarg: no such argument");
  asm_.load(Width::U64, R0, R6, arch::PtRegs::sp);
  asm_.alu(Alu::Add, R0, static_cast<int32_t>(8 + 8 * expr.integer));
  read_user(8, false);
}

}  // namespace gotap::codegen
