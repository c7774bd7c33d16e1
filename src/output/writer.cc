// Entry point: Writer.
// Facts: write(2), pipe(7), signal(7): SIGPIPE of write() goes to the calling thread.
#include "output/writer.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "base/text.h"

namespace gotap::output {

namespace {

constexpr size_t kMuch = 64 * 1024;

// Holds SIGPIPE back in this thread, so that a closed pipe is an error like any other instead
// of the end of a program that still has probes attached; leaves everybody's handlers alone.
class NoSigpipe {
 public:
  NoSigpipe() {
    sigset_t pipe = only_sigpipe(), pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe, &before_);
  }
  ~NoSigpipe() {
    int saved = errno;
    sigset_t pipe = only_sigpipe(), pending;
    sigpending(&pending);
    timespec now{};
    if (!was_pending_ && sigismember(&pending, SIGPIPE) == 1) sigtimedwait(&pipe, nullptr, &now);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    errno = saved;
  }
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;

 private:
  static sigset_t only_sigpipe() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    return set;
  }
  sigset_t before_;
  bool was_pending_ = false;
};

// All of `text`, or 0 and then the errno that stopped it.
int write_all(int fd, const std::string& text) {
  NoSigpipe guard;
  size_t done = 0;
  while (done < text.size()) {
    ssize_t n = ::write(fd, text.data() + done, text.size() - done);
    if (n > 0) {
      done += static_cast<size_t>(n);
    } else if (n == 0) {
      return EIO;
    } else if (errno == EAGAIN) {
      pollfd ready{fd, POLLOUT, 0};
      if (::poll(&ready, 1, -1) < 0 && errno != EINTR) return errno;
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

}  // namespace

Writer::Writer(const SinkOptions& options)
    : options_(options),
      data_on_terminal_(::isatty(options.data_fd) == 1),
      messages_on_terminal_(::isatty(options.message_fd) == 1) {}

Writer::~Writer() { write_out(data_.size()); }

void Writer::flush() {
  if (options_.buffering != Buffering::Full || ending_) write_out(data_.size());
}

void Writer::written() {
  const size_t line_end = options_.buffering == Buffering::Line ? data_.rfind('\n') : data_.npos;
  if (options_.buffering == Buffering::None || data_.size() >= kMuch)
    write_out(data_.size());
  else if (line_end != data_.npos)
    write_out(line_end + 1);
}

// The first `size` bytes.
void Writer::write_out(size_t size) {
  if (size == 0) return;
  std::string rest = data_.substr(size);
  data_.resize(size);
  const std::string data = std::move(data_);
  data_ = std::move(rest);
  if (!ok_) return;  // said once, below
  if (int error = write_all(options_.data_fd, data)) {
    ok_ = false;
    say(std::string("ERROR: the output cannot be written, what followed is lost: ") +
        std::strerror(error));
  }
}

void Writer::notify_attached() {
  if (options_.notify_fd < 0) return;
  write_out(data_.size());
  // A reader that has gone away is found out when data is written.
  (void)write_all(options_.notify_fd, "__BPFTRACE_NOTIFY_PROBES_ATTACHED\n");
}

// Data printed before a message stands before it on a terminal that shows both.
void Writer::say(const std::string& line) {
  flush();
  std::string text = messages_on_terminal_ ? escape_controls(line) : line;
  // A reader of messages that has gone away is no reason to stop.
  (void)write_all(options_.message_fd, text + "\n");
}

}  // namespace gotap::output
