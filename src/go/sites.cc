// The finder behind sites.h.
#include "go/sites.h"

#include <algorithm>

#include "base/text.h"
#include "go/prologue.h"

namespace gotap::go {
namespace {

using arch::Flow;

/// Functions are padded with int3 (Go >= 1.9's linker, C compilers) or zeros. Where the run of
/// one of them at the end begins; the last instruction may reach into it.
size_t padding_start(Bytes code) {
  if (code.empty()) return 0;
  const uint8_t filler = code[code.size() - 1];
  if (filler != 0xcc && filler != 0) return code.size();
  size_t start = code.size();
  while (start > 0 && code[start - 1] == filler) start--;
  return start;
}

std::string offset_text(uint64_t address, uint64_t entry) { return "+" + hex(address - entry); }

bool has_target(const arch::Instruction& insn) {
  return insn.flow == Flow::Jump || insn.flow == Flow::Branch || insn.flow == Flow::Call;
}

void set_entry(const Decoded& at, EntryForm form, GSource g, FunctionSites* sites) {
  if (at.insn.refused)
    sites->entry_refused = "its first instruction is of a kind on which no kernel probe works";
  else
    sites->entry = EntrySite{at.address, form, at.insn.emulated, g};
}

/// The entry of a Go function: behind the stack check if it has one (see prologue.cc), so that
/// a call is seen once however often its prologue runs. There SP, the argument registers, g and
/// the return address at [SP] are those of the call. If the instruction there would be
/// single-stepped (`sub`, Go <= 1.20), the check's own `jbe` is better: the kernel emulates it,
/// and the saved flags tell whether it is taken, which is no call.
void find_go_entry(const DecodedFunction& function, const SiteInput& input, bool loops_to_start,
                   FunctionSites* sites) {
  if (input.entered_inside) {
    sites->entry_refused = "its callers enter it behind its first instruction";
    return;
  }
  const StackCheck check = match_stack_check(function, input.code, input.entry);
  if (check.found == StackCheck::Found::Strange) {
    sites->entry_refused = "its stack check has a shape that is not known";
    return;
  }
  if (check.found == StackCheck::Found::None) {
    sites->has_loop_to_start = loops_to_start;
    // A loop to the first instruction would count each round as a call.
    if (loops_to_start)
      sites->entry_refused = "it has no stack check and one of its own branches goes to its start";
    else
      set_entry(function.insns[0], EntryForm::Start, input.g, sites);
    return;
  }
  const Decoded& branch = function.insns[check.branch];
  const Decoded& post = function.insns[check.branch + 1];
  for (const Decoded& at : function.insns)
    if (has_target(at.insn) && at.insn.target == post.address) {
      sites->entry_refused = "its branch at " + offset_text(at.address, input.entry) +
                             " goes to the instruction behind the stack check";
      return;
    }
  if (!post.insn.emulated && branch.insn.is_jbe && branch.insn.emulated)
    set_entry(branch, EntryForm::CheckBranch, check.g, sites);
  else
    set_entry(post, EntryForm::Post, check.g, sites);
}

/// The entry of a C function is its first instruction. An `endbr64` there is skipped when the
/// next instruction is one the kernel emulates and nothing jumps to it: same registers, same
/// stack, a twentieth of the cost.
void find_c_entry(const DecodedFunction& function, FunctionSites* sites) {
  size_t at = 0;
  if (function.problem.empty() && function.insns.size() > 1 && function.insns[0].insn.is_endbr &&
      function.insns[1].insn.emulated && function.insns[1].insn.flow == Flow::Next) {
    const uint64_t next = function.insns[1].address;
    const bool reached = std::any_of(
        function.insns.begin(), function.insns.end(),
        [next](const Decoded& d) { return has_target(d.insn) && d.insn.target == next; });
    if (!reached) at = 1;
  }
  set_entry(function.insns[at], EntryForm::Start, GSource::None, sites);
}

/// A call that recovers from a panic goes on at _func.deferreturn. Of a function with open-coded
/// defers the compiler puts that call and a return of its own behind all other code, for no other
/// use (cmd/compile/internal/ssagen/ssa.go, openDeferInfo). Else it is the ordinary way out too.
void find_recovery(const SiteInput& input, FunctionSites* sites) {
  if (input.deferreturn == 0) return;
  bool behind = false;
  for (RetSite& ret : sites->rets) {
    if (!input.open_defers) {
      ret.recovery = Recovery::Unknown;
    } else if (!behind && ret.address >= input.entry + input.deferreturn) {
      ret.recovery = Recovery::Yes;
      behind = true;
    }
  }
}

/// Every RET, if at each of them SP is what it was at entry: the pclntab says so for all code
/// that Go's own tools made, so a RET at another depth means the decoding went astray.
void find_returns(const DecodedFunction& function, const SiteInput& input, FunctionSites* sites) {
  for (const Decoded& at : function.insns) {
    if (at.insn.flow != Flow::Ret) continue;
    if (input.is_go) {
      auto depth = value_at(input.stack_depths, at.address);
      if (depth != 0) {
        sites->rets.clear();
        sites->rets_refused =
            "the RET at " + offset_text(at.address, input.entry) +
            (depth ? " is reached with the stack pointer moved" : " has no known stack depth");
        return;
      }
    }
    sites->rets.push_back({at.address, input.g});
  }
  find_recovery(input, sites);
}

}  // namespace

size_t DecodedFunction::index_of(uint64_t address) const {
  auto it = std::lower_bound(insns.begin(), insns.end(), address,
                             [](const Decoded& d, uint64_t a) { return d.address < a; });
  if (it == insns.end() || it->address != address) return insns.size();
  return static_cast<size_t>(it - insns.begin());
}

bool is_padding(Bytes code) {
  size_t at = 0;
  while (at < code.size() && (code[at] == 0x66 || code[at] == 0x2e)) at++;
  if (at >= code.size()) return false;
  return code[at] == 0x90 || (code[at] == 0x0f && at + 1 < code.size() && code[at + 1] == 0x1f);
}

bool goes_on(const arch::Instruction& insn) {
  return insn.flow == Flow::Next || insn.flow == Flow::Branch || insn.flow == Flow::Call ||
         insn.flow == Flow::IndirectCall;
}

std::vector<std::vector<uint32_t>> direct_ways(const DecodedFunction& function) {
  const std::vector<Decoded>& insns = function.insns;
  std::vector<std::vector<uint32_t>> before(insns.size());
  for (uint32_t i = 0; i < insns.size(); i++) {
    const arch::Instruction& insn = insns[i].insn;
    if (goes_on(insn) && i + 1 < insns.size()) before[i + 1].push_back(i);
    if (insn.flow != Flow::Jump && insn.flow != Flow::Branch) continue;
    const size_t to = function.index_of(insn.target);
    if (to < insns.size()) before[to].push_back(i);
  }
  return before;
}

void drop_padding(Bytes code, uint64_t entry, const std::vector<Decoded>& insns,
                  std::vector<std::vector<uint32_t>>& before) {
  for (size_t i = 1; i + 1 < insns.size(); i++)
    if (before[i].empty() && is_padding(code.from(insns[i].address - entry)))
      std::erase(before[i + 1], static_cast<uint32_t>(i));
}

DecodedFunction decode_function(Bytes code, uint64_t entry) {
  DecodedFunction function;
  const size_t padding = padding_start(code);
  size_t at = 0;
  // A function of nothing but filler is a body, not padding: a lone int3.
  while (at < code.size() && (at < padding || at == 0)) {
    auto insn = arch::decode(code.from(at), entry + at);
    if (!insn) {
      function.problem = "its code at " + offset_text(entry + at, entry) + " cannot be decoded";
      return function;
    }
    function.insns.push_back({entry + at, *insn});
    at += insn->length;
  }
  const uint64_t end = entry + code.size();
  for (const Decoded& d : function.insns) {
    if (!has_target(d.insn) || d.insn.target < entry || d.insn.target >= end) continue;
    if (function.index_of(d.insn.target) != function.insns.size()) continue;
    function.problem = "its branch at " + offset_text(d.address, entry) +
                       " goes into the middle of an instruction";
    return function;
  }
  return function;
}

/// Facts this rests on: a probe must not lie where control comes by more than once a call
/// (entry), nor miss a way out (returns); and it must never lie inside an instruction. The last
/// two need every byte of the function decoded, so one bad byte refuses the function.
FunctionSites find_sites(const SiteInput& input) {
  FunctionSites sites;
  const DecodedFunction function = decode_function(input.code, input.entry);
  if (function.insns.empty() || (input.is_go && !function.problem.empty())) {
    sites.entry_refused = function.problem.empty() ? "it has no code" : function.problem;
    sites.rets_refused = sites.entry_refused;
    return sites;
  }
  const uint64_t end = input.entry + input.code.size();
  bool loops_to_start = false;
  for (const Decoded& at : function.insns) {
    const Flow flow = at.insn.flow;
    if (flow == Flow::Jump || flow == Flow::Branch) {
      const bool inside = at.insn.target >= input.entry && at.insn.target < end;
      if (!inside) sites.tail_jumps.push_back({at.address, at.insn.target});
      loops_to_start |= at.insn.target == input.entry;
    } else if (flow == Flow::IndirectJump && !at.insn.indexed && input.is_go &&
               value_at(input.stack_depths, at.address) == 0) {
      sites.indirect_jumps.push_back(at.address);
    }
  }
  if (!input.is_go) {
    sites.has_loop_to_start = loops_to_start;
    find_c_entry(function, &sites);
    sites.rets_refused = function.problem;
    if (function.problem.empty()) find_returns(function, input, &sites);
    return sites;
  }
  find_go_entry(function, input, loops_to_start, &sites);
  find_returns(function, input, &sites);
  return sites;
}

}  // namespace gotap::go
