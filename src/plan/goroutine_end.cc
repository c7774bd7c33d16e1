// Where calls end without a return: with their goroutine, and by a panic. Entry point:
// Builder::mark_goroutine_ends().
//
// Facts: go/goroutine_ends.h.
//   A function that recovered from a panic goes on with its call of deferreturn: no other that it
// called is open there. Calls that a panic ended are also found when a shallower one begins or
// returns; `outermost` must not wait for that.
#include "go/goroutine_ends.h"
#include "plan/builder.h"

namespace gotap::plan {

void Builder::mark_goroutine_ends() {
  for (uint32_t target = 0; target < targets_.size(); target++) {
    const std::vector<bool>& framed = framed_[target];
    const std::vector<go::Function>& functions = image(target).functions();
    bool has_calls = false;
    for (size_t i = 0; i < framed.size() && !has_calls; i++)
      has_calls = framed[i] && functions[i].is_go;
    if (!has_calls) continue;
    for (const char* name : go::kGoroutineEnds) mark_ends(target, name, Mark::What::EndGoroutine);
    mark_ends(target, go::kFatalPanic, Mark::What::EndGoroutine);
    if (asks_outermost_) mark_ends(target, "runtime.deferreturn", Mark::What::Unwind);
  }
}

void Builder::mark_ends(uint32_t target, std::string_view name, Mark::What what) {
  for (uint32_t index : image(target).find(name)) {
    const go::Function& function = image(target).functions()[index];
    // Assembly (goexit) calls the ABI wrapper, and that the function. (The linker marks deferreturn
    // itself as a wrapper, too.)
    if (function.wrapper && function.abi != image(target).abi()) continue;
    const go::FunctionSites& found = sites(target, index);
    if (!found.entry) continue;  // then what is left is counted when tracing ends
    mark({.address = found.entry->address,
          .target = target,
          .function = index,
          .check_branch = found.entry->form == go::EntryForm::CheckBranch,
          .what = what,
          .g = found.entry->g});
  }
}

}  // namespace gotap::plan
