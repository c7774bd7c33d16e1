// Attaching by uprobe_events, on the real kernel, to this test itself.
#include "bpf/linux_events.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <thread>

#include "bpf/own_code.h"
#include "bpf/test_programs.h"

namespace gotap::bpf {
namespace {

using namespace testing;

GOTAP_PROBED uint64_t gotap_event_a(uint64_t x) {
  asm volatile("nop" : "+r"(x));
  return x + 1;
}
GOTAP_PROBED uint64_t gotap_event_b(uint64_t x) {
  asm volatile("nop" : "+r"(x));
  return x + 2;
}
uint64_t offset_of(uint64_t (*code)(uint64_t)) {
  return own_file_offset(reinterpret_cast<const void*>(code)).value_or(0);
}

class UprobeEvents : public ::testing::Test {
 protected:
  void SetUp() override {
    if (auto reason = no_bpf_reason(); !reason.empty()) GTEST_SKIP() << "no BPF here: " << reason;
    kernel_ = linux_kernel();
    self_ = Fd(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    auto map = kernel_->create_map({"counts", MapType::Array, 4, 8, 1});
    ASSERT_TRUE(map.ok()) << map.error().message;
    map_ = std::move(*map);
    Code code;
    add_count(code, 0, 0);
    append(code, {mov_imm(0, 0), leave()});
    const int fd = map_.get();
    auto program =
        kernel_->load_program({.name = "count", .by_event = true, .insns = code}, {&fd, 1});
    ASSERT_TRUE(program.ok()) << program.error().message;
    program_ = std::move(*program);
  }
  Result<Attachment> attach(std::vector<uint64_t> offsets, std::vector<int> pids,
                            bool on_return = false) {
    return kernel_->attach_uprobes({.program_fd = program_.get(),
                                    .file_fd = self_.get(),
                                    .offsets = offsets,
                                    .on_return = on_return,
                                    .pids = pids,
                                    .by_event = true});
  }
  uint64_t count() {
    uint64_t value = 0;
    const uint32_t key = 0;
    EXPECT_TRUE(kernel_->map_lookup(map_.get(), &key, &value).value());
    return value;
  }
  // The definitions of ours that are there, whoever made them.
  static std::string events() {
    auto tracefs = Tracefs::open();
    EXPECT_TRUE(tracefs.ok());
    return tracefs.ok() ? (*tracefs)->definitions() : "";
  }
  static size_t events_of(int pid) {
    const std::string text = events(), mark = "_" + std::to_string(pid) + "_";
    size_t n = 0;
    for (size_t at = 0; (at = text.find(mark, at)) != std::string::npos; at++) n++;
    return n;
  }

  std::unique_ptr<Kernel> kernel_;
  Fd self_, map_, program_;
};

TEST_F(UprobeEvents, CountHitsOfAllThreadsAndLeaveNothing) {
  auto link = attach({offset_of(gotap_event_a), offset_of(gotap_event_b)}, {::getpid()});
  ASSERT_TRUE(link.ok()) << link.error().message;
  EXPECT_EQ(link->links.size(), 1u);
  EXPECT_EQ(events_of(::getpid()), 2u);  // and a Tracefs opened meanwhile removed none of them
  EXPECT_EQ(gotap_event_a(1), 2u);
  std::thread([] {
    for (int i = 0; i < 100; i++) gotap_event_b(1);
  }).join();
  EXPECT_EQ(count(), 101u);
  link->links.clear();
  EXPECT_EQ(events_of(::getpid()), 0u);
  gotap_event_a(1);
  EXPECT_EQ(count(), 101u);
}

TEST_F(UprobeEvents, TheFilterIsByProcess) {
  auto other = attach({offset_of(gotap_event_a)}, {::getppid()});
  ASSERT_TRUE(other.ok()) << other.error().message;
  gotap_event_a(1);
  EXPECT_EQ(count(), 0u);
  auto both = attach({offset_of(gotap_event_b)}, {::getppid(), ::getpid()});
  ASSERT_TRUE(both.ok()) << both.error().message;
  gotap_event_b(1);
  EXPECT_EQ(count(), 1u);
  both->links.clear();
  auto everyone = attach({offset_of(gotap_event_b)}, {});
  ASSERT_TRUE(everyone.ok()) << everyone.error().message;
  gotap_event_b(1);
  EXPECT_EQ(count(), 2u);
  auto nobody = attach({offset_of(gotap_event_b)}, {0x3ffffff});
  ASSERT_FALSE(nobody.ok());
  EXPECT_NE(nobody.error().message.find("the process has ended"), std::string::npos);
}

TEST_F(UprobeEvents, KernelReturnProbes) {
  auto link = attach({offset_of(gotap_event_a)}, {::getpid()}, true);
  ASSERT_TRUE(link.ok()) << link.error().message;
  EXPECT_EQ(gotap_event_a(1), 2u);
  EXPECT_EQ(count(), 1u);
}

TEST_F(UprobeEvents, BadSitesAreNamedAndTheRestAttached) {
  const uint64_t a = offset_of(gotap_event_a), b = offset_of(gotap_event_b);
  auto link = attach({1ull << 40, a, 2ull << 40, b, 3ull << 40}, {::getpid()});
  ASSERT_TRUE(link.ok()) << link.error().message;
  EXPECT_EQ(link->refused, (std::vector<size_t>{0, 2, 4}));
  EXPECT_EQ(link->links.size(), 1u);
  gotap_event_a(1);
  gotap_event_b(1);
  EXPECT_EQ(count(), 2u);
  link->links.clear();
  auto none = attach({1ull << 40}, {::getpid()});
  ASSERT_TRUE(none.ok()) << none.error().message;
  EXPECT_TRUE(none->links.empty());
  EXPECT_EQ(events_of(::getpid()), 0u);
}

TEST_F(UprobeEvents, AFileWhoseNameTheKernelCouldNotRead) {
  char name[] = "/tmp/gotap a:b c-XXXXXX";
  Fd copy(::mkostemp(name, O_CLOEXEC));
  ASSERT_TRUE(copy);
  std::ifstream self("/proc/self/exe", std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(self), {}};
  ASSERT_EQ(::write(copy.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  self_ = Fd(::open(name, O_RDONLY | O_CLOEXEC));
  ::unlink(name);
  EXPECT_TRUE(attach({offset_of(gotap_event_a)}, {::getpid()}).ok());
}

TEST_F(UprobeEvents, WhatAKilledProcessLeftIsRemovedByTheNext) {
  int ready[2];
  ASSERT_EQ(::pipe2(ready, O_CLOEXEC), 0);
  const int child = ::fork();
  if (child == 0) {
    auto link = attach({offset_of(gotap_event_a), offset_of(gotap_event_b)}, {::getppid()});
    (void)!::write(ready[1], link.ok() ? "y" : "n", 1);
    ::pause();
    ::_exit(0);
  }
  char answer = 0;
  ASSERT_EQ(::read(ready[0], &answer, 1), 1);
  ::close(ready[0]);
  ::close(ready[1]);
  EXPECT_EQ(answer, 'y');
  EXPECT_EQ(events_of(child), 2u);  // alive: not touched
  gotap_event_a(1);
  EXPECT_EQ(count(), 1u);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  gotap_event_a(1);
  EXPECT_EQ(count(), 1u);
  EXPECT_EQ(events_of(child), 0u);
}

TEST_F(UprobeEvents, TooManyProbesAreRefused) {
  auto link = attach(std::vector<uint64_t>(20'001, 64), {::getpid()});
  ASSERT_FALSE(link.ok());
  EXPECT_NE(link.error().message.find("20000"), std::string::npos) << link.error().message;
}

}  // namespace
}  // namespace gotap::bpf
