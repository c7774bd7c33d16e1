// What `gotap doctor` says, of kernels in memory that can more or less, and of this process.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "bpf/fake_kernel.h"
#include "cli/machine.h"
#include "cli/target_findings.h"

namespace gotap::cli {
namespace {

using bpf::FakeKernel;
using State = Finding::State;

const Finding* find(const Findings& all, const std::string& what) {
  auto found =
      std::find_if(all.begin(), all.end(), [&](const Finding& it) { return it.what == what; });
  return found == all.end() ? nullptr : &*found;
}

State state_of(const Findings& all, const std::string& what) {
  const Finding* found = find(all, what);
  EXPECT_TRUE(found) << what;
  return found ? found->state : State::Fails;
}

// A probe on ourselves counts one hit; one that is given a cookie is told it.
void hit(FakeKernel& kernel) {
  kernel.on_attach = [&kernel](const FakeKernel::Attach& attach) {
    const uint64_t cookie = attach.cookies.empty() ? 0 : attach.cookies[0];
    for (auto& [fd, map] : kernel.maps)
      if (map.spec.name == "gotap_self")
        map.entries.begin()->second = FakeKernel::bytes_of(cookie ? cookie : uint64_t{1});
  };
}

bool kernel_works(const Findings& all) {
  return std::none_of(all.begin(), all.end(), [](const Finding& it) {
    return it.part == "Kernel" && it.state == State::Fails;
  });
}

TEST(MachineFindings, AKernelThatCanDoItAll) {
  FakeKernel kernel;
  hit(kernel);
  const Findings all = machine_findings(kernel);
  for (const Finding& it : all)
    if (it.part == "Kernel") {
      EXPECT_EQ(it.state, State::Works) << it.what << ": " << it.answer;
      EXPECT_EQ(it.remedy, "") << it.what;
    }
  EXPECT_TRUE(find(all, "cookies"));
}

TEST(MachineFindings, WithoutLinksEventsDo) {
  FakeKernel kernel;
  hit(kernel);
  kernel.uprobe_multi = kernel.pid_filter = false;
  const Findings all = machine_findings(kernel);
  EXPECT_TRUE(kernel_works(all));
  EXPECT_EQ(state_of(all, "uprobe_multi links"), State::Limited);
  EXPECT_EQ(state_of(all, "uprobe_events"), State::Works);
  EXPECT_NE(find(all, "uprobe_multi links")->remedy, "");
  EXPECT_FALSE(find(all, "cookies"));
}

TEST(MachineFindings, AFilterThatLosesHitsIsSaid) {
  FakeKernel kernel;
  hit(kernel);
  kernel.pid_filter = false;
  const Findings all = machine_findings(kernel);
  EXPECT_TRUE(kernel_works(all));
  EXPECT_EQ(state_of(all, "filter by process"), State::Limited);
}

TEST(MachineFindings, WhereNoHitArrivesNothingWorks) {
  FakeKernel kernel;  // counts nothing
  EXPECT_FALSE(kernel_works(machine_findings(kernel)));
  kernel.uprobe_multi = false;
  EXPECT_FALSE(kernel_works(machine_findings(kernel)));
}

TEST(MachineFindings, EveryFailingCallIsALimit) {
  FakeKernel kernel;
  hit(kernel);
  (void)machine_findings(kernel);
  for (int n = 1; n <= kernel.calls; n++) {
    FakeKernel failing;
    hit(failing);
    failing.fail_call = n;
    const Findings all = machine_findings(failing);
    const std::string call = failing.log[static_cast<size_t>(n) - 1];
    const bool said = std::any_of(all.begin(), all.end(), [](const Finding& it) {
      return it.part == "Kernel" && it.state != State::Works;
    });
    EXPECT_TRUE(said) << n << ": " << call;
  }
}

TEST(TrapFindings, WhatCannotBeMeasuredFails) {
  FakeKernel kernel;
  const Traps traps = measure_trap_findings(kernel);
  EXPECT_FALSE(traps.cost);
  ASSERT_EQ(traps.findings.size(), 1u);
  EXPECT_EQ(traps.findings[0].state, State::Fails);
}

TEST(CostText, IsOfAHitAndOfACpu) {
  EXPECT_EQ(cost_text(850), "850ns a hit, 0.9 % of a CPU at 10,000 a second");
  EXPECT_EQ(cost_text(12'300), "12.3us a hit, 12 % of a CPU at 10,000 a second");
}

TEST(ProcessFindings, OfThisProcess) {
  auto image = go::Image::open("/proc/self/exe");
  ASSERT_TRUE(image.ok()) << image.error().message;
  FakeKernel kernel;
  trace::CgroupTree nowhere;
  nowhere.unified = nowhere.memory_v1 = {};
  const Findings all = process_findings(kernel, nowhere, **image, ::getpid());
  EXPECT_EQ(state_of(all, "file"), State::Works);
  EXPECT_EQ(state_of(all, "debugger"), State::Works);
  EXPECT_EQ(find(all, "other tracers")->answer, "none");
  EXPECT_EQ(find(all, "memory")->answer, "no cgroup limit");
  // One that has ended.
  const Findings gone = process_findings(kernel, nowhere, **image, 1 << 30);
  ASSERT_EQ(gone.size(), 1u);
  EXPECT_EQ(gone[0].state, State::Fails);
}

TEST(FindingsText, LinesAreBrokenAndTheVerdictNamesWhatFails) {
  const Findings all{{"Kernel", "maps", "yes"},
                     {"Kernel", "BTF", "no, there is none", State::Limited,
                      "goroutines are not "
                      "known in Go 1.16 and older, nor in assembly",
                      "build the kernel with it"},
                     {"Process 1", "debugger", "dlv", State::Fails, "", "end it"}};
  const std::string text = findings_text(all, 60);
  size_t longest = 0;
  for (size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1)
    longest = std::max(longest, end - at);
  EXPECT_LE(longest, 60u) << text;
  EXPECT_NE(text.find("\n  ok  maps                 yes\n"), std::string::npos) << text;
  EXPECT_NE(text.find("=> build the kernel with it\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\nTracing does not work: debugger (NO).\n"), std::string::npos) << text;
  EXPECT_FALSE(tracing_works(all));
  EXPECT_TRUE(tracing_works({all[0], all[1]}));
  EXPECT_NE(findings_text({all[0], all[1]}, 80).find("\nTracing works, with 1 limit (--).\n"),
            std::string::npos);
}

TEST(FindingsJson, IsALineEach) {
  EXPECT_EQ(findings_json({{"Kernel", "a \"b\"", "no", State::Limited, "x", "y"}}),
            "{\"type\": \"finding\", \"data\": {\"part\": \"Kernel\", \"what\": \"a \\\"b\\\"\", "
            "\"state\": \"limited\", \"answer\": \"no\", \"effect\": \"x\", \"remedy\": \"y\"}}\n"
            "{\"type\": \"verdict\", \"data\": {\"works\": true}}\n");
}

}  // namespace
}  // namespace gotap::cli
