// Attaching where there are no uprobe_multi links: one event of tracefs' uprobe_events that
// holds all probes of a program.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/result.h"
#include "bpf/kernel.h"

namespace gotap::bpf {

/// The tracefs of this machine, opened for as long as events of ours are in it.
class Tracefs {
 public:
  /// Mounts it where nobody sees it and nothing stays, else takes the one that is mounted; then
  /// removes the events that earlier runs left behind when they were killed. Errors: not
  /// permitted, a kernel without uprobe events.
  static Result<std::shared_ptr<Tracefs>> open();

  Tracefs(Fd root, Fd commands, std::string prefix);
  /// A name that no other event has: "group/event".
  std::string new_name();
  /// Makes or extends the event `name`: a probe at each offset of the file.
  Result<void> define(const std::string& name, const AttachRequest& request,
                      std::span<const size_t> sites);
  /// Its number, for perf_event_open(2).
  Result<uint64_t> id_of(const std::string& name);
  /// Only for events that nothing uses any more.
  void remove(const std::string& name);
  /// All uprobe events there are, whoever made them: a line a probe, as they were defined.
  std::string definitions() const;

 private:
  void remove_leftovers();

  Fd root_, commands_;
  std::string prefix_;  ///< of our groups' names
  std::atomic<uint64_t> names_ = 0;
};

/// Kernel::attach_uprobes by events. The programs get no cookies.
Result<Attachment> attach_uprobe_event(const std::shared_ptr<Tracefs>& tracefs,
                                       const AttachRequest& request);

}  // namespace gotap::bpf
