#include "plan/builder.h"

#include <algorithm>
#include <tuple>

#include "arch/x86_64.h"
#include "base/text.h"

namespace gotap::plan {

namespace {

using lang::ProbeKind;

// Tail jumps chain (a wrapper of a wrapper); real programs have at most two in a row.
constexpr int kMaxTailDepth = 4;

std::string offset_name(const go::Function& function, uint64_t address) {
  return std::string(function.name) + "+" + std::to_string(address - function.entry);
}

std::string count_of(size_t n, const std::string& one) {
  return std::to_string(n) + " " + one + (n == 1 ? "" : "s");
}

// How an interval was meant: the largest unit that divides it.
std::string interval_name(uint64_t ns) {
  static constexpr std::pair<uint64_t, const char*> kUnits[] = {
      {1'000'000'000, "s"}, {1'000'000, "ms"}, {1'000, "us"}};
  for (auto [unit, name] : kUnits)
    if (ns % unit == 0) return std::string("interval:") + name + ":" + std::to_string(ns / unit);
  return "interval:ns:" + std::to_string(ns);
}

// What an instruction at `address` may consist of: less than the longest one at the end of the
// code.
Bytes code_at(const go::Image& image, uint64_t address) {
  for (unsigned length = arch::kMaxInstructionLength; length > 0; length--)
    if (auto code = image.bytes_at(address, length)) return *code;
  return {};
}

// Why returns of a Go function cannot all be seen; empty if they can.
std::string unseen_returns(const go::FunctionSites& sites) {
  if (!sites.rets_refused.empty()) return sites.rets_refused;
  if (!sites.indirect_jumps.empty())
    return "it leaves by a jump through a register, and where to is not known";
  if (sites.rets.empty() && sites.tail_jumps.empty())
    return "it never returns (no RET instruction)";
  return "";
}

// The script's order; but where a call begins and returns at one instruction (an empty
// function), it begins first.
void sort_actions(std::vector<Action>& actions) {
  auto has = [&](Moment moment) {
    return std::any_of(actions.begin(), actions.end(),
                       [&](const Action& action) { return action.moment == moment; });
  };
  bool both = has(Moment::Entry) && has(Moment::Return);
  std::stable_sort(actions.begin(), actions.end(), [&](const Action& a, const Action& b) {
    bool a_late = both && a.moment == Moment::Return, b_late = both && b.moment == Moment::Return;
    return std::tie(a_late, a.clause, a.spec) < std::tie(b_late, b.clause, b.spec);
  });
}

}  // namespace

Builder::Builder(const lang::TypedProgram& program, const std::vector<Target>& targets)
    : program_(program), targets_(targets) {
  out_.plan.targets = targets;
}

Planned Builder::build() {
  for (uint32_t clause = 0; clause < program_.clauses.size(); clause++)
    for (const lang::ProbeSpec& probe : program_.clauses[clause].probes) add_probe(clause, probe);
  if (out_.problems.empty()) finish();
  return std::move(out_);
}

void Builder::problem(const Request& request, std::string message, std::string hint) {
  out_.problems.push_back({request.probe->location, std::move(message), std::move(hint)});
}

void Builder::add_probe(uint32_t clause, const lang::ProbeSpec& probe) {
  Plan& plan = out_.plan;
  Request request{clause, static_cast<uint32_t>(plan.specs.size()), 0, &probe};
  plan.spec_suffixes.emplace_back();
  switch (probe.kind) {
    case ProbeKind::Begin: plan.specs.emplace_back("begin"); break;
    case ProbeKind::End: plan.specs.emplace_back("end"); break;
    case ProbeKind::Interval: plan.specs.push_back(interval_name(probe.interval_ns)); break;
    case ProbeKind::Uprobe: plan.specs.push_back("uprobe:" + probe.path + ":"); break;
    case ProbeKind::Uretprobe: plan.specs.push_back("uretprobe:" + probe.path + ":"); break;
  }
  if (probe.kind != ProbeKind::Uprobe && probe.kind != ProbeKind::Uretprobe) {
    plan.timers.push_back({probe.kind, clause, request.spec, probe.interval_ns});
    plan.probe_count++;
    return;
  }
  for (; request.target < targets_.size(); request.target++)
    if (targets_[request.target].path == probe.path) break;
  if (request.target == targets_.size())
    return problem(request, "the program " + probe.path + " could not be opened");
  if (probe.offset || probe.address)
    add_instruction(request);
  else
    add_functions(request);
}

// uprobe:BIN:F+N and uprobe:BIN:0xN: exactly one instruction, which must be one.
void Builder::add_instruction(const Request& request) {
  const lang::ProbeSpec& probe = *request.probe;
  const go::Image& image = this->image(request.target);
  if (probe.kind == ProbeKind::Uretprobe)
    return problem(request, "uretprobe takes a whole function, not an instruction of it",
                   "leave out the offset, or use uprobe");
  std::vector<uint32_t> found;
  if (probe.address) {
    if (auto function = image.function_at(*probe.address)) found.push_back(*function);
    if (found.empty())
      return problem(request,
                     "no function of " + probe.path + " holds the address " + hex(*probe.address));
  } else {
    found = image.find(probe.function);
    if (found.empty()) return add_functions(request);  // says what is wrong with the name
  }
  for (uint32_t index : found) {
    const go::Function& function = image.functions()[index];
    uint64_t address = probe.address ? *probe.address : function.entry + *probe.offset;
    uint64_t size = function.end - function.entry;
    if (address >= function.end || address < function.entry)
      return problem(request, std::string(function.name) + "+" + std::to_string(*probe.offset) +
                                  " lies behind the end of the function, which has " +
                                  std::to_string(size) + " bytes");
    auto boundaries = image.boundaries(index);
    if (!boundaries.ok()) return problem(request, boundaries.error().message);
    auto next = std::lower_bound(boundaries->begin(), boundaries->end(), address);
    if (next == boundaries->end() || *next != address) {
      std::vector<std::string> neighbours;
      if (next != boundaries->begin()) neighbours.push_back(offset_name(function, *(next - 1)));
      if (next != boundaries->end()) neighbours.push_back(offset_name(function, *next));
      return problem(
          request, offset_name(function, address) + " is inside an instruction, not at one's start",
          "the nearest instructions start at " + join_words(neighbours));
    }
    SiteDraft& draft = site(request.target, index, address, false, go::g_source(function));
    draft.shape.actions.push_back({request.clause, request.spec, Moment::Instruction, Role::Self});
    out_.plan.spec_suffixes[request.spec] = "+" + std::to_string(address - function.entry);
    out_.plan.probe_count++;
  }
}

void Builder::add_functions(const Request& request) {
  const lang::ProbeSpec& probe = *request.probe;
  const go::Image& image = this->image(request.target);
  std::vector<uint32_t> matches = match_functions(probe, image);
  if (matches.empty()) {
    std::vector<std::string_view> names;
    for (const go::Function& function : image.functions()) names.push_back(function.name);
    std::vector<std::string> nearest = nearest_names(probe.function, names, 3);
    std::string hint = !nearest.empty() ? "did you mean " + join_words(nearest, "or") + "?"
                       : names.empty()
                           ? "the file has no symbols (stripped)"
                           : "list its functions with: gotap -l 'uprobe:" + probe.path + ":*'";
    return problem(request, "no function named " + probe.function + " in " + probe.path, hint);
  }
  bool is_return = probe.kind == ProbeKind::Uretprobe;
  std::vector<std::pair<std::string, std::string>> skipped;
  size_t rets = 0, go_functions = 0;
  for (uint32_t index : matches) {
    const go::Function& function = image.functions()[index];
    std::string refusal = is_return ? add_return(request, index) : add_entry(request, index);
    if (!refusal.empty()) {
      skipped.emplace_back(function.name, refusal);
      continue;
    }
    out_.plan.probe_count++;
    if (is_return && function.is_go) {
      go_functions++;
      rets += sites(request.target, index).rets.size();
    }
  }
  if (skipped.size() == matches.size()) {
    const auto& [name, why] = skipped.front();
    if (matches.size() == 1) return problem(request, name + " cannot be probed: " + why);
    return problem(request,
                   "none of the " + std::to_string(matches.size()) + " functions that match " +
                       probe.function + " can be probed",
                   name + ": " + why);
  }
  if (!skipped.empty()) warn_skipped(request, matches.size(), skipped);
  if (go_functions == 1 && rets == 0)
    out_.plan.notes.push_back("uretprobe on Go: " + probe.function +
                              " leaves by a jump, so at the RET sites of its target");
  else if (go_functions == 1)
    out_.plan.notes.push_back("uretprobe on Go: " + count_of(rets, "RET site") + " of " +
                              probe.function);
  else if (go_functions > 1)
    out_.plan.notes.push_back("uretprobe on Go: " + count_of(rets, "RET site") + " of " +
                              std::to_string(go_functions) + " functions named " + probe.function);
  else if (matches.size() > 1 && !has_wildcard(probe.function))
    out_.plan.notes.push_back(std::to_string(matches.size()) + " functions are named " +
                              probe.function + ": all are probed");
}

void Builder::warn_skipped(const Request& request, size_t matched,
                           const std::vector<std::pair<std::string, std::string>>& skipped) {
  constexpr size_t kShown = 3;
  std::string line = request.probe->function + ": " + std::to_string(skipped.size()) + " of " +
                     std::to_string(matched) + " functions not probed: ";
  for (size_t i = 0; i < std::min(kShown, skipped.size()); i++)
    line += (i ? "; " : "") + skipped[i].first + " (" + skipped[i].second + ")";
  if (skipped.size() > kShown) line += "; and " + std::to_string(skipped.size() - kShown) + " more";
  out_.plan.warnings.push_back(line);
}

std::string Builder::add_entry(const Request& request, uint32_t index) {
  const go::Function& function = image(request.target).functions()[index];
  uint64_t address = function.entry;
  go::GSource g = go::GSource::None;
  bool check_branch = false;
  if (function.is_go) {
    const go::FunctionSites& found = sites(request.target, index);
    if (!found.entry) return found.entry_refused;
    address = found.entry->address;
    g = found.entry->g;
    check_branch = found.entry->form == go::EntryForm::CheckBranch;
  }
  SiteDraft& draft = site(request.target, index, address, false, g);
  draft.shape.check_branch = check_branch;
  draft.shape.actions.push_back({request.clause, request.spec, Moment::Entry, Role::Self});
  return "";
}

std::string Builder::add_return(const Request& request, uint32_t index) {
  const go::Function& function = image(request.target).functions()[index];
  if (function.is_go) return add_go_return(request, index);
  // Not Go: its stack never moves, so the kernel's own return probe is safe.
  SiteDraft& draft = site(request.target, index, function.entry, true, go::GSource::None);
  draft.shape.actions.push_back({request.clause, request.spec, Moment::Return, Role::Self});
  if (program_.clauses[request.clause].uses_duration) return track_frames(request.target, index);
  return "";
}

std::string Builder::add_go_return(const Request& request, uint32_t index) {
  // Copied, not referenced: tracking a tail jump's target grows the cache.
  const go::FunctionSites found = sites(request.target, index);
  std::string unseen = unseen_returns(found);
  if (!unseen.empty()) return unseen;
  if (program_.clauses[request.clause].uses_duration || !found.tail_jumps.empty()) {
    std::string refusal = track_frames(request.target, index);
    if (!refusal.empty()) return refusal;
  }
  if (!found.tail_jumps.empty()) {
    std::string refusal = add_tail_returns(request, index, index, 0);
    if (!refusal.empty()) return refusal;
  }
  for (const go::RetSite& ret : found.rets) {
    SiteDraft& draft = site(request.target, index, ret.address, false, ret.g);
    draft.shape.actions.push_back({request.clause, request.spec, Moment::Return, Role::Self});
  }
  return "";
}

// `wrapper` left `function` by a jump: its return is the return of the jump's target, seen
// there with the same goroutine and the same k.
std::string Builder::add_tail_returns(const Request& request, uint32_t wrapper, uint32_t function,
                                      int depth) {
  if (depth == kMaxTailDepth) return "it leaves through a chain of jumps too long to follow";
  const go::Image& image = this->image(request.target);
  uint64_t wrapper_id = traced(request.target, wrapper);
  const std::vector<go::TailJump> jumps = sites(request.target, function).tail_jumps;
  std::vector<uint32_t> seen;
  for (const go::TailJump& jump : jumps) {
    auto target = image.function_at(jump.target);
    if (!target || image.functions()[*target].entry != jump.target)
      return "it jumps to " + hex(jump.target) + ", which is not the start of a function";
    if (std::find(seen.begin(), seen.end(), *target) != seen.end()) continue;
    seen.push_back(*target);
    const std::string name(image.functions()[*target].name);
    const go::FunctionSites found = sites(request.target, *target);
    std::string unseen = unseen_returns(found);
    if (!unseen.empty()) return "it jumps to " + name + ": " + unseen;
    // The wrapper's frame lies under the target's, so the target's must be known as well.
    std::string untracked = track_frames(request.target, *target);
    if (!untracked.empty()) return "it jumps to " + name + ": " + untracked;
    auto join = [&](SiteDraft& draft) {
      Cookie& cookie = draft.cookie;
      if (cookie.wrapper1 == wrapper_id || cookie.wrapper1 == Cookie::kNone) {
        cookie.wrapper1 = wrapper_id;
        return Role::Wrapper1;
      }
      if (cookie.wrapper2 == wrapper_id || cookie.wrapper2 == Cookie::kNone) {
        cookie.wrapper2 = wrapper_id;
        return Role::Wrapper2;
      }
      return Role::Self;  // no place left
    };
    for (const go::RetSite& ret : found.rets) {
      SiteDraft& draft = site(request.target, *target, ret.address, false, ret.g);
      Role role = join(draft);
      if (role == Role::Self)
        return "it jumps to " + name + ", as do two other probed functions already";
      draft.shape.pop_wrappers = true;
      draft.shape.actions.push_back({request.clause, request.spec, Moment::Return, role});
    }
    // A call of the target must not take the wrapper's open frame for a lost one.
    if (found.entry) {
      SiteDraft& draft = site(request.target, *target, found.entry->address, false, found.entry->g);
      join(draft);
      draft.shape.check_branch = found.entry->form == go::EntryForm::CheckBranch;
    }
    if (!found.tail_jumps.empty()) {
      std::string refusal = add_tail_returns(request, wrapper, *target, depth + 1);
      if (!refusal.empty()) return refusal;
    }
  }
  return "";
}

std::string Builder::track_frames(uint32_t target, uint32_t index) {
  auto [known, fresh] = framed_.try_emplace({target, index});
  if (!fresh) return known->second;
  std::string& refusal = known->second;
  const go::Function& function = image(target).functions()[index];
  out_.plan.uses_frames = true;
  if (!function.is_go) {
    for (bool on_return : {false, true}) {
      SiteDraft& draft = site(target, index, function.entry, on_return, go::GSource::None);
      (on_return ? draft.shape.pop_frame : draft.shape.push_frame) = true;
    }
    return refusal;
  }
  const go::FunctionSites& found = sites(target, index);
  if (!found.entry)
    refusal = "its calls cannot be timed: " + found.entry_refused;
  else if (!found.rets_refused.empty())
    refusal = found.rets_refused;
  if (!refusal.empty()) return refusal;
  SiteDraft& entry = site(target, index, found.entry->address, false, found.entry->g);
  entry.shape.check_branch = found.entry->form == go::EntryForm::CheckBranch;
  entry.shape.push_frame = true;
  for (const go::RetSite& ret : found.rets) {
    SiteDraft& draft = site(target, index, ret.address, false, ret.g);
    draft.shape.pop_frame = true;
  }
  return refusal;
}

SiteDraft& Builder::site(uint32_t target, uint32_t function, uint64_t address,
                         bool kernel_uretprobe, go::GSource g) {
  auto [draft, fresh] = drafts_.try_emplace({target, address, kernel_uretprobe});
  Shape& shape = draft->second.shape;
  if (fresh) {
    shape.target = target;
    shape.kernel_uretprobe = kernel_uretprobe;
    shape.goid_offset = image(target).goid_offset();
    shape.tls_offset = image(target).tls_offset();
    shape.g = g;
  }
  // TLS is right everywhere; RCX and R14 only where a call begins or returns.
  if (shape.g == go::GSource::Tls) shape.g = g == go::GSource::None ? shape.g : g;
  shape.abi = image(target).functions()[function].abi;
  draft->second.cookie.self = traced(target, function);
  return draft->second;
}

uint32_t Builder::traced(uint32_t target, uint32_t index) {
  auto [entry, fresh] =
      traced_.try_emplace({target, index}, static_cast<uint32_t>(out_.plan.functions.size()));
  if (fresh)
    out_.plan.functions.push_back(
        {target, index, std::string(image(target).functions()[index].name)});
  return entry->second;
}

const go::FunctionSites& Builder::sites(uint32_t target, uint32_t index) {
  auto [entry, fresh] = sites_.try_emplace({target, index});
  if (fresh) entry->second = image(target).sites(index);
  return entry->second;
}

// From here on no site changes: equal shapes become one program.
void Builder::finish() {
  Plan& plan = out_.plan;
  if (plan.functions.size() >= Cookie::kNone) {
    out_.problems.push_back(
        {{}, "the script probes more than a million functions", "narrow its wildcards"});
    return;
  }
  std::map<Shape, uint32_t> programs;
  for (auto& [key, draft] : drafts_) {
    Shape& shape = draft.shape;
    if (shape.actions.empty() && !shape.push_frame && !shape.pop_frame && !shape.pop_wrappers)
      continue;  // only named as a tail jump's target
    // What does not matter to the program must not keep equal sites apart.
    if (shape.g != go::GSource::Tls) shape.tls_offset = 0;
    sort_actions(shape.actions);
    auto [program, fresh] = programs.try_emplace(shape, plan.programs.size());
    if (fresh) plan.programs.push_back({shape, {}});
    uint64_t address = std::get<1>(key);
    const go::Image& image = this->image(shape.target);
    Site site{address, 0, program->second, draft.cookie.pack(), {}};
    auto offset = image.file_offset(address);
    Bytes code = code_at(image, address);
    auto insn = arch::decode(code, address);
    if (!offset || !insn) {
      out_.problems.push_back(
          {{}, hex(address) + " of " + image.path() + " is no instruction of its code", ""});
      return;
    }
    site.file_offset = *offset;
    site.bytes.assign(code.begin(), code.begin() + insn->length);
    plan.programs[program->second].sites.push_back(std::move(site));
  }
}

}  // namespace gotap::plan
