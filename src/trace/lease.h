// Leases: to be told before one of the traced files is written. The kernel holds the writer up
// (for /proc/sys/fs/lease-break-time seconds at most) until the lease is given back, so that no
// program ever runs new code with breakpoints made for the old.
//
// Facts: fcntl(2), F_SETLEASE. A file that is being executed cannot be opened for writing
// except on Linux 6.11 and 6.12; one that nobody executes now, and a library, always can.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace gotap::trace {

class Leases {
 public:
  /// Sent to this process when somebody is about to write; block it before take().
  static const int kSignal;

  Leases() = default;
  Leases(const Leases&) = delete;
  Leases& operator=(const Leases&) = delete;
  ~Leases() { release(); }

  /// Why there is no lease on a file.
  enum class Refusal { Writer, NotSupported };
  struct Refused {
    size_t file;  ///< index into the descriptors
    Refusal why;  ///< Writer: somebody has the file open for writing at this moment
  };

  /// Leases the files, opened for reading. Returns those that could not be.
  std::vector<Refused> take(const std::vector<int>& fds);
  /// The first file that somebody waits to write, as an index into the descriptors.
  std::optional<size_t> broken() const;
  /// Gives all leases back: writers go on.
  void release();

 private:
  std::vector<int> fds_;  ///< not owned; -1: no lease
};

}  // namespace gotap::trace
