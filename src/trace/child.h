// Child: the `-c CMD` process. Held before its exec until every probe is attached, so that
// nothing it does is missed; then it is the traced process, and its end ends the session.
//
// Facts: fork(2), execve(2), pidfd_open(2); a uprobe_multi link with the child's pid follows
// it through exec, as the kernel compares the memory of the task at each hit.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace gotap::trace {

/// `command` taken apart as a shell would: blanks separate, '...' and "..." and \ quote.
/// Nothing else is special. Errors: a quote left open, no word at all.
Result<std::vector<std::string>> split_command(std::string_view command);

class Child {
 public:
  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  ~Child();

  /// Forks a process that will run `command`, without a shell, found through PATH. It waits
  /// before exec until release(); if we end before, it ends without running anything.
  /// Errors: bad quoting, no such program, no permission.
  static Result<Child> spawn(std::string_view command);

  int pid() const { return pid_; }
  /// Readable once the process has ended; see pidfd_open(2).
  int pidfd() const { return pidfd_.get(); }

  /// Lets it run. Errors: exec failed, with the reason.
  Result<void> release();

  /// Whether it has ended; does not wait.
  bool ended();
  /// Its exit code, or 128 + the signal that ended it; nothing before ended() found it ended.
  std::optional<int> exit_code() const { return exit_code_; }
  /// Sends SIGTERM if it still runs (and was released).
  void terminate();

 private:
  Child() = default;
  int pid_ = -1;
  bool released_ = false;
  std::string program_;
  Fd pidfd_;
  Fd go_;       ///< write end: a byte lets the child run; closed without one, it just ends
  Fd exec_ok_;  ///< read end: end of file when exec succeeded, else an errno
  std::optional<int> exit_code_;
};

}  // namespace gotap::trace
