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

// Why calls of a Go function cannot be told apart from their begin to their end; empty if they can.
std::string untracked_calls(const go::Image& image, const go::FunctionSites& sites) {
  if (!sites.entry) return "its calls cannot be timed: " + sites.entry_refused;
  auto lost = [&](const auto& site) {
    return site.g == go::GSource::Tls && image.tls_offset() == 0;
  };
  if (lost(*sites.entry) || std::any_of(sites.rets.begin(), sites.rets.end(), lost))
    return "its calls cannot be timed: where a shared library finds its goroutine is decided when "
           "it is loaded";
  return sites.rets_refused;
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
  // Two names of one C function: one hit.
  actions.erase(std::unique(actions.begin(), actions.end()), actions.end());
}

std::tuple<uint32_t, uint64_t, bool, uint32_t> place_of(const Mark& mark) {
  return {mark.target, mark.address, mark.kernel_uretprobe, mark.inlined};
}

}  // namespace

std::string unseen_returns(const go::FunctionSites& sites) {
  if (!sites.rets_refused.empty()) return sites.rets_refused;
  if (!sites.indirect_jumps.empty())
    return "it leaves by a jump through a register, and where to is not known";
  if (sites.rets.empty() && sites.tail_jumps.empty())
    return "it never returns (no RET instruction)";
  return "";
}

Builder::Builder(const lang::TypedProgram& program, const std::vector<Target>& targets)
    : program_(program), targets_(targets), layouts_(program, targets), traced_(targets.size()) {
  out_.plan.targets = targets;
  for (const lang::Clause& clause : program.clauses) {
    bool asks = false;
    bool asks_stack = false;
    lang::for_each_expr(clause, [&](const lang::Expr& e) {
      if (e.kind != lang::Expr::Kind::Call) return;
      asks |= e.builtin == lang::Builtin::Recovered;
      asks_outermost_ |= e.builtin == lang::Builtin::Outermost;
      asks_stack |= e.builtin == lang::Builtin::Ustack || e.builtin == lang::Builtin::Caller;
    });
    asks_recovered_.push_back(asks);
    asks_stack_.push_back(asks_stack);
  }
  for (const Target& target : targets) framed_.emplace_back(target.image->functions().size());
}

Planned Builder::build() {
  for (uint32_t clause = 0; clause < program_.clauses.size(); clause++)
    for (const lang::ProbeSpec& probe : program_.clauses[clause].probes) add_probe(clause, probe);
  std::sort(wishes_.begin(), wishes_.end());
  for (const Wish& wish : wishes_) {
    Request& request = requests_[wish.request];
    const bool is_return = request.probe->kind == ProbeKind::Uretprobe;
    std::string refusal =
        is_return ? add_return(request, wish.function) : add_entry(request, wish.function);
    if (!refusal.empty()) {
      request.skipped.emplace_back(wish.function, std::move(refusal));
      continue;
    }
    out_.plan.probe_count++;
    if (!is_return || !image(wish.target).functions()[wish.function].is_go) continue;
    request.go_functions++;
    request.rets += sites(wish.target, wish.function).rets.size();
  }
  say_what_became();
  handle_inlined();
  if (out_.problems.empty()) finish();
  return std::move(out_);
}

void Builder::problem(const Request& request, std::string message, std::string hint) {
  out_.problems.push_back({request.probe->location, std::move(message), std::move(hint)});
}

void Builder::note(std::string text, bool for_scripts) {
  std::vector<Note>& notes = out_.plan.notes;
  Note note{std::move(text), for_scripts};
  if (std::find(notes.begin(), notes.end(), note) == notes.end()) notes.push_back(std::move(note));
}

void Builder::add_probe(uint32_t clause, const lang::ProbeSpec& probe) {
  Plan& plan = out_.plan;
  Request request{clause, 0, 0, &probe};
  const bool whole_function = !probe.offset && !probe.address && probe.file.empty();
  auto spec = [&](std::string text) {
    // Equal texts share an index, so that functions named one by one share a program.
    auto known = std::find(plan.specs.begin(), plan.specs.end(), text);
    const auto index = static_cast<uint32_t>(known - plan.specs.begin());
    if (known != plan.specs.end() && whole_function && plan.spec_suffixes[index].empty())
      return index;
    plan.specs.push_back(std::move(text));
    plan.spec_suffixes.emplace_back();
    return static_cast<uint32_t>(plan.specs.size() - 1);
  };
  switch (probe.kind) {
    case ProbeKind::Begin: request.spec = spec("begin"); break;
    case ProbeKind::End: request.spec = spec("end"); break;
    case ProbeKind::Interval: request.spec = spec(interval_name(probe.interval_ns)); break;
    case ProbeKind::Uprobe: request.spec = spec("uprobe:" + probe.path + ":"); break;
    case ProbeKind::Uretprobe: request.spec = spec("uretprobe:" + probe.path + ":"); break;
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
  if (!probe.file.empty()) return add_line(request);
  if (whole_function) return add_functions(std::move(request));
  if (probe.kind == ProbeKind::Uretprobe)
    return problem(request, "uretprobe takes a whole function, not an instruction of it",
                   "leave out the offset, or use uprobe");
  if (probe.address)
    add_address(request);
  else
    add_instruction(request);
}

// uprobe:BIN:F+N: exactly one instruction, which must be one, of each function of that name.
void Builder::add_instruction(const Request& request) {
  const lang::ProbeSpec& probe = *request.probe;
  std::vector<uint32_t> found = match_functions(probe, image(request.target));
  if (found.empty()) return add_functions(request);  // says what is wrong with the name
  const std::vector<go::Function>& functions = image(request.target).functions();
  if (functions[found.front()].name != probe.function && has_wildcard(probe.function))
    return problem(request, "an offset needs the name of a function, not a wildcard",
                   "name one function, or leave out +" + std::to_string(*probe.offset));
  for (uint32_t index : found) {
    const go::Function& function = functions[index];
    if (*probe.offset >= function.end - function.entry)
      return problem(request, std::string(function.name) + "+" + std::to_string(*probe.offset) +
                                  " lies behind the end of the function, which has " +
                                  std::to_string(function.end - function.entry) + " bytes");
    mark_instruction(request, index, function.entry + *probe.offset);
  }
}

// uprobe:BIN:0xN: an address as the file has it. `probe` prints it in decimal, as bpftrace does.
void Builder::add_address(const Request& request) {
  const go::Image& image = this->image(request.target);
  const uint64_t address = *request.probe->address;
  out_.plan.specs[request.spec] += std::to_string(address);
  if (auto function = image.function_at(address))
    return mark_instruction(request, *function, address);
  const std::vector<go::Function>& functions = image.functions();
  std::string message =
      "no function of " + request.probe->path + " holds the address " + hex(address);
  if (functions.empty()) return problem(request, message, "the file has no symbols (stripped)");
  auto next = std::upper_bound(functions.begin(), functions.end(), address,
                               [](uint64_t a, const go::Function& f) { return a < f.entry; });
  std::vector<std::string> neighbours;
  if (next != functions.begin())
    neighbours.push_back(std::string(std::prev(next)->name) + " ends at " +
                         hex(std::prev(next)->end));
  if (next != functions.end())
    neighbours.push_back(std::string(next->name) + " starts at " + hex(next->entry));
  std::string hint = "the nearest: " + join_words(neighbours);
  // Other tools speak of offsets in the file, or of addresses in the running process.
  if (auto offset = image.file_offset(functions.front().entry)) {
    const uint64_t meant = address + (functions.front().entry - *offset);
    if (auto function = image.function_at(meant); function && meant != address)
      hint = "if an offset in the file is meant, write " + hex(meant) + " (" +
             offset_name(functions[*function], meant) + ")";
  }
  problem(request, message, hint);
}

void Builder::mark_instruction(const Request& request, uint32_t index, uint64_t address) {
  const go::Image& image = this->image(request.target);
  const go::Function& function = image.functions()[index];
  auto boundaries = image.boundaries(index);
  if (!boundaries.ok())
    return problem(request, boundaries.error().message, boundaries.error().hint);
  auto next = std::lower_bound(boundaries->begin(), boundaries->end(), address);
  if (next == boundaries->end() || *next != address) {
    std::vector<std::string> neighbours;
    for (auto at : {next - (next != boundaries->begin()), next})
      if (at != boundaries->end() && (neighbours.empty() || at == next))
        neighbours.push_back(offset_name(function, *at) +
                             (request.probe->address ? " (" + hex(*at) + ")" : ""));
    return problem(request,
                   offset_name(function, address) + " is inside an instruction, not at one's start",
                   "the nearest instructions start at " + join_words(neighbours));
  }
  auto insn = arch::decode(code_at(image, address), address);
  if (insn && insn->refused)
    return problem(request, "no kernel probe works on an instruction like that at " +
                                offset_name(function, address));
  mark({.address = address,
        .target = request.target,
        .function = index,
        .clause = request.clause,
        .spec = request.spec,
        .g = go::g_source(function)});
  if (!request.probe->address)
    out_.plan.spec_suffixes[request.spec] = "+" + std::to_string(address - function.entry);
  out_.plan.probe_count++;
}

void Builder::add_functions(Request request) {
  const lang::ProbeSpec& probe = *request.probe;
  const go::Image& image = this->image(request.target);
  std::vector<uint32_t> matches = match_functions(probe, image);
  if (matches.empty()) return no_function(request);
  if (has_wildcard(probe.function)) drop_wrappers(request, matches);
  request.matched = matches.size();
  constexpr size_t kFew = 1000;
  for (uint32_t index : matches)
    if (matches.size() <= kFew && image.functions()[index].is_go)
      request.names.push_back(image.functions()[index].name);
  for (uint32_t index : matches)
    wishes_.push_back({request.target, index, static_cast<uint32_t>(requests_.size())});
  requests_.push_back(std::move(request));
}

// Of many functions that are named one by one, as commands do, a line says what a line each would.
void Builder::say_what_became() {
  constexpr size_t kNamed = 3;
  size_t returning = 0, rets = 0, functions = 0;
  for (const Request& request : requests_) {
    if (request.probe->kind != ProbeKind::Uretprobe || request.go_functions == 0) continue;
    returning++;
    rets += request.rets;
    functions += request.go_functions;
  }
  for (const Request& request : requests_) say_what_became(request, returning <= kNamed);
  if (returning > kNamed)
    note_returns(count_of(rets, "RET site") + " of " + count_of(functions, "function"));
}

void Builder::say_what_became(const Request& request, bool with_returns) {
  const std::string& named = request.probe->function;
  if (request.skipped.size() == request.matched) {
    const auto& [function, why] = request.skipped.front();
    const std::string name(image(request.target).functions()[function].name);
    if (request.matched == 1) return problem(request, name + " cannot be probed: " + why);
    return problem(request,
                   "none of the " + std::to_string(request.matched) + " functions that match " +
                       named + " can be probed",
                   name + ": " + why);
  }
  if (!request.skipped.empty()) say_skipped(request);
  if (request.probe->kind == ProbeKind::Uretprobe && request.go_functions > 0) {
    if (with_returns) say_returns(request);
    return;
  }
  if (request.matched > 1 && !has_wildcard(named))
    note(std::to_string(request.matched) + " functions are named " + named + ": all are probed");
}

void Builder::say_returns(const Request& request) {
  const std::string& named = request.probe->function;
  if (request.go_functions > 1)
    return note_returns(count_of(request.rets, "RET site") + " of " +
                        std::to_string(request.go_functions) + " functions " +
                        (has_wildcard(named) ? "that match " : "named ") + named);
  if (request.rets > 0) return note_returns(count_of(request.rets, "RET site") + " of " + named);
  note_returns(named + " leaves by a jump, so at the RET sites of its target");
}

// The reasons, most frequent first, with some of their functions each; all of them in the plan.
void Builder::say_skipped(const Request& request) {
  constexpr size_t kReasons = 4, kNames = 3;
  const std::vector<go::Function>& functions = image(request.target).functions();
  std::map<std::string_view, std::vector<uint32_t>> by_reason;
  for (const auto& [function, why] : request.skipped) by_reason[why].push_back(function);
  std::vector<std::string_view> reasons;
  reasons.reserve(by_reason.size());
  for (const auto& [why, skipped] : by_reason) reasons.push_back(why);
  std::stable_sort(reasons.begin(), reasons.end(), [&](std::string_view a, std::string_view b) {
    return by_reason[a].size() > by_reason[b].size();
  });
  const char* kind = request.probe->kind == ProbeKind::Uretprobe ? "uretprobe:" : "uprobe:";
  std::string head = kind + request.probe->path + ":" + request.probe->function + ": " +
                     std::to_string(request.skipped.size()) + " of " +
                     count_of(request.matched, "function") + " left out";
  const bool all_shown =
      request.skipped.size() <= kNames || reasons.size() == request.skipped.size();
  std::vector<std::string>& warnings = out_.plan.warnings;
  if (std::find_if(warnings.begin(), warnings.end(), [&](const std::string& line) {
        return line.starts_with(head);
      }) != warnings.end())
    return;  // another clause on the same functions
  if (!all_shown || reasons.size() > kReasons) head += " (-v names all)";
  warnings.push_back(head);
  for (size_t i = 0; i < std::min(kReasons, reasons.size()); i++) {
    const std::vector<uint32_t>& skipped = by_reason[reasons[i]];
    std::string line = "  " + std::string(reasons[i]) + ": ";
    for (size_t n = 0; n < std::min(kNames, skipped.size()); n++)
      line += (n ? ", " : "") + std::string(functions[skipped[n]].name);
    if (skipped.size() > kNames)
      line += " and " + std::to_string(skipped.size() - kNames) + " more";
    warnings.push_back(line);
  }
  if (reasons.size() > kReasons)
    warnings.push_back("  and others for " + count_of(reasons.size() - kReasons, "other reason"));
  for (const auto& [function, why] : request.skipped)
    out_.plan.skipped.push_back(kind + request.probe->path + ":" +
                                std::string(functions[function].name) + ": " + why);
}

std::string Builder::add_entry(const Request& request, uint32_t index) {
  const go::Function& function = image(request.target).functions()[index];
  const go::FunctionSites& found = sites(request.target, index);
  if (!found.entry) return found.entry_refused;
  mark({.address = function.is_go ? found.entry->address : function.entry,
        .target = request.target,
        .function = index,
        .clause = request.clause,
        .spec = request.spec,
        .check_branch = found.entry->form == go::EntryForm::CheckBranch,
        .moment = Moment::Entry,
        .g = found.entry->g});
  // What calls are around this one. Where its returns are not seen that stays unknown, unless a
  // uretprobe follows it.
  const bool returns_here =
      !function.is_go || (found.tail_jumps.empty() && unseen_returns(found).empty() &&
                          untracked_calls(image(request.target), found).empty());
  if (program_.clauses[request.clause].uses_duration && returns_here)
    track_frames(request.target, index);
  return "";
}

std::string Builder::add_return(const Request& request, uint32_t index) {
  const go::Function& function = image(request.target).functions()[index];
  if (function.is_go) return add_go_return(request, index);
  // Not Go: its stack never moves, so the kernel's own return probe is safe.
  const go::FunctionSites& found = sites(request.target, index);
  if (!found.entry) return found.entry_refused;
  mark({.address = function.entry,
        .target = request.target,
        .function = index,
        .clause = request.clause,
        .spec = request.spec,
        .kernel_uretprobe = true,
        .moment = Moment::Return});
  if (program_.clauses[request.clause].uses_duration) track_frames(request.target, index);
  return "";
}

// Where a function leaves by a jump, its return is the return of the jump's target, seen there
// with the same goroutine and the same k. Its frame lies under the target's then, so the target's
// calls must be known as well.
std::string Builder::add_go_return(const Request& request, uint32_t index) {
  const uint32_t target = request.target;
  const go::FunctionSites& found = sites(target, index);
  std::string refusal = unseen_returns(found);
  std::vector<uint32_t> reached;
  if (refusal.empty()) refusal = find_tail_targets(target, index, 0, reached);
  const bool framed = program_.clauses[request.clause].uses_duration || !reached.empty();
  if (refusal.empty() && framed) refusal = untracked_calls(image(target), found);
  if (refusal.empty()) refusal = join(target, index, reached);
  // In a chain of jumps the functions in between have frames to be ended at its end, too.
  for (size_t i = 0; refusal.empty() && i < reached.size(); i++) {
    std::vector<uint32_t> further;
    refusal = find_tail_targets(target, reached[i], 1, further);
    if (refusal.empty()) refusal = join(target, reached[i], further);
  }
  if (!refusal.empty()) return refusal;

  if (framed) track_frames(target, index);
  if (keeps_arguments(program_.clauses[request.clause]))
    mark({.address = found.entry->address,
          .target = target,
          .function = index,
          .clause = request.clause,
          .check_branch = found.entry->form == go::EntryForm::CheckBranch,
          .what = Mark::What::Save,
          .g = found.entry->g});
  Mark action{
      .target = target, .clause = request.clause, .spec = request.spec, .moment = Moment::Return};
  for (uint32_t function : reached) {
    track_frames(target, function);
    action.role = role_of(target, index, function);
    action.function = function;
    for (const go::RetSite& ret : tail_sites(target, function).rets) {
      action.address = ret.address;
      action.g = ret.g;
      action.what = Mark::What::PopWrappers;
      mark(action);
      action.what = Mark::What::Action;
      mark(action);
    }
  }
  action.role = Role::Self;
  action.function = index;
  for (const go::RetSite& ret : found.rets) {
    action.address = ret.address;
    action.g = ret.g;
    if (asks_recovered_[request.clause]) action.recovery = ret.recovery;
    mark(action);
  }
  return "";
}

std::string Builder::find_tail_targets(uint32_t target, uint32_t function, int depth,
                                       std::vector<uint32_t>& reached) {
  const go::Image& image = this->image(target);
  const go::FunctionSites& found = depth ? tail_sites(target, function) : sites(target, function);
  if (found.tail_jumps.empty()) return "";
  if (depth == kMaxTailDepth) return "it leaves through a chain of jumps too long to follow";
  for (const go::TailJump& jump : found.tail_jumps) {
    auto to = image.function_at(jump.target);
    if (!to || image.functions()[*to].entry != jump.target)
      return "it jumps to " + hex(jump.target) + ", which is not the start of a function";
    if (std::find(reached.begin(), reached.end(), *to) != reached.end()) continue;
    reached.push_back(*to);
    const std::string name(image.functions()[*to].name);
    const go::FunctionSites& there = tail_sites(target, *to);
    std::string unseen = unseen_returns(there);
    if (unseen.empty()) unseen = untracked_calls(image, there);
    if (!unseen.empty()) return "it jumps to " + name + ": " + unseen;
    std::string further = find_tail_targets(target, *to, depth + 1, reached);
    if (!further.empty()) return further;
  }
  return "";
}

// A cookie has room for two wrappers: `wrapper` takes one in each of the functions it reaches, or
// none at all.
std::string Builder::join(uint32_t target, uint32_t wrapper, const std::vector<uint32_t>& reached) {
  if (reached.empty()) return "";
  const uint32_t id = traced(target, wrapper);
  auto place = [&](uint32_t function) -> uint32_t* {
    auto [it, fresh] = wrappers_.try_emplace({target, function});
    if (fresh) it->second.fill(Cookie::kNone);
    for (uint32_t& taken : it->second)
      if (taken == id || taken == Cookie::kNone) return &taken;
    return nullptr;
  };
  for (uint32_t function : reached) {
    if (traced(target, function) == id) return "it jumps to a function of the same name";
    if (!place(function))
      return "it leaves by a jump to a function that two other probed functions jump to";
  }
  for (uint32_t function : reached) *place(function) = id;
  return "";
}

Role Builder::role_of(uint32_t target, uint32_t wrapper, uint32_t function) {
  const uint32_t id = traced(target, wrapper);
  return wrappers_.at({target, function})[0] == id ? Role::Wrapper1 : Role::Wrapper2;
}

void Builder::track_frames(uint32_t target, uint32_t index) {
  if (framed_[target][index]) return;
  framed_[target][index] = true;
  out_.plan.uses_frames = true;
  const go::Function& function = image(target).functions()[index];
  if (!function.is_go) {
    for (bool on_return : {false, true})
      mark({.address = function.entry,
            .target = target,
            .function = index,
            .kernel_uretprobe = on_return,
            .what = on_return ? Mark::What::PopFrame : Mark::What::PushFrame});
    return;
  }
  const go::FunctionSites& found =
      last_ == FunctionKey{target, index} ? last_sites_ : tail_sites(target, index);
  mark({.address = found.entry->address,
        .target = target,
        .function = index,
        .check_branch = found.entry->form == go::EntryForm::CheckBranch,
        .what = Mark::What::PushFrame,
        .g = found.entry->g});
  for (const go::RetSite& ret : found.rets)
    mark({.address = ret.address,
          .target = target,
          .function = index,
          .what = Mark::What::PopFrame,
          .g = ret.g});
}

uint32_t Builder::traced(uint32_t target, uint32_t index) {
  return traced_name(target, index, image(target).functions()[index].name);
}

uint32_t Builder::traced_name(uint32_t target, uint32_t index, std::string_view name) {
  std::vector<TracedFunction>& functions = out_.plan.functions;
  auto [entry, fresh] = traced_[target].try_emplace(name, static_cast<uint32_t>(functions.size()));
  if (fresh) functions.push_back({target, index, std::string(name)});
  return entry->second;
}

const go::FunctionSites& Builder::sites(uint32_t target, uint32_t index) {
  if (last_ != FunctionKey{target, index}) {
    last_sites_ = image(target).sites(index);
    last_ = {target, index};
  }
  return last_sites_;
}

const go::FunctionSites& Builder::tail_sites(uint32_t target, uint32_t index) {
  auto [entry, fresh] = tail_sites_.try_emplace({target, index});
  if (fresh) entry->second = image(target).sites(index);
  return entry->second;
}

// The values of an action are its function's: at the RETs of a jump's target, the wrapper's; where
// a call was inlined, the called one's.
uint32_t Builder::layout_of(const Mark& mark) {
  uint32_t function = mark.function;
  if (mark.inlined != Mark::kNotInlined) {
    const TracedFunction& called = out_.plan.functions[mark.inlined];
    function = called.function;
    if (function == TracedFunction::kNone)
      function = image(mark.target).type_info().inlined_function(called.name);
    return layouts_.of(mark.target, function, mark.clause,
                       {&inlined_calls_.at({mark.inlined, mark.address}), {}});
  }
  if (mark.line != 0)
    return layouts_.of(mark.target, function, mark.clause,
                       {nullptr, go::LinePoint{mark.address, mark.line}});
  if (mark.role != Role::Self) {
    const auto& wrappers = wrappers_.at({mark.target, mark.function});
    function = out_.plan.functions[wrappers[mark.role == Role::Wrapper1 ? 0 : 1]].function;
  }
  return layouts_.of(mark.target, function, mark.clause);
}

Shape Builder::shape_of(const Mark* begin, const Mark* end) {
  const go::Image& image = this->image(begin->target);
  Shape shape;
  shape.target = begin->target;
  shape.kernel_uretprobe = begin->kernel_uretprobe;
  shape.goid_offset = image.goid_offset();
  shape.labels_offset = image.labels_offset();
  shape.labels_are_list = image.has_label_list();
  shape.abi = image.functions()[begin->function].abi;
  for (const Mark* mark = begin; mark != end; mark++) {
    shape.check_branch |= mark->check_branch;
    shape.inlined |= mark->inlined != Mark::kNotInlined;
    // TLS is right everywhere; RCX and R14 only where a call begins or returns.
    if (shape.g == go::GSource::None || shape.g == go::GSource::Tls)
      shape.g = mark->g == go::GSource::None ? shape.g : mark->g;
    if (mark->recovery != go::Recovery::No) shape.recovery = mark->recovery;
    switch (mark->what) {
      case Mark::What::Action:
        shape.actions.push_back(
            {mark->clause, mark->spec, mark->moment, mark->role, layout_of(*mark)});
        break;
      case Mark::What::Save: shape.saves.push_back(layout_of(*mark)); break;
      case Mark::What::PushFrame: shape.push_frame = true; break;
      case Mark::What::PopFrame: shape.pop_frame = true; break;
      case Mark::What::PopWrappers: shape.pop_wrappers = true; break;
      case Mark::What::EndGoroutine: shape.end_goroutine = true; break;
      case Mark::What::Unwind: shape.unwinds = true; break;
    }
  }
  if (std::any_of(begin, end, [&](const Mark& mark) {
        return mark.what == Mark::What::Action && asks_stack_[mark.clause];
      })) {
    // A C function's first instruction is where its call begins; of others nothing is known.
    const bool starts = begin->moment == Moment::Entry && !shape.kernel_uretprobe;
    shape.stack_depth = image.stack_depth(begin->address).value_or(starts ? 0 : -1);
    shape.gopc_offset = image.gopc_offset();
  }
  // What does not matter to the program must not keep equal sites apart.
  if (shape.g == go::GSource::Tls) shape.tls_offset = image.tls_offset();
  sort_actions(shape.actions);
  std::sort(shape.saves.begin(), shape.saves.end());
  shape.saves.erase(std::unique(shape.saves.begin(), shape.saves.end()), shape.saves.end());
  // What the loader added to addresses is seen from where the site is: one program a site then.
  bool needs_bias = false;
  for (const Action& action : shape.actions) needs_bias |= layouts_.needs_bias(action.layout);
  for (uint32_t layout : shape.saves) needs_bias |= layouts_.needs_bias(layout);
  if (needs_bias) shape.bias_address = begin->address;
  return shape;
}

bool Builder::add_site(const Mark& first, uint32_t program) {
  const go::Image& image = this->image(first.target);
  const bool inlined = first.inlined != Mark::kNotInlined;
  Cookie cookie{inlined ? first.inlined : traced(first.target, first.function), Cookie::kNone,
                Cookie::kNone};
  if (auto wrappers = wrappers_.find({first.target, first.function});
      wrappers != wrappers_.end() && !inlined) {
    cookie.wrapper1 = wrappers->second[0];
    cookie.wrapper2 = wrappers->second[1];
  }
  auto offset = image.file_offset(first.address);
  Bytes code = code_at(image, first.address);
  auto insn = arch::decode(code, first.address);
  if (!offset || !insn) {
    out_.problems.push_back(
        {{}, hex(first.address) + " of " + image.path() + " is no instruction of its code", ""});
    return false;
  }
  out_.plan.programs[program].sites.push_back(
      {first.address, *offset, program, cookie.pack(),
       SiteBytes(code.begin(), code.begin() + insn->length)});
  return true;
}

// From here on no mark is added: the marks of an instruction make its shape, equal shapes become
// one program. Where several inlined calls begin at one instruction each has a program of its own:
// without cookies the instruction is all that a program knows of its site.
void Builder::finish() {
  Plan& plan = out_.plan;
  mark_goroutine_ends();
  auto order = [](const Mark& mark) {
    return std::tuple(place_of(mark), mark.clause, mark.spec, mark.moment, mark.role, mark.what);
  };
  std::sort(marks_.begin(), marks_.end(),
            [&](const Mark& a, const Mark& b) { return order(a) < order(b); });
  std::map<std::pair<Shape, size_t>, uint32_t> programs;  // by shape, and how many were there
  std::vector<std::pair<const Mark*, uint32_t>> placed;   // an instruction's marks, its program
  std::vector<size_t> counts;
  std::vector<uint32_t> there;  // the programs that the instruction has
  const Mark* const end = marks_.data() + marks_.size();
  for (const Mark *begin = marks_.data(), *next = begin; begin != end; begin = next) {
    while (next != end && place_of(*next) == place_of(*begin)) next++;
    if (begin == marks_.data() || begin[-1].target != begin->target ||
        begin[-1].address != begin->address)
      there.clear();
    std::pair<Shape, size_t> key(shape_of(begin, next), 0);
    uint32_t program = 0;
    do {
      program = programs.try_emplace(key, static_cast<uint32_t>(programs.size())).first->second;
      key.second++;
    } while (std::find(there.begin(), there.end(), program) != there.end());
    there.push_back(program);
    counts.resize(programs.size());
    counts[program]++;
    placed.emplace_back(begin, program);
  }
  plan.layouts = layouts_.all();
  plan.copies = layouts_.copies();
  plan.programs.resize(programs.size());
  for (const auto& [shape, index] : programs) plan.programs[index].shape = shape.first;
  for (size_t i = 0; i < counts.size(); i++) plan.programs[i].sites.reserve(counts[i]);
  for (auto [first, program] : placed)
    if (!add_site(*first, program)) return;
  if (plan.functions.size() >= Cookie::kNone)
    out_.problems.push_back(
        {{}, "the script probes more than a million functions", "narrow its wildcards"});
}

}  // namespace gotap::plan
