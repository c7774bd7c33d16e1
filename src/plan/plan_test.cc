// The plan over a C program (this test itself), where every site is known to the compiler.
// Plans over Go programs are tested end to end, against the programs' own counts.
#include "plan/plan.h"

#include <gtest/gtest.h>

extern "C" {
__attribute__((noinline, used)) int gotap_plan_sum(int a, int b) { return a + b; }
__attribute__((noinline, used)) int gotap_plan_sub(int a, int b) { return a - b; }
}

namespace gotap::plan {
namespace {

using lang::ProbeKind;

constexpr const char* kSelf = "/proc/self/exe";

lang::ProbeSpec probe(ProbeKind kind, std::string function) {
  lang::ProbeSpec spec;
  spec.kind = kind;
  spec.path = kSelf;
  spec.function = std::move(function);
  return spec;
}

class PlanTest : public testing::Test {
 protected:
  void SetUp() override {
    auto image = go::Image::open(kSelf);
    ASSERT_TRUE(image.ok()) << image.error().message;
    targets_ = {{kSelf, image.value()}};
  }

  Planned plan(std::vector<std::vector<lang::ProbeSpec>> clauses, bool uses_duration = false) {
    lang::TypedProgram program;
    for (auto& probes : clauses) {
      lang::Clause clause;
      clause.probes = std::move(probes);
      clause.uses_duration = uses_duration;
      program.clauses.push_back(std::move(clause));
    }
    return make_plan(program, targets_);
  }

  std::vector<Target> targets_;
};

TEST_F(PlanTest, EntryAndReturnOfCAreTwoPrograms) {
  Planned made = plan({{probe(ProbeKind::Uprobe, "gotap_plan_sum")},
                       {probe(ProbeKind::Uretprobe, "gotap_plan_sum")}});
  ASSERT_TRUE(made.problems.empty()) << made.problems[0].message;
  ASSERT_EQ(made.plan.programs.size(), 2u);
  EXPECT_EQ(made.plan.probe_count, 2u);
  EXPECT_FALSE(made.plan.uses_frames);
  const Program& entry = made.plan.programs[0];
  const Program& ret = made.plan.programs[1];
  EXPECT_FALSE(entry.shape.kernel_uretprobe);
  EXPECT_TRUE(ret.shape.kernel_uretprobe);
  EXPECT_EQ(entry.sites[0].address, ret.sites[0].address);
  EXPECT_EQ(entry.shape.actions[0].moment, Moment::Entry);
  EXPECT_EQ(ret.shape.actions[0].moment, Moment::Return);
  // The bytes to be checked before attaching are the function's own first instruction.
  const uint8_t* code = reinterpret_cast<const uint8_t*>(&gotap_plan_sum);
  const std::vector<uint8_t>& bytes = entry.sites[0].bytes;
  ASSERT_FALSE(bytes.empty());
  EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), code));
  EXPECT_EQ(probe_name(made.plan, 0ull << 32 | 0), "uprobe:/proc/self/exe:gotap_plan_sum");
  EXPECT_EQ(probe_name(made.plan, 1ull << 32 | 0), "uretprobe:/proc/self/exe:gotap_plan_sum");
  EXPECT_EQ(func_name(made.plan, 0), "gotap_plan_sum");
  EXPECT_EQ(func_name(made.plan, Cookie::kNone), "");
}

TEST_F(PlanTest, DurationRecordsCallsAtEntryAndEndsThemAtReturn) {
  Planned made = plan({{probe(ProbeKind::Uretprobe, "gotap_plan_sum")}}, true);
  ASSERT_TRUE(made.problems.empty());
  ASSERT_EQ(made.plan.programs.size(), 2u);
  EXPECT_TRUE(made.plan.uses_frames);
  EXPECT_TRUE(made.plan.programs[0].shape.push_frame);
  EXPECT_TRUE(made.plan.programs[0].shape.actions.empty());
  EXPECT_TRUE(made.plan.programs[1].shape.pop_frame);
}

TEST_F(PlanTest, SitesOfOneShapeShareAProgram) {
  Planned made = plan({{probe(ProbeKind::Uprobe, "gotap_plan_s*")}});
  ASSERT_TRUE(made.problems.empty());
  ASSERT_EQ(made.plan.programs.size(), 1u);
  EXPECT_EQ(made.plan.programs[0].sites.size(), 2u);
  EXPECT_EQ(made.plan.probe_count, 2u);
}

TEST_F(PlanTest, ClausesOfOneSiteRunInTheScriptsOrder) {
  lang::ProbeSpec first_instruction = probe(ProbeKind::Uprobe, "gotap_plan_sum");
  first_instruction.offset = 0;
  Planned made = plan({{first_instruction}, {probe(ProbeKind::Uprobe, "gotap_plan_sum")}});
  ASSERT_TRUE(made.problems.empty());
  ASSERT_EQ(made.plan.programs.size(), 1u);
  const std::vector<Action>& actions = made.plan.programs[0].shape.actions;
  ASSERT_EQ(actions.size(), 2u);
  EXPECT_EQ(actions[0].moment, Moment::Instruction);
  EXPECT_EQ(actions[0].clause, 0u);
  EXPECT_EQ(actions[1].clause, 1u);
  EXPECT_EQ(probe_name(made.plan, 0), "uprobe:/proc/self/exe:gotap_plan_sum+0");
}

TEST_F(PlanTest, FunctionsNamedOneByOneShareAProgram) {
  Planned made = plan(
      {{probe(ProbeKind::Uprobe, "gotap_plan_sum"), probe(ProbeKind::Uprobe, "gotap_plan_sub")},
       {probe(ProbeKind::Uprobe, "gotap_plan_sum")}});
  ASSERT_TRUE(made.problems.empty());
  ASSERT_EQ(made.plan.specs.size(), 1u);
  EXPECT_EQ(made.plan.probe_count, 3u);
  ASSERT_EQ(made.plan.programs.size(), 2u);  // one of the two has both clauses
  EXPECT_EQ(plan({{probe(ProbeKind::Uprobe, "gotap_plan_sum"),
                   probe(ProbeKind::Uprobe, "gotap_plan_sub")}})
                .plan.programs.size(),
            1u);
}

TEST_F(PlanTest, RefusesOffsetsInsideInstructions) {
  const go::Image& image = *targets_[0].image;
  std::vector<uint32_t> found = image.find("gotap_plan_sum");
  ASSERT_EQ(found.size(), 1u);
  auto boundaries = image.boundaries(found[0]);
  ASSERT_TRUE(boundaries.ok());
  const go::Function& function = image.functions()[found[0]];
  size_t refused = 0;
  for (uint64_t offset = 0; offset < function.end - function.entry; offset++) {
    lang::ProbeSpec spec = probe(ProbeKind::Uprobe, "gotap_plan_sum");
    spec.offset = offset;
    Planned made = plan({{spec}});
    bool boundary =
        std::binary_search(boundaries->begin(), boundaries->end(), function.entry + offset);
    EXPECT_EQ(made.problems.empty(), boundary) << offset;
    if (boundary) continue;
    refused++;
    EXPECT_NE(made.problems[0].message.find("inside an instruction"), std::string::npos);
    EXPECT_NE(made.problems[0].hint.find("gotap_plan_sum+"), std::string::npos);
  }
  EXPECT_GT(refused, 0u);
  lang::ProbeSpec behind = probe(ProbeKind::Uprobe, "gotap_plan_sum");
  behind.offset = 1 << 20;
  ASSERT_EQ(plan({{behind}}).problems.size(), 1u);
}

TEST_F(PlanTest, AnAddressIsAnInstructionOfTheFile) {
  const go::Image& image = *targets_[0].image;
  const go::Function& function = image.functions()[image.find("gotap_plan_sum").at(0)];
  lang::ProbeSpec spec = probe(ProbeKind::Uprobe, "");
  spec.address = function.entry;
  Planned made = plan({{spec}});
  ASSERT_TRUE(made.problems.empty()) << made.problems[0].message;
  EXPECT_EQ(made.plan.programs.at(0).sites.at(0).address, function.entry);
  // As bpftrace prints it.
  EXPECT_EQ(probe_name(made.plan, 0), "uprobe:/proc/self/exe:" + std::to_string(function.entry));
  EXPECT_EQ(func_name(made.plan, 0), "gotap_plan_sum");

  auto boundaries = image.boundaries(image.find("gotap_plan_sum")[0]);
  uint64_t inside = function.entry + 1;
  while (std::binary_search(boundaries->begin(), boundaries->end(), inside)) inside++;
  spec.address = inside;
  made = plan({{spec}});
  ASSERT_EQ(made.problems.size(), 1u);
  EXPECT_NE(made.problems[0].message.find("is inside an instruction"), std::string::npos);
  EXPECT_NE(made.problems[0].hint.find("gotap_plan_sum+"), std::string::npos);

  spec.address = image.functions().back().end + (1 << 20);
  made = plan({{spec}});
  ASSERT_EQ(made.problems.size(), 1u);
  EXPECT_NE(made.problems[0].message.find("no function"), std::string::npos);
  EXPECT_NE(made.problems[0].hint.find(" ends at 0x"), std::string::npos) << made.problems[0].hint;
}

TEST_F(PlanTest, AnOffsetNeedsOneName) {
  lang::ProbeSpec spec = probe(ProbeKind::Uprobe, "gotap_plan_s*");
  spec.offset = 0;
  Planned made = plan({{spec}});
  ASSERT_EQ(made.problems.size(), 1u);
  EXPECT_NE(made.problems[0].message.find("not a wildcard"), std::string::npos);
}

TEST_F(PlanTest, TheSameIsSaidOnce) {
  Planned made = plan(
      {{probe(ProbeKind::Uprobe, "gotap_plan_*")}, {probe(ProbeKind::Uprobe, "gotap_plan_*")}});
  std::vector<std::string> said;
  for (const Note& note : made.plan.notes) said.push_back(note.text);
  said.insert(said.end(), made.plan.warnings.begin(), made.plan.warnings.end());
  std::sort(said.begin(), said.end());
  EXPECT_EQ(std::adjacent_find(said.begin(), said.end()), said.end());
}

TEST_F(PlanTest, UnknownNamesComeWithTheNearest) {
  Planned made = plan({{probe(ProbeKind::Uprobe, "gotap_plan_smu")}});
  ASSERT_EQ(made.problems.size(), 1u);
  EXPECT_EQ(made.problems[0].message, "no function named gotap_plan_smu in /proc/self/exe");
  EXPECT_EQ(made.problems[0].hint.find("did you mean gotap_plan_su"), 0u) << made.problems[0].hint;
}

TEST(Cookie, KeepsThreeFunctionsApart) {
  Cookie cookie = Cookie::unpack(Cookie{5, Cookie::kNone, 7}.pack());
  EXPECT_EQ(cookie.self, 5u);
  EXPECT_EQ(cookie.wrapper1, Cookie::kNone);
  EXPECT_EQ(cookie.wrapper2, 7u);
}

}  // namespace
}  // namespace gotap::plan
