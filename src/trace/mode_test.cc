// How to attach, on a kernel in memory that can more or less.
#include "trace/mode.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "bpf/fake_kernel.h"

namespace gotap::trace {
namespace {

using bpf::FakeKernel;

// A kernel whose pid filter lets `hits` hits of our other thread through.
void count_hits(FakeKernel& kernel, uint64_t hits) {
  kernel.on_attach = [&kernel, hits](const FakeKernel::Attach& attach) {
    EXPECT_EQ(attach.program, "gotap_self");
    EXPECT_EQ(attach.pids, std::vector<int>{::getpid()});
    kernel.map_named("gotap_self")->entries.begin()->second = FakeKernel::bytes_of(hits);
  };
}

TEST(ChooseAttach, OneLinkThatFiltersWhereItCountsOtherThreads) {
  FakeKernel kernel;
  count_hits(kernel, 1);
  auto mode = choose_attach(kernel, AttachWay::Auto, true);
  ASSERT_TRUE(mode.ok()) << mode.error().message;
  EXPECT_FALSE(mode->by_event);
  EXPECT_FALSE(mode->compare_tgid);
  EXPECT_EQ(mode->note, "");
  EXPECT_EQ(mode->trial->size(), 1u);
}

TEST(ChooseAttach, AFilterThatLosesHitsIsNotUsedWhateverItPromised) {
  for (bool promised : {false, true}) {
    FakeKernel kernel;
    kernel.pid_filter = promised;
    count_hits(kernel, 0);
    auto mode = choose_attach(kernel, AttachWay::Auto, true);
    ASSERT_TRUE(mode.ok()) << mode.error().message;
    EXPECT_TRUE(mode->by_event);
    EXPECT_TRUE(mode->compare_tgid);
    EXPECT_NE(mode->note.find("loses hits"), std::string::npos) << mode->note;
    mode = choose_attach(kernel, AttachWay::Multi, true);
    ASSERT_TRUE(mode.ok()) << mode.error().message;
    EXPECT_FALSE(mode->by_event);
    EXPECT_TRUE(mode->compare_tgid);
  }
}

TEST(ChooseAttach, NothingIsTriedThatIsNotNeeded) {
  FakeKernel kernel;
  auto mode = choose_attach(kernel, AttachWay::Auto, false);
  ASSERT_TRUE(mode.ok());
  EXPECT_FALSE(mode->by_event || mode->compare_tgid);
  EXPECT_EQ(kernel.log, std::vector<std::string>{"uprobe_multi"});
  kernel.log.clear();
  mode = choose_attach(kernel, AttachWay::Event, true);
  ASSERT_TRUE(mode.ok());
  EXPECT_TRUE(mode->by_event && mode->compare_tgid);
  EXPECT_TRUE(kernel.log.empty());
}

TEST(ChooseAttach, WithoutLinksByEventsAndSaysSo) {
  FakeKernel kernel;
  kernel.uprobe_multi = kernel.pid_filter = false;
  auto mode = choose_attach(kernel, AttachWay::Auto, false);
  ASSERT_TRUE(mode.ok());
  EXPECT_TRUE(mode->by_event);
  EXPECT_FALSE(mode->compare_tgid);
  EXPECT_NE(mode->note.find("uprobe_events"), std::string::npos) << mode->note;
  mode = choose_attach(kernel, AttachWay::Multi, false);
  ASSERT_FALSE(mode.ok());
  EXPECT_NE(mode.error().hint.find("--attach=event"), std::string::npos);
}

TEST(EventWorks, IsWhatAProbeOnOurselvesCounts) {
  for (uint64_t hits : {0, 1, 2}) {
    FakeKernel kernel;
    count_hits(kernel, hits);
    auto works = event_works(kernel);
    ASSERT_TRUE(works.ok()) << works.error().message;
    EXPECT_EQ(*works, hits == 1);
    ASSERT_EQ(kernel.attaches.size(), 1u);
    EXPECT_TRUE(kernel.attaches[0].by_event);
  }
  FakeKernel failing;
  failing.fail_call = 1;
  EXPECT_FALSE(event_works(failing).ok());
}

TEST(ChooseAttach, EveryFailingCallIsAnError) {
  FakeKernel kernel;
  count_hits(kernel, 1);
  ASSERT_TRUE(choose_attach(kernel, AttachWay::Auto, true).ok());
  const int calls = kernel.calls;
  for (int n = 1; n <= calls; n++) {
    FakeKernel failing;
    count_hits(failing, 1);
    failing.fail_call = n;
    EXPECT_FALSE(choose_attach(failing, AttachWay::Auto, true).ok()) << failing.log.back();
  }
}

}  // namespace
}  // namespace gotap::trace
