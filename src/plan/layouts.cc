#include "plan/layouts.h"

#include <algorithm>

namespace gotap::plan {

uint32_t Layouts::of(uint32_t target, uint32_t function, uint32_t clause, const go::Spot& at) {
  const std::vector<lang::GoValue>& values = program_.clauses[clause].go_values;
  if (values.empty()) return Action::kNoLayout;
  const go::TypeInfo& info = targets_[target].image->type_info();
  Layout layout{target, clause, {}};
  for (const lang::GoValue& value : values) {
    go::Resolved resolved =
        go::resolve(info, function, value.path, value.aspect, program_.error_texts, at);
    // The checker has refused what is wrong for every function; in one of many it is unknown.
    if (resolved.error) {
      resolved.access = {};
      resolved.access.unknown = value.path.root.kind == go::PathRoot::Kind::Local
                                    ? "optimized out"
                                    : resolved.error->message;
    }
    for (go::Whole& whole : resolved.access.wholes)
      whole.copy = whole_.try_emplace(target, copies_, info, target, program_.values)
                       .first->second.of(whole.type);
    layout.values.push_back(std::move(resolved.access));
  }
  auto [entry, fresh] = known_.try_emplace(layout, static_cast<uint32_t>(layouts_.size()));
  if (fresh) layouts_.push_back(std::move(layout));
  return entry->second;
}

CopyTable Layouts::copies() {
  for (auto& [target, types] : whole_) types.finish();
  return std::move(copies_);
}

bool Layouts::needs_bias(uint32_t layout) const {
  if (layout == Action::kNoLayout || !targets_[layouts_[layout].target].image->is_pie())
    return false;
  const std::vector<go::Access>& values = layouts_[layout].values;
  return std::any_of(values.begin(), values.end(),
                     [](const go::Access& access) { return access.needs_bias; });
}

bool keeps_arguments(const lang::Clause& clause) {
  return std::any_of(clause.go_values.begin(), clause.go_values.end(),
                     [](const lang::GoValue& value) { return value.at_entry; });
}

}  // namespace gotap::plan
