// Entry points: split_command, Child::spawn, Child::release.
// Facts: see child.h; the shell's quoting as in POSIX, XCU 2.2.
#include "trace/child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/path.h"

namespace gotap::trace {

namespace {

struct Pipe {
  Fd read, write;
};

Result<Pipe> make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0)
    return Error{std::string("cannot make a pipe: ") + std::strerror(errno), ""};
  return Pipe{Fd(fds[0]), Fd(fds[1])};
}

bool is_runnable_file(const std::string& path) {
  struct stat st;
  return ::stat(path.c_str(), &st) == 0 && S_ISREG(st.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

// As execvp would find it, but before anything is attached.
Result<std::string> find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    if (is_runnable_file(name)) return name;
    if (::access(name.c_str(), F_OK) != 0) return Error{"-c: no such program: " + name, ""};
    return Error{"-c: " + name + " is not an executable file", "chmod +x, or name another file"};
  }
  if (auto found = find_in_path(name)) return *found;
  return Error{"-c: no such program: " + name, "it is in none of the directories of PATH"};
}

// In the child: only async-signal-safe calls from here to exec.
[[noreturn]] void run_child(const char* program, char* const argv[], int go, int report) {
  char byte;
  ssize_t n;
  do n = ::read(go, &byte, 1);
  while (n < 0 && errno == EINTR);
  if (n != 1) ::_exit(127);  // the tracer ended first: nothing may run
  ::execv(program, argv);
  int err = errno;
  if (::write(report, &err, sizeof err) < 0) ::_exit(126);
  ::_exit(127);
}

}  // namespace

Result<std::vector<std::string>> split_command(std::string_view command) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = 0;
  for (size_t i = 0; i < command.size(); i++) {
    const char c = command[i];
    if (quote == '\'') {
      if (c == '\'')
        quote = 0;
      else
        word += c;
    } else if (c == '\\') {
      if (i + 1 == command.size()) return Error{"-c: the command ends in a backslash", ""};
      const char next = command[++i];
      // Inside "..." a backslash is itself unless it quotes one of these.
      if (quote == '"' && next != '"' && next != '\\' && next != '$' && next != '`') word += c;
      word += next;
      in_word = true;
    } else if (quote == '"') {
      if (c == '"')
        quote = 0;
      else
        word += c;
    } else if (c == '\'' || c == '"') {
      quote = c;
      in_word = true;
    } else if (c == ' ' || c == '\t' || c == '\n') {
      if (in_word) words.push_back(std::move(word));
      word.clear();
      in_word = false;
    } else {
      word += c;
      in_word = true;
    }
  }
  if (quote) return Error{std::string("-c: the command has an unmatched ") + quote, ""};
  if (in_word) words.push_back(std::move(word));
  if (words.empty()) return Error{"-c: the command is empty", "name a program to run"};
  return words;
}

Child::~Child() {
  if (pid_ < 0 || released_) return;
  // Still held: closing the pipe ends it.
  go_.reset();
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Child::Child(Child&& other) noexcept { *this = std::move(other); }

Child& Child::operator=(Child&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(released_, other.released_);
  std::swap(program_, other.program_);
  std::swap(pidfd_, other.pidfd_);
  std::swap(go_, other.go_);
  std::swap(exec_ok_, other.exec_ok_);
  std::swap(exit_code_, other.exit_code_);
  return *this;
}

Result<Child> Child::spawn(std::string_view command) {
  TRY(words, split_command(command));
  TRY(program, find_program(words[0]));
  TRY(go, make_pipe());
  TRY(report, make_pipe());
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  Child child;
  child.program_ = program;
  const int pid = ::fork();
  if (pid < 0) return Error{std::string("cannot fork: ") + std::strerror(errno), ""};
  if (pid == 0) {
    go.write.reset();
    report.read.reset();
    run_child(program.c_str(), argv.data(), go.read.get(), report.write.get());
  }
  child.pid_ = pid;
  child.go_ = std::move(go.write);
  child.exec_ok_ = std::move(report.read);
  child.pidfd_ = Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!child.pidfd_) return Error{std::string("cannot watch -c: ") + std::strerror(errno), ""};
  return child;
}

Result<void> Child::release() {
  if (released_) return {};
  const char byte = 1;
  ssize_t n;
  do n = ::write(go_.get(), &byte, 1);
  while (n < 0 && errno == EINTR);
  go_.reset();
  if (n != 1) return Error{"-c: the process ended before " + program_ + " could start", ""};
  released_ = true;
  int err = 0;
  do n = ::read(exec_ok_.get(), &err, sizeof err);
  while (n < 0 && errno == EINTR);
  exec_ok_.reset();
  if (n == 0) return {};
  return Error{"-c: cannot run " + program_ + ": " + std::strerror(err),
               err == ENOEXEC ? "a script needs a first line such as #!/bin/sh" : ""};
}

bool Child::ended() {
  if (exit_code_ || pid_ < 0) return true;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return false;
  exit_code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return true;
}

void Child::terminate() {
  if (released_ && !ended()) ::kill(pid_, SIGTERM);
}

}  // namespace gotap::trace
