// gotap: a tracer for running Go programs. Everything of interest starts in cli/run.cc; here is
// what must hold before anything else.
#include <fcntl.h>
#include <unistd.h>

#include <new>

#include "cli/run.h"

namespace {

// Started with a standard descriptor closed, the next file opened would get its number, and
// messages be written into it. What stands in for it answers as a closed one does: with an error.
void hold_standard_descriptors() {
  for (int fd = 0; fd <= 2; fd++)
    if (::fcntl(fd, F_GETFD) == -1) (void)::open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

// Ends by exit rather than by a signal: the kernel then takes the probes out in peace.
[[noreturn]] void out_of_memory() {
  constexpr char kText[] = "ERROR: out of memory\nHINT: use fewer probes, or raise the limit\n";
  if (::write(2, kText, sizeof kText - 1) < 0) ::_exit(1);
  ::_exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  hold_standard_descriptors();
  std::set_new_handler(out_of_memory);
  return gotap::cli::run(argc, argv);
}
