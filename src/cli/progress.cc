// A signal rather than a thread: what is shown is one write(), and nothing has to be locked.
#include "cli/progress.h"

#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <optional>
#include <string_view>

namespace gotap::cli {

namespace {

using Clock = std::chrono::steady_clock;

// Written while no timer runs.
std::array<char, 256> stage_line;
size_t stage_line_size = 0;
bool progress_allowed = false;
std::optional<Clock::time_point> first_stage;

void show_stage(int) {
  const int error = errno;
  // What the terminal does not take is not missed.
  if (::write(STDERR_FILENO, stage_line.data(), stage_line_size) < 0) progress_allowed = false;
  errno = error;
}

void set_timer(std::chrono::microseconds time) {
  const itimerval once{{0, 0}, {0, static_cast<suseconds_t>(time.count())}};
  ::setitimer(ITIMER_REAL, &once, nullptr);
}

}  // namespace

void allow_progress(bool allowed) { progress_allowed = allowed; }

Stage::Stage(const std::string& what) {
  using std::chrono::milliseconds;
  if (!progress_allowed) return;
  constexpr std::string_view kEnd = " ...\n";
  const size_t size = std::min(what.size(), stage_line.size() - kEnd.size());
  std::memcpy(stage_line.data(), what.data(), size);
  std::memcpy(stage_line.data() + size, kEnd.data(), kEnd.size());
  stage_line_size = size + kEnd.size();
  struct sigaction action {};
  action.sa_handler = show_stage;
  action.sa_flags = SA_RESTART;
  if (::sigaction(SIGALRM, &action, nullptr) != 0) return;
  if (!first_stage) first_stage = Clock::now();
  constexpr auto kPatience = milliseconds(500), kLeast = milliseconds(100);
  const auto waited = std::chrono::duration_cast<milliseconds>(Clock::now() - *first_stage);
  set_timer(std::max(kPatience - std::min(waited, kPatience), kLeast));
}

Stage::~Stage() {
  if (first_stage) set_timer({});
}

}  // namespace gotap::cli
