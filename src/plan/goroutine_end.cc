// Where goroutines end: calls that are open then never return. Entry point:
// Builder::mark_goroutine_ends().
//
// Facts (runtime/proc.go, panic.go, coro.go of Go 1.15 to 1.27): a goroutine ends in goexit1,
// which runs on its own stack, whether its function returned (through goexit) or called Goexit;
// that of an iter.Pull (from 1.23) in coroexit instead, which is inlined into what corostart
// defers. main's goroutine and those of C threads do not end before the program or thread does.
#include "plan/builder.h"

namespace gotap::plan {

void Builder::mark_goroutine_ends() {
  constexpr std::string_view kEnds[] = {"runtime.goexit1", "runtime.corostart.deferwrap1"};
  for (uint32_t target = 0; target < targets_.size(); target++) {
    const std::vector<bool>& framed = framed_[target];
    const std::vector<go::Function>& functions = image(target).functions();
    bool has_calls = false;
    for (size_t i = 0; i < framed.size() && !has_calls; i++)
      has_calls = framed[i] && functions[i].is_go;
    if (!has_calls) continue;
    for (std::string_view name : kEnds)
      for (uint32_t function : image(target).find(name)) {
        // Assembly (goexit) calls the ABI wrapper, and that the function.
        if (functions[function].wrapper && functions[function].abi == go::Abi::GoStack) continue;
        const go::FunctionSites& found = sites(target, function);
        if (!found.entry) continue;  // then what is left is counted when tracing ends
        mark({.address = found.entry->address,
              .target = target,
              .function = function,
              .check_branch = found.entry->form == go::EntryForm::CheckBranch,
              .what = Mark::What::EndGoroutine,
              .g = found.entry->g});
      }
  }
}

}  // namespace gotap::plan
