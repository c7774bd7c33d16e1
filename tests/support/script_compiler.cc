#include "support/script_compiler.h"

#include <map>

#include "codegen/codegen.h"
#include "lang/check.h"
#include "lang/parser.h"

namespace gotap::testing {

namespace {

using lang::ProbeKind;
using plan::Moment;

constexpr uint64_t kWrapper1 = 10, kWrapper2 = 11;

go::Abi abi_of(const std::string& path) {
  if (path == "c" || path == "cframes") return go::Abi::C;
  return path == "go15" || path == "gotls" ? go::Abi::GoStack : go::Abi::GoRegisters;
}

go::GSource g_of(const std::string& path, bool entry) {
  if (path == "c" || path == "cframes") return go::GSource::None;
  if (path == "go15") return entry ? go::GSource::Rcx : go::GSource::Tls;
  return path == "gotls" ? go::GSource::Tls : go::GSource::R14;
}

std::optional<lang::TargetFacts> facts(const lang::ProbeSpec& probe) {
  lang::TargetFacts facts;
  facts.is_go = probe.path != "c";
  facts.abi = probe.path == "cframes" ? go::Abi::GoRegisters : abi_of(probe.path);
  facts.version = facts.abi == go::Abi::GoRegisters ? "1.24.4" : facts.is_go ? "1.15.9" : "";
  return facts;
}

/// What is known of one probed function while the plan is made.
struct Draft {
  uint32_t function = 0;
  plan::Shape entry, ret;
  bool timed = false;
};

void add_program(plan::Plan& plan, plan::Shape shape, const Draft& draft, bool wrapped) {
  if (shape.actions.empty() && !shape.push_frame) return;
  plan::Cookie cookie;
  cookie.self = draft.function;
  if (wrapped) {
    cookie.wrapper1 = kWrapper1;
    cookie.wrapper2 = kWrapper2;
  }
  plan::Program program;
  program.shape = std::move(shape);
  program.sites.push_back(
      {0x1000, 0x1000, static_cast<uint32_t>(plan.programs.size()), cookie.pack(), {0x55}});
  plan.programs.push_back(std::move(program));
}

plan::Plan make_plan(const lang::TypedProgram& program) {
  plan::Plan plan;
  std::map<std::pair<std::string, std::string>, Draft> drafts;
  std::vector<std::pair<std::string, std::string>> order;
  for (uint32_t clause = 0; clause < program.clauses.size(); clause++) {
    for (const lang::ProbeSpec& probe : program.clauses[clause].probes) {
      auto spec = static_cast<uint32_t>(plan.specs.size());
      plan.specs.push_back(probe.text);
      plan.spec_suffixes.emplace_back();
      if (probe.kind != ProbeKind::Uprobe && probe.kind != ProbeKind::Uretprobe) {
        plan.timers.push_back({probe.kind, clause, spec, probe.interval_ns});
        continue;
      }
      auto key = std::make_pair(probe.path, probe.function);
      auto [it, added] = drafts.try_emplace(key);
      Draft& draft = it->second;
      if (added) {
        order.push_back(key);
        draft.function = static_cast<uint32_t>(plan.functions.size());
        plan.functions.push_back({0, 0, probe.function});
      }
      bool wrapped = probe.function == "wrapped";
      if (probe.kind == ProbeKind::Uprobe) {
        Moment moment = probe.offset ? Moment::Instruction : Moment::Entry;
        draft.entry.actions.push_back({clause, spec, moment, plan::Role::Self});
        continue;
      }
      draft.ret.actions.push_back({clause, spec, Moment::Return, plan::Role::Self});
      if (wrapped) {
        draft.ret.actions.push_back({clause, spec, Moment::Return, plan::Role::Wrapper1});
        draft.ret.pop_wrappers = true;
      }
      draft.timed |= program.clauses[clause].uses_duration || wrapped;
    }
  }
  for (const auto& key : order) {
    Draft& draft = drafts[key];
    for (auto [shape, entry] : {std::pair(&draft.entry, true), std::pair(&draft.ret, false)}) {
      shape->abi = abi_of(key.first);
      shape->g = g_of(key.first, entry);
      shape->goid_offset = kTestGoidOffset;
      shape->tls_offset = -8;
    }
    draft.entry.check_branch = key.first == "gocheck";
    draft.entry.push_frame = draft.ret.pop_frame = draft.timed;
    draft.ret.kernel_uretprobe = abi_of(key.first) == go::Abi::C;
    plan.uses_frames |= draft.timed;
    add_program(plan, draft.entry, draft, key.second == "wrapped");
    add_program(plan, draft.ret, draft, key.second == "wrapped");
  }
  return plan;
}

}  // namespace

Result<CompiledScript> compile_script(const std::string& text, uint32_t max_strlen,
                                      uint32_t max_map_keys, const Change& change) {
  lang::Source source{"test", text};
  lang::Parsed parsed = lang::parse(source);
  if (lang::has_errors(parsed.diagnostics))
    return Error{lang::render(parsed.diagnostics, source), ""};
  lang::CheckOptions options;
  options.settings.max_strlen = max_strlen;
  options.settings.max_map_keys = max_map_keys;
  lang::Checked checked = lang::check(parsed.script, facts, options);
  if (lang::has_errors(checked.diagnostics))
    return Error{lang::render(checked.diagnostics, source), ""};
  CompiledScript out;
  out.program = std::move(checked.program);
  out.settings = std::move(checked.settings);
  out.plan = make_plan(out.program);
  if (change) change(out.program, out.plan);
  TRY(object, codegen::generate(out.program, out.plan));
  out.object = std::move(object);
  return out;
}

}  // namespace gotap::testing
