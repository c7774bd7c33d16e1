// Entry points: SignalWatch::start, Waiter::wait.
#include "trace/waiter.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <string>

#include "trace/lease.h"

namespace gotap::trace {

namespace {

Error system_error(const char* doing) {
  return {std::string("cannot ") + doing + ": " + std::strerror(errno), ""};
}

timespec to_timespec(uint64_t ns) {
  return {static_cast<time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)};
}

}  // namespace

Result<void> SignalWatch::start() {
  sigemptyset(&watched_);
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) {
    // After nohup SIGHUP stays ignored. Background jobs of scripts start with SIGINT ignored,
    // yet `kill -INT` is how a script ends a tracer; as in bpftrace it does.
    struct sigaction action;
    if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) {
      if (signal == SIGHUP) continue;
      ::signal(signal, SIG_DFL);
    }
    sigaddset(&watched_, signal);
  }
  sigset_t read = watched_;
  sigaddset(&read, Leases::kSignal);
  sigset_t blocked = read;
  sigaddset(&blocked, SIGPIPE);
  if (::pthread_sigmask(SIG_BLOCK, &blocked, &before_) != 0) return system_error("block signals");
  blocked_ = true;
  fd_ = Fd(::signalfd(-1, &read, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd_) return system_error("watch signals");
  return {};
}

SignalWatch::Taken SignalWatch::take() {
  signalfd_siginfo info;
  Taken taken;
  while (::read(fd_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info))
    (static_cast<int>(info.ssi_signo) == Leases::kSignal ? taken.lease : taken.end) = true;
  return taken;
}

void SignalWatch::let_through() {
  if (blocked_) ::pthread_sigmask(SIG_UNBLOCK, &watched_, nullptr);
}

SignalWatch::~SignalWatch() {
  if (!blocked_) return;
  // A SIGPIPE of our own writes was answered by their error, and the leases are given back:
  // neither must act later.
  sigset_t over;
  sigemptyset(&over);
  for (const int signal : {SIGPIPE, Leases::kSignal})
    if (sigismember(&before_, signal) == 0) sigaddset(&over, signal);
  const timespec now{};
  while (::sigtimedwait(&over, nullptr, &now) > 0) {
  }
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

HoldSignals::HoldSignals() {
  sigset_t all;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before_);
}

HoldSignals::~HoldSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

Result<void> Waiter::add_interval(uint64_t period_ns) {
  Fd fd(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!fd) return system_error("create a timer");
  timers_.push_back({std::move(fd), period_ns});
  return {};
}

Result<void> Waiter::start_intervals() {
  for (Timer& timer : timers_) {
    const itimerspec period{to_timespec(timer.period_ns), to_timespec(timer.period_ns)};
    if (::timerfd_settime(timer.fd.get(), 0, &period, nullptr) != 0)
      return system_error("start a timer");
  }
  return {};
}

Result<Waiter::Ready> Waiter::wait(int64_t timeout_ns) {
  std::vector<pollfd> fds = {{signals_.fd(), POLLIN, 0}};
  for (const Timer& timer : timers_) fds.push_back({timer.fd.get(), POLLIN, 0});
  for (int target : targets_) fds.push_back({target, POLLIN, 0});
  const timespec timeout = to_timespec(timeout_ns < 0 ? 0 : static_cast<uint64_t>(timeout_ns));
  Ready ready;
  if (::ppoll(fds.data(), fds.size(), timeout_ns < 0 ? nullptr : &timeout, nullptr) < 0) {
    if (errno == EINTR) return ready;
    return system_error("wait for events");
  }
  if ((fds[0].revents & POLLIN) != 0) {
    const SignalWatch::Taken taken = signals_.take();
    ready.signal = taken.end;
    ready.lease_broken = taken.lease;
  }
  for (size_t i = 1 + timers_.size(); i < fds.size(); i++)
    if (fds[i].revents != 0)
      ready.targets_ended = std::erase(targets_, fds[i].fd) && targets_.empty();
  for (size_t i = 0; i < timers_.size(); i++) {
    // However many periods have passed, the clause runs once: it is late, not owed.
    uint64_t expirations;
    if ((fds[1 + i].revents & POLLIN) != 0 &&
        ::read(timers_[i].fd.get(), &expirations, sizeof expirations) == sizeof expirations)
      ready.intervals.push_back(i);
  }
  return ready;
}

}  // namespace gotap::trace
