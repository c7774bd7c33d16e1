// Where inlined calls begin: for each, an instruction that runs exactly once a call, or why there
// is none. Entry point: find_inlined_sites().
//
// Facts. The compiler marks an inlined call's place by OpInlMark, which stays in its basic block,
// as it has a memory argument (cmd/compile/internal/ssa). When it writes the code down
// (ssagen/ssa.go, inlMarks) it makes a nop of the mark only if no instruction of the function has
// the call's line; else the first one that has, in the order of the code, becomes
// inlinedCall.parentPc, and that one may lie before a loop, or run where a condition in the same
// line keeps the call from being made. Instructions of the body can be found (PCDATA 2), but what
// only computes may have been moved: down to where its result is used (ssa/tighten.go), or, from
// 1.26 with the mark, up before a condition (ssa/branchelim.go). Stores, calls and branches are
// never moved to another block. Hence:
//
// - A mark that is a nop is the call, unless it may have been moved up.
// - If the body has something that is never moved in a block which all of the body is behind, that
//   block runs once a call: the way from the call to there leads through the body's own code
//   only, whose branches would be of the body, too, and not behind the block. (Nor may one of the
//   calling line be before it: see may_be_skipped.)
// - A body that only computes counts if the mark is in one block with all of it, or before the
//   rest, together with something of the calling line that is never moved.
// In the block that runs once a call any instruction of the body will do.
#include <algorithm>

#include "go/inline_tree.h"

namespace gotap::go {
namespace {

using arch::Flow;

constexpr const char* kMixed =
    "no instruction of it surely runs once a call: it is mixed with its caller's code";

/// What is known of one instruction.
struct Step {
  uint64_t address = 0;
  arch::Instruction insn;
  arch::Effects effects;
  int32_t call = -1;  ///< the innermost inlined call
  int32_t line = -1;
  size_t block = 0;

  /// Whether the compiler never moves it to another block. Loads it does not move before 1.21
  /// (ssa/tighten.go).
  bool is_fixed(int minor) const {
    return effects.writes || insn.flow != Flow::Next || (minor < 21 && effects.reads);
  }
};

struct Block {
  size_t begin = 0, end = 0;  ///< of steps
  std::vector<size_t> next;
  bool entered = false;  ///< from outside: the first one, and those no branch leads to
};

class Finder {
 public:
  explicit Finder(const InlineInput& input) : input_(input) {}
  InlinedSites find(std::string_view name);

 private:
  bool decode(std::string* problem);
  void make_blocks();
  std::optional<uint64_t> site_of(int32_t call) const;
  bool may_be_skipped(size_t block, const Step& mark) const;
  std::optional<uint64_t> first_of(size_t block, int32_t call) const;
  InlinedCallSite identify(int32_t call, const Step& site) const;
  bool is_dominated(size_t block, const std::vector<size_t>& others) const;
  bool loops_inside(size_t block, int32_t call) const;
  bool is_in(const Step& step, int32_t call) const {
    return input_.tree.is_within(step.call, call);
  }
  const Step* step_at(uint64_t address) const;

  const InlineInput& input_;
  std::vector<Step> steps_;
  std::vector<Block> blocks_;
};

bool Finder::decode(std::string* problem) {
  const DecodedFunction function = decode_function(input_.code, input_.entry);
  *problem = function.problem;
  if (!problem->empty() || function.insns.empty()) return false;
  for (const Decoded& at : function.insns)
    steps_.push_back(
        {at.address, at.insn, arch::effects(input_.code.from(at.address - input_.entry)),
         input_.tree.at(at.address), value_at(input_.lines, at.address).value_or(-1), 0});
  return true;
}

const Step* Finder::step_at(uint64_t address) const {
  auto it = std::lower_bound(steps_.begin(), steps_.end(), address,
                             [](const Step& step, uint64_t a) { return step.address < a; });
  return it == steps_.end() || it->address != address ? nullptr : &*it;
}

// A jump through a register (a switch's table) may lead anywhere.
void Finder::make_blocks() {
  std::vector<bool> leads(steps_.size(), false);
  leads[0] = true;
  auto ends = [](Flow flow) {
    return flow != Flow::Next && flow != Flow::Call && flow != Flow::IndirectCall;
  };
  for (size_t i = 0; i < steps_.size(); i++) {
    const arch::Instruction& insn = steps_[i].insn;
    if (ends(insn.flow) && i + 1 < steps_.size()) leads[i + 1] = true;
    if (insn.flow == Flow::Jump || insn.flow == Flow::Branch)
      if (const Step* to = step_at(insn.target)) leads[static_cast<size_t>(to - &steps_[0])] = true;
  }
  for (size_t i = 0; i < steps_.size(); i++) {
    if (leads[i]) blocks_.push_back({i, i, {}, false});
    blocks_.back().end = i + 1;
    steps_[i].block = blocks_.size() - 1;
  }
  std::vector<bool> reached(blocks_.size(), false);
  for (size_t b = 0; b < blocks_.size(); b++) {
    const arch::Instruction& last = steps_[blocks_[b].end - 1].insn;
    std::vector<size_t>& next = blocks_[b].next;
    if (last.flow == Flow::IndirectJump)
      for (size_t any = 0; any < blocks_.size(); any++) next.push_back(any);
    if (last.flow == Flow::Jump || last.flow == Flow::Branch)
      if (const Step* to = step_at(last.target)) next.push_back(to->block);
    if ((!ends(last.flow) || last.flow == Flow::Branch) && b + 1 < blocks_.size())
      next.push_back(b + 1);
    for (size_t to : next) reached[to] = true;
  }
  for (size_t b = 0; b < blocks_.size(); b++) blocks_[b].entered = b == 0 || !reached[b];
}

/// Whether each way to any of `others` leads through `block`.
bool Finder::is_dominated(size_t block, const std::vector<size_t>& others) const {
  std::vector<bool> seen(blocks_.size(), false);
  seen[block] = true;
  std::vector<size_t> open;
  for (size_t b = 0; b < blocks_.size(); b++)
    if (blocks_[b].entered && b != block) open.push_back(b);
  while (!open.empty()) {
    const size_t at = open.back();
    open.pop_back();
    if (seen[at]) continue;
    seen[at] = true;
    for (size_t to : blocks_[at].next) open.push_back(to);
  }
  return std::all_of(others.begin(), others.end(),
                     [&](size_t other) { return other == block || !seen[other]; });
}

/// Whether the block may lie in a loop of the inlined function's own: a way from the block back to
/// it that only the body's branches decide.
bool Finder::loops_inside(size_t block, int32_t call) const {
  std::vector<bool> seen(blocks_.size(), false);
  std::vector<size_t> open{block};
  bool back = false, own = false;
  while (!open.empty()) {
    const size_t at = open.back();
    open.pop_back();
    if (seen[at]) continue;
    seen[at] = true;
    const Step& last = steps_[blocks_[at].end - 1];
    const bool decides = last.insn.flow == Flow::Branch || last.insn.flow == Flow::IndirectJump;
    if (decides && !is_in(last, call)) continue;
    own |= last.insn.flow != Flow::Next && is_in(last, call);
    for (size_t to : blocks_[at].next) {
      back |= to == block;
      open.push_back(to);
    }
  }
  return back && own;
}

std::optional<uint64_t> Finder::site_of(int32_t call) const {
  const InlineRecord& inlined = input_.tree.calls[static_cast<size_t>(call)];
  const Step* mark = step_at(inlined.mark);
  if (!mark || input_.tree.is_within(mark->call, call)) return std::nullopt;
  std::vector<size_t> body, certain;  // blocks of it, those with something that is never moved
  bool kept = false, fixed_line = false;
  auto add = [](std::vector<size_t>& blocks, size_t block) {
    if (blocks.empty() || blocks.back() != block) blocks.push_back(block);
  };
  for (const Step& step : steps_) {
    const bool fixed = step.is_fixed(input_.minor);
    if (step.block == mark->block && step.call == mark->call && step.line == mark->line)
      fixed_line |= fixed;
    if (!is_in(step, call)) continue;
    add(body, step.block);
    if (fixed) add(certain, step.block);
    kept |= fixed || step.effects.reads || step.effects.divides;
  }
  if (input_.minor >= kSpeculatesInlineMarks && !kept) return std::nullopt;
  const bool is_nop = mark->insn.length == 1 && mark->insn.flow == Flow::Next &&
                      input_.code[mark->address - input_.entry] == 0x90;
  if (is_nop) return mark->address;
  if (certain.empty() && fixed_line) certain.push_back(mark->block);
  for (size_t block : certain)
    if (is_dominated(block, body) && !loops_inside(block, call) && !may_be_skipped(block, *mark))
      return first_of(block, call);
  return std::nullopt;
}

/// Whether a branch before the block has the calling line: of a condition there, or of the body, as
/// Go 1.19 gives the caller's line to some instructions of it.
bool Finder::may_be_skipped(size_t block, const Step& mark) const {
  return std::any_of(steps_.begin(), steps_.begin() + static_cast<ptrdiff_t>(blocks_[block].begin),
                     [&](const Step& step) {
                       return step.insn.flow == Flow::Branch && step.call == mark.call &&
                              step.line == mark.line;
                     });
}

/// The body's first instruction in the block that a probe can be put on.
std::optional<uint64_t> Finder::first_of(size_t block, int32_t call) const {
  for (size_t i = blocks_[block].begin; i < blocks_[block].end; i++)
    if (is_in(steps_[i], call) && !steps_[i].insn.refused && steps_[i].insn.flow != Flow::Ret)
      return steps_[i].address;
  return std::nullopt;
}

/// A mark that is a nop is the caller's, so that the body is elsewhere; it may even be gone.
InlinedCallSite Finder::identify(int32_t call, const Step& site) const {
  InlinedCallSite it{site.address, site.address, 0};
  if (!is_in(site, call)) {
    const auto body = std::find_if(steps_.begin(), steps_.end(),
                                   [&](const Step& step) { return is_in(step, call); });
    it.body = body == steps_.end() ? 0 : body->address;
  }
  // A damaged tree may lead in circles.
  for (int32_t at = call; it.depth < input_.tree.calls.size(); it.depth++) {
    at = input_.tree.calls[static_cast<size_t>(at)].parent;
    if (at < 0 || static_cast<size_t>(at) >= input_.tree.calls.size()) break;
  }
  return it;
}

InlinedSites Finder::find(std::string_view name) {
  InlinedSites found;
  std::string problem;
  const bool decoded = decode(&problem);
  if (decoded) make_blocks();
  for (size_t i = 0; i < input_.tree.calls.size(); i++) {
    if (input_.tree.calls[i].name != name) continue;
    auto address = decoded ? site_of(static_cast<int32_t>(i)) : std::nullopt;
    if (!address) {
      found.refused.push_back(problem.empty() ? kMixed : problem);
      continue;
    }
    const Step& step = *step_at(*address);
    found.sites.push_back({*address, EntryForm::Start, step.insn.emulated, input_.g});
    found.calls.push_back(identify(static_cast<int32_t>(i), step));
  }
  return found;
}

}  // namespace

InlinedSites find_inlined_sites(const InlineInput& input, std::string_view name) {
  return Finder(input).find(name);
}

}  // namespace gotap::go
