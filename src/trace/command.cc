// Entry points: run_command, read_file.
#include "trace/command.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/fd.h"

namespace gotap::trace {

namespace {

constexpr int kSlowMs = 2000;

// In the child: only async-signal-safe calls. What gotap blocks and ignores is its own affair.
[[noreturn]] void run_shell(const char* command, int output) {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(signal, SIG_DFL);
  if (::dup2(output, STDOUT_FILENO) < 0 || ::close_range(3, ~0U, 0) != 0) ::_exit(127);
  ::execl("/bin/sh", "sh", "-c", command, static_cast<char*>(nullptr));
  ::_exit(127);
}

// Everything until the end of the file.
void read_all(int fd, std::string& into, const std::function<void()>& slow) {
  char buffer[4096];
  bool waited = false;
  while (true) {
    pollfd ready{fd, POLLIN, 0};
    int count = ::poll(&ready, 1, waited ? -1 : kSlowMs);
    if (count == 0) {
      waited = true;
      slow();
      continue;
    }
    ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n > 0) into.append(buffer, static_cast<size_t>(n));
    if (n == 0 || (n < 0 && errno != EINTR)) return;
  }
}

}  // namespace

Result<CommandResult> run_command(const std::string& command, const std::function<void()>& slow) {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0)
    return Error{"system(): the command cannot be started: " + std::string(std::strerror(errno)),
                 ""};
  Fd read(fds[0]), write(fds[1]);
  pid_t pid = ::fork();
  if (pid < 0)
    return Error{"system(): the command cannot be started: " + std::string(std::strerror(errno)),
                 ""};
  if (pid == 0) run_shell(command.c_str(), write.get());
  write.reset();
  CommandResult result;
  read_all(read.get(), result.printed, slow);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  result.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return result;
}

Result<std::string> read_file(const std::string& path, uint64_t most) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return Error{"failed to open file '" + path + "': " + std::strerror(errno), ""};
  std::string contents(most, '\0');
  size_t done = 0;
  while (done < most) {
    ssize_t n = ::read(fd.get(), contents.data() + done, most - done);
    if (n == 0) break;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      if (done > 0) break;
      return Error{"failed to read file '" + path + "': " + std::strerror(errno), ""};
    }
    done += static_cast<size_t>(n);
  }
  contents.resize(done);
  return contents;
}

}  // namespace gotap::trace
