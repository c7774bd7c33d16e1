// `gotap list`: functions, signatures, and what cannot be probed. `gotap -l PATTERN`: the probes
// that match; with -v what each Go function takes and gives.
#include <cstdio>

#include "base/text.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/compile.h"
#include "cli/report.h"
#include "go/type_info.h"
#include "lang/parser.h"

namespace gotap::cli {

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
  auto traced = open_traced(command);
  if (!traced) return kFailed;
  const go::Image& image = *traced->image;
  if (command.functions.empty())
    for (uint32_t i = 0; i < image.functions().size(); i++)
      if (!is_excluded(command, image.functions()[i].name)) traced->functions.push_back(i);
  for (const uint32_t function : traced->functions) {
    const std::string name(traced->name(function));
    std::string line = name;
    if (image.functions()[function].is_go) {
      const go::TypeInfo& info = image.type_info();
      if (auto signature = info.signature(function))
        line = go::to_string(info.types(), *signature, name);
      else
        line += "  [" + signature.error().message + "]";
    }
    const go::FunctionSites sites = image.sites(function);
    if (!sites.entry) line += "  [no uprobe: " + sites.entry_refused + "]";
    if (!sites.rets_refused.empty())
      line += "  [no uretprobe: " + sites.rets_refused + "]";
    else if (sites.rets.empty() && sites.tail_jumps.empty())
      line += "  [never returns]";
    std::puts(escape_controls(line).c_str());
  }
  return 0;
}

}  // namespace gotap::cli
