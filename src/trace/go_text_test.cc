#include "trace/go_text.h"

#include <gtest/gtest.h>

#include <cstring>

#include "trace/decode.h"
#include "trace/test_sink.h"

namespace gotap::trace {
namespace {

using testing::show;
using Layout = GoErrorLayout;
using State = GoErrorLayout::State;

/// An error as a program writes it.
struct Error {
  std::vector<uint8_t> bytes = std::vector<uint8_t>(Layout::kSize);
  uint32_t nodes = 0;

  void word(uint32_t at, uint64_t value) { std::memcpy(&bytes[at], &value, 8); }
  void text(uint32_t at, const std::string& text, bool cut) {
    word(at, text.size() | uint64_t{cut} << 32);
    std::memcpy(&bytes[at + 8], text.data(), text.size());
  }
  Error& add(State state, uint64_t number, const std::string& op, const std::string& of,
             uint64_t type = 0x5000, bool cut = false) {
    const uint32_t node = nodes++ * Layout::kNodeSize;
    word(node + Layout::kType, type);
    word(node + Layout::kNumber, number);
    word(node + Layout::kState, static_cast<uint64_t>(state));
    text(node + Layout::kOp, op, false);
    text(node + Layout::kText, of, cut);
    return *this;
  }
  Error& text(const std::string& of) { return add(State::Text, 0, "", of); }
  std::string shown() const {
    const plan::Plan plan;
    const bpf::Field field{Type::of(Type::Kind::GoError), 0};
    return show(decode_field(field, {bytes.data(), bytes.size()}, plan, Shown::Plain));
  }
};

TEST(GoError, ReadsAsGoPrintsIt) {
  EXPECT_EQ(Error().shown(), "<nil>");
  EXPECT_EQ(Error().text("no such thing").shown(), "no such thing");
  EXPECT_EQ(Error().add(State::Number, 2, "", "").shown(), "no such file or directory");
  EXPECT_EQ(Error().add(State::None, 0, "", "").shown(), "<type 0x5000>");
  EXPECT_EQ(Error().add(State::Path, 3, "open", "/x").add(State::Number, 13, "", "").shown(),
            "open /x: permission denied");
  EXPECT_EQ(Error().add(State::Path, 3, "open", "").text("b").shown(), "open : b");
  EXPECT_EQ(Error().add(State::Path, 2, "", "read").text("b").shown(), "read: b");
  EXPECT_EQ(Error().add(State::Path, 0, "", "").text("b").shown(), "b");
  EXPECT_EQ(Error().add(State::Path, 3, "a", "b").shown(), "a b: <nil>");
  EXPECT_EQ(Error().add(State::Join, 2, "", "").text("a").text("b").shown(), "a\nb");
  EXPECT_EQ(
      Error().add(State::Join, 2, "", "").add(State::Path, 3, "a", "b").text("c").text("d").shown(),
      "a b: c\nd");
  EXPECT_EQ(Error().add(State::Join, 9, "", "").text("a").text("b").text("c").shown(),
            "a\nb\nc\n..");
  EXPECT_EQ(Error().add(State::Text, 0, "", "abc", 1, true).shown(), "abc..");
}

TEST(GoError, WhatCouldNotBeReadIsUnknown) {
  EXPECT_EQ(Error().add(State::Unreadable, 0, "", "").shown(), "<not readable>");
  EXPECT_EQ(Error().add(State::Path, 3, "a", "b").add(State::Unreadable, 0, "", "").shown(),
            "<not readable>");
  Error broken = Error().text("x");
  broken.word(Layout::kText, 1000);  // longer than its place
  EXPECT_EQ(broken.shown(), "<not readable>");
  broken.bytes.resize(40);
  EXPECT_EQ(broken.shown(), "<not readable>");
  broken.bytes.resize(4);
  EXPECT_EQ(broken.shown(), "<record too short>");
}

// What syscall.Errno(n).Error() says in go1.27, by hand where it differs from the C library's.
TEST(GoErrno, IsGosOwnText) {
  EXPECT_EQ(go_errno_text(0, 27), "errno 0");
  EXPECT_EQ(go_errno_text(1, 27), "operation not permitted");
  EXPECT_EQ(go_errno_text(11, 27), "resource temporarily unavailable");
  EXPECT_EQ(go_errno_text(41, 27), "errno 41");
  EXPECT_EQ(go_errno_text(58, 27), "errno 58");
  EXPECT_EQ(go_errno_text(73, 27), "RFS specific error");
  EXPECT_EQ(go_errno_text(81, 27), ".lib section in a.out corrupted");
  EXPECT_EQ(go_errno_text(111, 27), "connection refused");
  EXPECT_EQ(go_errno_text(116, 24), "stale NFS file handle");
  EXPECT_EQ(go_errno_text(116, 25), "stale file handle");
  EXPECT_EQ(go_errno_text(132, 27), "operation not possible due to RF-kill");
  EXPECT_EQ(go_errno_text(133, 27), "errno 133");
  EXPECT_EQ(go_errno_text(~uint64_t{0}, 27), "errno 18446744073709551615");
}

TEST(Names, SayWhyAValueIsUnknown) {
  const plan::Plan plan;
  bpf::BpfObject object;
  object.unknown_reasons = {"in XMM0", "more than 8 labels"};
  const Names names(plan, object);
  const char* const texts[] = {
      "",        "default", "not readable", "nil pointer", "index out of range", "another type",
      "not kept"};
  for (uint8_t code = 1; code < 7; code++) EXPECT_EQ(names.unknown(code, "default"), texts[code]);
  EXPECT_EQ(names.unknown(16, "default"), "in XMM0");
  EXPECT_EQ(names.unknown(17, "default"), "more than 8 labels");
  EXPECT_EQ(names.unknown(18, "default"), "default");
}

TEST(Names, AnyNumberIsATime) {
  const plan::Plan plan;
  bpf::BpfObject object;
  object.time_formats = {"%f"};
  const Names names(plan, object);
  for (const uint64_t boot_ns : {~uint64_t{0} >> 1, uint64_t{1} << 63, ~uint64_t{0}})
    EXPECT_EQ(names.time(0, boot_ns).size(), 6u) << boot_ns;
}

TEST(Names, OfConstantsAndTypes) {
  const plan::Plan plan;
  bpf::BpfObject object;
  object.constants = {{{0, "main.Red"}, {-1, "main.None"}}};
  const Names names(plan, object);
  Type color = Type::i64();
  color.detail = 1;
  auto shown = [&](const Type& type, uint64_t raw) {
    std::vector<uint8_t> bytes(8);
    std::memcpy(bytes.data(), &raw, 8);
    return show(decode_field({type, 0}, {bytes.data(), bytes.size()}, names, Shown::Plain));
  };
  EXPECT_EQ(shown(color, 0), "main.Red");
  EXPECT_EQ(shown(color, ~uint64_t{0}), "main.None");
  EXPECT_EQ(shown(color, 7), "7");
  EXPECT_EQ(shown(Type::of(Type::Kind::GoType), 0), "<nil>");
  EXPECT_EQ(shown(Type::of(Type::Kind::GoType), go_reference(3, 0x4a0000)), "type 0x4a0000");
  Type single = Type::of(Type::Kind::Float);
  EXPECT_EQ(shown(single, 0x3ff8000000000000), "1.5");
  single.size = 4;
  EXPECT_EQ(shown(single, 0xdead00003dcccccd), "0.1");
}

}  // namespace
}  // namespace gotap::trace
