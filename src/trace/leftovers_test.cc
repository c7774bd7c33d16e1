// The sweep on this process's own memory, where a breakpoint stands as the kernel leaves it, and a
// kernel in memory.
#include "trace/leftovers.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "bpf/fake_kernel.h"

namespace gotap::trace {
namespace {

constexpr uint64_t kPage = 4096, kAt = kPage + 10;

// A file of code, mapped into this process; writing to the mapping makes copies of its pages.
class LeftoversTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/gotap-leftovers-XXXXXX";
    file_ = Fd(::mkostemp(path, O_CLOEXEC));
    ASSERT_TRUE(file_);
    ::unlink(path);
    const std::vector<uint8_t> code(2 * kPage + 100, 0x90);
    ASSERT_EQ(::write(file_.get(), code.data(), code.size()), static_cast<ssize_t>(code.size()));
    void* memory =
        ::mmap(nullptr, 3 * kPage, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE, file_.get(), 0);
    ASSERT_NE(memory, MAP_FAILED);
    memory_ = static_cast<uint8_t*>(memory);
    // The kernel's part: to detach takes the breakpoint along.
    kernel_.on_attach = [this](const bpf::FakeKernel::Attach& attach) {
      for (uint64_t offset : attach.offsets)
        if (!held_) memory_[offset] = 0x90;
    };
  }
  void TearDown() override { ::munmap(memory_, 3 * kPage); }
  Result<uint64_t> sweep() { return sweep_breakpoints(kernel_, ::getpid(), {file_.get()}); }

  Fd file_;
  uint8_t* memory_ = nullptr;
  bool held_ = false;  ///< another tracer has its probe there
  bpf::FakeKernel kernel_;
};

TEST_F(LeftoversTest, NothingLeftNothingAsked) {
  auto swept = sweep();
  ASSERT_TRUE(swept.ok()) << swept.error().message;
  EXPECT_EQ(*swept, 0u);
  EXPECT_TRUE(kernel_.log.empty());
}

TEST_F(LeftoversTest, TheKernelsBreakpointsAreTakenOut) {
  memory_[kAt] = memory_[2 * kPage + 99] = 0xcc;
  memory_[kAt + 1] = 0xcb;  // a change of another kind is not ours to undo
  kernel_.uprobes = {kAt, 2 * kPage + 99};
  auto swept = sweep();
  ASSERT_TRUE(swept.ok()) << swept.error().message;
  EXPECT_EQ(*swept, 2u);
  ASSERT_EQ(kernel_.attaches.size(), 1u);
  EXPECT_EQ(kernel_.attaches[0].offsets, (std::vector<uint64_t>{kAt, 2 * kPage + 99}));
  EXPECT_EQ(kernel_.attaches[0].pids, (std::vector<int>{::getpid()}));
  EXPECT_EQ(memory_[kAt + 1], 0xcb);
}

TEST_F(LeftoversTest, TheProgramsOwnBreakpointsStay) {
  memory_[kAt] = 0xcc;
  auto swept = sweep();
  ASSERT_TRUE(swept.ok());
  EXPECT_EQ(*swept, 0u);
  EXPECT_EQ(memory_[kAt], 0xcc);
  EXPECT_TRUE(kernel_.attaches.empty());
}

TEST_F(LeftoversTest, WhatALivingTracerHoldsIsNotCounted) {
  memory_[kAt] = 0xcc;
  kernel_.uprobes = {kAt};
  held_ = true;
  auto swept = sweep();
  ASSERT_TRUE(swept.ok());
  EXPECT_EQ(*swept, 0u);
}

TEST_F(LeftoversTest, WhoseBreakpointsTheyAreIsTold) {
  auto look = [this] { return look_at_breakpoints(kernel_, ::getpid(), file_.get()); };
  auto none = look();
  ASSERT_TRUE(none.ok()) << none.error().message;
  EXPECT_EQ(none->uprobes + none->foreign, 0u);
  memory_[kAt] = memory_[kAt + 5] = memory_[2 * kPage + 99] = 0xcc;
  kernel_.uprobes = {kAt, kAt + 5};
  auto some = look();
  ASSERT_TRUE(some.ok()) << some.error().message;
  EXPECT_EQ(some->uprobes, 2u);
  EXPECT_EQ(some->foreign, 1u);
  EXPECT_TRUE(kernel_.attaches.empty());
  // Each answer holds for those up to the next one that is asked about: all are counted.
  for (uint64_t i = 0; i < 100; i++) memory_[kPage + 100 + i] = 0xcc;
  auto many = look();
  ASSERT_TRUE(many.ok());
  EXPECT_EQ(many->uprobes + many->foreign, 103u);
  kernel_.fail_call = kernel_.calls + 1;
  EXPECT_FALSE(look().ok());
}

}  // namespace
}  // namespace gotap::trace
