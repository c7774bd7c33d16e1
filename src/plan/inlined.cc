// Calls that the compiler replaced by the called function's body, which a probe on the function
// does not see: says where there are some, and with probe_inline probes those whose place is
// certain. Entry points: Builder::handle_inlined(), Builder::no_function().
#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "plan/builder.h"

namespace gotap::plan {

namespace {

constexpr const char* kOption = "config = { probe_inline = true } lets a uprobe see inlined calls";

struct Total {
  size_t sites = 0, functions = 0;
};
Total total_of(const std::vector<go::InlinedCopies>& copies) {
  Total total;
  for (const go::InlinedCopies& copy : copies) total.sites += copy.count;
  total.functions = copies.size();
  return total;
}

std::string where(const Total& total) {
  return "at " + count_of(total.sites, "site") + " in " + count_of(total.functions, "function");
}

// Functions with inlined copies that their probes do not see.
class Unseen {
 public:
  void add(std::string_view name, const std::vector<go::InlinedCopies>& copies, bool returns) {
    if (!names_.insert(name).second) return;
    const Total total = total_of(copies);
    sites_ += total.sites;
    may_be_seen_ = may_be_seen_ || !returns;
    if (names_.size() <= kNamed)
      lines_.push_back(std::string(name) + ": also inlined " + where(total) +
                       ", which this probe does not see");
  }
  // Whether kOption would let some of the probes see them.
  bool may_be_seen() const { return may_be_seen_; }
  // Of a few a line each.
  void say(std::vector<std::string>& warnings) const {
    if (names_.size() <= kNamed)
      warnings.insert(warnings.end(), lines_.begin(), lines_.end());
    else
      warnings.push_back(count_of(names_.size(), "function") + " are also inlined, at " +
                         count_of(sites_, "site") + ", which these probes do not see");
  }

 private:
  static constexpr size_t kNamed = 3;
  std::set<std::string_view> names_;
  size_t sites_ = 0;
  std::vector<std::string> lines_;
  bool may_be_seen_ = false;
};

}  // namespace

// One pass over the tables for all the names of a target.
void Builder::handle_inlined() {
  for (uint32_t target = 0; target < targets_.size(); target++) {
    std::vector<std::string_view> names;
    for (const Request& request : requests_)
      if (request.target == target)
        names.insert(names.end(), request.names.begin(), request.names.end());
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    std::vector<std::vector<go::InlinedCopies>> by_name(names.size());
    for (const go::InlinedCopies& copy : image(target).inlined_copies(names))
      by_name[copy.name].push_back(copy);
    Unseen unseen;
    for (const Request& request : requests_) {
      if (request.target != target) continue;
      const std::set<std::string_view> own(request.names.begin(), request.names.end());
      for (std::string_view name : own) {
        const auto at = std::lower_bound(names.begin(), names.end(), name) - names.begin();
        const auto& copies = by_name[static_cast<size_t>(at)];
        if (copies.empty()) continue;
        const bool returns = request.probe->kind == lang::ProbeKind::Uretprobe;
        // Of a wildcard's functions that would be a line each.
        const bool wildcard =
            request.probe->function != name && has_wildcard(request.probe->function);
        if (program_.probe_inline && request.probe->kind == lang::ProbeKind::Uprobe)
          add_inlined(request, copies, name);
        else if (!wildcard)
          unseen.add(name, copies, returns);
      }
    }
    unseen.say(out_.plan.warnings);
    if (unseen.may_be_seen()) note(kOption, true);
  }
}

void Builder::add_inlined(const Request& request, const std::vector<go::InlinedCopies>& copies,
                          std::string_view name) {
  const go::Image& image = this->image(request.target);
  const std::vector<uint32_t> out_of_line = image.find(name);
  const uint32_t id = traced_name(
      request.target, out_of_line.empty() ? TracedFunction::kNone : out_of_line.front(), name);
  size_t placed = 0;
  std::vector<std::string> refused;
  for (const go::InlinedCopies& copy : copies) {
    go::InlinedSites found = image.inlined_sites(copy.function, name);
    for (const go::InlinedCallSite& call : found.calls)
      inlined_calls_.try_emplace({id, call.address}, call);
    for (const go::EntrySite& site : found.sites)
      mark({.address = site.address,
            .target = request.target,
            .function = copy.function,
            .clause = request.clause,
            .spec = request.spec,
            .moment = Moment::Entry,
            .g = site.g,
            .inlined = id});
    placed += found.sites.size();
    const std::string host(image.functions()[copy.function].name);
    for (const std::string& why : found.refused) {
      if (std::find(refused.begin(), refused.end(), why) == refused.end()) refused.push_back(why);
      out_.plan.skipped.push_back("uprobe:" + request.probe->path + ":" + std::string(name) +
                                  " inlined into " + host + ": " + why);
    }
  }
  const Total total = total_of(copies);
  if (placed == total.sites)
    return note(std::string(name) + ": probed where it is inlined, too, " + where(total));
  std::string line = std::string(name) + ": inlined " + where(total) + ", of which " +
                     std::to_string(placed) + " can be probed; of the others ";
  line += refused.size() == 1 ? refused.front() : "-v says why";
  std::vector<std::string>& warnings = out_.plan.warnings;
  if (std::find(warnings.begin(), warnings.end(), line) == warnings.end())
    warnings.push_back(std::move(line));
}

// The name is no function's: of one that is inlined everywhere, or of none.
void Builder::no_function(const Request& request) {
  const lang::ProbeSpec& probe = *request.probe;
  const go::Image& image = this->image(request.target);
  const std::string message = "no function named " + probe.function + " in " + probe.path;
  if (auto copies = image.inlined_copies({probe.function}); !copies.empty()) {
    if (program_.probe_inline && probe.kind == lang::ProbeKind::Uprobe && !probe.offset) {
      const size_t before = marks_.size();
      add_inlined(request, copies, probe.function);
      if (marks_.size() != before) {
        out_.plan.probe_count++;
        return;
      }
    }
    const bool returns = probe.kind == lang::ProbeKind::Uretprobe;
    return problem(
        request, message + ": it is inlined everywhere, " + where(total_of(copies)),
        returns ? "an inlined call has no return to probe"
        : program_.probe_inline
            ? "where those calls begin cannot be told: they are mixed with their callers' code"
            : kOption);
  }
  std::vector<std::string_view> names;
  for (const go::Function& function : image.functions()) names.push_back(function.name);
  std::vector<std::string> nearest = nearest_names(probe.function, names, 3);
  std::string hint = !nearest.empty() ? "did you mean " + join_words(nearest, "or") + "?"
                     : names.empty()
                         ? "the file has no symbols (stripped)"
                         : "list its functions with: gotap -l 'uprobe:" + probe.path + ":*'";
  problem(request, message, hint);
}

}  // namespace gotap::plan
