// Facts about processes, of processes made for the test.
#include "trace/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/fd.h"
#include "base/path.h"

namespace gotap::trace {
namespace {

namespace fs = std::filesystem;

bool has(const std::vector<int>& pids, int pid) {
  return std::find(pids.begin(), pids.end(), pid) != pids.end();
}

// A program of its own that sleeps.
class Sleeper {
 public:
  explicit Sleeper(const std::string& path) {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) != 0) return;
    Fd ready(fds[0]), held(fds[1]);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::execl(path.c_str(), "sleep", "100", nullptr);
      ::_exit(1);
    }
    held.reset();
    char byte;
    while (::read(ready.get(), &byte, 1) < 0) {
    }  // the end of the file: exec closed the other end
  }
  ~Sleeper() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  int pid() const { return pid_; }

 private:
  int pid_ = -1;
};

class ProcessTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/gotap-process-XXXXXX";
    ASSERT_NE(::mkdtemp(path), nullptr);
    folder_ = path;
    program_ = folder_ + "/program";
    auto sleep = find_in_path("sleep");
    ASSERT_TRUE(sleep);
    sleep_ = fs::canonical(*sleep);
    fs::copy_file(sleep_, program_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  RunFile file(const std::string& path) {
    Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    RunFile file;
    EXPECT_EQ(::fstat(fd.get(), &file.file), 0);
    file.path = link_target("/proc/self/fd/" + std::to_string(fd.get()));
    file.library = is_library(fd.get());
    return file;
  }

  std::string folder_, program_, sleep_;
};

TEST_F(ProcessTest, FindsThoseThatRunAFileAndThoseThatRanItBeforeItWasReplaced) {
  Sleeper old(program_);
  EXPECT_TRUE(has(processes_that_run({file(program_)}).now, old.pid()));
  fs::copy_file(sleep_, folder_ + "/next");
  fs::rename(folder_ + "/next", program_);
  Sleeper current(program_), other(sleep_);
  const Running running = processes_that_run({file(program_)});
  EXPECT_EQ(running.now, std::vector<int>{current.pid()});
  EXPECT_EQ(running.before, std::vector<int>{old.pid()});
  EXPECT_TRUE(runs_file(current.pid(), file(program_).file));
  EXPECT_FALSE(runs_file(old.pid(), file(program_).file));
}

TEST_F(ProcessTest, FindsThoseThatUseALibrary) {
  Sleeper sleeper(program_);
  // Its libraries come some time after exec: until they have, there is only the loader.
  for (int tries = 0; tries < 10'000; tries++) {
    auto mappings = code_mappings(sleeper.pid());
    ASSERT_TRUE(mappings.ok());
    for (const Mapping& mapping : *mappings) {
      if (mapping.path.find("libc") == std::string::npos) continue;
      const RunFile libc = file(mapping.path);
      EXPECT_TRUE(libc.library);
      EXPECT_TRUE(has(processes_that_run({libc}).now, sleeper.pid()));
      return;
    }
    ::usleep(1000);
  }
  FAIL() << "sleep never mapped its libc";
}

TEST_F(ProcessTest, EveryMappingLeadsToItsFile) {
  Sleeper sleeper(program_);
  auto mappings = code_mappings(sleeper.pid());
  ASSERT_TRUE(mappings.ok());
  for (const Mapping& mapping : *mappings) {
    const std::string folder = "/proc/" + std::to_string(sleeper.pid()) + "/map_files/";
    EXPECT_EQ(link_target(folder + mapping.range), mapping.path);
  }
}

TEST_F(ProcessTest, AProgramIsNoLibrary) { EXPECT_FALSE(file(program_).library); }

TEST_F(ProcessTest, WhatHasEndedIsNotAlive) {
  EXPECT_TRUE(is_alive(::getpid()));
  EXPECT_FALSE(is_alive(0x3ffffff));
  const int zombie = ::fork();
  if (zombie == 0) ::_exit(0);
  siginfo_t info;
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(zombie), &info, WEXITED | WNOWAIT), 0);
  EXPECT_FALSE(is_alive(zombie));
  EXPECT_FALSE(code_mappings(zombie).ok());
  ::waitpid(zombie, nullptr, 0);
}

TEST(Process, OneFileOnTwoDevices) {
  struct stat a {
  }, b{};
  a.st_ino = b.st_ino = 7;
  a.st_dev = 1;
  b.st_dev = 2;
  a.st_size = b.st_size = 100;
  EXPECT_TRUE(is_same_file(a, b));
  b.st_size = 101;
  EXPECT_FALSE(is_same_file(a, b));
  b.st_dev = 1;
  EXPECT_TRUE(is_same_file(a, b));
  b.st_ino = 8;
  EXPECT_FALSE(is_same_file(a, b));
}

}  // namespace
}  // namespace gotap::trace
