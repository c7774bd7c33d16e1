// Entry point: TextSink.
// Facts: write(2), pipe(7), signal(7): SIGPIPE of write() goes to the calling thread.
#include "output/text.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "base/text.h"
#include "output/losses.h"
#include "output/map_text.h"

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

Untrusted for_fd(int fd) { return ::isatty(fd) ? Untrusted::Escaped : Untrusted::Raw; }

}  // namespace

TextSink::TextSink(const TextOptions& options)
    : options_(options),
      data_text_(for_fd(options.data_fd)),
      message_text_(for_fd(options.message_fd)) {}

TextSink::~TextSink() { TextSink::flush(); }

void TextSink::attached(uint64_t probes) {
  if (options_.quiet) return;
  say("Attached " + std::to_string(probes) + (probes == 1 ? " probe" : " probes"));
}

void TextSink::print(const Format& format, const std::vector<Value>& args) {
  append_printf(data_, format, args, data_text_);
  flush_if_much();
}

void TextSink::value(const MapValue& value) {
  append_map_value(data_, value, 0, data_text_);
  data_ += '\n';
  flush_if_much();
}

void TextSink::map(const MapDump& map) {
  append_map(data_, map, data_text_);
  flush_if_much();
}

void TextSink::map_value(const std::string&, const MapEntry& entry) { value(entry.value); }

void TextSink::time(const std::string& strftime_format) {
  if (strftime_format.empty()) return;
  time_t now = ::time(nullptr);
  tm local{};
  if (!::localtime_r(&now, &local)) return;
  // strftime() answers 0 both for "too small" and for "nothing to print": one byte that is
  // always there tells them apart.
  const std::string format = strftime_format + "x";
  std::string text(256, '\0');
  while (true) {
    size_t length = std::strftime(text.data(), text.size(), format.c_str(), &local);
    if (length > 0) {
      data_.append(text, 0, length - 1);
      break;
    }
    if (text.size() > 64 * format.size() + 4096) break;
    text.resize(text.size() * 2);
  }
  flush_if_much();
}

void TextSink::join(const std::vector<Value>& parts, const std::string& delimiter) {
  for (size_t i = 0; i < parts.size(); i++) {
    if (i > 0) data_ += delimiter;
    append_value(data_, parts[i], data_text_);
  }
  data_ += '\n';
  flush_if_much();
}

void TextSink::cat(const std::string& contents) {
  append_lines(contents);
  flush_if_much();
}

// The newline is bpftrace's.
void TextSink::system(const std::string& printed) {
  append_lines(printed);
  data_ += '\n';
  flush_if_much();
}

void TextSink::complain(const std::string& line) { say(line); }

// Text of several lines, whose ends and tabs are not what a terminal must be protected from.
void TextSink::append_lines(const std::string& text) {
  if (data_text_ == Untrusted::Raw) {
    data_ += text;
    return;
  }
  size_t begin = 0;
  while (begin < text.size()) {
    size_t end = std::min(text.find_first_of("\n\t", begin), text.size());
    data_ += escape_controls(std::string_view(text).substr(begin, end - begin));
    if (end < text.size()) data_ += text[end];
    begin = end + 1;
  }
}

void TextSink::end() { data_ += "\n\n"; }

void TextSink::losses(const Losses& losses) {
  for (const std::string& sentence : loss_sentences(losses)) say("WARNING: " + sentence);
}

void TextSink::message(const std::string& line) {
  if (!options_.quiet) say(line);
}

void TextSink::flush() {
  if (data_.empty()) return;
  const std::string data = std::move(data_);
  data_.clear();
  if (!ok_) return;  // said once, below
  if (int error = write_all(options_.data_fd, data)) {
    ok_ = false;
    say(std::string("ERROR: the output cannot be written, what followed is lost: ") +
        std::strerror(error));
  }
}

void TextSink::flush_if_much() {
  if (data_.size() >= kMuch) flush();
}

// Data printed before a message stands before it on a terminal that shows both.
void TextSink::say(const std::string& line) {
  flush();
  std::string text = message_text_ == Untrusted::Escaped ? escape_controls(line) : line;
  // A reader of messages that has gone away is no reason to stop.
  (void)write_all(options_.message_fd, text + "\n");
}

}  // namespace gotap::output
