#include "trace/child.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "trace/test_sink.h"

namespace gotap::trace {
namespace {

TEST(SplitCommand, AsAShellWould) {
  struct {
    const char* command;
    std::vector<std::string> expect;
  } cases[] = {
      {"./swapper a b", {"./swapper", "a", "b"}},   {"  x\t y\n", {"x", "y"}},
      {"a 'b  c' \"d e\"f", {"a", "b  c", "d ef"}}, {"a '' \"\"", {"a", "", ""}},
      {"a b\\ c \\\"", {"a", "b c", "\""}},         {"\"a\\\"b\\n\" 'c\\d'", {"a\"b\\n", "c\\d"}},
      {"a $HOME *", {"a", "$HOME", "*"}},
  };
  for (auto& c : cases) {
    auto words = split_command(c.command);
    ASSERT_TRUE(words.ok()) << c.command;
    EXPECT_EQ(*words, c.expect) << c.command;
  }
  for (const char* bad : {"", "  ", "a 'b", "a \"b", "a\\"})
    EXPECT_FALSE(split_command(bad).ok()) << bad;
}

void wait_for(Child& child) {
  pollfd fd{child.pidfd(), POLLIN, 0};
  ASSERT_EQ(::poll(&fd, 1, 20000), 1);
  ASSERT_TRUE(child.ended());
}

TEST(Child, RunsOnlyWhenReleased) {
  std::string path = ::testing::TempDir() + "gotap_child_" + std::to_string(::getpid());
  ::unlink(path.c_str());
  auto child = Child::spawn("touch " + path);
  ASSERT_TRUE(child.ok()) << child.error().message;
  pollfd fd{child->pidfd(), POLLIN, 0};
  EXPECT_EQ(::poll(&fd, 1, 50), 0);
  EXPECT_FALSE(child->ended());
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
  ASSERT_TRUE(child->release().ok());
  wait_for(*child);
  EXPECT_EQ(child->exit_code(), 0);
  EXPECT_EQ(::unlink(path.c_str()), 0);
}

TEST(Child, ExitCodes) {
  struct {
    const char* command;
    int expect;
  } cases[] = {{"true", 0},
               {"sh -c 'exit 7'", 7},
               {"sh -c 'kill -9 $$'", 128 + SIGKILL},
               {"/bin/sh -c \"kill -TERM $$; sleep 20\"", 128 + SIGTERM}};
  for (auto& c : cases) {
    auto child = Child::spawn(c.command);
    ASSERT_TRUE(child.ok()) << child.error().message;
    ASSERT_TRUE(child->release().ok());
    wait_for(*child);
    EXPECT_EQ(child->exit_code(), c.expect) << c.command;
  }
}

TEST(Child, NeverReleasedRunsNothing) {
  const size_t before = testing::open_files();
  std::string path = ::testing::TempDir() + "gotap_never_" + std::to_string(::getpid());
  { auto child = Child::spawn("touch " + path); }
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
  EXPECT_EQ(testing::open_files(), before);
}

TEST(Child, TerminateEndsIt) {
  auto child = Child::spawn("sleep 100");
  ASSERT_TRUE(child.ok());
  ASSERT_TRUE(child->release().ok());
  child->terminate();
  wait_for(*child);
  EXPECT_EQ(child->exit_code(), 128 + SIGTERM);
}

TEST(Child, SaysWhyItCannotRun) {
  auto child = Child::spawn("no-such-program-anywhere x");
  ASSERT_FALSE(child.ok());
  EXPECT_NE(child.error().message.find("no-such-program-anywhere"), std::string::npos);
  EXPECT_FALSE(Child::spawn("/no/such/path").ok());
  EXPECT_FALSE(Child::spawn("/etc/passwd").ok());
  EXPECT_FALSE(Child::spawn("/etc").ok());

  std::string path = ::testing::TempDir() + "gotap_noexec_" + std::to_string(::getpid());
  std::ofstream(path) << "not a program\n";
  ::chmod(path.c_str(), 0755);
  child = Child::spawn(path);
  ASSERT_TRUE(child.ok());
  auto released = child->release();
  ASSERT_FALSE(released.ok());
  EXPECT_NE(released.error().message.find("Exec format error"), std::string::npos);
  ::unlink(path.c_str());
}

}  // namespace
}  // namespace gotap::trace
