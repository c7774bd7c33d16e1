// Generator: makes one BPF program. Its members stand in several files, by subject: program.cc
// (the whole), frame.cc, stmt.cc, expr.cc, arith.cc, builtins.cc, strings.cc, text.cc, tuples.cc,
// maps.cc, events.cc, stacks.cc, go_*.cc, saved.cc. Private to codegen/.
//
// Registers: R6 the context (struct pt_regs), R7 the globals' map value, R8 the ring record being
// filled, R9 the scratch slot (in frame.cc, before either, a loop counter and k); R0-R5 hold
// intermediate values, the value of an expression is left in R0. Everything that outlives a helper
// call is in memory.
//
// An unknown value (DESIGN rule 10) is a jump to the label `unknown_`, which the statement sets,
// or, if it is known why, to unknown_because().
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bpf/insn.h"
#include "codegen/memory.h"
#include "codegen/object_builder.h"

namespace gotap::codegen {

// Bytes of a word and of an interface of Go, and offsets in a StringLayout, as loads and stores
// take them.
constexpr int32_t kWord = 8, kInterface = 16;
constexpr auto kStringData = static_cast<int32_t>(StringLayout::kData);
constexpr auto kStringLength = static_cast<int32_t>(StringLayout::kLength);
constexpr auto kStringState = static_cast<int32_t>(StringLayout::kState);
constexpr auto kStringNotReadable = static_cast<int32_t>(StringState::NotReadable);

/// A Go value to be read: where it is, and the expressions of its dynamic indices.
struct GoOperand {
  const lang::GoValue* value = nullptr;
  const go::Access* access = nullptr;
  const std::vector<lang::Expr>* indices = nullptr;
  uint32_t target = 0;
  explicit operator bool() const { return access != nullptr; }
};

/// An address of the traced process while the steps to a Go value are followed: a word of pt_regs,
/// or one in memory of ours, or nothing, plus `offset`.
struct GoBase {
  enum class In : uint8_t { Nothing, Registers, Memory };
  In in = In::Nothing;
  uint16_t pt_regs = 0;
  Place place;
  int64_t offset = 0;
};

/// What of an error is still to be written: see go_errors.cc.
struct GoErrorWalk {
  Place next;             ///< the address of the error that a path error wraps, or 0
  Place list, list_left;  ///< the address of the next error that is joined, and how many
};

struct StackWalk;
/// A walk along the slots of what was copied: see go_whole.cc.
struct CopyWalk;

class Generator {
 public:
  explicit Generator(ObjectBuilder& builder) : builder_(builder) {}

  /// The code of a plan program or a timer. `scratch` says whether it is to claim a scratch
  /// slot; scratch_needed() afterwards, how much of it there should be.
  Result<std::vector<bpf::Insn>> uprobe(const plan::Program& program, bool scratch);
  Result<std::vector<bpf::Insn>> timer(const plan::Timer& timer, bool scratch);
  uint32_t scratch_needed() const { return memory_.scratch_peak(); }

 private:
  friend struct BuiltinTable;
  using Expr = lang::Expr;
  using Stmt = lang::Stmt;

  // program.cc
  void begin(bool scratch, bool check_exiting);
  Result<std::vector<bpf::Insn>> end();
  void find_needs();
  void check_member(int32_t map);
  void check_tgid();
  void check_branch_taken();
  void save_cookie();
  void find_site(Place cookie);
  void claim_scratch();
  void action(const plan::Action& action);
  void clause(const lang::Clause& clause);
  void count(uint32_t globals_offset);

  // frame.cc
  void goroutine();
  void read_go_frame(bpf::Label no_goroutine);
  void load_g(bpf::Label no_goroutine);
  void read_c_frame();
  void keep_k();
  void load_top();
  void drop_top(bpf::Label lost);
  enum class Unwind : uint8_t { AtEntry, AtReturn, AsDeep };
  void unwind(Unwind what);
  void drop_as_deep();
  void push_frame();
  void pop_frame();
  void pop_one(plan::Role role, bool count_missing);
  void end_goroutine();
  void store_top();
  void note_outermost(plan::Role role, bpf::Reg frame, int32_t offset);
  void load_cookie_function(bpf::Reg dst, plan::Role role);
  void set_frame_key(plan::Role role);

  // saved.cc
  bool keeps_frame_key() const;
  bool is_kept(const Expr& expr) const;
  void save_values();
  void save_value(const plan::Layout& layout, uint32_t slot, Place value);
  void find_saved();
  void drop_saved();
  void delete_saved();
  int32_t load_saved(const Expr& expr);
  void kept_value(const Expr& expr);
  void kept_string(const Expr& expr, Place dst, uint32_t capacity, bool zeroed);

  // go_errors.cc
  void read_error(const Expr& expr, Place dst);
  void go_error(const GoOperand& value, Place dst);
  void go_error_node(const GoOperand& value, Place node, Place pair, const GoErrorWalk& walk,
                     bool plain);
  void go_error_form(const go::ErrorForm& form, Place node, const GoBase& data,
                     const GoErrorWalk& walk);
  void go_text(const GoBase& words, Place dst, uint32_t capacity);

  // go_contexts.cc
  void go_span_id(const GoOperand& value, Place dst);
  void go_context_link(const GoOperand& value, const go::ContextForms::Link& link, Place pair,
                       Place dst, bpf::Label none, bpf::Label done);
  void hex_text(Place dst, Place bytes, uint32_t count);

  // stacks.cc
  void walk_stack(const Expr& expr, const Type& type, Place dst);
  void first_frames(const StackWalk& walk, Place dst, int32_t limit);
  void further_frames(const StackWalk& walk, Place dst, int32_t limit);
  void stack_creator(Place dst);

  // stmt.cc
  void body(const std::vector<Stmt>& body);
  void statement(const Stmt& stmt);
  void assign_variable(const Stmt& stmt);
  void while_loop(const Stmt& stmt);
  void for_loop(const Stmt& stmt);
  template <class Round>
  void loop(const Round& round, std::optional<uint64_t> rounds);
  void if_statement(const Stmt& stmt);
  void init_variables(const lang::Clause& clause);

  // expr.cc
  void eval(const Expr& expr);
  void eval_to(bpf::Reg reg, const Expr& leaf);
  bool is_leaf(const Expr& expr) const;
  void branch_false(const Expr& expr, bpf::Label to);
  void branch_true(const Expr& expr, bpf::Label to);
  void boolean(const Expr& expr);
  void ternary(const Expr& expr);
  void cast(const Type& type);
  void deref(const Expr& expr);
  void read_user(uint32_t bytes, bool is_signed);
  void variable(const Expr& expr);
  void check_known(const Expr& variable);
  void inc_dec(const Expr& expr);
  void unknown();
  bpf::Label unknown_because(bpf::UnknownReason reason);
  void unknown_by_flag(Place flag);
  bool can_fail(const Expr& expr) const;
  std::string unknown_reason(const Expr& expr) const;
  void find_fallible_variables(const lang::Clause& clause);
  void fail(std::string message);

  // go_values.cc
  void go_value(const Expr& expr);
  void string_go_value(const Expr& expr, Place dst, uint32_t capacity, bool zeroed);
  bool go_value_can_fail(const Expr& expr) const;
  bool is_go_leaf(const Expr& expr) const;
  bool is_go_string(const Expr& expr) const;
  GoOperand go_operand(const Expr& expr);
  GoOperand go_operand(const plan::Layout& layout, uint32_t slot, const std::vector<Expr>* indices);
  bool has_itab(const GoOperand& value) const;
  void go_scalar(const GoOperand& value);
  void go_type_of(const GoOperand& value);
  void go_reference_of(uint32_t target);
  void go_string(const GoOperand& value, Place dst, uint32_t limit);
  GoBase go_string_parts(const GoOperand& value, bpf::Label bad);
  void go_string_equals(const Expr& expr, const std::string& text, bpf::Label differ);
  void check_length(bpf::Label bad);
  void go_bytes(const GoBase& pointer, Place dst, uint32_t limit, bpf::Label bad);
  GoBase go_steps(const GoOperand& value, std::optional<bpf::Label> zero = std::nullopt);
  void go_pointer(const go::Word& word, GoBase& base, bpf::Label nil);
  void go_index(const go::AccessStep& step, const Expr* index, GoBase& base);
  void go_assert(const go::AccessStep& step, const GoBase& base);
  GoBase go_global(int64_t address) const;
  void go_address(bpf::Reg reg, const GoBase& base, int64_t offset);
  void go_read(Place dst, const GoBase& base, int64_t offset, uint32_t bytes);
  std::vector<Place> go_fetch(const std::vector<go::Word>& words, const GoBase& base);
  void go_load(bpf::Reg reg, const go::Word& word, Place place, const GoBase& base);
  GoBase go_word_base(const go::Word& word, Place place, const GoBase& base) const;
  bpf::UnknownReason reason_code(const std::string& reason);

  // go_fields.cc
  void fill_go_fields(const bpf::EventLayout& layout, const std::vector<const Expr*>& values,
                      std::vector<bool>& filled);
  bool is_go_field(const Expr& expr) const;
  std::vector<size_t> go_fields_beside(const std::vector<const Expr*>& values, size_t from) const;
  void read_go_fields(const bpf::EventLayout& layout, const std::vector<const Expr*>& values,
                      const std::vector<size_t>& beside);

  // go_whole.cc
  void whole_event(const bpf::EventLayout& layout, const std::vector<const Expr*>& values);
  void describe_whole(bpf::Field& field, const Expr& value);
  uint32_t whole_bytes(const go::Whole& whole) const;
  uint32_t whole_roots(const bpf::EventLayout& layout, const std::vector<const Expr*>& values);
  void whole_root(const GoOperand& operand, const go::Whole& whole, Place chunk);
  void copy_walk(const CopyWalk& walk);
  void copy_next_chunk(const CopyWalk& walk);
  void copy_slot(const CopyWalk& walk);
  void copy_count(const CopyWalk& walk);
  void copy_behind_interface(const CopyWalk& walk);
  void next_chunk(const CopyWalk& walk);
  void copy_itab(const CopyWalk& walk);
  void copy_chunk(const CopyWalk& walk);

  // go_labels.cc
  void string_label(const Expr& expr, Place dst, uint32_t capacity, bool zeroed);
  void label_of_list(const std::string& key, Place at, Place text, bpf::Label absent,
                     bpf::Label found);
  void label_of_map(const std::string& key, Place at, Place text, bpf::Label absent,
                    bpf::Label found);
  void label_matches(const std::string& wanted, Place key, Place value, Place text,
                     bpf::Label found);

  // arith.cc
  void binary(const Expr& expr);
  void operands(const Expr& expr);
  void arithmetic(const Expr& expr);
  void divide(const Expr& expr);
  void compare_branch(const Expr& expr, bool when, bpf::Label to);
  void log2_bucket(uint32_t bits, bool is_signed, bpf::Label negative);

  // builtins.cc
  void call(const Expr& expr);
  void string_call(const Expr& expr, Place dst, uint32_t capacity, bool zeroed);
  void update_aggregate(const Stmt& stmt, Place value, bpf::Label full);
  void id_half(bpf::Helper helper, bool high);
  void value_pid(const Expr& expr);
  void value_tid(const Expr& expr);
  void value_uid(const Expr& expr);
  void value_gid(const Expr& expr);
  void value_cpu(const Expr& expr);
  void value_nsecs(const Expr& expr);
  void value_elapsed(const Expr& expr);
  void value_func(const Expr& expr);
  void value_probe(const Expr& expr);
  void value_goid(const Expr& expr);
  void value_duration(const Expr& expr);
  void value_recovered(const Expr& expr);
  bool knows_frames() const;
  void value_outermost(const Expr& expr);
  void value_depth(const Expr& expr);
  void value_wait_name(const Expr& expr);
  void value_argument(const Expr& expr);
  void value_stack_argument(const Expr& expr);
  bool is_inlined_argument(const Expr& expr) const;
  std::optional<uint16_t> register_of(const Expr& expr) const;

  void value_rand(const Expr& expr);
  void value_ncpus(const Expr& expr);
  void value_cgroup(const Expr& expr);
  void value_numaid(const Expr& expr);
  void value_jiffies(const Expr& expr);
  void value_usermode(const Expr& expr);
  void value_kid(const Expr& expr);
  void value_length(const Expr& expr);
  void value_stack(const Expr& expr);
  void value_bswap(const Expr& expr);
  void value_has_key(const Expr& expr);

  // text.cc
  void value_strlen(const Expr& expr);
  void value_strncmp(const Expr& expr);
  void value_strstr(const Expr& expr);
  void value_strcontains(const Expr& expr);
  void find_string(const Expr& expr, bool index);
  void string_probetype(const Expr& expr, Place dst, uint32_t capacity, bool zeroed);
  void buffer(const Expr& expr, Place dst, uint32_t capacity, bool zeroed);
  void string_index(const Expr& expr);
  Place readable_string(const Expr& expr);

  // tuples.cc
  void eval_into(const Expr& expr, const Type& type, Place dst, bool zeroed);
  void eval_object(const Expr& expr, const Type& type, Place dst);
  void eval_tuple(const Expr& expr, const Type& type, Place dst, bool zeroed);
  Place tuple_place(const Expr& expr);
  void copy_value(Place dst, const Type& type, Place src, const Type& source, bool zeroed);

  // strings.cc
  void eval_string(const Expr& expr, Place dst, uint32_t capacity, bool zeroed);
  void string_literal(const std::string& text, Place dst, uint32_t capacity, bool zeroed);
  void string_read(const Expr& expr, Place dst, uint32_t capacity, bool zeroed);
  void string_read_exact(Place pointer, Place dst, uint32_t limit);
  void string_read_to_nul(Place pointer, Place dst, uint32_t limit, bool cut_inside);
  void string_comm(const Expr& expr, Place dst, uint32_t capacity, bool zeroed);
  void not_readable(Place dst);
  void string_copy(Place dst, uint32_t capacity, bpf::Reg src, int32_t offset, uint32_t source,
                   bool zeroed);
  void string_map(const Expr& expr, Place dst, uint32_t capacity, bool zeroed);
  void string_compare(const Expr& expr);
  void compare_literal(Place data, const std::string& text, bpf::Label differ);
  void zero(Place dst, uint32_t bytes);
  void copy(Place dst, bpf::Reg src, int32_t offset, uint32_t bytes);
  void address(bpf::Reg reg, Place place);

  // maps.cc
  Place map_key(uint32_t user_map, const std::vector<Expr>& keys);
  void map_lookup(uint32_t user_map, Place key);
  void map_lookup_or_insert(uint32_t user_map, Place key, bpf::Label full);
  template <class Update>
  void update_entry(uint32_t user_map, const std::vector<Expr>& keys, const Update& update,
                    bool is_value = false);
  void map_value(const Expr& expr);
  void aggregate_value(const Type& type, bpf::Label done);
  void assign_map(const Stmt& stmt);
  void add_to_map(const Stmt& stmt);
  void aggregate(const Stmt& stmt);
  void hist_bucket_of(const Stmt& stmt);
  void update_count(const Stmt& stmt, Place value, bpf::Label full);
  void update_sum(const Stmt& stmt, Place value, bpf::Label full);
  void update_avg(const Stmt& stmt, Place value, bpf::Label full);
  void update_extreme(const Stmt& stmt, Place value, bpf::Label full);
  void update_hist(const Stmt& stmt, Place bucket, bpf::Label full);
  void inc_dec_statement(const Expr& expr);
  void delete_key(const Expr& expr);
  void map_inc_dec(const Expr& expr);
  const bpf::UserMap& user_map(uint32_t index) const { return builder_.object.user_maps[index]; }

  // events.cc
  void print_call(const Expr& expr);
  void printf_call(const Expr& expr);
  void clear_call(const Expr& expr);
  void zero_call(const Expr& expr);
  template <class Fill>
  void emit_record(const bpf::EventLayout& layout, const Fill& fill);
  void emit_event(bpf::EventLayout layout, const std::vector<const Expr*>& values);
  void map_event(const Expr& expr, bpf::EventLayout::Kind kind);
  void map_value_event(const Expr& map);
  void exit_call(const Expr& expr);
  void time_call(const Expr& expr);
  void join_call(const Expr& expr);
  void cat_call(const Expr& expr);
  void system_call(const Expr& expr);
  void format_event(const Expr& expr, bpf::EventLayout::Kind kind);
  void layout_fields(bpf::EventLayout& layout, const std::vector<const Expr*>& values);
  void fill_field(const bpf::Field& field, const Expr& value);
  void fill_fields(const bpf::EventLayout& layout, const std::vector<const Expr*>& values);
  void reserve(const bpf::EventLayout& layout, uint32_t index, bpf::Label full);
  void submit();

  /// Where it is to be stored why a value is unknown: a UnknownReason.
  struct ReasonSink {
    Place place;
    bpf::Width width = bpf::Width::U64;
  };

  /// Runs `code` with its own unknown label; if the label was jumped to, what follows it at
  /// run time is `on_unknown`. Before that the reason is stored in `sink`, if there is one.
  template <class Code, class OnUnknown>
  void attempt(const Code& code, const OnUnknown& on_unknown,
               std::optional<ReasonSink> sink = std::nullopt) {
    bpf::Label here = asm_.label(), explained = asm_.label(), outer = unknown_;
    Unknown met{sink ? explained : here, sink, {}};
    std::swap(met, unknowns_);
    unknown_ = here;
    code();
    unknown_ = outer;
    std::swap(met, unknowns_);
    if (!asm_.used(here) && !asm_.used(explained) && met.because.empty()) {
      asm_.bind(here);
      return asm_.bind(explained);
    }
    bpf::Label done = asm_.label();
    asm_.jump(done);
    for (auto [reason, label] : met.because) {
      asm_.bind(label);
      asm_.store(sink->width, sink->place.base, sink->place.offset, reason);
      asm_.jump(explained);
    }
    asm_.bind(here);
    if (sink)
      asm_.store(sink->width, sink->place.base, sink->place.offset,
                 static_cast<int32_t>(bpf::UnknownReason::Default));
    asm_.bind(explained);
    on_unknown();
    asm_.bind(done);
  }

  static constexpr uint64_t kNoDuration = ~uint64_t{0};  ///< in a duration slot: no frame

  ObjectBuilder& builder_;
  bpf::Assembler asm_;
  Memory memory_;
  std::string failure_;  ///< the first thing that went wrong, or empty

  const plan::Shape* shape_ = nullptr;  ///< nullptr: a timer
  uint32_t program_ = 0;                ///< its plan program's index
  lang::ProbeKind timer_kind_ = lang::ProbeKind::Begin;
  plan::Action action_;                   ///< the one being generated
  const lang::Clause* clause_ = nullptr;  ///< its clause
  std::vector<Place> variables_;          ///< of the clause
  std::vector<bool> fallible_;            ///< variables_ that are followed by an unknown flag
  bpf::Label exit_, clause_end_, unknown_;
  /// What attempt() knows beside the label.
  struct Unknown {
    bpf::Label explained;  ///< where to go when the reason is stored already
    std::optional<ReasonSink> sink;
    std::map<int32_t, bpf::Label> because;  ///< by reason: stores it and jumps to `explained`
  };
  Unknown unknowns_;
  bpf::Label break_, continue_;  ///< of the innermost loop
  size_t loops_ = 0;             ///< around the statement
  uint64_t repeated_ = 0;        ///< instructions that inner loops run again

  bool need_cookie_ = false, need_goid_ = false, need_frame_ = false, scratch_ = false;
  bool need_outermost_ = false, need_depth_ = false;
  Place cookie_, goid_, goroutine_known_, branch_taken_, scratch_base_, scratch_bit_;
  Place durations_[3];  ///< by plan::Role
  Place outermost_;     ///< a bit for each plan::Role
  Place depth_;         ///< 0: the goroutine is not known
  // While the frame is handled, see frame.cc.
  Place key_, top_, top_pointer_, k_, now_, frame_;
  // If something is kept of calls, see saved.cc.
  Place pushed_;  ///< when the frame began that was pushed, or 0
  Place saved_;   ///< the address of what was kept of the action's call, or 0
};

}  // namespace gotap::codegen
