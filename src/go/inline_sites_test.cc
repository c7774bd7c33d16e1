// find_inlined_sites() on small bodies: what is a call's place for certain, and what is not.
#include <gtest/gtest.h>

#include <string>

#include "go/inline_tree.h"

namespace gotap::go {
namespace {

constexpr uint64_t kEntry = 0x401000;

struct Piece {
  const char* code;  ///< whole instructions, in hex
  int32_t call;      ///< of InlineTree::calls, -1: the caller's own
  int32_t line;
};

struct Body {
  std::vector<uint8_t> code;
  InlineInput input;

  /// One inlined call, of `main.f`, marked by the piece number `mark`.
  Body(const std::vector<Piece>& pieces, size_t mark, int minor) {
    input.entry = kEntry;
    input.g = GSource::R14;
    input.minor = minor;
    for (size_t i = 0; i < pieces.size(); i++) {
      const uint64_t begin = kEntry + code.size();
      if (i == mark) input.tree.calls.push_back({"main.f", -1, begin});
      const std::string digits = pieces[i].code;
      for (size_t at = 0; at + 1 < digits.size(); at += 2)
        code.push_back(static_cast<uint8_t>(std::stoi(digits.substr(at, 2), nullptr, 16)));
      const uint64_t end = kEntry + code.size();
      input.tree.ranges.push_back({begin, end, pieces[i].call});
      input.lines.push_back({begin, end, pieces[i].line});
    }
    input.code = Bytes(code.data(), code.size());
  }
};

/// The offset of the site, or -1: it cannot be told.
int64_t site(const std::vector<Piece>& pieces, size_t mark, int minor) {
  Body body(pieces, mark, minor);
  const InlinedSites found = find_inlined_sites(body.input, "main.f");
  EXPECT_EQ(found.sites.size() + found.refused.size(), 1u);
  if (found.sites.empty()) return -1;
  EXPECT_EQ(found.sites[0].g, GSource::R14);
  return static_cast<int64_t>(found.sites[0].address - kEntry);
}

// test ecx, ecx; je; nop; lea; add; store to memory; ret
constexpr const char *kTest = "85c9", *kNop = "90", *kAdd = "01c8", *kShift = "c1e002",
                     *kStore = "8903", *kLoad = "8b03", *kRet = "c3", *kLoop = "75f8";

TEST(InlinedSites, ANopIsTheMarkItself) {
  EXPECT_EQ(site({{kTest, -1, 1}, {kNop, -1, 2}, {kAdd, 0, 20}, {kRet, -1, 3}}, 1, 24), 2);
}

TEST(InlinedSites, WhichOfTheCallsItIs) {
  Body body({{kTest, -1, 1}, {kNop, -1, 2}, {kAdd, 0, 20}, {kStore, 1, 30}, {kRet, -1, 3}}, 1, 24);
  // main.g is part of main.f.
  body.input.tree.calls.push_back({"main.g", 0, kEntry + 3});
  const InlinedSites outer = find_inlined_sites(body.input, "main.f");
  ASSERT_EQ(outer.calls.size(), 1u);
  EXPECT_EQ(outer.calls[0].address, kEntry + 2) << "the nop, which is the caller's";
  EXPECT_EQ(outer.calls[0].body, kEntry + 3);
  EXPECT_EQ(outer.calls[0].depth, 0u);
  const InlinedSites inner = find_inlined_sites(body.input, "main.g");
  ASSERT_EQ(inner.calls.size(), 1u);
  EXPECT_EQ(inner.calls[0].address, kEntry + 5);
  EXPECT_EQ(inner.calls[0].body, kEntry + 5);
  EXPECT_EQ(inner.calls[0].depth, 1u);
  // Nothing is left of the body.
  Body empty({{kTest, -1, 1}, {kNop, -1, 2}, {kRet, -1, 3}}, 1, 24);
  const InlinedSites gone = find_inlined_sites(empty.input, "main.f");
  ASSERT_EQ(gone.calls.size(), 1u);
  EXPECT_EQ(gone.calls[0].body, 0u);
}

TEST(InlinedSites, FromGo126TheMarkOfWhatOnlyComputesMayBeEarly) {
  EXPECT_EQ(site({{kTest, -1, 1}, {kNop, -1, 2}, {kAdd, 0, 20}, {kRet, -1, 3}}, 1, 26), -1);
  EXPECT_EQ(site({{kTest, -1, 1}, {kNop, -1, 2}, {kLoad, 0, 20}, {kRet, -1, 3}}, 1, 26), 2);
  EXPECT_EQ(site({{kTest, -1, 1}, {kNop, -1, 2}, {kStore, 0, 20}, {kRet, -1, 3}}, 1, 27), 2);
}

TEST(InlinedSites, AStoreStaysInItsBlock) {
  // if c { f() }, marked by the test: the body's first instruction behind the condition.
  EXPECT_EQ(site({{kTest, -1, 1}, {"7404", -1, 1}, {kAdd, 0, 20}, {kStore, 0, 20}, {kRet, -1, 3}},
                 2 - 2, 24),
            -1)
      << "the branch has the call's line";
  EXPECT_EQ(
      site({{kTest, -1, 1}, {"7404", -1, 1}, {kAdd, 0, 20}, {kStore, 0, 20}, {kRet, -1, 2}}, 4, 24),
      4);
}

TEST(InlinedSites, WhatOnlyComputesMayHaveBeenMoved) {
  // y := f(x) + 1 of line 2, both moved behind the condition of line 3.
  EXPECT_EQ(
      site({{kTest, -1, 3}, {"7405", -1, 3}, {kShift, 0, 20}, {kAdd, -1, 2}, {kRet, -1, 4}}, 3, 24),
      -1);
  // With the return of its line it is there.
  EXPECT_EQ(site({{kShift, 0, 20}, {kAdd, -1, 2}, {kRet, -1, 2}}, 1, 24), 0);
  EXPECT_EQ(site({{kShift, 0, 20}, {kAdd, -1, 2}, {kRet, -1, 2}}, 1, 26), -1);
}

TEST(InlinedSites, LoadsMoveFromGo121On) {
  const std::vector<Piece> pieces = {
      {kTest, -1, 3}, {"7404", -1, 3}, {kLoad, 0, 20}, {kAdd, -1, 2}, {kRet, -1, 4}};
  EXPECT_EQ(site(pieces, 3, 19), 4);
  EXPECT_EQ(site(pieces, 3, 21), -1);
}

TEST(InlinedSites, ALoopOfTheBodyIsNotItsBegin) {
  // The store and the branch back to it are the body's: once a round.
  EXPECT_EQ(site({{kAdd, -1, 2},
                  {kStore, 0, 20},
                  {kAdd, 0, 21},
                  {kTest, 0, 20},
                  {kLoop, 0, 20},
                  {kRet, -1, 3}},
                 0, 24),
            -1);
  // A loop of the caller's around it: once a round, too, as often as it is called.
  EXPECT_EQ(site({{kAdd, -1, 2},
                  {kStore, 0, 20},
                  {kAdd, 0, 21},
                  {kTest, -1, 1},
                  {kLoop, -1, 1},
                  {kRet, -1, 3}},
                 0, 24),
            2);
}

TEST(InlinedSites, TwoBranchesOfTheBody) {
  // if c { store } else { store }, the condition not of the body: neither runs each time.
  EXPECT_EQ(site({{kTest, -1, 5},
                  {"7404", -1, 5},
                  {kStore, 0, 20},
                  {"eb02", 0, 20},
                  {kStore, 0, 21},
                  {kAdd, -1, 2},
                  {kRet, -1, 2}},
                 5, 24),
            -1);
  // Of the body: the branch is where it begins.
  EXPECT_EQ(site({{kTest, 0, 20},
                  {"7404", 0, 20},
                  {kStore, 0, 20},
                  {"eb02", 0, 20},
                  {kStore, 0, 21},
                  {kAdd, -1, 2},
                  {kRet, -1, 2}},
                 5, 24),
            0);
}

TEST(InlinedSites, CodeThatIsNotWhollyReadIsRefused) {
  Body body({{kNop, -1, 2}, {kStore, 0, 20}, {"06", -1, 3}, {kRet, -1, 3}}, 0, 24);
  const InlinedSites found = find_inlined_sites(body.input, "main.f");
  ASSERT_EQ(found.refused.size(), 1u);
  EXPECT_NE(found.refused[0].find("cannot be decoded"), std::string::npos);
}

TEST(InlineTree, DamageEnds) {
  InlineTree tree;
  tree.calls = {{"main.a", 1, 0}, {"main.b", 0, 0}, {"main.c", -1, 0}};
  tree.ranges = {{0x10, 0x20, 0}, {0x20, 0x30, 7}, {0x30, 0x40, -5}};
  EXPECT_FALSE(tree.is_within(0, 2)) << "a ring of parents";
  EXPECT_TRUE(tree.is_within(0, 1));
  EXPECT_EQ(tree.at(0x1f), 0);
  EXPECT_EQ(tree.at(0x20), -1) << "no such call";
  EXPECT_EQ(tree.at(0x30), -1);
  EXPECT_EQ(tree.at(0x40), -1);
  EXPECT_EQ(tree.at(0xf), -1);
  EXPECT_EQ(InlineTree{}.at(0), -1);
}

}  // namespace
}  // namespace gotap::go
