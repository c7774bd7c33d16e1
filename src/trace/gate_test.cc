// The gate against real processes, on a kernel in memory.
#include "trace/gate.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <functional>

#include "base/fd.h"
#include "bpf/fake_kernel.h"
#include "bpf/own_code.h"
#include "bpf/test_programs.h"

namespace gotap::trace {
namespace {

GOTAP_PROBED uint64_t gotap_gate_target(uint64_t x) {
  asm volatile("" : "+r"(x));
  return x * 3;
}

extern "C" __attribute__((noinline, naked)) void gotap_gate_nop5() {
  asm volatile(".byte 0x0f, 0x1f, 0x44, 0x00, 0x00\n ret");
}

// Writes code as a debugger does, or a program that changes itself.
void patch(const void* function, std::initializer_list<uint8_t> bytes) {
  const auto address = reinterpret_cast<uintptr_t>(function);
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  void* start = reinterpret_cast<void*>(address / page * page);
  if (::mprotect(start, 2 * page, PROT_READ | PROT_WRITE | PROT_EXEC) != 0) ::_exit(1);
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<volatile uint8_t*>(address));
  ::mprotect(start, 2 * page, PROT_READ | PROT_EXEC);
}

void forbid_nothing() {
  sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog filter{1, code};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)
    ::_exit(1);
}

const void* const kTarget = reinterpret_cast<const void*>(gotap_gate_target);
const void* const kNop5 = reinterpret_cast<const void*>(gotap_gate_nop5);

// A process that is a copy of this one and waits; its code is ours.
class Copy {
 public:
  explicit Copy(const std::function<void()>& prepare = [] {}) {
    pid_ = ::fork();
    if (pid_ != 0) return;
    prepare();
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
    plan_.targets.push_back({"./target", nullptr});
    plan_.functions = {{0, 0, "gotap_gate_target"}, {0, 1, "gotap_gate_nop5"}};
    plan_.programs.resize(1);
    add_site(kTarget, 0, 4);
    fds_ = {self_.get()};
  }
  void add_site(const void* function, uint64_t self, size_t size) {
    auto offset = bpf::own_file_offset(function);
    ASSERT_TRUE(offset);
    std::vector<uint8_t> bytes(size);
    ASSERT_EQ(::pread(self_.get(), bytes.data(), size, static_cast<off_t>(*offset)),
              static_cast<ssize_t>(size));
    plan_.programs[0].sites.push_back({.address = *offset,
                                       .file_offset = *offset,
                                       .cookie = plan::Cookie{.self = self}.pack(),
                                       .bytes = {bytes.begin(), bytes.end()}});
  }
  // The error; empty if there is none, and messages_ has what was said.
  std::string refusal(const TracedProcesses& traced) {
    auto checked = check_processes(kernel_, plan_, fds_, traced, cgroups_);
    if (!checked.ok()) return checked.error().message + " | " + checked.error().hint;
    messages_ = std::move(*checked);
    return "";
  }
  std::string refusal(int pid) { return refusal(TracedProcesses{{pid}}); }
  void expect_refusal(int pid, const std::string& text) {
    const std::string seen = refusal(pid);
    EXPECT_NE(seen.find(text), std::string::npos) << seen;
  }

  plan::Plan plan_;
  bpf::FakeKernel kernel_;
  CgroupTree cgroups_;  // nothing is mounted
  Fd self_;
  std::vector<int> fds_;
  std::vector<std::string> messages_;
};

TEST_F(GateTest, LetsTheSameFilePass) {
  EXPECT_TRUE(check_files(plan_, fds_).ok());
  EXPECT_EQ(refusal(::getpid()), "");
  Copy copy;
  EXPECT_EQ(refusal(copy.pid()), "");
}

TEST_F(GateTest, RefusesABreakpointThatIsNotTheKernels) {
  Copy copy([] { patch(kTarget, {0xcc}); });
  const int pid = copy.pid();
  expect_refusal(pid, "breakpoint is at gotap_gate_target at 0x");
  // Another tracer's probe, with which ours can share the place.
  kernel_.uprobes = {plan_.programs[0].sites[0].file_offset};
  EXPECT_EQ(refusal(pid), "");
  kernel_.calls = 0;
  kernel_.fail_call = 4;  // behind those that try to take it out
  kernel_.failure = {"cannot read /sys/x", "/sys must be mounted"};
  expect_refusal(pid, "cannot read /sys/x | /sys must be mounted");
}

TEST_F(GateTest, ABreakpointInChangedCodeIsAChange) {
  Copy copy([] { patch(kTarget, {0xcc, 0x90, 0x90, 0x90}); });
  kernel_.uprobes = {plan_.programs[0].sites[0].file_offset};
  expect_refusal(copy.pid(), "is not what its file has");
}

TEST_F(GateTest, AProbedNopMayHaveBecomeACall) {
  add_site(kNop5, 1, 5);
  Copy copy([] { patch(kNop5, {0xe8, 1, 2, 3, 4}); });
  const int pid = copy.pid();
  expect_refusal(pid, "breakpoint is at gotap_gate_nop5 at 0x");
  kernel_.uprobes = {plan_.programs[0].sites[1].file_offset};
  EXPECT_EQ(refusal(pid), "");
  Copy other([] { patch(kNop5, {0xe9, 1, 2, 3, 4}); });
  expect_refusal(other.pid(), "is not what its file has");
}

TEST_F(GateTest, SitesOfOnePageAreReadTogether) {
  // In any order, beside each other, with one byte changed far behind the first.
  plan_.programs.resize(2);
  add_site(kNop5, 1, 5);
  std::swap(plan_.programs[0].sites[0], plan_.programs[0].sites[1]);
  EXPECT_EQ(refusal(::getpid()), "");
  Copy copy([] { patch(kTarget, {0x90}); });
  expect_refusal(copy.pid(), "the code at gotap_gate_target at 0x");
}

// Under a filter a system call of the kernel's return probes may be one too many.
TEST_F(GateTest, SeccompAndKernelReturnProbes) {
  Copy free, filtered(forbid_nothing);
  const int free_pid = free.pid(), pid = filtered.pid();
  kernel_.survives_seccomp = false;
  EXPECT_EQ(refusal(pid), "") << "there is no return probe";
  plan_.programs[0].shape.kernel_uretprobe = true;
  EXPECT_EQ(refusal(free_pid), "");
  expect_refusal(pid, "would kill process " + std::to_string(pid));
  EXPECT_NE(refusal(TracedProcesses{{}, pid}), "") << "a child inherits the filter";
  kernel_.survives_seccomp = true;
  EXPECT_EQ(refusal(pid), "");
  kernel_.calls = 0;
  kernel_.fail_call = 1;
  expect_refusal(pid, "cannot be found out: no memory");
}

TEST_F(GateTest, EveryProcessThatRunsTheFileIsChecked) {
  EXPECT_EQ(refusal(TracedProcesses{}), "");
  Copy copy([] { patch(kTarget, {0xcc}); });
  const int pid = copy.pid();
  const std::string text = refusal(TracedProcesses{});
  EXPECT_NE(text.find("process " + std::to_string(pid)), std::string::npos) << text;
}

TEST_F(GateTest, MuchMemoryIsSaid) {
  plan_.programs[0].shape.target = 0;
  const plan::Site site = plan_.programs[0].sites[0];
  EXPECT_EQ(refusal(TracedProcesses{{}, ::getpid()}), "");
  EXPECT_TRUE(messages_.empty());
  for (uint64_t page = 0; page < 1100; page++) {
    plan::Site far = site;
    far.file_offset = (1ull << 30) + page * 4096;
    plan_.programs[0].sites.push_back(far);
  }
  EXPECT_EQ(refusal(TracedProcesses{{}, ::getpid()}), "");
  ASSERT_EQ(messages_.size(), 1u);
  EXPECT_NE(messages_[0].find("4.3 MB"), std::string::npos) << messages_[0];
}

TEST_F(GateTest, RefusesChangedCode) {
  plan_.programs[0].sites[0].bytes = {1, 2, 3, 4};
  EXPECT_FALSE(check_files(plan_, fds_).ok());
  EXPECT_NE(refusal(::getpid()).find("is not what its file has"), std::string::npos);
}

TEST_F(GateTest, RefusesADebuggedProcessAndNamesTheDebugger) {
  Copy copy;
  const int pid = copy.pid();
  if (::ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) != 0)
    GTEST_SKIP() << "ptrace is not permitted here";
  expect_refusal(pid, "is being debugged by process " + std::to_string(::getpid()));
}

TEST_F(GateTest, RefusesAProcessThatRunsSomethingElse) {
  Fd other(::open("/bin/sh", O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(other);
  fds_ = {other.get()};
  expect_refusal(::getpid(), "does not run ./target");
  expect_refusal(::getpid(), "it runs /");
  // Among several files one may be loaded later: said, not refused.
  plan_.targets.push_back({"./other", nullptr});
  fds_ = {self_.get(), other.get()};
  EXPECT_EQ(refusal(::getpid()), "");
  ASSERT_EQ(messages_.size(), 1u);
  EXPECT_NE(messages_[0].find("./other"), std::string::npos);
  Copy copy;
  EXPECT_EQ(refusal(TracedProcesses{{::getpid(), copy.pid()}}), "");
  EXPECT_EQ(messages_, std::vector<std::string>{"none of the processes runs ./other"});
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
