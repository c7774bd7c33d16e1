// The reader of type descriptors, on descriptors put together by hand; what real programs have is
// held against the programs themselves by tests/e2e/rtype-witness.sh.
#include "go/rtype.h"

#include <gtest/gtest.h>

#include "go/argument_info.h"
#include "go/type_names.h"
#include "support/type_program.h"

namespace gotap::go {
namespace {

using testing::TypeProgram;
constexpr int kVersions[] = {15, 16, 17, 18, 19, 20, 21, 24, 26, 27};

/// type T struct { A int8 `x:"y"`; E } with E int8, and func (T) Get(int8, ...int8) E.
struct Sample {
  explicit Sample(int minor) : program(minor) {
    int8 = program.type(RuntimeKind::Int8, 1, "int8", 4, 48, 1);
    e = program.type(RuntimeKind::Int8, 1, "p.E", 5, 48 + 16, 1);
    program.uncommon(e + 48, "a.b/p.q", 0, 16);
    slice = program.type(RuntimeKind::Slice, 24, "[]int8", 0, 56);
    program.put(slice + 48, int8);
    function = program.type(RuntimeKind::Func, 8, "func(int8, ...int8) p.E", 0, 56 + 24);
    program.put(function + 48, uint16_t{2});
    program.put(function + 50, uint16_t{0x8001});
    program.put(function + 56, int8);
    program.put(function + 64, slice);
    program.put(function + 72, e);
    t = program.type(RuntimeKind::Struct, 2, "main.T", 5, 80 + 16 + 48 + 16, 1);
    program.slice(t, t + 96, 2);
    program.field(t + 96, program.name("A", 1, "x:\"y\""), int8, 0);
    program.field(t + 120, program.name("E", 9), e, 1, true);
    program.uncommon(t + 80, "main", 1, 64);
    program.method(t + 144, "Get", function, 0x20, 0x10);
    pointer = program.type(RuntimeKind::Pointer, 8, "*main.T", 1, 56 + 16 + 16);
    program.put(pointer + 48, t);
    program.uncommon(pointer + 56, "", 1, 16);
    program.method(pointer + 72, "Get", function, 0x20, 0x20);
  }
  TypeProgram program;
  uint64_t int8, e, slice, function, t, pointer;
};

std::string signature(const Rtypes& rtypes, uint64_t entry) {
  Types types;
  const auto found = rtypes.method(entry, types);
  return found ? to_string(types, *found, "") : "none";
}

TEST(Rtype, TypesOfEveryVersion) {
  for (int minor : kVersions) {
    SCOPED_TRACE(minor);
    Sample sample(minor);
    const Rtypes* rtypes = sample.program.rtypes();
    ASSERT_TRUE(rtypes);
    Types types;
    EXPECT_EQ(
        dump(types, types.reference(*rtypes, sample.t)),
        "main.T struct{A int8 @0; E embedded a.b/p%2eq.E @1} 2 rtype=0x" + [&] {
          char text[20];
          snprintf(text, sizeof text, "%lx", sample.t);
          return std::string(text);
        }());
    EXPECT_EQ(types.at(types.reference(*rtypes, sample.function)).name,
              "func(int8, ...int8) a.b/p%2eq.E");
    EXPECT_TRUE(rtypes->is_type(sample.e));
    EXPECT_FALSE(rtypes->is_type(sample.e + 8));
    EXPECT_FALSE(rtypes->is_type(0));
    EXPECT_FALSE(rtypes->is_type(~uint64_t{7}));
    EXPECT_TRUE(rtypes->warnings().empty());
  }
}

TEST(Rtype, MethodsByEntry) {
  for (int minor : kVersions) {
    SCOPED_TRACE(minor);
    Sample sample(minor);
    const Rtypes* rtypes = sample.program.rtypes();
    ASSERT_TRUE(rtypes);
    EXPECT_EQ(signature(*rtypes, TypeProgram::kText + 0x10), "(main.T, int8, ...int8) a.b/p%2eq.E");
    EXPECT_EQ(signature(*rtypes, TypeProgram::kText + 0x20),
              "(*main.T, int8, ...int8) a.b/p%2eq.E");
    EXPECT_EQ(signature(*rtypes, TypeProgram::kText + 0x30), "none");
    EXPECT_EQ(signature(*rtypes, TypeProgram::kText), "none");
  }
}

TEST(Rtype, PointerToATypeWithoutPointer) {
  Sample sample(24);
  // *T is not described: another type stands in its place.
  sample.program.put(sample.pointer + 48, sample.int8);
  const Rtypes* rtypes = sample.program.rtypes();
  ASSERT_TRUE(rtypes);
  EXPECT_EQ(signature(*rtypes, TypeProgram::kText + 0x20), "none");  // both claim it
  sample.program.method(sample.pointer + 72, "Get", 0, 0, 0);
  rtypes = sample.program.rtypes();
  EXPECT_EQ(signature(*rtypes, TypeProgram::kText + 0x20), "(*main.T, int8, ...int8) a.b/p%2eq.E");
}

TEST(Rtype, DroppedMethodsHaveNoEntry) {
  for (uint32_t dropped : {0u, ~0u}) {
    Sample sample(24);
    sample.program.method(sample.t + 144, "Get", sample.function, 0x20, dropped);
    sample.program.put(sample.t + 148, dropped);
    sample.program.put(sample.pointer + 76, dropped);
    const Rtypes* rtypes = sample.program.rtypes();
    ASSERT_TRUE(rtypes);
    EXPECT_EQ(signature(*rtypes, TypeProgram::kText + 0x20), "none");
    EXPECT_EQ(signature(*rtypes, TypeProgram::kText - 1), "none");
  }
}

TEST(Rtype, OneBodyForTwoMethodsIsNotKnown) {
  Sample sample(24);
  const uint64_t other = sample.program.type(RuntimeKind::Int8, 1, "main.U", 5, 48 + 16 + 16, 1);
  sample.program.uncommon(other + 48, "main", 1, 16);
  sample.program.method(other + 64, "Get", sample.function, 0x40, 0x10);
  const Rtypes* rtypes = sample.program.rtypes();
  ASSERT_TRUE(rtypes);
  EXPECT_EQ(signature(*rtypes, TypeProgram::kText + 0x10), "none");
  EXPECT_EQ(signature(*rtypes, TypeProgram::kText + 0x40), "(*main.U, int8, ...int8) a.b/p%2eq.E");
}

TEST(Rtype, TypesByName) {
  Sample sample(24);
  const uint64_t other = sample.program.type(RuntimeKind::Int8, 1, "p.E", 5, 48 + 16, 1);
  sample.program.uncommon(other + 48, "c/p", 0, 16);
  const Rtypes* rtypes = sample.program.rtypes();
  ASSERT_TRUE(rtypes);
  EXPECT_EQ(rtypes->find_types("main.T"), std::vector<uint64_t>{sample.t});
  EXPECT_EQ(rtypes->find_types("a.b/p%2eq.E"), std::vector<uint64_t>{sample.e});
  EXPECT_EQ(rtypes->find_types("c/p.E"), std::vector<uint64_t>{other});
  EXPECT_EQ(rtypes->find_types("p.E"), (std::vector<uint64_t>{sample.e, other}));
  EXPECT_EQ(rtypes->find_types("[]int8"), std::vector<uint64_t>{sample.slice});
  EXPECT_TRUE(rtypes->find_types("q.E").empty());
  EXPECT_TRUE(rtypes->find_types("").empty());
}

TEST(Rtype, MapsOfEveryVersion) {
  // The package's name stands behind the descriptor, which has grown twice; in 1.24 and 1.25 it
  // may be of the old kind.
  for (auto [minor, size, swiss] : {std::tuple(15, 88, false),
                                    {19, 88, false},
                                    {24, 112, true},
                                    {25, 88, false},
                                    {27, 136, true}}) {
    SCOPED_TRACE(minor);
    Sample sample(minor);
    const auto bytes = static_cast<uint64_t>(size);
    const uint64_t map = sample.program.type(RuntimeKind::Map, 8, "p.M", 5, bytes + 16);
    sample.program.put(map + 48, sample.int8);
    sample.program.put(map + 56, sample.e);
    sample.program.put(map + 64, sample.t);
    sample.program.put(map + 80, uint64_t{swiss ? 2u : 0x100100020101u});
    sample.program.uncommon(map + bytes, "x/p", 0, 16);
    const Rtypes* rtypes = sample.program.rtypes();
    ASSERT_TRUE(rtypes);
    EXPECT_EQ(rtypes->find_types("x/p.M"), std::vector<uint64_t>{map});
    Types types;
    const GoType type = types.at(types.reference(*rtypes, map));
    EXPECT_EQ(types.at(type.key).name + " " + types.at(type.elem).name, "int8 a.b/p%2eq.E");
  }
}

TEST(Rtype, AnUnknownVersionHasNoTypes) {
  EXPECT_FALSE(type_layout(14));
  EXPECT_FALSE(type_layout(28));
  EXPECT_TRUE(type_layout(27));
}

/// Everything a damaged program can be asked.
void ask(const Rtypes& rtypes) {
  Types types;
  for (uint64_t at = TypeProgram::kTypes; at < TypeProgram::kTypes + 0x400; at += 8)
    if (rtypes.is_type(at)) dump(types, types.reference(rtypes, at));
  for (const std::string& name : rtypes.type_names()) rtypes.find_types(name);
  for (uint64_t entry = 0; entry < 0x80; entry += 8) signature(rtypes, TypeProgram::kText + entry);
}

TEST(Rtype, DamageIsMet) {
  for (int minor : {15, 24, 27})
    for (uint64_t at = 0; at < 0x280; at++)
      for (uint8_t value : {0x00, 0x7f, 0x80, 0xff}) {
        Sample sample(minor);
        sample.program.rtypes();
        sample.program.types()[at] = value;
        if (const Rtypes* rtypes = sample.program.reread()) ask(*rtypes);
      }
}

TEST(Rtype, ATypeOfItselfComesToAnEnd) {
  Sample sample(24);
  sample.program.put(sample.slice + 48, sample.slice);
  const Rtypes* rtypes = sample.program.rtypes();
  ASSERT_TRUE(rtypes);
  ask(*rtypes);
  Types types;
  EXPECT_EQ(types.at(types.reference(*rtypes, sample.slice)).name, "[]int8");  // the short one
}

TEST(Rtype, NamesHashAlike) {
  for (auto [full, other] : {std::pair("*net/http.Request", "*http.Request"),
                             {"gopkg.in/yaml%2ev3.Node", "yaml.Node"},
                             {"map[string]a/b.T", "map[string]b.T"},
                             {"func(a/b.T, ...c.d/e.U) error", "func(b.T, ...e.U) error"}})
    EXPECT_EQ(name_hash(full), name_hash(other)) << full;
  EXPECT_NE(name_hash("main.T"), name_hash("main.U"));
  EXPECT_NE(name_hash("*main.T"), name_hash("main.T"));
}

TEST(ArgumentInfo, AsTheCompilerWritesIt) {
  Types types;
  const TypeId number = types.add({.kind = TypeKind::Int, .name = "int32", .size = 4, .align = 4});
  const TypeId text =
      types.add({.kind = TypeKind::String, .name = "string", .size = 16, .align = 8});
  const TypeId array = types.add({.kind = TypeKind::Array,
                                  .name = "[2]int32",
                                  .size = 8,
                                  .align = 4,
                                  .elem = number,
                                  .length = 2});
  Signature signature;
  signature.params = {{"", number}, {"", array}, {"", text}};
  // The array is on the stack, at 0; the others are stored behind it: 8, 16.
  const std::vector<uint8_t> expected = {8,    4,  0xfe, 0,  4, 4,    4,   0xfd,
                                         0xfe, 16, 8,    24, 8, 0xfd, 0xff};
  EXPECT_EQ(expected_argument_info(types, signature, Abi::GoRegisters, "main.f"), expected);
  EXPECT_EQ(describe_argument_info(expected), "4 bytes, {4 bytes, 4 bytes}, {8 bytes, 8 bytes}");
  const std::vector<uint8_t> cut = {8, 4, 0xfe, 0};
  EXPECT_FALSE(argument_info({cut.data(), cut.size()}));
  EXPECT_EQ(argument_info({expected.data(), expected.size()}), expected);
}

}  // namespace
}  // namespace gotap::go
