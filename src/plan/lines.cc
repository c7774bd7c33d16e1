// Probes on lines of source. Entry points: Builder::add_line(), line_problem().
#include <algorithm>

#include "base/text.h"
#include "plan/builder.h"

namespace gotap::plan {

std::optional<Error> line_problem(const go::LineSites& found, const std::string& path,
                                  const std::string& file, uint32_t line) {
  if (found.files.empty())
    return Error{"no source file of " + path + " is called " + file,
                 "the end of its path is enough, as in checkout.go or cart/checkout.go"};
  if (found.files.size() > 1) {
    constexpr size_t kShown = 4;
    std::vector<std::string> some = found.files;
    some.resize(std::min(kShown, some.size()));
    return Error{std::to_string(found.files.size()) + " source files are called " + file,
                 "write more of the path: " + join_words(some, "or")};
  }
  const std::string where = file + ":" + std::to_string(line);
  if (found.sites.empty() && !found.refused.empty())
    return Error{where + " cannot be probed: " + found.refused.front(), ""};
  if (!found.sites.empty()) return std::nullopt;
  std::vector<std::string> lines;
  for (const uint32_t near : found.nearest) lines.push_back(std::to_string(near));
  return Error{"line " + std::to_string(line) + " of " + found.files[0] + " has no code",
               lines.empty() ? "" : "the nearest that have: " + join_words(lines)};
}

// uprobe:BIN@FILE:LINE: each instruction with which code of the line begins.
void Builder::add_line(const Request& request) {
  const lang::ProbeSpec& probe = *request.probe;
  const go::Image& image = this->image(request.target);
  const std::string where = probe.file + ":" + std::to_string(probe.line);
  std::string& spec = out_.plan.specs[request.spec];
  spec.back() = '@';
  spec += where;
  if (!image.is_go())
    return problem(
        request, "lines of source are known of Go programs only, which " + probe.path + " is not");
  const go::LineSites& found = image.line_sites(probe.file, probe.line);
  if (auto wrong = line_problem(found, probe.path, probe.file, probe.line))
    return problem(request, wrong->message, wrong->hint);
  for (const std::string& why : found.refused)
    out_.plan.skipped.push_back("uprobe:" + probe.path + "@" + where + " in " + why);
  if (!found.refused.empty())
    out_.plan.warnings.push_back(
        where + ": not all code of the line can be probed: " + found.refused.front() +
        (found.refused.size() > 1 ? " (-v says all)" : ""));
  for (const go::LineSite& site : found.sites) {
    mark({.address = site.address,
          .target = request.target,
          .function = site.function,
          .clause = request.clause,
          .spec = request.spec,
          .g = go::g_source(image.functions()[site.function]),
          .line = probe.line});
    out_.plan.probe_count++;
  }
}

}  // namespace gotap::plan
