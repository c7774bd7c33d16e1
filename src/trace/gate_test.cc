// The gate against real processes.
#include "trace/gate.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "bpf/test_programs.h"

namespace gotap::trace {
namespace {

extern "C" __attribute__((noinline)) uint64_t gotap_gate_target(uint64_t x) {
  asm volatile("" : "+r"(x));
  return x * 3;
}

// A process that is a copy of this one and waits; its code is ours.
class Copy {
 public:
  explicit Copy(bool with_breakpoint = false) {
    pid_ = ::fork();
    if (pid_ != 0) return;
    if (with_breakpoint) {
      const auto address = reinterpret_cast<uintptr_t>(gotap_gate_target);
      const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
      void* start = reinterpret_cast<void*>(address / page * page);
      if (::mprotect(start, 2 * page, PROT_READ | PROT_WRITE | PROT_EXEC) != 0) ::_exit(1);
      *reinterpret_cast<volatile uint8_t*>(address) = 0xcc;
      ::mprotect(start, 2 * page, PROT_READ | PROT_EXEC);
    }
    ::kill(::getpid(), SIGSTOP);
    ::_exit(0);
  }
  ~Copy() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  // Returns once it stands still.
  int pid() const {
    int status;
    ::waitpid(pid_, &status, WUNTRACED);
    return pid_;
  }

 private:
  int pid_;
};

class GateTest : public ::testing::Test {
 protected:
  void SetUp() override {
    self_ = Fd(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(self_);
    auto offset = bpf::testing::file_offset_of(reinterpret_cast<void*>(gotap_gate_target));
    ASSERT_TRUE(offset);
    plan_.targets.push_back({"./target", nullptr});
    plan_.functions = {{0, 0, "gotap_gate_target"}};
    std::vector<uint8_t> bytes(4);
    ASSERT_EQ(::pread(self_.get(), bytes.data(), 4, static_cast<off_t>(*offset)), 4);
    plan_.programs.resize(1);
    plan_.programs[0].sites = {
        {*offset, *offset, 0, plan::Cookie{.self = 0}.pack(), std::move(bytes)}};
    fds_ = {self_.get()};
  }
  std::string refusal(int pid) {
    auto checked = check_process(plan_, fds_, pid);
    return checked.ok() ? "" : checked.error().message + " | " + checked.error().hint;
  }
  plan::Plan plan_;
  Fd self_;
  std::vector<int> fds_;
};

TEST_F(GateTest, LetsTheSameFilePass) {
  EXPECT_TRUE(check_files(plan_, fds_).ok());
  EXPECT_EQ(refusal(::getpid()), "");
  Copy copy;
  EXPECT_EQ(refusal(copy.pid()), "");
}

TEST_F(GateTest, RefusesSomebodyElsesBreakpoint) {
  Copy copy(true);
  const std::string text = refusal(copy.pid());
  EXPECT_NE(text.find("breakpoint is at gotap_gate_target at 0x"), std::string::npos) << text;
}

TEST_F(GateTest, RefusesChangedCode) {
  plan_.programs[0].sites[0].bytes[1] ^= 0xff;
  EXPECT_FALSE(check_files(plan_, fds_).ok());
  EXPECT_NE(refusal(::getpid()).find("is not what its file has"), std::string::npos);
}

TEST_F(GateTest, RefusesADebuggedProcessAndNamesTheDebugger) {
  Copy copy;
  const int pid = copy.pid();
  if (::ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) != 0)
    GTEST_SKIP() << "ptrace is not permitted here";
  const std::string text = refusal(pid);
  EXPECT_NE(text.find("is being debugged by process " + std::to_string(::getpid())),
            std::string::npos)
      << text;
}

TEST_F(GateTest, RefusesAProcessThatRunsSomethingElse) {
  Fd other(::open("/bin/sh", O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(other);
  fds_ = {other.get()};
  const std::string text = refusal(::getpid());
  EXPECT_NE(text.find("does not run ./target"), std::string::npos) << text;
  EXPECT_NE(text.find("it runs /"), std::string::npos) << text;
  // Among several files one may be loaded later: said, not refused.
  plan_.targets.push_back({"./other", nullptr});
  fds_ = {self_.get(), other.get()};
  auto checked = check_process(plan_, fds_, ::getpid());
  ASSERT_TRUE(checked.ok()) << checked.error().message;
  ASSERT_EQ(checked->warnings.size(), 1u);
  EXPECT_NE(checked->warnings[0].find("./other"), std::string::npos);
}

TEST_F(GateTest, AProcessThatIsGone) {
  EXPECT_EQ(refusal(0x3ffffff).find("there is no process 67108863"), 0u);
}

TEST_F(GateTest, AFileWithoutItsBytes) {
  plan_.programs[0].sites[0].file_offset = 1ull << 40;
  EXPECT_FALSE(check_files(plan_, fds_).ok());
  fds_ = {-1};
  EXPECT_FALSE(check_files(plan_, fds_).ok());
}

}  // namespace
}  // namespace gotap::trace
