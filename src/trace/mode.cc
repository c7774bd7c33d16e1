// Entry points: choose_attach, event_works.
// Facts: DESIGN rule 13. Before 46ba0e49b642 (Linux 6.10, and backports) the pid filter of
// uprobe_multi compared threads and silently lost the hits of all but one.
#include "trace/mode.h"

#include <system_error>
#include <thread>

#include "trace/trial.h"

namespace gotap::trace {

namespace {

// What the trial probes.
extern "C" __attribute__((noinline, used)) void gotap_pid_filter_trial() { asm volatile("nop"); }

// Whether a probe on ourselves counts a hit of another thread. The detaching of it is left to
// whoever holds `links`.
Result<bool> counts_other_threads(bpf::Kernel& kernel, bool by_event, bpf::Links& links) {
  TRY(trial, Trial::start(kernel, reinterpret_cast<const void*>(gotap_pid_filter_trial), by_event));
  links = trial.take_links();
  try {
    std::thread(gotap_pid_filter_trial).join();
  } catch (const std::system_error&) {
    return false;  // no thread to be had: then it is not known, and the programs compare
  }
  TRY(hits, trial.noted(kernel));
  return hits == 1;
}

}  // namespace

Result<bool> event_works(bpf::Kernel& kernel) {
  bpf::Links links;
  return counts_other_threads(kernel, true, links);
}

Result<AttachMode> choose_attach(bpf::Kernel& kernel, AttachWay wanted, bool by_pid) {
  AttachMode mode;
  if (wanted == AttachWay::Event) {
    mode.by_event = true;
    mode.compare_tgid = by_pid;
    return mode;
  }
  TRY(has_multi, kernel.has_uprobe_multi());
  if (!has_multi && wanted == AttachWay::Multi)
    return Error{"this kernel has no uprobe_multi links",
                 "they need Linux 6.6 or newer; --attach=event does without"};
  bool filters = has_multi;
  if (has_multi && by_pid) {
    TRY(promised, kernel.pid_filter_works());
    filters = promised;
    if (promised) {
      mode.trial = std::make_shared<bpf::Links>();
      TRY(counted, counts_other_threads(kernel, false, *mode.trial));
      filters = counted;
    }
  }
  if (filters) return mode;
  mode.compare_tgid = by_pid;
  if (wanted == AttachWay::Multi) return mode;
  mode.by_event = true;
  mode.note = std::string("this kernel ") +
              (has_multi ? "loses hits of uprobe_multi links" : "has no uprobe_multi links") +
              ": attaching by uprobe_events";
  return mode;
}

}  // namespace gotap::trace
