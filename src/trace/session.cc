// Entry points: Session::start, Session::run. Reads as the life of a run, from the top of
// run() downwards; loading stands in load.cc, events in events.cc.
#include "trace/session.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "trace/attach.h"
#include "trace/events.h"
#include "trace/frames.h"
#include "trace/gate.h"
#include "trace/lease.h"
#include "trace/load.h"
#include "trace/overhead.h"
#include "trace/waiter.h"

namespace gotap::trace {

namespace {

constexpr int64_t kMillisecond = 1'000'000;
// While events come, the ring is looked into every 2 ms, which costs the target nothing; while
// none come, less and less often, but never so seldom that a burst could fill a default ring
// before the next look.
constexpr int64_t kDrainBusy = 2 * kMillisecond, kDrainIdle = 8 * kMillisecond;
// How often dead frames are swept, and a lost exit() event is looked for.
constexpr int64_t kHousekeeping = 1000 * kMillisecond;
// How often it is looked whether a container has started anew.
constexpr int64_t kContainerStarts = 250 * kMillisecond;

int64_t now_ns() {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

struct Session::State {
  State(bpf::Kernel& kernel, const bpf::BpfObject& object, const plan::Plan& plan,
        const SessionOptions& options, Loaded loaded)
      : kernel(kernel),
        object(object),
        plan(plan),
        options(options),
        loaded(std::move(loaded)),
        maps(kernel, object, plan, this->loaded.map_fds, this->loaded.cpus, options.cut_mark),
        frames(kernel, maps, this->loaded.map_fds) {}

  bpf::Kernel& kernel;
  const bpf::BpfObject& object;
  const plan::Plan& plan;
  SessionOptions options;
  Loaded loaded;
  Maps maps;
  FrameSweeper frames;
  bpf::Links links;
  std::optional<Overhead> overhead;
  uint64_t swept = 0;  ///< frames swept: unwound calls that no program noticed

  std::vector<int> target_pidfds() const;
  void release_links();

  Result<void> drain(EventHandler& events);
  Result<void> run_timers(lang::ProbeKind kind, EventHandler& events);
  void lease_files(Leases& leases, output::Sink& sink) const;
  Result<void> attach(output::Sink& sink);
  Result<void> watch_overhead();
  Result<void> follow(EventHandler& events, Waiter& waiter, const Leases& leases);
  Result<void> housekeeping(EventHandler& events);
  Result<void> follow_container(output::Sink& sink);
  Result<void> gather(EventHandler& events, output::Sink& sink);
  Result<void> finish(EventHandler& events, output::Sink& sink, SignalWatch& signals);
  Result<output::Losses> losses();
  uint64_t timer_count() const { return plan.timers.size(); }
  bool tracks_frames() const { return plan.uses_frames && loaded.has_map(bpf::BpfObject::kFrames); }
};

std::vector<int> SessionOptions::traced_pids() const {
  if (child) return {child->pid()};
  return pids;
}

std::vector<int> Session::State::target_pidfds() const {
  if (options.child) return {options.child->pidfd()};
  std::vector<int> fds;
  for (const Fd& fd : loaded.target_pidfds) fds.push_back(fd.get());
  return fds;
}

void Session::State::release_links() {
  if (options.attach.trial)
    std::move(options.attach.trial->begin(), options.attach.trial->end(),
              std::back_inserter(links));
  options.attach.trial.reset();
  close_links(std::move(links));
  links.clear();
}

Session::Session(std::unique_ptr<State> state) : state_(std::move(state)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() {
  if (state_) state_->release_links();
}

Result<Session> Session::start(bpf::Kernel& kernel, const bpf::BpfObject& object,
                               const plan::Plan& plan, const SessionOptions& options) {
  TRY(loaded, load(kernel, object, plan, options));
  return Session(std::make_unique<State>(kernel, object, plan, options, std::move(loaded)));
}

Result<int> Session::run(output::Sink& sink) {
  State& s = *state_;
  SignalWatch signals;
  TRY_DO(signals.start());
  EventHandler events(s.object, s.maps, sink, s.options.max_cat_bytes);
  Waiter waiter(signals, s.target_pidfds());

  // The sites are what was planned, and stay so while the files are leased; from here on the
  // script runs, and whatever it has gathered is printed however this ends.
  Leases leases;
  s.lease_files(leases, sink);
  TRY_DO(check_files(s.plan, s.loaded.file_fds));
  const TracedProcesses traced{s.options.pids, s.options.child ? s.options.child->pid() : 0};
  TRY(remarks, check_processes(s.kernel, s.plan, s.loaded.file_fds, traced, find_cgroups()));
  for (const std::string& remark : remarks) sink.message(remark);
  for (const std::string& warning : s.plan.warnings) sink.message(warning);

  auto live = [&]() -> Result<void> {
    TRY_DO(s.run_timers(lang::ProbeKind::Begin, events));
    if (events.stopping()) {
      sink.attached(s.timer_count());
      return {};
    }
    // Probes are hit while others go in.
    TRY_DO(s.watch_overhead());
    auto attached = s.attach(sink);
    if (!attached.ok() || s.links.empty()) s.overhead.reset();
    TRY_DO(std::move(attached));
    if (s.options.child) TRY_DO(s.options.child->release());
    return s.follow(events, waiter, leases);
  };
  auto lived = live();
  auto finished = s.finish(events, sink, signals);
  leases.release();
  if (!lived.ok()) return std::move(lived.error());
  if (!finished.ok()) return std::move(finished.error());
  if (!sink.ok()) return 1;
  if (events.exit_code()) return *events.exit_code();
  if (s.options.child && s.options.child->exit_code()) return *s.options.child->exit_code();
  return 0;
}

void Session::State::lease_files(Leases& leases, output::Sink& sink) const {
  if (plan.programs.empty()) return;
  for (const Leases::Refused& refused : leases.take(loaded.file_fds)) {
    const std::string why = refused.why == Leases::Refusal::Writer
                                ? " is open for writing"
                                : " is on a file system that cannot say when it is written";
    sink.message(plan.targets[refused.file].path + why +
                 ": if it changes while it is traced, programs that run it may crash");
  }
}

Result<void> Session::State::attach(output::Sink& sink) {
  // A pid filter that loses hits is not used; that of events is right, so nobody else is probed.
  std::vector<int> pids;
  if (options.attach.by_event || !options.attach.compare_tgid) pids = options.traced_pids();
  if (!options.attach.note.empty()) sink.message(options.attach.note);
  TRY(attached, attach_all(kernel, object, plan, loaded.program_fds(), loaded.file_fds, pids));
  links = std::move(attached.links);
  for (const std::string& site : attached.refused)
    sink.message("the kernel cannot probe this instruction, left out: " + site);
  if (!attached.refused.empty() && links.empty())
    return Error{"nothing could be attached: the kernel refuses every instruction to probe", ""};
  for (const plan::Note& note : plan.notes) sink.message(note.text);
  sink.attached(timer_count() + attached.probes);
  sink.flush();
  return {};
}

Result<void> Session::State::watch_overhead() {
  if (!options.run_counts) return {};
  std::vector<HitProgram> programs;
  for (size_t i = 0; i < object.programs.size(); i++) {
    const bpf::Program& program = object.programs[i];
    if (program.kind == bpf::ProgramKind::Uprobe && program.plan_program < options.trap_ns.size())
      programs.push_back({loaded.programs[i].get(), options.trap_ns[program.plan_program]});
  }
  overhead.emplace(*options.run_counts, std::move(programs), options.traced_pids(),
                   options.max_overhead);
  return overhead->start(now_ns());
}

// Until something ends it.
Result<void> Session::State::follow(EventHandler& events, Waiter& waiter, const Leases& leases) {
  std::vector<size_t> interval_programs;
  for (const auto& timer : loaded.timers) {
    if (timer.kind != lang::ProbeKind::Interval) continue;
    TRY_DO(waiter.add_interval(timer.period_ns));
    interval_programs.push_back(timer.program);
  }
  // Nothing left that could happen: BEGIN and END only.
  if (links.empty() && interval_programs.empty() && !options.child) return {};
  TRY_DO(waiter.start_intervals());
  const bool container = options.container.is_given();
  const bool needs_housekeeping = loaded.hits_send || tracks_frames() || container;
  const int64_t period = container ? kContainerStarts : kHousekeeping;
  int64_t delay = kDrainBusy, next_housekeeping = now_ns() + period;
  while (!events.stopping() && !events.sink().is_complete()) {
    int64_t timeout = loaded.hits_send ? delay : needs_housekeeping ? period : -1;
    if (overhead) {
      const int64_t next = std::max<int64_t>(overhead->next() - now_ns(), 0);
      timeout = timeout < 0 ? next : std::min(timeout, next);
    }
    TRY(ready, waiter.wait(timeout));
    const uint64_t before = events.count();
    TRY_DO(drain(events));
    delay = events.count() != before ? kDrainBusy : std::min(delay * 2, kDrainIdle);
    if (ready.signal || ready.targets_ended) break;
    if (auto file = ready.lease_broken ? leases.broken() : std::nullopt) {
      events.sink().message(plan.targets[*file].path +
                            " is about to be written: its probes are removed first");
      break;
    }
    for (size_t i : ready.intervals) {
      if (events.stopping()) break;
      TRY_DO(kernel.run_program(loaded.programs[interval_programs[i]].get()));
      TRY_DO(drain(events));
    }
    if (overhead) {
      TRY(too_much, overhead->look(now_ns()));
      if (too_much) {
        events.sink().complain(*too_much);
        break;
      }
    }
    if (needs_housekeeping && now_ns() >= next_housekeeping) {
      TRY_DO(housekeeping(events));
      if (container) TRY_DO(follow_container(events.sink()));
      next_housekeeping = now_ns() + period;
    }
    events.sink().flush();
  }
  return {};
}

Result<void> Session::State::drain(EventHandler& events) {
  if (!loaded.ring) return {};
  TRY(records, loaded.ring->drain([&](Bytes record) { events.handle(record); }));
  (void)records;
  return events.error();
}

Result<void> Session::State::run_timers(lang::ProbeKind kind, EventHandler& events) {
  for (const auto& timer : loaded.timers) {
    if (timer.kind != kind) continue;
    TRY_DO(kernel.run_program(loaded.programs[timer.program].get()));
    TRY_DO(drain(events));
    if (kind == lang::ProbeKind::Begin && events.stopping()) break;
  }
  return {};
}

Result<void> Session::State::housekeeping(EventHandler& events) {
  if (tracks_frames()) {
    TRY(census, frames.sweep());
    swept += census.unwound;
  }
  // exit() marks itself here too, as its event may be among those that found the ring full.
  TRY(globals, loaded.read_globals(kernel));
  if (globals.exiting) events.stop();
  return {};
}

// A container that starts anew has another cgroup of the same name; a pod keeps its own.
Result<void> Session::State::follow_container(output::Sink& sink) {
  const auto found = find_containers(options.node, options.container);
  if (!found.ok()) return {};  // between two starts
  TRY(is_new, loaded.add_cgroups(kernel, object, *found));
  const ContainerName& name = options.container;
  if (is_new)
    sink.message((name.pod.empty() ? "container " + name.container : "pod " + name.pod) +
                 " has started anew: what it runs of the same file is traced from here on");
  return {};
}

// END and the maps: what the user came for, before anything is detached. What one step cannot
// do does not keep the others from showing what they have; the first error is the one returned.
Result<void> Session::State::gather(EventHandler& events, output::Sink& sink) {
  Result<void> first;
  auto note = [&](Result<void> step) {
    if (first.ok() && !step.ok()) first = std::move(step);
  };
  note(loaded.set_exiting(kernel));
  note(drain(events));
  note(run_timers(lang::ProbeKind::End, events));
  sink.end();
  std::vector<uint32_t> order;
  for (uint32_t i = 0; i < object.user_maps.size(); i++) order.push_back(i);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return object.user_maps[a].name < object.user_maps[b].name;
  });
  for (uint32_t i : order) {
    if (!options.print_maps || !sink.ok()) break;
    auto dump = maps.dump(i);
    if (!dump.ok())
      note(std::move(dump.error()));
    else
      sink.map(*dump);
  }
  auto lost = losses();
  if (!lost.ok())
    note(std::move(lost.error()));
  else
    sink.losses(*lost);
  if (overhead) {
    auto summary = overhead->summary(now_ns());
    if (!summary.ok())
      note(std::move(summary.error()));
    else
      sink.message(*summary);
  }
  return first;
}

Result<void> Session::State::finish(EventHandler& events, output::Sink& sink,
                                    SignalWatch& signals) {
  signals.let_through();
  auto gathered = gather(events, sink);
  sink.flush();
  release_links();
  // Closing waited for the programs that were running: now nothing is under way any more.
  auto drained = drain(events);
  sink.flush();
  if (options.child) options.child->terminate();
  if (!gathered.ok()) return gathered;
  return drained;
}

Result<output::Losses> Session::State::losses() {
  TRY(globals, loaded.read_globals(kernel));
  output::Losses lost{.ring_full = globals.ring_full,
                      .frames_full = globals.frames_full,
                      .frames_missing = globals.frames_missing,
                      .unwound = globals.unwound + swept,
                      .undecided = globals.undecided,
                      .no_goroutine = globals.no_goroutine,
                      .scratch_busy = globals.scratch_busy,
                      .contended = globals.contended,
                      .loops_cut = globals.loops_cut,
                      .unknown_site = globals.unknown_site,
                      .saved_full = globals.saved_full,
                      .unwind_cut = globals.unwind_cut};
  lost.kernel_returns =
      std::any_of(plan.programs.begin(), plan.programs.end(),
                  [](const plan::Program& p) { return p.shape.kernel_uretprobe; });
  for (size_t i = 0; i < object.user_maps.size() && i < loaded.map_full.size(); i++)
    if (loaded.map_full[i])
      lost.map_full.emplace_back(object.user_maps[i].name, loaded.map_full[i]);
  if (tracks_frames()) {
    TRY(census, frames.count());
    lost.in_flight = census.in_flight;
    for (const auto& [function, calls] : census.in_flight_of)
      lost.in_flight_of[plan::func_name(plan, function)] += calls;
    lost.unwound += census.unwound;
  }
  return lost;
}

}  // namespace gotap::trace
