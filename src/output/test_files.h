// Test support: what a sink has written. Not part of the program.
#pragma once

#include <unistd.h>

#include <string>

namespace gotap::output::testing {

/// Everything in an opened file.
inline std::string contents(int fd) {
  std::string text;
  char buffer[4096];
  ::lseek(fd, 0, SEEK_SET);
  for (ssize_t n; (n = ::read(fd, buffer, sizeof buffer)) > 0;) text.append(buffer, n);
  return text;
}

}  // namespace gotap::output::testing
