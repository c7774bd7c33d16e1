// Which calls a panic or Goexit ended, and what is said of them.
#include "output/thrown_calls.h"

#include <gtest/gtest.h>

#include "output/format.h"

namespace gotap::output {
namespace {

Format printf_format(const std::string& text) {
  Format format{text, {}};
  std::string literal;
  const auto add = [&] {
    if (!literal.empty()) format.pieces.push_back({.literal = literal});
    literal.clear();
  };
  for (size_t i = 0; i < text.size(); i++) {
    if (text[i] != '%') {
      literal += text[i];
      continue;
    }
    add();
    format.pieces.push_back({.conversion = text[++i]});
  }
  add();
  return format;
}

/// One goroutine's records, numbered as they come; what is shown after each, in a line.
class ThrownCallsTest : public ::testing::Test {
 protected:
  std::string take(const std::string& what, std::vector<Value> more,
                   const std::string& shown = "") {
    std::vector<Value> args{{number_++}, {uint64_t{7}}, {uint64_t{5}}};
    std::string format = what + " %d %d %d";
    for (const Value& value : more) format += std::get_if<std::string>(&value.data) ? " %s" : " %d";
    args.insert(args.end(), more.begin(), more.end());
    if (!shown.empty()) {
      format += "\t%s\n";
      args.push_back({shown});
    }
    std::string out;
    for (ThrownCall& call : calls_.take(printf_format(format), args)) {
      add_ending(call);
      append_printf(out, call.format, call.args, Untrusted::Raw);
    }
    return out;
  }
  std::string begin(const std::string& name, uint64_t depth, uint64_t ns = 0) {
    return take("begin", {{depth}, {name}, {ns}}, name + "()");
  }
  std::string jumper(const std::string& name, uint64_t depth) {
    return take("jumper", {{depth}, {name}, {uint64_t{0}}}, name + "()");
  }
  std::string end(const std::string& name, uint64_t depth) {
    return take("end", {{depth}, {name}});
  }
  std::string panic(uint64_t depth, uint64_t ns) { return take("panic", {{depth}, {ns}}); }
  std::string goexit(uint64_t depth, uint64_t ns) { return take("goexit", {{depth}, {ns}}); }
  std::string behind(uint64_t depth) { return take("behind", {{depth}}); }
  std::string over() { return take("over", {}); }

  uint64_t number_ = 1;
  ThrownCalls calls_;
};

TEST_F(ThrownCallsTest, WhatAPanicEndedIsShownWhenItIsRecovered) {
  begin("f", 100, 1'000'000);
  begin("g", 200, 2'000'000);
  begin("h", 300, 2'500'000);
  EXPECT_EQ(end("h", 300), "");
  begin("h", 300, 3'000'000);
  EXPECT_EQ(panic(400, 4'500'000), "");
  begin("deferred", 600, 5'000'000);
  EXPECT_EQ(end("deferred", 600), "");
  EXPECT_EQ(behind(200), "h()  panicked after 1.500ms\ng()  panicked after 2.500ms\n");
  EXPECT_EQ(end("f", 100), "");
  EXPECT_EQ(calls_.unknown(), 0u);
}

// The later panic is of what ran because of the first, and comes and goes.
TEST_F(ThrownCallsTest, TheFirstPanicIsTheOneThatEndedACall) {
  begin("f", 100);
  begin("g", 200);
  panic(300, 7'000'000);
  begin("mend", 500);
  begin("x", 600, 8'000'000);
  panic(700, 8'001'000);
  EXPECT_EQ(behind(600), "x()  panicked after 0.001ms\n");
  EXPECT_EQ(end("mend", 500), "");
  EXPECT_EQ(behind(200), "g()  panicked after 7.000ms\n");
  // The next panic of f is another.
  begin("g", 200, 10'000'000);
  panic(300, 11'000'000);
  EXPECT_EQ(over(), "g()  panicked after 1.000ms\nf()  panicked after 11.000ms\n");
}

TEST_F(ThrownCallsTest, GoexitEndsAllCallsOfItsGoroutine) {
  begin("f", 100);
  begin("g", 200, 1'000'000);
  goexit(300, 2'000'000);
  begin("x", 500);
  panic(600, 9'000'000);
  EXPECT_EQ(behind(500), "x()  panicked after 9.000ms\n");
  EXPECT_EQ(over(), "g()  Goexit after 1.000ms\nf()  Goexit after 2.000ms\n");
  // One that was not seen to begin to.
  begin("f", 100);
  EXPECT_EQ(over(), "f()  did not return: a panic or Goexit ended it\n");
  EXPECT_EQ(over(), "");
}

TEST_F(ThrownCallsTest, AShallowerCallShowsItToo) {
  begin("f", 100);
  begin("g", 200);
  panic(300, 1'000'000);
  EXPECT_EQ(begin("g", 200, 5'000'000), "g()  panicked after 1.000ms\n");
  panic(300, 6'000'000);
  EXPECT_EQ(end("f", 100), "g()  panicked after 1.000ms\n");
  EXPECT_EQ(calls_.unknown(), 0u);
}

TEST_F(ThrownCallsTest, AReturnThatWasNotSeenIsNoPanic) {
  begin("f", 100);
  begin("g", 200);
  EXPECT_EQ(end("f", 100), "");
  EXPECT_EQ(calls_.unknown(), 1u);
  // A panic that a call recovered from is nobody else's.
  begin("f", 100);
  begin("g", 200);
  panic(400, 1);
  EXPECT_EQ(behind(300), "");
  EXPECT_EQ(begin("g", 200), "");
  EXPECT_EQ(calls_.unknown(), 2u);
  EXPECT_EQ(thrown_warning(calls_, 0, {}),
            "2 calls left out: how they ended is not known, as it was not seen");
}

TEST_F(ThrownCallsTest, WhereARecordWasLostNothingIsSaid) {
  begin("f", 100);
  begin("g", 200);
  number_++;  // the return of g, say
  panic(300, 1);
  EXPECT_EQ(behind(100), "");
  EXPECT_EQ(calls_.unknown(), 2u);
  // What begins later is known again.
  begin("f", 100);
  panic(300, 1'000'000);
  EXPECT_EQ(behind(100), "f()  panicked after 1.000ms\n");
  EXPECT_EQ(calls_.unknown(), 2u);
  // Where nothing is open nothing can be mistaken.
  number_ += 5;
  begin("f", 100);
  EXPECT_EQ(end("f", 100), "");
  EXPECT_EQ(calls_.unknown(), 2u);
  // No room for numbers.
  number_ = 0;
  begin("f", 100);
  number_ = 0;
  EXPECT_EQ(panic(300, 1), "");
  number_ = 0;
  EXPECT_EQ(over(), "");
  EXPECT_EQ(calls_.unknown(), 3u);
}

// A function that left by a jump is open as long as what it jumped to.
TEST_F(ThrownCallsTest, AJumpIsNoEnd) {
  jumper("w", 100);
  begin("f", 100);
  EXPECT_EQ(end("w", 100), "");
  EXPECT_EQ(end("f", 100), "");
  EXPECT_EQ(over(), "");
  jumper("w", 100);
  begin("f", 100);
  panic(200, 1'000'000);
  EXPECT_EQ(begin("f", 100), "f()  panicked after 1.000ms\nw()  panicked after 1.000ms\n");
  EXPECT_EQ(calls_.unknown(), 0u);
}

TEST(ThrownCall, ItsStackStaysBelowTheLine) {
  ThrownCall call;
  call.format = printf_format("f()%s");
  call.args = {{std::string("\n  f+1\n")}};
  call.by = ThrownCall::By::Panic;
  call.after_ns = 12'345'678;
  add_ending(call);
  std::string text;
  append_printf(text, call.format, call.args, Untrusted::Raw);
  EXPECT_EQ(text, "f()  panicked after 12.345ms\n  f+1\n");
  add_ending_fields(call);
  text.clear();
  append_printf(text, call.format, call.args, Untrusted::Raw);
  EXPECT_TRUE(text.ends_with("\tended_by=panic\tafter_ns=12345678")) << text;
}

TEST(ThrownWarning, LostHitsMayHaveBeenReturns) {
  Losses losses;
  losses.scratch_busy = 3;
  EXPECT_EQ(thrown_warning({}, 0, losses), "");
  EXPECT_EQ(thrown_warning({}, 2, losses),
            "2 calls of those shown may have returned before the panic, as hits were lost");
}

}  // namespace
}  // namespace gotap::output
