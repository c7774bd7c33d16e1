// A script run: compiled, loaded, attached, followed to its end.
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <memory>

#include "cli/budget.h"
#include "cli/commands.h"
#include "cli/compile.h"
#include "cli/report.h"
#include "output/folded.h"
#include "output/json.h"
#include "output/text.h"
#include "trace/session.h"

namespace gotap::cli {

namespace {

bool has_stack(const Type& type) {
  if (type.kind == Type::Kind::Stack)
    return static_cast<StackMode>(type.detail) != StackMode::Caller;
  return std::any_of(type.parts.begin(), type.parts.end(), has_stack);
}

/// The script's maps that -f folded shows: of numbers that add up, by stack.
std::vector<std::string> maps_by_stack(const bpf::BpfObject& object) {
  std::vector<std::string> names;
  for (const bpf::UserMap& map : object.user_maps) {
    const Type::Kind kind = map.value.kind;
    const bool adds_up =
        kind == Type::Kind::Count || kind == Type::Kind::Sum || kind == Type::Kind::Int;
    if (adds_up && std::any_of(map.keys.begin(), map.keys.end(),
                               [](const bpf::Field& key) { return has_stack(key.type); }))
      names.push_back(map.name);
  }
  return names;
}

std::unique_ptr<output::Sink> open_sink(const Options& options, const MakeSink& make_sink,
                                        const bpf::BpfObject& object, int data_fd) {
  output::SinkOptions sink{.data_fd = data_fd,
                           .message_fd = STDERR_FILENO,
                           .quiet = options.quiet,
                           .buffering = options.buffering};
  // Whatever its value, as for bpftrace.
  if (std::getenv("__BPFTRACE_NOTIFY_PROBES_ATTACHED")) sink.notify_fd = STDOUT_FILENO;
  sink.escape = static_cast<bool>(make_sink);
  if (options.folded) return std::make_unique<output::FoldedSink>(sink, maps_by_stack(object));
  if (make_sink) return make_sink(sink);
  if (options.json) return std::make_unique<output::JsonSink>(sink);
  return std::make_unique<output::TextSink>(sink);
}

// The ring's size must be a power of two of pages.
uint32_t ring_bytes(const lang::Settings& settings) {
  constexpr uint32_t kPage = 4096;
  return settings.perf_rb_pages ? std::bit_ceil(settings.perf_rb_pages) * kPage : 0;
}

Result<int> trace(const Options& options, bpf::Kernel& kernel, trace::AttachMode attach,
                  Compiled& compiled, const MakeSink& make_sink) {
  TRY(output, open_output(options.output, 0644));
  std::unique_ptr<output::Sink> sink = open_sink(options, make_sink, compiled.object, output.get());
  trace::SessionOptions session_options;
  session_options.attach = std::move(attach);
  session_options.pids = options.pids;
  session_options.container = options.container;
  if (options.container.is_given()) session_options.node.cgroups = trace::find_cgroups();
  session_options.ring_bytes = ring_bytes(compiled.settings);
  session_options.max_cat_bytes = compiled.settings.max_cat_bytes;
  session_options.cut_mark = compiled.settings.str_trunc_trailer;
  session_options.print_maps = compiled.settings.print_maps_on_exit;
  std::unique_ptr<bpf::RunCounts> counts;
  if (options.max_overhead > 0 && !compiled.plan.programs.empty()) {
    auto watched = watch_overhead(kernel, compiled.plan, options.max_overhead, session_options);
    if (watched.ok()) {
      counts = std::move(*watched);
      sink->message(cost_line(compiled.plan, session_options.trap_ns));
    } else {
      sink->message("what the probes cost is not watched: " + watched.error().message);
    }
  }
  std::optional<trace::Child> child;
  if (!options.command.empty()) {
    TRY(spawned, trace::Child::spawn(options.command));
    child.emplace(std::move(spawned));
    session_options.child = &*child;
  }
  if (options.verbose) sink->message(plan::dump(compiled.plan));
  TRY(session, trace::Session::start(kernel, compiled.object, compiled.plan, session_options));
  return session.run(*sink);
}

}  // namespace

int run_script(const Options& options, const MakeSink& make_sink) {
  int exit_code = 0;
  auto kernel = bpf::linux_kernel();
  trace::AttachMode attach;
  auto choose = [&](const plan::Plan& plan) -> Result<codegen::Options> {
    if (plan.programs.empty()) return codegen::Options{};
    const bool by_pid = !options.pids.empty() || !options.command.empty();
    TRY(mode, trace::choose_attach(*kernel, options.attach, by_pid));
    attach = std::move(mode);
    return codegen::Options{.by_event = attach.by_event,
                            .several_tgids = attach.compare_tgid && options.pids.size() > 1,
                            .cgroup_level = options.cgroup_level};
  };
  std::optional<Compiled> compiled = compile(options, choose, exit_code);
  if (!compiled) return exit_code;
  // It is a command's, and what became of the probes of its script is no news to who gave it.
  if (make_sink)
    std::erase_if(compiled->plan.notes, [](const plan::Note& note) { return note.for_scripts; });
  if (options.folded && maps_by_stack(compiled->object).empty()) {
    print_error({"-f folded shows maps of counts, sums or integers by stack: the script has none",
                 "as in @[ustack] = count();"});
    return kFailed;
  }
  auto result = trace(options, *kernel, std::move(attach), *compiled, make_sink);
  if (!result.ok()) {
    print_error(result.error());
    return kFailed;
  }
  return *result;
}

}  // namespace gotap::cli
