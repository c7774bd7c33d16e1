// What gotap graph shows of its records.
#include "output/graph.h"

#include <gtest/gtest.h>

#include <optional>

namespace gotap::output {
namespace {

Value number(uint64_t n) { return {n}; }
Value word(const std::string& text) { return {text}; }

/// One goroutine's calls, as the records say them.
class GraphTest : public ::testing::Test {
 protected:
  void take(const std::string& format, std::vector<Value> args) {
    graph_->take({format, {}}, args);
  }
  void root() {
    take("root ", {word("12:00"), number(5), number(7), number(100), next(), word("f")});
  }
  void begin(const std::string& name, uint64_t depth) {
    take("begin ", {number(7), number(5), number(depth), next(), word(name)});
  }
  void end(const std::string& name, uint64_t depth, uint64_t ns, const std::string& error = "nil") {
    take("end ",
         {number(7), number(5), number(depth), next(), word(name), number(ns), word(error)});
  }
  void leaf(const std::string& name, uint64_t ns) {
    begin(name, 200);
    end(name, 200, ns);
  }
  void choose(GraphStyle style) { graph_.emplace(std::move(style)); }
  std::string text() {
    std::string all;
    for (const CallTree& tree : graph_->finished()) all += tree_text(tree);
    return all;
  }

  Value next() { return number(++numbers_); }

  uint64_t numbers_ = 0;
  std::optional<Graph> graph_{std::in_place, GraphStyle{}};
};

TEST_F(GraphTest, CallsAlikeAreOneLine) {
  root();
  for (int i = 0; i < 3; i++) leaf("g", 1000);
  leaf("h", 500);
  begin("g", 200);
  begin("p", 300);
  end("g", 200, 2'000'000, "no\nspace");
  end("f", 100, 3'000'000);
  EXPECT_EQ(text(),
            "12:00 goroutine 5\n"
            "   3.00ms    996us  f\n"
            "   3.00us   3.00us    3 x g\n"
            "    500ns    500ns    h\n"
            "   2.00ms        ?    g = no\\nspace\n"
            "        ?        ?      p  (a panic or Goexit ended it)\n"
            "\n");
}

TEST(Profile, FoldedItIsTheTimeOfEachPath) {
  Profile root{.function = "main.f", .calls = 1, .ns = 9000, .self_ns = 1500};
  root.below = {{.function = "main.g h", .calls = 2, .ns = 7000, .self_ns = 6999},
                {.function = "main.quick", .calls = 1, .ns = 499, .self_ns = 499}};
  root.below[1].below = {{.function = "main.a;b", .calls = 1, .ns = 500, .self_ns = 500}};
  EXPECT_EQ(folded_profile(root),
            "main.f 2\n"
            "main.f;main.g_h 7\n"
            "main.f;main.quick;main.a:b 1\n");
}

// What a call took that a panic ended is not known, so neither is the own time of the one around
// it.
TEST(Profile, OwnTimeIsOfCallsOfWhichItIsKnown) {
  const Call thrown{.function = "main.p", .end = Call::End::Thrown};
  const Call known{.function = "main.f", .end = Call::End::Returned, .ns = 300};
  const Call around{
      .function = "main.f", .end = Call::End::Returned, .ns = 5000, .calls = {thrown}};
  Profile profile{.function = "main.f"};
  add_to_profile(profile, known);
  EXPECT_EQ(profile.self_unknown, 0u);
  add_to_profile(profile, around);
  EXPECT_EQ(profile.ns, 5300u);
  EXPECT_EQ(profile.self_ns, 300u);
  EXPECT_EQ(profile.self_unknown, 1u);
}

TEST_F(GraphTest, AnyOfWhatIsAskedForWillDo) {
  GraphStyle style;
  style.slower_ns = 1000;
  style.errors = true;
  style.limit = 2;
  choose(style);
  root();
  end("f", 100, 1000);
  EXPECT_EQ(text(), "");
  root();
  end("f", 100, 1001);
  EXPECT_NE(text().find("  f\n"), std::string::npos);
  EXPECT_FALSE(graph_->is_complete());
  root();
  end("f", 100, 10, "bad");
  EXPECT_NE(text().find("  f = bad\n"), std::string::npos);
  EXPECT_TRUE(graph_->is_complete());
  root();
  end("f", 100, 10, "bad");
  EXPECT_EQ(text(), "");  // the limit
}

TEST_F(GraphTest, TheSumHasEachPathOnce) {
  GraphStyle style;
  style.sum = true;
  choose(style);
  for (int i = 0; i < 2; i++) {
    root();
    leaf("g", 10);
    leaf("h", 30);
    leaf("g", 10);
    end("f", 100, 100, i ? "bad" : "nil");
  }
  root();
  begin("g", 200);
  root();  // the first was thrown away
  end("f", 100, 5);
  EXPECT_EQ(text(), "");
  ASSERT_EQ(graph_->profile().size(), 1u);
  EXPECT_EQ(profile_text(graph_->profile()[0]),
            "     time     self\n"
            "    205ns    105ns  f  4 calls, 1 error, 1 ended by a panic or Goexit\n"
            "     60ns     60ns    h  2 calls\n"
            "     40ns     40ns    g  5 calls, 1 ended by a panic or Goexit\n");
}

}  // namespace
}  // namespace gotap::output
