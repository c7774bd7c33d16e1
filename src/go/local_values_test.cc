// Variables at any instruction: what DWARF says of them is shown where the code bears it out.
#include <gtest/gtest.h>

#include <string>

#include "go/inlined_values.h"
#include "go/signature.h"
#include "support/go_demo.h"

namespace gotap::go {
namespace {

constexpr uint64_t kStart = 0x1000;
constexpr int32_t kFrame = 0x18;
using In = LocatedPiece::In;
constexpr uint16_t kRax = 0, kRcx = 2;  // as DWARF numbers them
const std::string kOut = "optimized out", kUnsure = "not known here";

/// One function with one variable, a word.
struct Code {
  explicit Code(const std::string& hex) {
    for (size_t at = 0; at + 1 < hex.size(); at += 2)
      bytes.push_back(static_cast<uint8_t>(std::stoi(hex.substr(at, 2), nullptr, 16)));
    variable.type = word;
  }
  Code& in_register(uint64_t begin, uint64_t end, uint16_t reg = kRax) {
    variable.places.push_back(
        {kStart + begin, kStart + end, {{.in = In::Register, .reg = reg, .size = 8}}, {}});
    return *this;
  }
  /// At SP + `at`.
  Code& on_stack(uint64_t begin, uint64_t end, int64_t at) {
    variable.places.push_back({kStart + begin,
                               kStart + end,
                               {{.in = In::Frame, .frame_offset = at - kFrame - 8, .size = 8}},
                               {}});
    return *this;
  }
  Code& in_memory(int64_t at) {
    variable.in_memory = true;
    return on_stack(0, 0x1000, at);
  }
  /// Line 10 up to there, then 20.
  Code& lines(uint64_t second) {
    code.lines = {{kStart, kStart + second, 10}, {kStart + second, kStart + bytes.size(), 20}};
    return *this;
  }
  std::string at(uint64_t pc, uint32_t line = 100) {
    const InlinedValues values(
        {bytes.data(), bytes.size()}, kStart, {{kStart, kStart + bytes.size(), kFrame}},
        [](uint64_t) { return false; }, code);
    const auto found = values.place_local(info.types(), variable, passed, {kStart + pc, line});
    return found ? dump(*found) : found.error().message;
  }
  std::vector<uint8_t> bytes;
  FakeTypeInfo info;
  TypeId word = info.scalar(TypeKind::Int, "int", 8);
  LocalVariable variable;
  std::optional<ValueLocation> passed;
  CodeLines code;
};

// mov $1, %rax; nop; nop; ret
const std::string kMade =
    "48c7c00100000090"
    "90c3";

TEST(LocalValues, WhereItWasPut) {
  Code code(kMade);
  code.in_register(7, 0x1000);
  EXPECT_EQ(code.at(8), "A80:8@0");
  EXPECT_EQ(code.at(9), "A80:8@0");
  EXPECT_EQ(code.at(0), kOut);
  EXPECT_EQ(code.at(3), kUnsure);  // inside an instruction
}

TEST(LocalValues, ItChanges) {
  // mov $1, %rax; inc %rax; nop; jmp back to inc
  EXPECT_EQ(Code("48c7c001000000"
                 "48ffc0"
                 "90"
                 "ebfa")
                .in_register(7, 0x1000)
                .at(10),
            "A80:8@0");
}

TEST(LocalValues, NotAfterACallOrAWideMultiplication) {
  // mov $1, %rax; call; nop; ret
  EXPECT_EQ(Code("48c7c001000000"
                 "e8fbffffff"
                 "90c3")
                .in_register(7, 0x1000)
                .at(12),
            kUnsure);
  EXPECT_EQ(Code("48c7c001000000"
                 "e8fbffffff"
                 "90c3")
                .in_register(12, 0x1000)
                .at(12),
            "A80:8@0");
  // mov $1, %rax; mul %rcx; nop; ret: into rdx and rax
  EXPECT_EQ(Code("48c7c001000000"
                 "48f7e1"
                 "90c3")
                .in_register(7, 0x1000)
                .at(10),
            kUnsure);
}

TEST(LocalValues, APlaceOnTheStack) {
  // mov %rax, 8(%rsp); nop; mov %rcx, 8(%rsp); nop; ret
  const std::string stores =
      "4889442408"
      "90"
      "48894c2408"
      "90c3";
  EXPECT_EQ(Code(stores).on_stack(5, 0x1000, 8).at(5), "[8]:8@0");
  EXPECT_EQ(Code(stores).on_stack(5, 0x1000, 8).at(11), kUnsure);  // of another value, maybe
  EXPECT_EQ(Code(stores).on_stack(11, 0x1000, 8).at(11), "[8]:8@0");
  // It was put there while it was in a register, which then was taken: mov $1, %rax;
  // mov %rax, 8(%rsp); xor %eax, %eax; nop; ret
  const std::string spilled =
      "48c7c001000000"
      "4889442408"
      "31c0"
      "90c3";
  EXPECT_EQ(Code(spilled).in_register(7, 14).on_stack(14, 0x1000, 8).at(14), "[8]:8@0");
  EXPECT_EQ(Code(spilled).in_register(7, 14, kRcx).on_stack(14, 0x1000, 8).at(14), kUnsure);
}

TEST(LocalValues, InMemoryOnceItIsWritten) {
  // nop; mov %rax, 8(%rsp); nop; ret
  EXPECT_EQ(Code("90"
                 "4889442408"
                 "90c3")
                .in_memory(8)
                .at(6),
            "S8");
  EXPECT_EQ(Code("90"
                 "4889442408"
                 "90c3")
                .in_memory(8)
                .at(1),
            kUnsure);
  // lea 8(%rsp), %rdi; call; nop; ret
  EXPECT_EQ(Code("488d7c2408"
                 "e8fbffffff"
                 "90c3")
                .in_memory(8)
                .at(10),
            "S8");
  // It must be written in its own block.
  Code other(
      "4889442408"
      "9090c3");
  other.in_memory(8).variable.scope = {{kStart + 6, kStart + 8}};
  EXPECT_EQ(other.at(6), kUnsure);
}

TEST(LocalValues, WhatALaterLineMade) {
  EXPECT_EQ(Code(kMade).in_register(7, 0x1000).lines(0).at(8, 20), "A80:8@0");
  EXPECT_EQ(Code(kMade).in_register(7, 0x1000).lines(0).at(8, 15), kUnsure);
  EXPECT_EQ(Code(kMade).in_register(7, 0x1000).lines(7).at(8, 15), "A80:8@0");
}

TEST(LocalValues, Parameters) {
  Code code("9090c3");
  code.in_register(0, 0x1000).variable.is_parameter = true;
  EXPECT_EQ(code.at(1), kUnsure);
  code.passed.emplace().pieces = {{Piece::In::IntRegister, 0, 0, 8, 0}};
  EXPECT_EQ(code.at(1), "A80:8@0");
  code.passed->pieces[0].number = 1;  // DWARF says RAX, the ABI RBX
  EXPECT_EQ(code.at(1), kUnsure);
  // Its place on the stack was never written.
  Code unused("9090c3");
  unused.in_memory(kFrame + 16).variable.is_parameter = true;
  unused.passed.emplace().pieces = {{Piece::In::IntRegister, 0, 0, 8, 0}};
  EXPECT_EQ(unused.at(1), kUnsure);
  unused.passed->pieces.clear();
  unused.passed->on_stack = true;
  unused.passed->stack_offset = 16;
  EXPECT_EQ(unused.at(1), "S40");
}

}  // namespace
}  // namespace gotap::go
