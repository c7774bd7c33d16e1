// Waiter: what a session waits for: signals, interval timers, the end of the traced process,
// and the time to look into the ring again.
//
// Facts: signalfd(2), timerfd_create(2), ppoll(2), pidfd_open(2).
#pragma once

#include <signal.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace gotap::trace {

/// Takes SIGINT, SIGTERM, SIGHUP (unless ignored), SIGPIPE and the leases' signal from their
/// default actions for as long as it lives: a broken pipe becomes a write error, the others are
/// read from fd().
class SignalWatch {
 public:
  SignalWatch() = default;
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;
  ~SignalWatch();
  Result<void> start();
  int fd() const { return fd_.get(); }
  struct Taken {
    bool end = false;    ///< one that asks us to end
    bool lease = false;  ///< somebody waits to write a leased file
  };
  /// Takes the pending signals from fd().
  Taken take();
  /// From now on those that ask us to end act again: a second ^C ends the program at once.
  void let_through();

 private:
  sigset_t watched_, before_;
  bool blocked_ = false;
  Fd fd_;
};

/// Keeps every signal that can wait from this thread for as long as it lives. A thread that is
/// dying cannot put probes in or take them out (leftovers.h): a second ^C has to wait for that.
class HoldSignals {
 public:
  HoldSignals();
  HoldSignals(const HoldSignals&) = delete;
  HoldSignals& operator=(const HoldSignals&) = delete;
  ~HoldSignals();

 private:
  sigset_t before_;
};

class Waiter {
 public:
  /// What happened; all of it may be at once.
  struct Ready {
    std::vector<size_t> intervals;  ///< indices in the order of add_interval
    bool targets_ended = false;     ///< the last of them
    bool signal = false;            ///< one that asks us to end
    bool lease_broken = false;      ///< somebody waits to write a leased file
  };

  /// `target_pidfds`: of the processes whose end is waited for; may be none.
  Waiter(SignalWatch& signals, std::vector<int> target_pidfds)
      : signals_(signals), targets_(std::move(target_pidfds)) {}
  Result<void> add_interval(uint64_t period_ns);
  /// Starts all intervals, from now.
  Result<void> start_intervals();

  /// Waits at most `timeout_ns` (-1: for ever).
  Result<Ready> wait(int64_t timeout_ns);

 private:
  struct Timer {
    Fd fd;
    uint64_t period_ns;
  };
  SignalWatch& signals_;
  std::vector<int> targets_;  ///< those that have not ended
  std::vector<Timer> timers_;
};

}  // namespace gotap::trace
