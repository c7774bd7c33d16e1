// Entry points: cpu_time_ns, Overhead::look.
// Facts: proc(5), stat: utime and stime, the 14th and 15th field, in ticks of a clock.
#include "trace/overhead.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <sstream>

#include "base/text.h"

namespace gotap::trace {

namespace {

std::string percent_text(double part) {
  char text[32];
  std::snprintf(text, sizeof text, part < 0.0995 ? "%.1f %%" : "%.0f %%", part * 100);
  return text;
}

}  // namespace

uint64_t cpu_time_ns(const std::vector<int>& pids) {
  constexpr int kUser = 11;  // words behind the name's closing bracket
  const auto tick = static_cast<uint64_t>(1'000'000'000 / std::max(1L, ::sysconf(_SC_CLK_TCK)));
  uint64_t ticks = 0;
  for (const int pid : pids) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string text(std::istreambuf_iterator<char>(file), {});
    const size_t bracket = text.rfind(')');
    if (bracket == std::string::npos) continue;
    std::istringstream words(text.substr(bracket + 1));
    std::string word;
    for (int i = 0; i < kUser && words >> word; i++) {
    }
    uint64_t user = 0, system = 0;
    if (words >> user >> system) ticks += user + system;
  }
  return ticks * tick;
}

Result<Overhead::Taken> Overhead::taken() {
  Taken all;
  for (const HitProgram& program : programs_) {
    TRY(runs, counts_.of(program.fd));
    all.hits += runs.count;
    all.ns += static_cast<double>(runs.count) * program.trap_ns + static_cast<double>(runs.ns);
  }
  return all;
}

Result<void> Overhead::start(int64_t now) {
  TRY(at_first, taken());
  first_ = before_ = at_first;
  cpu_before_ = cpu_time_ns(pids_);
  began_ = last_ = now;
  next_ = now + kFirst;
  return {};
}

Result<std::optional<std::string>> Overhead::look(int64_t now) {
  if (now < next_) return std::optional<std::string>();
  TRY(at, taken());
  const uint64_t cpu = cpu_time_ns(pids_);
  const auto span = static_cast<double>(now - last_);
  const double cost = at.ns - before_.ns;
  const double used = static_cast<double>(cpu - std::min(cpu, cpu_before_));
  // What a program that does little may be asked for, as the smallest costs are large parts of it.
  constexpr double kLittle = 0.5;
  const double basis = pids_.empty() ? span : std::max(used, span * kLittle);
  before_ = at;
  cpu_before_ = cpu;
  last_ = now;
  next_ = now + kEvery;
  excess_ = std::max(excess_ + cost - basis * most_ / 100, 0.0);
  if (most_ <= 0 || excess_ <= kBurst) return std::optional<std::string>();
  char head[96];
  std::snprintf(head, sizeof head, "stopped: in %.1f s the probes took %s of a CPU", span / 1e9,
                percent_text(cost / span).c_str());
  std::string text = head;
  if (!pids_.empty()) text += ", the program with them " + percent_text(used / span);
  std::snprintf(head, sizeof head, "; --max-overhead allows %g %% (0: no limit)", most_);
  return std::optional<std::string>(text + head);
}

Result<std::string> Overhead::summary(int64_t now) {
  TRY(at, taken());
  const auto span = static_cast<double>(std::max<int64_t>(now - began_, 1));
  return count_of(at.hits - first_.hits, "hit") + " of probes took " +
         percent_text((at.ns - first_.ns) / span) + " of a CPU";
}

}  // namespace gotap::trace
