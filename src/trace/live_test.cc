// The session on the real kernel: a hand-made object attached to this test itself.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <cstddef>
#include <thread>

#include "bpf/kernel.h"
#include "bpf/own_code.h"
#include "bpf/test_programs.h"
#include "trace/session.h"
#include "trace/test_sink.h"

namespace gotap::trace {
namespace {

using namespace bpf::testing;
using bpf::BpfObject;
using testing::TestSink;

GOTAP_PROBED uint64_t gotap_live_target(uint64_t x) {
  asm volatile("" : "+r"(x));
  return x * 5;
}

constexpr int kChildCalls = 1234;

// Run by the test below as the -c child.
TEST(LiveSessionChild, DISABLED_Calls) {
  for (uint64_t i = 0; i < kChildCalls; i++) gotap_live_target(i);
}

class LiveSession : public ::testing::Test {
 protected:
  void SetUp() override {
    if (auto reason = no_bpf_reason(); !reason.empty()) GTEST_SKIP() << "no BPF here: " << reason;
    kernel_ = bpf::linux_kernel();
    self_ = Fd(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    auto offset = bpf::own_file_offset(reinterpret_cast<void*>(gotap_live_target));
    ASSERT_TRUE(self_ && offset);

    plan_.targets.push_back({"./self", nullptr});
    plan_.functions = {{0, 0, "gotap_live_target"}};
    std::vector<uint8_t> bytes(1);
    ASSERT_EQ(::pread(self_.get(), bytes.data(), 1, static_cast<off_t>(*offset)), 1);
    plan_.programs.resize(1);
    plan_.programs[0].shape.actions = {{0, 0, plan::Moment::Entry}};
    plan_.programs[0].sites = {{*offset, *offset, 0, plan::Cookie{.self = 0}.pack(), bytes}};
    options_.target_fds = {self_.get()};

    object_.maps = {{"globals", bpf::MapType::Array, 4, sizeof(bpf::Globals), 1},
                    {"ring", bpf::MapType::RingBuffer, 0, 0, 4096},
                    {"frames", bpf::MapType::Hash, 24, 16, 0},
                    {"tops", bpf::MapType::Hash, 16, 8, 0},
                    {"scratch", bpf::MapType::PerCpuArray, 4, 8, 0},
                    {"@calls", bpf::MapType::Array, 4, 8, 1}};
    object_.user_maps = {{"@calls", 5, {}, Type::of(Type::Kind::Count)}};
    object_.events.resize(1);
    object_.events[0].format.text = "%d";
    object_.events[0].fields = {{Type::u64(), 8}};
    object_.events[0].size = 16;
    // Each hit: nothing when exiting, else @calls++ and printf("%d", arg0).
    Code code;
    append(code, {load64(8, 1, 112)});  // pt_regs.di
    map_value(code, 1, BpfObject::kGlobals, offsetof(bpf::Globals, exiting));
    append(code, {load64(2, 1, 0), jump_zero(2, 2), mov_imm(0, 0), leave()});
    add_count(code, 5, 0);
    submit_r8(code, 0, BpfObject::kRing, BpfObject::kGlobals, offsetof(bpf::Globals, ring_full));
    append(code, {mov_imm(0, 0), leave()});
    object_.programs = {{.name = "hit", .insns = code}};
  }

  // Runs the session while `work` runs in another thread, then ends it by SIGINT.
  void run_with(const std::function<void()>& work) {
    options_.pids = {::getpid()};
    const pthread_t self = ::pthread_self();
    auto session = Session::start(*kernel_, object_, plan_, options_);
    ASSERT_TRUE(session.ok()) << session.error().message << session.error().hint;
    attached_sink_.on_attached = [&] {
      worker_ = std::thread([&, self] {
        work();
        ::pthread_kill(self, SIGINT);
      });
    };
    auto code = session->run(attached_sink_);
    if (worker_.joinable()) worker_.join();
    ASSERT_TRUE(code.ok()) << code.error().message << code.error().hint;
    EXPECT_EQ(*code, 0);
  }

  struct AttachedSink : TestSink {
    std::function<void()> on_attached;
    void attached(uint64_t probes) override {
      TestSink::attached(probes);
      if (on_attached) on_attached();
    }
  } attached_sink_;
  std::thread worker_;
  std::unique_ptr<bpf::Kernel> kernel_;
  Fd self_;
  plan::Plan plan_;
  BpfObject object_;
  SessionOptions options_;
};

TEST_F(LiveSession, EveryHitIsPrintedInOrderAndCounted) {
  const size_t before = testing::open_files();
  run_with([] {
    for (uint64_t i = 0; i < 5000; i++) gotap_live_target(i);
  });
  auto& lines = attached_sink_.lines;
  ASSERT_EQ(lines.size(), 5002u);
  EXPECT_EQ(lines[0], "attached 1");
  for (size_t i = 0; i < 5000; i++) ASSERT_EQ(lines[i + 1], "printf %d " + std::to_string(i));
  EXPECT_EQ(lines.back(), "map @calls []: 5000");
  EXPECT_EQ(attached_sink_.lost.ring_full, 0u);
  EXPECT_EQ(testing::open_files(), before);
}

TEST_F(LiveSession, AnOverflowingRingIsCountedExactly) {
  options_.ring_bytes = 4096;
  constexpr uint64_t kCalls = 20'000;
  run_with([] {
    for (uint64_t i = 0; i < kCalls; i++) gotap_live_target(i);
  });
  uint64_t printed = 0;
  for (auto& line : attached_sink_.lines) printed += line.starts_with("printf");
  EXPECT_GT(attached_sink_.lost.ring_full, 0u);
  EXPECT_EQ(printed + attached_sink_.lost.ring_full, kCalls);
  EXPECT_EQ(attached_sink_.lines.back(), "map @calls []: 20000");
}

TEST_F(LiveSession, TheChildIsTracedFromItsFirstInstruction) {
  auto child = Child::spawn(
      "/proc/self/exe --gtest_also_run_disabled_tests --gtest_brief=1 "
      "--gtest_filter=LiveSessionChild.*");
  ASSERT_TRUE(child.ok()) << child.error().message;
  options_.child = &*child;
  auto session = Session::start(*kernel_, object_, plan_, options_);
  ASSERT_TRUE(session.ok()) << session.error().message << session.error().hint;
  auto code = session->run(attached_sink_);
  ASSERT_TRUE(code.ok()) << code.error().message << code.error().hint;
  EXPECT_EQ(*code, 0);
  EXPECT_EQ(attached_sink_.lines.back(), "map @calls []: " + std::to_string(kChildCalls));
}

TEST_F(LiveSession, ASiteThatAnotherTracerProbesIsShared) {
  const uint64_t offset = plan_.programs[0].sites[0].file_offset;
  auto program = kernel_->load_program({.name = "other", .insns = {mov_imm(0, 0), leave()}}, {});
  ASSERT_TRUE(program.ok());
  auto link = kernel_->attach_uprobes(
      {.program_fd = program->get(), .file_fd = self_.get(), .offsets = {&offset, 1}});
  ASSERT_TRUE(link.ok()) << link.error().message;
  run_with([&] {
    for (uint64_t i = 0; i < 100; i++) gotap_live_target(i);
    // The other one leaves first.
    link->links.clear();
    for (uint64_t i = 0; i < 100; i++) gotap_live_target(i);
  });
  EXPECT_EQ(attached_sink_.lines.back(), "map @calls []: 200");
}

}  // namespace
}  // namespace gotap::trace
