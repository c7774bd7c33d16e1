// Folded stacks, of maps built by hand: what flamegraph.pl and its like read.
#include "output/folded.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include "base/fd.h"
#include "output/test_files.h"

namespace gotap::output {
namespace {

using testing::contents;

struct Shown {
  std::string stacks, messages;
};

Shown shown(const std::vector<std::string>& maps, const std::vector<MapDump>& dumps) {
  Fd data(::memfd_create("data", MFD_CLOEXEC)), messages(::memfd_create("messages", MFD_CLOEXEC));
  SinkOptions options;
  options.data_fd = data.get();
  options.message_fd = messages.get();
  {
    FoldedSink sink(options, maps);
    sink.end();
    for (const MapDump& dump : dumps) sink.map(dump);
    sink.flush();
    EXPECT_TRUE(sink.ok());
  }
  return {contents(data.get()), contents(messages.get())};
}

Value stack(std::vector<std::string> functions) {
  std::string text = "\n";
  for (const std::string& it : functions) text += "    " + it + "+1 (a.go:1)\n";
  return {Stack{std::move(functions), text}};
}

TEST(Folded, OutermostFirstAndOneLineForTheSameFunctions) {
  const MapDump map{"@",
                    {{{stack({"main.leaf", "main.main"})}, Value{int64_t{2}}},
                     {{stack({"main.leaf", "main.other", "main.main"})}, Value{uint64_t{7}}},
                     {{stack({"main.leaf", "main.main"})}, Value{int64_t{3}}}}};
  const Shown seen = shown({"@"}, {map});
  EXPECT_EQ(seen.stacks, "main.main;main.leaf 5\nmain.main;main.other;main.leaf 7\n");
  EXPECT_EQ(seen.messages, "");
}

TEST(Folded, NamesHoldNeitherBlanksNorSemicolons) {
  const MapDump map{"@",
                    {{{stack({"main.f[struct { a int; b int }]", "<x>"})}, Value{int64_t{1}}}}};
  EXPECT_EQ(shown({"@"}, {map}).stacks, "<x>;main.f[struct_{_a_int:_b_int_}] 1\n");
}

TEST(Folded, OtherPartsOfTheKeyAreFramesBefore) {
  const MapDump map{"@",
                    {{{stack({"f", "g"}), {std::string("a\nb")}, {int64_t{3}}}, Value{int64_t{1}}},
                     {{{Tuple{{{std::string()}, stack({"f"})}}}}, Value{int64_t{2}}},
                     {{{Unknown{"not readable"}}, stack({})}, Value{int64_t{4}}}}};
  EXPECT_EQ(shown({"@"}, {map}).stacks, "\"\";f 2\n<not_readable> 4\na\\nb;3;g;f 1\n");
}

TEST(Folded, SeveralMapsHaveTheirNames) {
  const MapDump a{"@a", {{{stack({"f"})}, Value{int64_t{1}}}}},
      b{"@b", {{{stack({"f"})}, Value{int64_t{2}}}}};
  EXPECT_EQ(shown({"@a", "@b"}, {a, b}).stacks, "@a;f 1\n@b;f 2\n");
}

TEST(Folded, TopAndDivisionAreThoseOfPrint) {
  const MapDump map{"@",
                    {{{stack({"f"})}, Value{int64_t{10}}},
                     {{stack({"g"})}, Value{int64_t{20}}},
                     {{stack({"h"})}, Value{int64_t{30}}}},
                    2,
                    10};
  EXPECT_EQ(shown({"@"}, {map}).stacks, "g 2\nh 3\n");
}

TEST(Folded, WhatIsNoCountIsNotShownAsOne) {
  const MapDump sums{"@",
                     {{{stack({"f"})}, Value{int64_t{-1}}}, {{stack({"g"})}, Value{int64_t{1}}}}},
      averages{"@avg", {{{stack({"f"})}, Average{true, 9, 3}}}},
      plain{"@n", {{{}, Value{int64_t{5}}}}};
  const Shown seen = shown({"@"}, {sums, averages, plain});
  EXPECT_EQ(seen.stacks, "g 1\n");
  EXPECT_NE(seen.messages.find("WARNING: @: 1 stack left out, as the value is below zero"),
            std::string::npos);
  EXPECT_NE(seen.messages.find("@avg[\n    f+1 (a.go:1)\n]: 3\n@n: 5\n"), std::string::npos);
}

TEST(Folded, WhatAScriptPrintsIsAMessage) {
  Fd data(::memfd_create("data", MFD_CLOEXEC)), messages(::memfd_create("messages", MFD_CLOEXEC));
  {
    FoldedSink sink({data.get(), messages.get(), true}, {"@"});
    sink.attached(1);
    sink.value(Value{std::string("said")});
    sink.end();
  }
  EXPECT_EQ(contents(data.get()), "");
  EXPECT_EQ(contents(messages.get()), "said\n");
}

}  // namespace
}  // namespace gotap::output
