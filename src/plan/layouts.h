// Layouts: where the Go values of a clause are in each function it probes; functions that have
// them in the same places share a layout, and so a program. Private to plan/. Entry point:
// Layouts::of().
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "go/value_copies.h"
#include "plan/plan.h"

namespace gotap::plan {

class Layouts {
 public:
  Layouts(const lang::TypedProgram& program, const std::vector<Target>& targets)
      : program_(program), targets_(targets) {}

  /// The index of the layout, in all(); Action::kNoLayout if the clause has no Go values.
  /// `at`: where in `function` they are looked at, as go::resolve() has it.
  uint32_t of(uint32_t target, uint32_t function, uint32_t clause, const go::Spot& at = {});
  /// Whether something in it is compared with, or found at, an address that the loader moves.
  bool needs_bias(uint32_t layout) const;
  const std::vector<Layout>& all() const { return layouts_; }
  /// What is to be copied of the whole values among them. At the end.
  CopyTable copies();

 private:
  const lang::TypedProgram& program_;
  const std::vector<Target>& targets_;
  std::vector<Layout> layouts_;
  CopyTable copies_;
  std::map<uint32_t, go::ValueCopies> whole_;  // by target
  std::map<Layout, uint32_t> known_;
};

/// Whether a return of the clause shows what was there when the call began.
bool keeps_arguments(const lang::Clause& clause);

}  // namespace gotap::plan
