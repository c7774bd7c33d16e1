// What probes cost, by counts that the test makes up.
#include "trace/overhead.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <map>

namespace gotap::trace {
namespace {

class FakeCounts : public bpf::RunCounts {
 public:
  std::map<int, bpf::Runs> runs;
  bool fails = false;
  Result<bpf::Runs> of(int fd) override {
    if (fails) return Error{"no statistics", ""};
    return runs[fd];
  }
};

constexpr int64_t kSecond = 1'000'000'000;

// Two programs, of whose hits one costs 1 us and one 10 us; nobody's CPU time but the clock's.
struct Watched {
  FakeCounts counts;
  Overhead overhead{counts, {{3, 1'000}, {4, 10'000}}, {}, 3};
};

TEST(Overhead, IsOverWhenHitsTakeMoreThanTheyMay) {
  Watched it;
  it.counts.runs[3] = {1'000'000, 0};  // of before
  ASSERT_TRUE(it.overhead.start(kSecond).ok());
  EXPECT_EQ(it.overhead.next(), kSecond + Overhead::kFirst);
  // 3 ms in 100 ms: 3 % of a CPU.
  it.counts.runs[3].count += 1'000;
  it.counts.runs[4] = {150, 500'000};
  auto look = it.overhead.look(kSecond + Overhead::kFirst - 1);
  ASSERT_TRUE(look.ok());
  EXPECT_FALSE(*look);  // it is too early to say
  look = it.overhead.look(kSecond + Overhead::kFirst);
  ASSERT_TRUE(look.ok());
  EXPECT_FALSE(*look) << **look;
  EXPECT_EQ(it.overhead.next(), kSecond + Overhead::kFirst + Overhead::kEvery);
  // In the next second 80 ms: 50 more than it may.
  it.counts.runs[4].count += 8'000;
  look = it.overhead.look(it.overhead.next());
  ASSERT_TRUE(look.ok());
  EXPECT_FALSE(*look) << **look;
  // Then what it may, and a little more.
  it.counts.runs[4].count += 3'001;
  look = it.overhead.look(it.overhead.next());
  ASSERT_TRUE(look.ok());
  ASSERT_TRUE(*look);
  EXPECT_EQ(**look,
            "stopped: in 1.0 s the probes took 3.0 % of a CPU; --max-overhead allows 3 % (0: no "
            "limit)");
  // Where none comes for a second, the excess is less.
  look = it.overhead.look(it.overhead.next());
  ASSERT_TRUE(look.ok());
  EXPECT_FALSE(*look);
  auto summary = it.overhead.summary(kSecond + 2 * kSecond);
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(*summary, "12151 hits of probes took 5.7 % of a CPU");
}

TEST(Overhead, WithoutALimitItIsOnlySummedUp) {
  FakeCounts counts;
  Overhead overhead(counts, {{3, 1'000}}, {}, 0);
  ASSERT_TRUE(overhead.start(0).ok());
  counts.runs[3] = {1'000'000, 0};
  auto look = overhead.look(kSecond);
  ASSERT_TRUE(look.ok());
  EXPECT_FALSE(*look);
  EXPECT_EQ(*overhead.summary(kSecond), "1000000 hits of probes took 100 % of a CPU");
}

TEST(Overhead, IsPartOfWhatTheProcessesUse) {
  // A process that does nothing at all may be asked for a part of half a CPU.
  FakeCounts counts;
  constexpr int kNobody = 1 << 30;
  Overhead overhead(counts, {{3, 1'000}}, {kNobody}, 3);
  ASSERT_TRUE(overhead.start(0).ok());
  counts.runs[3].count = 15'000;
  auto look = overhead.look(kSecond);
  ASSERT_TRUE(look.ok());
  EXPECT_FALSE(*look) << **look;
  counts.runs[3].count += 15'000 + 50'001;
  look = overhead.look(2 * kSecond);
  ASSERT_TRUE(look.ok());
  ASSERT_TRUE(*look);
  EXPECT_NE((*look)->find("6.5 % of a CPU, the program with them 0.0 %"), std::string::npos)
      << **look;
}

TEST(Overhead, WhatCannotBeReadIsAnError) {
  Watched it;
  ASSERT_TRUE(it.overhead.start(0).ok());
  it.counts.fails = true;
  EXPECT_FALSE(it.overhead.look(kSecond).ok());
  EXPECT_FALSE(it.overhead.summary(kSecond).ok());
  EXPECT_FALSE(it.overhead.start(0).ok());
}

TEST(CpuTime, IsThatOfTheProcess) {
  const uint64_t before = cpu_time_ns({::getpid()});
  volatile uint64_t sum = 0;
  while (cpu_time_ns({::getpid()}) == before)
    for (int i = 0; i < 1'000'000; i++) sum = sum + 1;
  EXPECT_GT(cpu_time_ns({::getpid()}), before);
  EXPECT_EQ(cpu_time_ns({}), 0u);
}

}  // namespace
}  // namespace gotap::trace
