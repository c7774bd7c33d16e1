// Builder: collects what is to happen at which instruction, function by function, and in the end
// sorts the instructions into programs. Private to plan/.
//
// A wildcard over a large program is 130,000 functions and twice as many sites, so nothing here is
// kept per function but what is asked for again: a function is decoded once for all the clauses
// that name it, leaves its marks, and is forgotten.
#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "plan/layouts.h"
#include "plan/plan.h"

namespace gotap::plan {

/// One thing that is to happen at one instruction.
struct Mark {
  enum class What : uint8_t {
    Action,
    PushFrame,
    Save,
    PopFrame,
    PopWrappers,
    EndGoroutine,
    Unwind
  };
  uint64_t address = 0;
  uint32_t target = 0;
  uint32_t function = 0;  ///< the address lies in it: index in Image::functions()
  uint32_t clause = 0;    ///< of an Action; Save: whose arguments are kept
  uint32_t spec = 0;
  /// Kernel uretprobes sit at the entry address too but are another kind of breakpoint.
  bool kernel_uretprobe = false;
  bool check_branch = false;
  What what = What::Action;
  Moment moment = Moment::Instruction;
  Role role = Role::Self;
  go::GSource g = go::GSource::None;
  go::Recovery recovery = go::Recovery::No;
  /// Where an inlined call begins: the called function as traced() counts.
  uint32_t inlined = kNotInlined;
  uint32_t line = 0;  ///< of source, if the probe names one
  static constexpr uint32_t kNotInlined = ~0u;
};

class Builder {
 public:
  Builder(const lang::TypedProgram& program, const std::vector<Target>& targets);

  /// Places every probe of every clause.
  Planned build();

 private:
  /// One probe of one clause, resolved to a target, and what became of it.
  struct Request {
    uint32_t clause = 0;
    uint32_t spec = 0;  ///< index into Plan::specs
    uint32_t target = 0;
    const lang::ProbeSpec* probe = nullptr;
    size_t matched = 0, rets = 0, go_functions = 0;
    /// The distinct names it matched, if these are few: for their inlined copies.
    std::vector<std::string_view> names;
    std::vector<std::pair<uint32_t, std::string>> skipped;  ///< function, why
  };
  /// A request's wish for one function.
  struct Wish {
    uint32_t target = 0, function = 0, request = 0;
    auto operator<=>(const Wish&) const = default;
  };
  using FunctionKey = std::pair<uint32_t, uint32_t>;  ///< target, index in Image::functions()

  void add_probe(uint32_t clause, const lang::ProbeSpec& probe);
  void add_instruction(const Request& request);
  void add_address(const Request& request);
  void add_line(const Request& request);
  void mark_instruction(const Request& request, uint32_t function, uint64_t address);
  void add_functions(Request request);
  void say_what_became();
  void say_what_became(const Request& request, bool with_returns);
  void say_returns(const Request& request);
  void say_skipped(const Request& request);

  /// Empty, or why the function cannot be probed so; then nothing is marked.
  std::string add_entry(const Request& request, uint32_t function);
  std::string add_return(const Request& request, uint32_t function);
  std::string add_go_return(const Request& request, uint32_t function);
  /// All functions that `function` may leave for by a jump, those they jump to included. Empty, or
  /// why its returns cannot all be seen there.
  std::string find_tail_targets(uint32_t target, uint32_t function, int depth,
                                std::vector<uint32_t>& reached);
  /// Gives `wrapper` a place at the sites of all functions it reaches by jumps. Empty, or why not.
  std::string join(uint32_t target, uint32_t wrapper, const std::vector<uint32_t>& reached);
  Role role_of(uint32_t target, uint32_t wrapper, uint32_t function);
  /// Records the calls of a function: a frame at its entry, ended at each of its RETs.
  void track_frames(uint32_t target, uint32_t function);

  void mark(Mark mark) { marks_.push_back(mark); }
  uint32_t traced(uint32_t target, uint32_t function);
  uint32_t traced_name(uint32_t target, uint32_t function, std::string_view name);
  const go::FunctionSites& sites(uint32_t target, uint32_t function);
  /// The same for a function that many others jump to, and that is asked for again and again.
  const go::FunctionSites& tail_sites(uint32_t target, uint32_t function);
  const go::Image& image(uint32_t target) const { return *targets_[target].image; }
  void problem(const Request& request, std::string message, std::string hint = "");
  void note(std::string text, bool for_scripts = false);
  void note_returns(const std::string& text) { note("uretprobe on Go: " + text, true); }
  void finish();
  /// Inlined copies of functions (inlined.cc): what there are of the functions that the script
  /// names, and with probe_inline their sites.
  void handle_inlined();
  void add_inlined(const Request& request, const std::vector<go::InlinedCopies>& copies,
                   std::string_view name);
  void no_function(const Request& request);
  /// Takes those out of a wildcard's functions that the compiler made to call others of them
  /// (wrappers.cc): their calls would be counted twice.
  void drop_wrappers(const Request& request, std::vector<uint32_t>& matches);
  /// Where goroutines end, their open calls do too: see goroutine_end.cc.
  void mark_goroutine_ends();
  void mark_ends(uint32_t target, std::string_view name, Mark::What what);
  /// What the marks of one instruction make of its program.
  Shape shape_of(const Mark* begin, const Mark* end);
  uint32_t layout_of(const Mark& mark);
  bool add_site(const Mark& first, uint32_t program);

  const lang::TypedProgram& program_;
  const std::vector<Target>& targets_;
  Planned out_;
  std::vector<Request> requests_;
  std::vector<Wish> wishes_;
  std::vector<Mark> marks_;
  Layouts layouts_;
  std::vector<bool> asks_recovered_, asks_stack_;  ///< by clause
  bool asks_outermost_ = false;
  std::vector<std::unordered_map<std::string_view, uint32_t>> traced_;  ///< by target, name
  std::vector<std::vector<bool>> framed_;                               ///< by target, function
  std::map<FunctionKey, std::array<uint32_t, 2>> wrappers_;  ///< who jumps to it, traced()
  /// By the called function, as traced() counts, and the address.
  std::map<std::pair<uint32_t, uint64_t>, go::InlinedCallSite> inlined_calls_;
  FunctionKey last_{~0u, ~0u};
  go::FunctionSites last_sites_;
  std::map<FunctionKey, go::FunctionSites> tail_sites_;
};

}  // namespace gotap::plan
