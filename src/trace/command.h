// Command: what system() runs and cat() reads.
//
// Facts: popen(3); bpftrace 0.27 runs a command to its end before the next event is shown, and so
// does this.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"

namespace gotap::trace {

struct CommandResult {
  std::string printed;  ///< on its standard output
  int status = 0;       ///< its exit code, or 128 + the signal that ended it
};

/// Runs `command` by /bin/sh and waits until it has ended and nobody can write to its output
/// any more. It inherits standard input and standard error and no other file of ours. Calls
/// `slow` once if that takes longer than two seconds. Error: it cannot be started.
Result<CommandResult> run_command(const std::string& command, const std::function<void()>& slow);

/// The first `most` bytes of the file. Errors: it cannot be opened or read.
Result<std::string> read_file(const std::string& path, uint64_t most);

}  // namespace gotap::trace
