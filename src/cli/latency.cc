// `gotap latency`: how long calls take.
#include "output/latency.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "cli/command.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "output/json.h"
#include "trace/mode.h"
#include "trace/trap_cost.h"

namespace gotap::cli {

namespace {

// A clause for the functions whose predicate is the same.
std::string clause(const Traced& traced, const Command& command, const std::string& functions,
                   const std::string& when) {
  const bool several = traced.functions.size() > 1;
  std::string keys = several ? "func" : "";
  if (!command.by.empty()) keys += (keys.empty() ? "" : ", ") + command.by;
  if (command.stack) keys += (keys.empty() ? "" : std::string(", ")) + "ustack";
  const std::string of = keys.empty() ? "" : "[" + keys + "]";
  // Parts of a 32nd of a power of two: a percentile is known to 3 %.
  return functions + " " + when + "{ @ns" + of + " = hist(duration, 5); @max" + of +
         " = max(duration); }\n";
}

// What a call that does nothing seems to take: of the ways in which the functions are timed the
// dearest.
Result<uint64_t> measured_floor(const Command& command, const go::Image& image,
                                const std::vector<uint32_t>& functions) {
  auto kernel = bpf::linux_kernel();
  TRY(mode, trace::choose_attach(*kernel, command.run.attach, true));
  std::array<bool, 3> used{};
  for (const uint32_t function : functions) {
    const auto use = [&](trace::Timed timed) { used[static_cast<size_t>(timed)] = true; };
    if (!image.functions()[function].is_go) {
      use(trace::Timed::KernelReturned);
      continue;
    }
    const go::FunctionSites sites = image.sites(function);
    if (sites.entry) use(sites.entry->emulated ? trace::Timed::Emulated : trace::Timed::Stepped);
  }
  uint64_t floor = 0;
  for (size_t i = 0; i < used.size(); i++) {
    if (!used[i]) continue;
    TRY(one, trace::measure_floor(*kernel, mode.by_event, static_cast<trace::Timed>(i)));
    floor = std::max(floor, one);
  }
  return floor;
}

}  // namespace

int show_latency(const Command& command) {
  auto traced = open_traced(command);
  if (!traced) return kFailed;
  std::string script = write_clauses(command, *traced, "uretprobe",
                                     [&](const std::string& probes, const std::string& when) {
                                       return clause(*traced, command, probes, when);
                                     });
  if (script.empty()) return kFailed;
  // The histograms are large; by function it is known how many there will be.
  constexpr size_t kMostBy = 2048;
  const bool is_split = command.stack || !command.by.empty();
  const size_t most = is_split ? kMostBy : traced->functions.size();
  script = "config = { max_map_keys = " + std::to_string(most) + " }\n" + script;
  script += timers(command, "print(@max); print(@ns);");
  const auto image = traced->image;
  const auto functions = traced->functions;
  const auto make_sink = [&](const output::SinkOptions& options) -> std::unique_ptr<output::Sink> {
    const auto floor = measured_floor(command, *image, functions);
    if (!floor.ok())
      std::fprintf(stderr, "WARNING: the floor of durations is not known: %s\n",
                   floor.error().message.c_str());
    if (command.run.json)
      return std::make_unique<output::JsonSink>(
          options, json_head(command, floor.ok() ? ", \"floor_ns\": " + std::to_string(*floor)
                                                 : std::string()));
    return std::make_unique<output::LatencySink>(options, command.interval > 0,
                                                 floor.ok() ? *floor : 0);
  };
  return run_command(command, std::move(*traced), script, make_sink, true);
}

}  // namespace gotap::cli
