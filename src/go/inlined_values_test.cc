// InlinedValues: what DWARF says of a parameter is believed where the code bears it out.
#include "go/inlined_values.h"

#include <gtest/gtest.h>

#include <string>

#include "go/signature.h"
#include "support/go_demo.h"

namespace gotap::go {
namespace {

constexpr uint64_t kEntry = 0x1000;
constexpr int32_t kDepth = 0x18;
using In = LocatedPiece::In;

constexpr uint16_t kAx = 0, kDx = 1, kCx = 2, kR12 = 12, kX3 = 20;  // as DWARF numbers them
const std::string kGone = "inlined: optimized out", kNotKnown = "inlined: not known here";

LocatedPiece in_register(uint16_t reg, uint32_t offset = 0, uint32_t size = 8) {
  return {.in = In::Register, .reg = reg, .value_offset = offset, .size = size};
}
/// At SP + `at`.
LocatedPiece slot(int64_t at, uint32_t size = 8) {
  return {.in = In::Frame, .frame_offset = at - kDepth - 8, .size = size};
}

/// A made-up program's types.
struct Made {
  FakeTypeInfo info;
  TypeId word = info.scalar(TypeKind::Int, "int", 8), half = info.scalar(TypeKind::Int, "int32", 4),
         nothing = info.structure("struct {}", {}),
         text = info.words(TypeKind::String, "string", 2),
         pair = info.structure("main.Pair", {{"N", half}, {"S", text}});
};
Made& made() {
  static Made all;
  return all;
}

/// Where a value is at `pc`, or why that is not known. `code` in hex; the call's own: from `own`
/// on.
std::string place(const std::string& code, std::vector<LocatedValue> places, uint64_t pc,
                  TypeId type = made().word, bool keeps_registers = false, uint64_t own = 0x2000) {
  std::vector<uint8_t> bytes;
  for (size_t at = 0; at + 1 < code.size(); at += 2)
    bytes.push_back(static_cast<uint8_t>(std::stoi(code.substr(at, 2), nullptr, 16)));
  const InlinedValues values({bytes.data(), bytes.size()}, kEntry,
                             {{kEntry, kEntry + bytes.size(), kDepth}},
                             [&](uint64_t) { return keeps_registers; }, {});
  InlinedParameter parameter;
  parameter.type = type;
  parameter.places = std::move(places);
  const InlinedCall call{"main.f", {{own, 0x2000}}, {}};
  const auto found = values.place(made().info.types(), call, parameter, pc);
  if (!found) return found.error().message;
  return dump(*found) + (found->missing == "inlined: not known here" ? " else not known" : "");
}

const std::string kMovCxAx = "4889c1", kMovDxAx = "4889c2", kDivideCx = "48f7f9", kNop = "90",
                  kRet = "c3", kCall = "e8000f0000", kStoreAx = "4889442408", kIncCx = "48ffc1",
                  kStoreAxBeside = "4889442410", kStoreCx = "48894c2408", kLoadDx = "488b542408",
                  kTripleDx = "488d1449";

TEST(InlinedValues, WhatHoldsAtTheInstruction) {
  const std::string code = kMovCxAx + kNop + kNop + kRet;
  const std::vector<LocatedValue> places = {{0x1003, 0x1005, {in_register(kCx)}, {}}};
  EXPECT_EQ(place(code, places, 0x1003), "A88:8@0");
  EXPECT_EQ(place(code, places, 0x1004), "A88:8@0");
  EXPECT_EQ(place(code, places, 0x1005), kGone);
  EXPECT_EQ(place(code, places, 0x1000), kGone);
  EXPECT_EQ(place(code, places, 0x1002), kNotKnown) << "no instruction";
  const std::vector<LocatedValue> always = {{kEntry, 0x2000, {in_register(kR12)}, {}}};
  EXPECT_EQ(place("06" + code, always, 0x1001), kNotKnown) << "code that cannot be read";
  EXPECT_EQ(place(code, always, 0x1003), "A24:8@0") << "an argument of the caller's";
  EXPECT_EQ(place(code, {}, 0x1003, made().nothing), "-");
}

TEST(InlinedValues, WhatTakesItAwayHasNotRunYet) {
  const std::string code = kMovCxAx + kIncCx + kNop + kRet;
  EXPECT_EQ(place(code, {{0x1003, 0x1006, {in_register(kCx)}, {}}}, 0x1003), "A88:8@0");
  // The list may go on: the register holds what the body made of it.
  EXPECT_EQ(place(code, {{0x1003, 0x1007, {in_register(kCx)}, {}}}, 0x1006), kNotKnown);
}

TEST(InlinedValues, ADivisionWritesTwoRegisters) {
  const std::string code = kMovDxAx + kDivideCx + kNop + kRet;
  const LocatedPiece in_dx = in_register(kDx);
  EXPECT_EQ(place(code, {{0x1003, 0x1007, {in_dx}, {}}}, 0x1003), "A96:8@0");
  EXPECT_EQ(place(code, {{0x1003, 0x1007, {in_dx}, {}}}, 0x1006), kNotKnown);
  // A new entry of which only the other part is new begins nothing for this one.
  EXPECT_EQ(place(code,
                  {{0x1003, 0x1006, {in_dx}, {8, 8}},
                   {0x1006, 0x1007, {in_dx, in_register(kAx, 8)}, {8, 8}}},
                  0x1006, made().text),
            "A80:8@8 else not known");
  EXPECT_EQ(place(code, {{0x1006, 0x1007, {in_dx}, {}}}, 0x1006), "A96:8@0") << "its result is it";
}

TEST(InlinedValues, APlaceOnTheStackIsUsedAgain) {
  const std::string code = kStoreAx + kNop + kStoreAx + kNop + kRet;
  const std::vector<LocatedValue> places = {{0x1005, 0x100c, {slot(8)}, {}}};
  EXPECT_EQ(place(code, places, 0x1005), "[8]:8@0");
  EXPECT_EQ(place(code, places, 0x1006), "[8]:8@0");
  EXPECT_EQ(place(code, places, 0x100b), kNotKnown);
  EXPECT_EQ(place(code, {{0x1005, 0x100c, {slot(12, 4)}, {}}}, 0x100b, made().half), kNotKnown);
  EXPECT_EQ(place(kStoreAx + kNop + kStoreAxBeside + kNop + kRet, places, 0x100b), "[8]:8@0");
  // Larger ones are there before they are filled.
  EXPECT_EQ(place(code, {{0x1005, 0x100c, {slot(8, 16)}, {}}}, 0x1006, made().text), kNotKnown);
}

TEST(InlinedValues, WhatHappensLaterInALoop) {
  const std::string loop = kNop + kCall + "ebf8" + kRet;  // jump to the nop
  const std::vector<LocatedValue> places = {{0x1003, 0x1009, {in_register(kCx)}, {}}};
  EXPECT_EQ(place(kMovCxAx + loop, places, 0x1003), "A88:8@0") << "it comes to be there";
  EXPECT_EQ(place(kMovCxAx + kNop + loop, {{0x1003, 0x100a, {in_register(kCx)}, {}}}, 0x1004),
            kNotKnown);
  EXPECT_EQ(place(kMovCxAx + kNop + loop, {{0x1003, 0x100a, {in_register(kCx)}, {}}}, 0x1004,
                  made().word, true),
            "A88:8@0")
      << "the callee leaves it alone";
  EXPECT_EQ(place(kStoreAx + kNop + loop, {{0x1005, 0x1010, {slot(8)}, {}}}, 0x1006), "[8]:8@0");
}

TEST(InlinedValues, WhatIsThereOnlyTheSecondTime) {
  // jmp to the nop; mov, nop, jump to the mov: the first time it is not there.
  const std::string code = "eb03" + kMovCxAx + kNop + "ebfa" + kRet;
  EXPECT_EQ(place(code, {{0x1005, 0x1008, {in_register(kCx)}, {}}}, 0x1006), kNotKnown);
}

TEST(InlinedValues, CopiesOfIt) {
  // In a register, saved, the register gone, loaded into another.
  const std::string code = kMovCxAx + kStoreCx + kIncCx + kLoadDx + kNop + kRet;
  const std::vector<LocatedValue> places = {{0x1003, 0x100b, {in_register(kCx)}, {}},
                                            {0x100b, 0x1010, {slot(8)}, {}},
                                            {0x1010, 0x1011, {in_register(kDx)}, {}}};
  EXPECT_EQ(place(code, places, 0x100b), "[8]:8@0");
  EXPECT_EQ(place(code, places, 0x1010), "A96:8@0");
  // From another place than it was at: another value.
  std::vector<LocatedValue> other = places;
  other[1].pieces = {slot(16)};
  EXPECT_EQ(place(code, other, 0x1010), kNotKnown);
  other = places;
  other[2].pieces = {in_register(kAx)};
  EXPECT_EQ(place(code, other, 0x1010), kNotKnown);
}

TEST(InlinedValues, WhatTheCallMakesOfItIsAnotherValue) {
  // n, then n*3.
  const std::string code = kMovCxAx + kTripleDx + kNop + kRet;
  const std::vector<LocatedValue> places = {{0x1003, 0x1007, {in_register(kCx)}, {}},
                                            {0x1007, 0x1008, {in_register(kDx)}, {}}};
  EXPECT_EQ(place(code, places, 0x1003), "A88:8@0");
  EXPECT_EQ(place(code, places, 0x1007), kNotKnown);
  // Where it had no place before, the call's own instruction makes it.
  const std::vector<LocatedValue> alone = {places[1]};
  EXPECT_EQ(place(code, alone, 0x1007), "A96:8@0");
  EXPECT_EQ(place(code, alone, 0x1007, made().word, false, 0x1003), kNotKnown);
}

TEST(InlinedValues, Parts) {
  const std::string code = kMovCxAx + kNop + kRet;
  const auto at = [&](std::vector<LocatedPiece> pieces, std::vector<uint32_t> parts, TypeId type) {
    return place(code, {{0x1003, 0x1005, std::move(pieces), std::move(parts)}}, 0x1003, type);
  };
  EXPECT_EQ(at({in_register(kCx), in_register(kX3, 8)}, {8, 8}, made().text), "A88:8@0+F3:8@8");
  EXPECT_EQ(at({in_register(kX3, 8)}, {8, 8}, made().text), "F3:8@8");
  EXPECT_EQ(at({{.in = In::Memory, .size = 8}}, {}, made().word), kNotKnown);
  EXPECT_EQ(at({in_register(kCx, 0, 16)}, {}, made().text), kNotKnown);
  // Go counts no padding.
  EXPECT_EQ(at({in_register(kCx, 4)}, {4, 8, 8}, made().pair), "A88:8@8");
  // Which parts they are is not said if some are missing.
  EXPECT_EQ(at({in_register(kCx, 0)}, {8, 8}, made().pair), kNotKnown);
  EXPECT_EQ(at({in_register(kCx, 0)}, {8, 8, 8}, made().pair), kNotKnown);
}

}  // namespace
}  // namespace gotap::go
