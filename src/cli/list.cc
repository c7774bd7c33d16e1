// `gotap list`: functions, signatures, and what cannot be probed; a line each, or with -f json an
// object each. `gotap -l PATTERN`: the probes that match; with -v what each Go function takes and
// gives.
#include <cstdio>
#include <string>

#include "base/text.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/compile.h"
#include "cli/functions.h"
#include "cli/listed.h"
#include "cli/report.h"
#include "go/type_info.h"
#include "lang/parser.h"

namespace gotap::cli {

namespace {

std::string text(const Listed& row) {
  std::string line = row.signature.empty() ? row.name : row.signature;
  if (!row.unknown.empty()) line += "  [" + row.unknown + "]";
  if (row.inlined)
    line += "  [inlined everywhere: " + std::to_string(row.inlined) +
            (row.inlined == 1 ? " copy]" : " copies]");
  if (!row.no_uprobe.empty()) line += "  [no uprobe: " + row.no_uprobe + "]";
  if (!row.no_uretprobe.empty()) line += "  [no uretprobe: " + row.no_uretprobe + "]";
  return line;
}

std::string json(const Listed& row) {
  output::JsonText data('{');
  add_fields(data, row);
  return output::json_record("function", data);
}

}  // namespace

int list_probes(const Options& options) {
  std::string pattern = options.pattern.empty() ? "uprobe:*" : options.pattern;
  lang::Source source{"stdin", pattern + " { }"};
  lang::Parsed parsed = lang::parse(source);
  if (report(parsed.diagnostics, source)) return kFailed;
  std::vector<lang::Diagnostic> diagnostics;
  std::vector<std::string> notes;
  std::vector<plan::Target> targets = open_targets(parsed.script, options, diagnostics, notes);
  if (report(diagnostics, source)) return kFailed;
  bool any = false;
  for (const auto& clause : parsed.script.clauses)
    for (const lang::ProbeSpec& probe : clause.probes)
      for (const plan::Target& target : targets) {
        if (target.path != probe.path) continue;
        const char* kind = probe.kind == lang::ProbeKind::Uretprobe ? "uretprobe" : "uprobe";
        for (uint32_t index : plan::match_functions(probe, *target.image)) {
          std::string name(target.image->functions()[index].name);
          std::printf("%s:%s:%s\n", kind, target.path.c_str(), name.c_str());
          if (options.verbose && target.image->is_go()) {
            const go::TypeInfo& info = target.image->type_info();
            auto signature = info.signature(index);
            std::printf("    %s\n", signature
                                        ? go::to_string(info.types(), *signature, name).c_str()
                                        : signature.error().message.c_str());
          }
          any = true;
        }
      }
  if (!any) std::fprintf(stderr, "no probe matches %s\n", pattern.c_str());
  return any ? 0 : kFailed;
}

int list_functions(const Command& command) {
  Command program = command;
  program.functions.clear();
  const auto traced = open_traced(program);
  if (!traced) return kFailed;
  const go::Image& image = *traced->image;
  const auto found = find_all_functions(image, command.functions, command.excluded, true);
  if (!found.ok()) {
    print_error(found.error());
    return kFailed;
  }
  if (found->functions.empty() && found->only_inlined.empty()) {
    print_error({"--exclude leaves no function", ""});
    return kFailed;
  }
  const auto print = [&](const Listed& row) {
    std::puts(command.run.json ? json(row).c_str() : escape_controls(text(row)).c_str());
  };
  if (command.run.json) std::fputs(json_head(command).c_str(), stdout);
  for (const uint32_t function : found->functions) print(listed(image, function));
  for (const go::InlinedFunction& function : found->only_inlined) print(listed(image, function));
  return 0;
}

}  // namespace gotap::cli
