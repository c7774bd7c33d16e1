// Functions that the compiler made to call others: wrappers of methods ((*T).M of T.M, promoted
// methods), method values (T.M-fm), deferred and started calls. Entry point:
// Builder::drop_wrappers().
//
// Whoever names one means it. But a wildcard that covers both it and what it calls would count
// each of its calls twice. A wrapper into which its method was inlined, or that calls through an
// interface, leads to no function of the wildcard and stays.
#include <algorithm>

#include "base/text.h"
#include "plan/builder.h"

namespace gotap::plan {

void Builder::drop_wrappers(const Request& request, std::vector<uint32_t>& matches) {
  const go::Image& image = this->image(request.target);
  const std::vector<go::Function>& functions = image.functions();
  // Named exactly after all: a function whose name looks like a wildcard.
  if (functions[matches.front()].name == request.probe->function) return;
  size_t dropped = 0;
  const std::vector<uint32_t> all = matches;  // by index
  std::erase_if(matches, [&](uint32_t index) {
    for (uint32_t callee : image.wrapped_by(index)) {
      if (!std::binary_search(all.begin(), all.end(), callee)) continue;
      const char* kind =
          request.probe->kind == lang::ProbeKind::Uretprobe ? "uretprobe:" : "uprobe:";
      out_.plan.skipped.push_back(kind + request.probe->path + ":" +
                                  std::string(functions[index].name) +
                                  ": a wrapper that the compiler made, its calls are seen in " +
                                  std::string(functions[callee].name));
      dropped++;
      return true;
    }
    return false;
  });
  if (dropped > 0)
    note(
        request.probe->function + ": " + count_of(dropped, "wrapper") +
        " that the compiler made left out, as the calls are seen in the functions called (-v names "
        "all)");
}

}  // namespace gotap::plan
