// The real kernel door, on programs made by hand and attached to this test itself.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <thread>

#include "bpf/kernel.h"
#include "bpf/linux_errors.h"
#include "bpf/own_code.h"
#include "bpf/test_programs.h"

namespace gotap::bpf {
namespace {

using namespace testing;

// Functions of our own to probe. The asm keeps the compiler from merging or inlining them.
GOTAP_PROBED uint64_t gotap_probed_a(uint64_t x) {
  asm volatile("" : "+r"(x));
  return x + 1;
}
GOTAP_PROBED uint64_t gotap_probed_b(uint64_t x) {
  asm volatile("" : "+r"(x));
  return x + 2;
}

class LinuxKernelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (auto reason = no_bpf_reason(); !reason.empty()) GTEST_SKIP() << "no BPF here: " << reason;
    kernel_ = linux_kernel();
    self_ = Fd(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(self_);
  }
  Fd map(const MapSpec& spec) {
    auto fd = kernel_->create_map(spec);
    EXPECT_TRUE(fd.ok()) << (fd.ok() ? "" : fd.error().message);
    return fd.ok() ? std::move(fd.value()) : Fd();
  }
  Fd load(Code code, std::vector<int> maps, ProgramKind kind = ProgramKind::Uprobe) {
    append(code, {mov_imm(0, 0), leave()});
    auto fd = kernel_->load_program({.name = "test", .kind = kind, .insns = code}, maps);
    EXPECT_TRUE(fd.ok()) << (fd.ok() ? "" : fd.error().message + fd.error().hint);
    return fd.ok() ? std::move(fd.value()) : Fd();
  }
  uint64_t value(const Fd& map, uint32_t index = 0) {
    uint64_t out[8] = {};
    uint32_t key = 0;
    EXPECT_TRUE(kernel_->map_lookup(map.get(), &key, out).value());
    return out[index];
  }
  // Counts hits in array element 0; its second word takes the last cookie.
  Code count_and_cookie() {
    Code code;
    append(code, {call(kGetCookie), mov(8, 0)});
    add_count(code, 0, 0);
    map_value(code, 1, 0, 8);
    append(code, {store64(1, 0, 8)});
    return code;
  }
  std::unique_ptr<Kernel> kernel_;
  const int self_pid_ = ::getpid();
  Fd self_;
};

TEST_F(LinuxKernelTest, HashMapsTellMissingKeys) {
  Fd fd = map({"@hash:odd name", MapType::Hash, 8, 8, 4});
  uint64_t key = 7, value = 9, out = 0;
  EXPECT_FALSE(kernel_->map_lookup(fd.get(), &key, &out).value());
  EXPECT_FALSE(kernel_->map_next_key(fd.get(), nullptr, &out).value());
  EXPECT_FALSE(kernel_->map_delete(fd.get(), &key).value());
  ASSERT_TRUE(kernel_->map_update(fd.get(), &key, &value).ok());
  EXPECT_TRUE(kernel_->map_lookup(fd.get(), &key, &out).value());
  EXPECT_EQ(out, 9u);
  EXPECT_TRUE(kernel_->map_next_key(fd.get(), nullptr, &out).value());
  EXPECT_EQ(out, 7u);
  EXPECT_FALSE(kernel_->map_next_key(fd.get(), &key, &out).value());
  EXPECT_TRUE(kernel_->map_delete(fd.get(), &key).value());
}

TEST_F(LinuxKernelTest, AFullMapIsAnErrorInWords) {
  Fd fd = map({"small", MapType::Hash, 8, 8, 1});
  uint64_t key = 1, value = 1;
  ASSERT_TRUE(kernel_->map_update(fd.get(), &key, &value).ok());
  key = 2;
  auto result = kernel_->map_update(fd.get(), &key, &value);
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.error().message.find("write to a BPF map"), std::string::npos);
}

TEST_F(LinuxKernelTest, AnImpossibleMapNamesItsSizes) {
  auto fd = kernel_->create_map({"wide", MapType::Hash, 1u << 30, 8, 10});
  ASSERT_FALSE(fd.ok());
  EXPECT_NE(fd.error().message.find("wide"), std::string::npos);
}

TEST_F(LinuxKernelTest, CountsHitsOfAllThreadsAndDetaches) {
  ASSERT_TRUE(kernel_->pid_filter_works().value());
  Fd counts = map({"counts", MapType::Array, 4, 16, 1});
  Fd program = load(count_and_cookie(), {counts.get()});
  const uint64_t offsets[] = {*own_file_offset(reinterpret_cast<void*>(gotap_probed_a)),
                              *own_file_offset(reinterpret_cast<void*>(gotap_probed_b))};
  const uint64_t cookies[] = {0x1234567890abcdefull, 42};
  auto link = kernel_->attach_uprobes({.program_fd = program.get(),
                                       .file_fd = self_.get(),
                                       .offsets = offsets,
                                       .cookies = cookies,
                                       .pids = {&self_pid_, 1}});
  ASSERT_TRUE(link.ok()) << link.error().message;
  EXPECT_EQ(gotap_probed_a(1), 2u);
  EXPECT_EQ(value(counts), 1u);
  EXPECT_EQ(value(counts, 1), cookies[0]);
  std::thread([] {
    for (int i = 0; i < 100; i++) gotap_probed_b(i);
  }).join();
  EXPECT_EQ(value(counts), 101u);
  EXPECT_EQ(value(counts, 1), 42u);
  link->links.clear();
  gotap_probed_a(1);
  EXPECT_EQ(value(counts), 101u);
}

TEST_F(LinuxKernelTest, OtherProcessesAreNotCountedWithAPid) {
  Fd counts = map({"counts", MapType::Array, 4, 16, 1});
  Fd program = load(count_and_cookie(), {counts.get()});
  const uint64_t offset = *own_file_offset(reinterpret_cast<void*>(gotap_probed_a));
  const int init = 1;
  auto link = kernel_->attach_uprobes({.program_fd = program.get(),
                                       .file_fd = self_.get(),
                                       .offsets = {&offset, 1},
                                       .pids = {&init, 1}});
  ASSERT_TRUE(link.ok()) << link.error().message;
  gotap_probed_a(1);
  EXPECT_EQ(value(counts), 0u);
}

TEST_F(LinuxKernelTest, KernelReturnProbeOnC) {
  Fd counts = map({"counts", MapType::Array, 4, 16, 1});
  Code code;
  append(code, {load64(8, 1, 80)});  // pt_regs.ax
  map_value(code, 1, 0, 8);
  append(code, {store64(1, 0, 8)});
  add_count(code, 0, 0);
  Fd program = load(code, {counts.get()});
  const uint64_t offset = *own_file_offset(reinterpret_cast<void*>(gotap_probed_b));
  auto link = kernel_->attach_uprobes({.program_fd = program.get(),
                                       .file_fd = self_.get(),
                                       .offsets = {&offset, 1},
                                       .on_return = true,
                                       .pids = {&self_pid_, 1}});
  ASSERT_TRUE(link.ok()) << link.error().message;
  EXPECT_EQ(gotap_probed_b(40), 42u);
  EXPECT_EQ(value(counts), 1u);
  EXPECT_EQ(value(counts, 1), 42u);
}

TEST_F(LinuxKernelTest, RingOverflowIsCountedExactly) {
  Fd globals = map({"globals", MapType::Array, 4, 16, 1});
  Fd ring_map = map({"ring", MapType::RingBuffer, 0, 0, 4096});
  Code code;
  append(code, {load64(8, 1, 112)});  // pt_regs.di: the first argument
  submit_r8(code, 3, 1, 0, 0);
  Fd program = load(code, {globals.get(), ring_map.get()});
  auto ring = kernel_->open_ring(ring_map.get());
  ASSERT_TRUE(ring.ok()) << ring.error().message;
  const uint64_t offset = *own_file_offset(reinterpret_cast<void*>(gotap_probed_a));
  auto link = kernel_->attach_uprobes({.program_fd = program.get(),
                                       .file_fd = self_.get(),
                                       .offsets = {&offset, 1},
                                       .pids = {&self_pid_, 1}});
  ASSERT_TRUE(link.ok()) << link.error().message;
  uint64_t next = 0, hits = 0;
  auto handle = [&](Bytes record) {
    EXPECT_EQ(record.size(), 16u);
    EXPECT_EQ(record.u32(0), 3u);
    EXPECT_EQ(record.u64(8), next++);
  };
  // Around the ring many times: records that wrap are whole.
  for (int round = 0; round < 50; round++) {
    for (int i = 0; i < 7; i++) gotap_probed_a(hits++);
    EXPECT_EQ((*ring)->drain(handle).value(), 7u);
  }
  EXPECT_EQ(value(globals), 0u);
  // Then more than fits: what was lost is counted, what was not is there, in order.
  for (int i = 0; i < 500; i++) gotap_probed_a(hits++);
  const uint64_t drained = (*ring)->drain(handle).value();
  EXPECT_GT(drained, 100u);
  EXPECT_EQ(drained + value(globals), 500u);
  EXPECT_EQ((*ring)->drain(handle).value(), 0u);
}

TEST_F(LinuxKernelTest, RunsRawTracepointPrograms) {
  Fd counts = map({"counts", MapType::Array, 4, 16, 1});
  Code code;
  add_count(code, 0, 0);
  Fd program = load(code, {counts.get()}, ProgramKind::RawTracepoint);
  for (int i = 0; i < 3; i++) ASSERT_TRUE(kernel_->run_program(program.get()).ok());
  EXPECT_EQ(value(counts), 3u);
}

TEST_F(LinuxKernelTest, AVerifierRefusalNamesAFileWithTheLog) {
  Code code;
  append(code, {load64(0, 9, 0), leave()});  // r9 was never set
  auto fd = kernel_->load_program({.name = "broken", .insns = code}, {});
  ASSERT_FALSE(fd.ok());
  EXPECT_NE(fd.error().message.find("broken"), std::string::npos);
  EXPECT_EQ(fd.error().message.find('\n'), std::string::npos);
  size_t at = fd.error().hint.find("/");
  ASSERT_NE(at, std::string::npos) << fd.error().hint;
  const std::string path = fd.error().hint.substr(at);
  std::ifstream file(path);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_NE(text.find("R9 !read_ok"), std::string::npos) << text;
  EXPECT_NE(text.find("0: code 0x79"), std::string::npos) << text;
  EXPECT_EQ(text.find('\0'), std::string::npos);
  ::unlink(path.c_str());
}

TEST_F(LinuxKernelTest, AMissingMapIsAnInternalErrorNotACrash) {
  Code code;
  map_fd(code, 1, 5);
  append(code, {mov_imm(0, 0), leave()});
  std::vector<int> maps = {-1};
  EXPECT_FALSE(kernel_->load_program({.name = "t", .insns = code}, maps).ok());
}

TEST_F(LinuxKernelTest, SaysWhatIsWrongWithASite) {
  Fd counts = map({"counts", MapType::Array, 4, 16, 1});
  Fd program = load(count_and_cookie(), {counts.get()});
  const uint64_t good = *own_file_offset(reinterpret_cast<void*>(gotap_probed_a));
  const uint64_t offsets[] = {1ull << 40, good, 2ull << 40};
  auto link = kernel_->attach_uprobes({.program_fd = program.get(),
                                       .file_fd = self_.get(),
                                       .offsets = offsets,
                                       .pids = {&self_pid_, 1}});
  ASSERT_TRUE(link.ok()) << link.error().message;
  EXPECT_EQ(link->refused, (std::vector<size_t>{0, 2}));
  gotap_probed_a(1);
  EXPECT_EQ(value(counts), 1u);
  const int nobody = 0x3ffffff;
  link = kernel_->attach_uprobes({.program_fd = program.get(),
                                  .file_fd = self_.get(),
                                  .offsets = {&good, 1},
                                  .pids = {&nobody, 1}});
  ASSERT_FALSE(link.ok());
  EXPECT_NE(link.error().message.find("the process has ended"), std::string::npos);
}

TEST_F(LinuxKernelTest, KnowsEverybodysUprobes) {
  const uint64_t a = *own_file_offset(reinterpret_cast<void*>(gotap_probed_a));
  const uint64_t b = *own_file_offset(reinterpret_cast<void*>(gotap_probed_b));
  auto known = [&](uint64_t offset) {
    auto result = kernel_->has_uprobe(self_.get(), offset);
    EXPECT_TRUE(result.ok()) << result.error().message;
    return result.ok() && *result;
  };
  EXPECT_FALSE(known(a));
  Fd counts = map({"counts", MapType::Array, 4, 16, 1});
  Fd program = load(count_and_cookie(), {counts.get()});
  const int init = 1;  // a process that does not even run this file
  auto link = kernel_->attach_uprobes({.program_fd = program.get(),
                                       .file_fd = self_.get(),
                                       .offsets = {&a, 1},
                                       .pids = {&init, 1}});
  ASSERT_TRUE(link.ok()) << link.error().message;
  EXPECT_TRUE(known(a));
  EXPECT_FALSE(known(b));
  EXPECT_FALSE(known(a + 1));
  link->links.clear();
  EXPECT_FALSE(known(a));
  gotap_probed_a(1);
}

TEST_F(LinuxKernelTest, AReturnProbeUnderSeccompIsTried) {
  // Which of both it is depends on the kernel; that it can be told does not.
  auto survives = kernel_->uretprobe_survives_seccomp();
  ASSERT_TRUE(survives.ok()) << survives.error().message;
}

TEST_F(LinuxKernelTest, FindsMembersInTheKernelsTypes) {
  auto offset = kernel_->struct_offset("task_struct", "thread.fsbase");
  ASSERT_TRUE(offset.ok()) << offset.error().message;
  EXPECT_GT(*offset, 0u);
  EXPECT_EQ(*offset % 8, 0u);
  EXPECT_FALSE(kernel_->struct_offset("task_struct", "thread.nonsense").ok());
  EXPECT_FALSE(kernel_->struct_offset("no_such_struct", "x").ok());
  EXPECT_GT(kernel_->cpu_count().value(), 0u);
}

TEST(KernelErrors, PrivilegeNamesWhatIsMissing) {
  constexpr uint64_t kBpf = 1ull << 39, kPerfmon = 1ull << 38, kAdmin = 1ull << 21;
  struct {
    uint64_t capabilities;
    const char* expect;
  } cases[] = {{0, "CAP_BPF and CAP_PERFMON are missing"},
               {kBpf, "CAP_PERFMON is missing"},
               {kPerfmon, "CAP_BPF is missing"},
               {kBpf | kPerfmon, "although the needed capabilities are there"},
               {kAdmin, "although the needed capabilities are there"}};
  for (auto& c : cases) {
    Error error = privilege_error("load BPF programs", c.capabilities);
    EXPECT_NE(error.message.find(c.expect), std::string::npos) << error.message;
    EXPECT_FALSE(error.hint.empty());
  }
}

TEST(KernelErrors, EveryErrnoIsOneSentence) {
  for (int err = 1; err < 530; err++) {
    Error error = kernel_error("attach 3 probes", err);
    EXPECT_NE(error.message.find("attach 3 probes"), std::string::npos) << err;
    EXPECT_EQ(error.message.find('\n'), std::string::npos) << err;
  }
}

}  // namespace
}  // namespace gotap::bpf
