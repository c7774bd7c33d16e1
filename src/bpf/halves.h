// Finding the sites that the kernel refuses among many, when all it says is that there are some.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/result.h"

namespace gotap::bpf {

/// Gives `attempt` all sites and, as long as it answers that some of them are refused (false),
/// the halves of those, until each part is taken (true) or is one site, which then goes into
/// `refused`. Errors of `attempt` end it.
template <class Attempt>
Result<void> attempt_by_halves(std::span<const size_t> sites, const Attempt& attempt,
                               std::vector<size_t>& refused) {
  if (sites.empty()) return {};
  TRY(taken, attempt(sites));
  if (taken) return {};
  if (sites.size() == 1) {
    refused.push_back(sites[0]);
    return {};
  }
  const size_t middle = sites.size() / 2;
  TRY_DO(attempt_by_halves(sites.first(middle), attempt, refused));
  return attempt_by_halves(sites.subspan(middle), attempt, refused);
}

}  // namespace gotap::bpf
