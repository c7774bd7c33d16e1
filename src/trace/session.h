// Session: one run of a loaded object: load, BEGIN, attach, follow, END, print, detach.
// Entry points: Session::start, then Session::run.
//
// What start() and run() print between them, all through the sink: the plan's warnings and
// notes, "Attached N probes", everything the script prints, the maps at the end, the losses.
// Neither prints errors: they return them.
//
// Facts: DESIGN rules 12-18; bpftrace's order (BEGIN before the probes are attached, END after
// the last of them, then the maps by name).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "bpf/kernel.h"
#include "bpf/object.h"
#include "bpf/run_counts.h"
#include "output/value.h"
#include "plan/plan.h"
#include "trace/child.h"
#include "trace/containers.h"
#include "trace/mode.h"

namespace gotap::trace {

struct SessionOptions {
  std::vector<int> pids;  ///< -p: only these processes; empty: every one that runs the files
  /// Only processes of this container or pod, through all its starts; `pids` is empty then and the
  /// object generated for it.
  ContainerName container;
  Node node;               ///< where it is looked for
  Child* child = nullptr;  ///< -c: spawned and not yet released; outlives the session
  /// Bytes of the ring buffer, a power of two of pages. 0: what holds 64 of the largest
  /// records, at least 1 MiB a CPU up to 8 (13,000 small records: 9 ms of a thread's fastest
  /// hits), and 256 KiB where only BEGIN, END and intervals send events.
  uint32_t ring_bytes = 0;
  bool print_maps = true;          ///< all maps at the end
  uint64_t max_cat_bytes = 10240;  ///< what cat() shows of a file
  std::string cut_mark = "..";     ///< what str() puts behind text that it cut
  /// The kernel's count of the programs' runs, where the cost of the probes is watched; outlives
  /// the session. With it what a hit of each of Plan::programs costs, in nanoseconds, and the most
  /// percent of the processes' CPU time that all hits may (overhead.h); above that tracing ends.
  bpf::RunCounts* run_counts = nullptr;
  std::vector<double> trap_ns;
  double max_overhead = 0;
  /// How to attach, as choose_attach() found; the object must have been generated for it.
  AttachMode attach;
  /// The opened files of Plan::targets; empty: each target's Image::fd().
  std::vector<int> target_fds;

  /// The processes the probes are for: the child, or -p's; empty: every one.
  std::vector<int> traced_pids() const;
};

class Session {
 public:
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  ~Session();

  /// Creates the maps and loads the programs; nothing is attached yet and nothing has run.
  /// `kernel`, `object`, `plan` and the child must outlive the session. Errors: the process is
  /// gone, no privilege, no memory, a program the verifier refused.
  static Result<Session> start(bpf::Kernel& kernel, const bpf::BpfObject& object,
                               const plan::Plan& plan, const SessionOptions& options);

  /// Checks the sites, runs BEGIN, attaches, releases the child, then prints events until
  /// exit(), SIGINT, SIGTERM, SIGHUP, the end of the traced process or too high a cost; then END,
  /// the maps, the losses. A second SIGINT ends the program at once. Returns the exit code:
  /// exit(n)'s, else the child's (128 + signal), else 0; 1 if the output could no longer be
  /// written. On an error after BEGIN what was gathered is printed before the error is returned.
  Result<int> run(output::Sink& sink);

 private:
  struct State;
  explicit Session(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace gotap::trace
