// Trees of calls from their beginnings and returns, as goroutines make them.
#include "output/call_tree.h"

#include <gtest/gtest.h>

namespace gotap::output {
namespace {

// "f 100 (50)[g 50 [] h! []]": function, nanoseconds, those of its own, calls; `!` thrown away.
std::string text(const Call& call) {
  std::string out = call.function;
  if (call.end == Call::End::Thrown) out += "!";
  if (call.end == Call::End::Returned) out += " " + std::to_string(call.ns);
  if (call.knows_self()) out += " (" + std::to_string(call.self_ns()) + ")";
  if (!call.error.empty()) out += " = " + call.error;
  if (call.left_out) out += " +" + std::to_string(call.left_out);
  if (call.doubtful) out += " ...";
  std::string below;
  for (const Call& it : call.calls) below += (below.empty() ? "" : ", ") + text(it);
  return below.empty() ? out : out + " [" + below + "]";
}

class CallTreesTest : public ::testing::Test {
 protected:
  CallTrees::Place at(uint64_t depth) { return {7, goid_, depth, ++numbers_[goid_]}; }
  void root(uint64_t depth) { trees_.root(at(depth), "root", "now"); }
  void begin(const std::string& function, uint64_t depth) { trees_.begin(at(depth), function); }
  void end(const std::string& function, uint64_t depth, uint64_t ns,
           const std::string& error = "") {
    trees_.end(at(depth), function, ns, error);
  }
  void recovered() { trees_.recovered(at(0)); }
  void lose() { numbers_[goid_]++; }

  uint64_t goid_ = 1;
  std::map<uint64_t, uint64_t> numbers_;
  std::vector<std::string> seen_;
  CallTrees trees_{[this](CallTree tree) {
    EXPECT_EQ(tree.time, "now");
    EXPECT_EQ(tree.pid, 7u);
    seen_.push_back(std::to_string(tree.goid) + " " + text(tree.root));
  }};
};

using Trees = std::vector<std::string>;

TEST_F(CallTreesTest, ATreeOfWhichSomethingIsLostIsGivenUp) {
  root(100);
  begin("g", 200);
  lose();  // the end of g
  begin("h", 200);
  end("root", 100, 50);
  EXPECT_EQ(trees_.torn(), 1u);
  EXPECT_EQ(trees_.open(), 0u);
  root(100);
  goid_ = 2;
  root(100);
  end("root", 100, 5);
  goid_ = 1;
  lose();  // the end of the root
  root(100);
  end("root", 100, 7);
  EXPECT_EQ(trees_.torn(), 2u);
  EXPECT_EQ(seen_, (Trees{"2 root 5 (5)", "1 root 7 (7)"}));
}

TEST_F(CallTreesTest, CallsInCallsAreATree) {
  begin("g", 50);  // not below the root
  end("g", 50, 1);
  root(100);
  begin("g", 200);
  begin("h", 300);
  end("h", 300, 10);
  begin("h", 300);
  end("h", 300, 20, "no space");
  end("g", 200, 50);
  begin("i", 150);
  end("i", 150, 30);
  EXPECT_EQ(trees_.open(), 1u);
  end("root", 100, 100);
  EXPECT_EQ(trees_.open(), 0u);
  EXPECT_EQ(seen_,
            Trees{"1 root 100 (20) [g 50 (20) [h 10 (10), h 20 (20) = no space], i 30 (30)]"});
}

TEST_F(CallTreesTest, EachGoroutineHasItsOwn) {
  root(100);
  goid_ = 2;
  root(100);
  begin("g", 200);
  goid_ = 1;
  begin("h", 200);
  end("h", 200, 5);
  end("root", 100, 10);
  goid_ = 2;
  end("g", 200, 6);
  end("root", 100, 10);
  EXPECT_EQ(seen_, (Trees{"1 root 10 (5) [h 5 (5)]", "2 root 10 (4) [g 6 (6)]"}));
}

TEST_F(CallTreesTest, TheRootBelowItselfIsACallOfIt) {
  root(100);
  root(200);
  end("root", 200, 5);
  end("root", 100, 10);
  EXPECT_EQ(seen_, Trees{"1 root 10 (5) [root 5 (5)]"});
}

TEST_F(CallTreesTest, WhatAPanicThrewAwayHasNoTime) {
  root(100);
  begin("g", 200);
  begin("h", 300);
  recovered();  // in root
  end("root", 100, 10);
  EXPECT_EQ(seen_, Trees{"1 root 10 [g! [h!]]"});
}

TEST_F(CallTreesTest, ARootThatIsThrownAwayIsATree) {
  root(100);
  begin("f", 200);
  end("f", 200, 3);
  begin("g", 200);
  begin("h", 300);
  recovered();
  root(100);  // the next one
  end("root", 100, 8);
  EXPECT_EQ(seen_, (Trees{"1 root! [f 3 (3), g! [h!]]", "1 root 8 (8)"}));
}

// The call is still open as far as we know, and deeper ones of others seem to be its own.
TEST_F(CallTreesTest, WhatComesAfterARecoveryIsNotBelievedOfWhatNeverReturns) {
  root(100);
  begin("f", 200);
  end("f", 200, 3);
  recovered();
  begin("x", 400);
  end("x", 400, 9);
  root(100);
  end("root", 100, 8);
  EXPECT_EQ(seen_, (Trees{"1 root! ... [f 3 (3)]", "1 root 8 (8)"}));
}

TEST_F(CallTreesTest, WhatRecoversAndReturnsIsWhole) {
  root(100);
  begin("g", 200);
  begin("h", 300);
  recovered();  // in g
  end("g", 200, 7, "failed");
  begin("i", 200);
  end("i", 200, 1);
  end("root", 100, 10);
  EXPECT_EQ(seen_, Trees{"1 root 10 (2) [g 7 = failed [h!], i 1 (1)]"});
}

TEST_F(CallTreesTest, WhatIsAroundACallThatRecoveredIsAlive) {
  root(100);
  begin("g", 200);
  begin("h", 300);
  recovered();  // in g
  end("g", 200, 7);
  begin("i", 200);
  recovered();
  root(100);
  end("root", 100, 8);
  EXPECT_EQ(seen_, (Trees{"1 root! [g 7 [h!], i!]", "1 root 8 (8)"}));
}

TEST_F(CallTreesTest, AGoroutineThatEndsReturnsNothing) {
  root(100);
  begin("g", 200);
  trees_.ended(at(0));
  trees_.ended(at(0));
  EXPECT_EQ(seen_, Trees{"1 root! [g!]"});
  EXPECT_EQ(trees_.open(), 0u);
}

TEST_F(CallTreesTest, ReturnsOfWhatBeganBeforeUsAreNotTaken) {
  end("root", 100, 5);
  root(100);
  end("g", 300, 4);
  end("f", 50, 4);  // less deep: the root is gone
  EXPECT_EQ(seen_, Trees{"1 root!"});
}

TEST_F(CallTreesTest, OfTooManyCallsSomeAreCountedOnly) {
  root(100);
  for (size_t i = 0; i < CallTrees::kMostCalls + 3; i++) {
    begin("g", 200);
    end("g", 200, 2);
  }
  end("root", 100, 100'000);
  ASSERT_EQ(seen_.size(), 1u);
  EXPECT_TRUE(seen_[0].starts_with("1 root 100000 (79994) +3 [g 2 (2), "))
      << seen_[0].substr(0, 60);
}

}  // namespace
}  // namespace gotap::output
