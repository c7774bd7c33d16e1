// What a hit costs, on a kernel in memory that counts as it is told.
#include "trace/trap_cost.h"

#include <gtest/gtest.h>

#include "bpf/fake_kernel.h"

namespace gotap::trace {
namespace {

using bpf::FakeKernel;

void count(FakeKernel& kernel, uint64_t hits) {
  kernel.on_attach = [&kernel, hits](const FakeKernel::Attach&) {
    for (auto& [fd, map] : kernel.maps) map.entries.begin()->second = FakeKernel::bytes_of(hits);
  };
}

TEST(TrapCost, ThreePlacesOfOurOwnAreProbed) {
  for (const bool by_event : {false, true}) {
    FakeKernel kernel;
    count(kernel, kTrapHits);
    auto cost = measure_traps(kernel, by_event);
    ASSERT_TRUE(cost.ok()) << cost.error().message;
    ASSERT_EQ(kernel.attaches.size(), 3u);
    std::set<uint64_t> places;
    for (const FakeKernel::Attach& it : kernel.attaches) {
      EXPECT_EQ(it.by_event, by_event);
      EXPECT_EQ(it.pids.size(), 1u);
      places.insert(it.offsets.begin(), it.offsets.end());
    }
    EXPECT_EQ(places.size(), 3u);
    EXPECT_GE(cost->emulated_ns, 0);
  }
}

TEST(TrapCost, HitsThatDoNotArriveAreNoMeasurement) {
  for (const uint64_t hits : {0, kTrapHits - 1, kTrapHits + 1}) {
    FakeKernel kernel;
    count(kernel, hits);
    auto cost = measure_traps(kernel, false);
    ASSERT_FALSE(cost.ok());
    EXPECT_NE(cost.error().message.find(std::to_string(hits) + " were counted"), std::string::npos);
  }
}

// Each call begins and ends so much later than the last one.
void tick(FakeKernel& kernel, uint64_t duration) {
  kernel.on_lookup = [duration, now = uint64_t{1000}](FakeKernel::FakeMap& map) mutable {
    now += duration;
    map.entries[FakeKernel::bytes_of(uint32_t{0})] = FakeKernel::bytes_of(now);
  };
}

TEST(TrapCost, TheFloorIsTheTimeBetweenTwoProbes) {
  for (const Timed timed : {Timed::Emulated, Timed::Stepped, Timed::KernelReturned}) {
    FakeKernel kernel;
    tick(kernel, 2500);
    auto floor = measure_floor(kernel, false, timed);
    ASSERT_TRUE(floor.ok()) << floor.error().message;
    EXPECT_EQ(*floor, 2500u);
    ASSERT_EQ(kernel.attaches.size(), 2u);
    EXPECT_FALSE(kernel.attaches[0].on_return);
    EXPECT_EQ(kernel.attaches[1].on_return, timed == Timed::KernelReturned);
  }
}

TEST(TrapCost, WithoutHitsThereIsNoFloor) {
  FakeKernel kernel;
  auto floor = measure_floor(kernel, false, Timed::Emulated);
  ASSERT_FALSE(floor.ok());
  EXPECT_EQ(floor.error().message, "hits of probes on ourselves were not seen");
}

TEST(TrapCost, EveryFailingCallIsAnError) {
  FakeKernel kernel;
  count(kernel, kTrapHits);
  ASSERT_TRUE(measure_traps(kernel, false).ok());
  for (int n = 1; n <= kernel.calls; n++) {
    FakeKernel failing;
    count(failing, kTrapHits);
    failing.fail_call = n;
    EXPECT_FALSE(measure_traps(failing, false).ok()) << failing.log.back();
  }
  constexpr int kAttached = 6;  // two maps, programs and links
  for (int n = 1; n <= kAttached + 2; n++) {
    FakeKernel failing;
    tick(failing, 2500);
    failing.fail_call = n;
    EXPECT_FALSE(measure_floor(failing, false, Timed::Stepped).ok()) << failing.log.back();
  }
}

}  // namespace
}  // namespace gotap::trace
