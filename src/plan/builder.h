// Builder: collects, site by site, what is to happen there, and in the end sorts the sites
// into programs. Private to plan/.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "plan/plan.h"

namespace gotap::plan {

/// Everything known about one probed instruction while the plan is being made.
struct SiteDraft {
  Shape shape;
  Cookie cookie;
};

class Builder {
 public:
  Builder(const lang::TypedProgram& program, const std::vector<Target>& targets);

  /// Adds every probe of every clause, in the script's order.
  Planned build();

 private:
  /// One probe of one clause, resolved to a target.
  struct Request {
    uint32_t clause = 0;
    uint32_t spec = 0;  ///< index into Plan::specs
    uint32_t target = 0;
    const lang::ProbeSpec* probe = nullptr;
  };
  /// A function whose calls must be recorded, as a return has to be matched with its call.
  using FunctionKey = std::pair<uint32_t, uint32_t>;  ///< target, index in Image::functions()
  /// Kernel uretprobes sit at the entry address too but are another kind of breakpoint.
  using SiteKey = std::tuple<uint32_t, uint64_t, bool>;  ///< target, address, kernel_uretprobe

  void add_probe(uint32_t clause, const lang::ProbeSpec& probe);
  void add_instruction(const Request& request);
  void add_functions(const Request& request);
  /// Empty, or why the function cannot be probed so.
  std::string add_entry(const Request& request, uint32_t function);
  std::string add_return(const Request& request, uint32_t function);
  std::string add_go_return(const Request& request, uint32_t function);
  std::string add_tail_returns(const Request& request, uint32_t wrapper, uint32_t function,
                               int depth);
  /// Records the calls of a function: a frame at its entry, ended at each of its RETs.
  std::string track_frames(uint32_t target, uint32_t function);

  /// The draft of the instruction at `address`, which lies in `function`.
  SiteDraft& site(uint32_t target, uint32_t function, uint64_t address, bool kernel_uretprobe,
                  go::GSource g);
  uint32_t traced(uint32_t target, uint32_t function);
  const go::FunctionSites& sites(uint32_t target, uint32_t function);
  const go::Image& image(uint32_t target) const { return *targets_[target].image; }
  void problem(const Request& request, std::string message, std::string hint = "");
  void warn_skipped(const Request& request, size_t matched,
                    const std::vector<std::pair<std::string, std::string>>& skipped);
  void finish();

  const lang::TypedProgram& program_;
  const std::vector<Target>& targets_;
  Planned out_;
  std::map<SiteKey, SiteDraft> drafts_;
  std::map<FunctionKey, uint32_t> traced_;
  std::map<FunctionKey, go::FunctionSites> sites_;
  std::map<FunctionKey, std::string> framed_;  ///< functions already tracked, and the outcome
};

}  // namespace gotap::plan
