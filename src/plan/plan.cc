#include "plan/plan.h"

#include <string_view>
#include <unordered_map>

#include "base/text.h"
#include "plan/builder.h"

namespace gotap::plan {

Planned make_plan(const lang::TypedProgram& program, const std::vector<Target>& targets) {
  return Builder(program, targets).build();
}

namespace {

// Go's ABI wrappers (cmd/compile/internal/ssagen/abi.go) have the name of what they wrap.
void drop_abi_wrappers(const std::vector<go::Function>& functions, std::vector<uint32_t>& matches) {
  std::unordered_map<std::string_view, bool> has_body;  // names of wrappers
  for (uint32_t index : matches)
    if (functions[index].wrapper) has_body.emplace(functions[index].name, false);
  if (has_body.empty()) return;
  for (uint32_t index : matches) {
    if (functions[index].wrapper) continue;
    auto wrapped = has_body.find(functions[index].name);
    if (wrapped != has_body.end()) wrapped->second = true;
  }
  std::erase_if(matches, [&](uint32_t index) {
    return functions[index].wrapper && has_body.at(functions[index].name);
  });
}

}  // namespace

std::vector<uint32_t> match_functions(const lang::ProbeSpec& spec, const go::Image& image) {
  const std::vector<go::Function>& functions = image.functions();
  std::vector<uint32_t> matches = image.find(spec.function);
  if (matches.empty() && has_wildcard(spec.function)) {
    for (uint32_t index = 0; index < functions.size(); index++)
      if (glob_match(spec.function, functions[index].name)) matches.push_back(index);
  }
  drop_abi_wrappers(functions, matches);
  return matches;
}

std::string func_name(const Plan& plan, uint64_t value) {
  if (value >= plan.functions.size()) return "";
  return plan.functions[value].name;
}

const go::Image* image_of(const Plan& plan, uint64_t index) {
  return index < plan.targets.size() ? plan.targets[index].image.get() : nullptr;
}

std::string probe_name(const Plan& plan, uint64_t value) {
  uint64_t spec = value >> 32, function = value & 0xffffffff;
  if (spec >= plan.specs.size()) return "";
  if (!plan.specs[spec].ends_with(':')) return plan.specs[spec];
  return plan.specs[spec] + func_name(plan, function) + plan.spec_suffixes[spec];
}

namespace {

const char* name(Moment moment) {
  switch (moment) {
    case Moment::Entry: return "entry";
    case Moment::Return: return "return";
    case Moment::Instruction: return "instruction";
  }
  return "?";
}

std::string shape_line(const Shape& shape) {
  std::string line = "target " + std::to_string(shape.target);
  line += std::string(" abi ") + go::name(shape.abi) + " g " + go::name(shape.g);
  if (shape.g != go::GSource::None) line += " goid+" + std::to_string(shape.goid_offset);
  if (shape.g == go::GSource::Tls) line += " tls" + std::to_string(shape.tls_offset);
  if (shape.kernel_uretprobe) line += " kernel-uretprobe";
  if (shape.check_branch) line += " check-branch";
  if (shape.push_frame) line += " push-frame";
  if (shape.pop_frame) line += " pop-frame";
  if (shape.pop_wrappers) line += " pop-wrappers";
  for (uint32_t layout : shape.saves) line += " saves-" + std::to_string(layout);
  if (shape.bias_address) line += " bias-from " + hex(shape.bias_address);
  if (shape.inlined) line += " inlined";
  if (shape.end_goroutine) line += " end-goroutine";
  if (shape.unwinds) line += " unwinds";
  if (shape.recovery == go::Recovery::Yes) line += " recovered";
  if (shape.stack_depth >= 0) line += " stack-depth=" + std::to_string(shape.stack_depth);
  if (shape.recovery == go::Recovery::Unknown) line += " recovered?";
  return line;
}

}  // namespace

std::string dump(const Plan& plan) {
  std::string out;
  for (size_t i = 0; i < plan.targets.size(); i++) {
    const Target& target = plan.targets[i];
    out += "target " + std::to_string(i) + ": " + target.path;
    if (target.image && target.image->is_go()) out += " go" + target.image->go_version();
    out += "\n";
  }
  for (size_t i = 0; i < plan.timers.size(); i++)
    out += "timer " + std::to_string(i) + ": " + plan.specs[plan.timers[i].spec] + " clause " +
           std::to_string(plan.timers[i].clause) + "\n";
  for (size_t i = 0; i < plan.programs.size(); i++) {
    const Program& program = plan.programs[i];
    out += "program " + std::to_string(i) + ": " + shape_line(program.shape) + "\n";
    for (const Action& action : program.shape.actions) {
      out += "  clause " + std::to_string(action.clause) + " at " + name(action.moment);
      if (action.role != Role::Self)
        out += " of wrapper " + std::to_string(static_cast<int>(action.role));
      if (action.layout != Action::kNoLayout) out += " layout " + std::to_string(action.layout);
      out += " as " + plan.specs[action.spec] + plan.spec_suffixes[action.spec] + "\n";
    }
    for (const Site& site : program.sites) {
      Cookie cookie = Cookie::unpack(site.cookie);
      out += "  " + hex(site.address) + " file " + hex(site.file_offset) + " " +
             func_name(plan, cookie.self);
      const go::Image& image = *plan.targets[program.shape.target].image;
      if (auto function = image.function_at(site.address)) {
        if (program.shape.inlined)
          out += " inlined into " + std::string(image.functions()[*function].name);
        out += "+" + std::to_string(site.address - image.functions()[*function].entry);
      }
      for (uint64_t wrapper : {cookie.wrapper1, cookie.wrapper2})
        if (wrapper != Cookie::kNone) out += ", reached from " + func_name(plan, wrapper);
      out += "\n";
    }
  }
  for (size_t i = 0; i < plan.layouts.size(); i++) {
    out +=
        "layout " + std::to_string(i) + ": clause " + std::to_string(plan.layouts[i].clause) + "\n";
    for (const go::Access& access : plan.layouts[i].values) out += "  " + go::dump(access) + "\n";
  }
  for (const Note& note : plan.notes) out += "note: " + note.text + "\n";
  for (const std::string& warning : plan.warnings) out += "warning: " + warning + "\n";
  for (const std::string& skipped : plan.skipped) out += "skipped: " + skipped + "\n";
  return out;
}

}  // namespace gotap::plan
