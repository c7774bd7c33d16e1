#include "trace/lease.h"

#include <fcntl.h>
#include <signal.h>

#include <cerrno>

namespace gotap::trace {

const int Leases::kSignal = SIGIO;

std::vector<Leases::Refused> Leases::take(const std::vector<int>& fds) {
  std::vector<Refused> refused;
  for (size_t i = 0; i < fds.size(); i++) {
    const bool leased = fds[i] >= 0 && ::fcntl(fds[i], F_SETLEASE, F_RDLCK) == 0;
    fds_.push_back(leased ? fds[i] : -1);
    if (leased || fds[i] < 0) continue;
    refused.push_back({i, errno == EAGAIN ? Refusal::Writer : Refusal::NotSupported});
  }
  return refused;
}

std::optional<size_t> Leases::broken() const {
  for (size_t i = 0; i < fds_.size(); i++)
    // While a writer waits it is the lease that is to be left.
    if (fds_[i] >= 0 && ::fcntl(fds_[i], F_GETLEASE) != F_RDLCK) return i;
  return std::nullopt;
}

void Leases::release() {
  for (const int fd : fds_)
    if (fd >= 0) ::fcntl(fd, F_SETLEASE, F_UNLCK);
  fds_.clear();
}

}  // namespace gotap::trace
