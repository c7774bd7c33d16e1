// Go values in generated programs: where they are, what they are read with, and why they are
// unknown. Each script is run in the interpreter against made-up memory, and judged by the
// kernel's verifier.
#include <gtest/gtest.h>
#include <unistd.h>

#include <limits>

#include "bpf/insn.h"
#include "bpf/kernel.h"
#include "codegen/go_scripts_for_test.h"
#include "codegen/load_for_test.h"
#include "codegen/machine_for_test.h"

namespace gotap::codegen {

namespace {

using arch::PtRegs;
using go::AccessStep;
using go::Word;
using Kind = AccessStep::Kind;
using In = Word::In;

constexpr uint64_t kObject = 0x20000, kText = 0x21000, kSp = 0x6ff000, kItab = 0x22000;
constexpr uint64_t kSite = 0x11000, kNowhere = 0x99000;

Word reg(int64_t number, uint8_t size = 8, bool is_signed = false) {
  return {In::Register, size, is_signed, number};
}
Word any(uint16_t offset) { return {In::AnyRegister, 8, false, offset}; }
Word base(int64_t offset, uint8_t size = 8, bool is_signed = false) {
  return {In::Base, size, is_signed, offset};
}
Word stack(int64_t offset, uint8_t size = 8) { return {In::Stack, size, false, offset}; }
Word constant(int64_t value) { return {In::Constant, 8, false, value}; }
AccessStep pointer(Word word) { return {.kind = Kind::Pointer, .first = word}; }
AccessStep add(int64_t number) { return {.kind = Kind::Add, .number = number}; }
AccessStep index_at(Word first, Word length, int64_t size, std::optional<uint64_t> index) {
  return {.kind = Kind::Index, .first = first, .second = length, .number = size, .index = index};
}
AccessStep in_array(int64_t length, int64_t size, std::optional<uint64_t> index) {
  AccessStep step = index_at({}, constant(length), size, index);
  step.in_place = true;
  return step;
}
go::Access access(std::vector<AccessStep> steps, std::vector<Word> words) {
  go::Access made;
  made.steps = std::move(steps);
  made.words = std::move(words);
  return made;
}
go::Access slice_of(go::Access of, std::optional<uint64_t> low, std::optional<uint64_t> high) {
  of.low = low;
  of.high = high;
  return of;
}
go::Access not_known(const std::string& reason) {
  go::Access made;
  made.unknown = reason;
  return made;
}

/// A value in one place or another, and what print() of it shows.
struct Case {
  const char* name;
  MadeValue value;
  const char* shown;
  uint64_t bias_address = 0;
};
void PrintTo(const Case& test, std::ostream* out) { *out << test.name; }

const Type kString = Type::string(64);

// RAX -> an object: [0] -7 as int16, [8] pointer to itself, [16] "hello" (pointer, length),
// [32] slice of three uint32 at +64, [56] nil, [64] 10 20 30, [80] interface of type 0x5000,
// [96] float64 2.5. RBX = 5, RCX -> "hello", RDI = 0xffffffffffffff80, RSI = 0, R8 nowhere.
// RDX -> the object. [SP+8] = the object, [SP+16] "hello", its length.
const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      {"register", {Type::u64(), access({}, {reg(1)})}, "5"},
      {"narrow", {Type::integer(1, false), access({}, {reg(3, 1)})}, "128"},
      {"narrow signed", {Type::integer(1, true), access({}, {reg(3, 1, true)})}, "-128"},
      {"any register", {Type::u64(), access({}, {any(PtRegs::bx)})}, "5"},
      {"pointer in any register",
       {Type::integer(2, true), access({pointer(any(PtRegs::dx))}, {base(0, 2, true)})},
       "-7"},
      {"string apart on the stack", {kString, access({}, {any(PtRegs::cx), stack(24)})}, "hello"},
      {"constant", {Type::u64(), access({}, {constant(77)})}, "77"},
      {"stack", {Type::u64(), access({}, {stack(24)})}, "5"},
      {"through a pointer",
       {Type::integer(2, true), access({pointer(reg(0))}, {base(0, 2, true)})},
       "-7"},
      {"pointers in a row",
       {Type::integer(2, true),
        access({pointer(reg(0)), pointer(base(8)), add(8), pointer(base(0))}, {base(0, 2, true)})},
       "-7"},
      {"pointer on the stack",
       {Type::integer(2, false), access({pointer(stack(8))}, {base(0, 2)})},
       "65529"},
      {"captured",
       {Type::integer(2, false), access({pointer({In::Context, 8, false, 0})}, {base(0, 2)})},
       "65529"},
      {"stack base",
       {Type::u64(), access({{.kind = Kind::StackBase, .number = 16}, add(8)}, {base(0)})},
       "5"},
      {"nil", {Type::u64(), access({pointer(reg(4))}, {base(0)})}, "<unknown 3>"},
      {"nil on the way",
       {Type::u64(), access({pointer(reg(0)), pointer(base(56))}, {base(0)})},
       "<unknown 3>"},
      {"not readable", {Type::u64(), access({pointer(reg(5))}, {base(0)})}, "<unknown 2>"},
      {"pointer not readable",
       {Type::u64(), access({pointer(reg(5)), pointer(base(0))}, {base(0)})},
       "<unknown 2>"},
      {"in no register", {Type::u64(), not_known("in XMM0")}, "<unknown 16>"},
      {"string in registers", {kString, access({}, {reg(2), reg(1)})}, "hello"},
      {"string in memory", {kString, access({pointer(reg(0))}, {base(16), base(24)})}, "hello"},
      {"string on the stack", {kString, access({}, {stack(16), stack(24)})}, "hello"},
      {"string apart", {kString, access({pointer(reg(0))}, {base(16), reg(1)})}, "hello"},
      {"part", {kString, slice_of(access({}, {reg(2), reg(1)}), 1, 3)}, "el"},
      {"head", {kString, slice_of(access({}, {reg(2), reg(1)}), {}, 4)}, "hell"},
      {"tail", {kString, slice_of(access({}, {reg(2), reg(1)}), 3, {})}, "lo"},
      {"part beyond", {kString, slice_of(access({}, {reg(2), reg(1)}), 9, 12)}, ""},
      {"part beyond the end", {kString, slice_of(access({}, {reg(2), reg(1)}), 2, 12)}, "llo"},
      {"string not readable", {kString, access({}, {reg(5), reg(1)})}, "<not readable>"},
      {"negative length", {kString, access({}, {reg(2), reg(3)})}, "<not readable>"},
      {"absurd part", {kString, slice_of(access({}, {reg(2), reg(3)}), 0, 3)}, "<not readable>"},
      {"empty string", {kString, access({}, {reg(4), reg(4)})}, ""},
      {"cut", {Type::string(8), access({}, {constant(kText), constant(26)})}, "abcdefgh.."},
      {"string behind nil",
       {kString, access({pointer(reg(4))}, {base(0), base(8)})},
       "<unknown 3>"},
      {"string of no place", {kString, not_known("signature unknown")}, "<unknown 16>"},
      {"element",
       {Type::integer(4, false),
        access({pointer(reg(0)), index_at(base(32), base(40), 4, 2)}, {base(0, 4)})},
       "30"},
      {"element beyond",
       {Type::integer(4, false),
        access({pointer(reg(0)), index_at(base(32), base(40), 4, 3)}, {base(0, 4)})},
       "<unknown 4>"},
      {"element far beyond",
       {Type::integer(4, false),
        access({pointer(reg(0)), index_at(base(32), base(40), 4, uint64_t{1} << 40)},
               {base(0, 4)})},
       "<unknown 4>"},
      {"element of registers",
       {Type::integer(1, false), access({index_at(reg(2), reg(1), 1, 4)}, {base(0, 1)})},
       "111"},
      {"element of an array",
       {Type::integer(4, false),
        access({pointer(reg(0)), add(64), in_array(3, 4, 1)}, {base(0, 4)})},
       "20"},
      {"element of an array beyond",
       {Type::integer(4, false),
        access({pointer(reg(0)), add(64), in_array(3, 4, 3)}, {base(0, 4)})},
       "<unknown 4>"},
      {"length", {Type::i64(), access({pointer(reg(0))}, {base(40)}), go::Aspect::Len}, "3"},
      {"type asserted",
       {Type::u64(), access({pointer(reg(0)),
                             {.kind = Kind::Assert, .first = base(80), .number = 0x5000},
                             pointer(base(88))},
                            {base(24)})},
       "5"},
      {"another type",
       {Type::u64(), access({pointer(reg(0)),
                             {.kind = Kind::Assert, .first = base(80), .number = 0x5008},
                             pointer(base(88))},
                            {base(24)})},
       "<unknown 5>"},
      {"nil asserted",
       {Type::u64(), access({{.kind = Kind::Assert, .first = reg(4), .number = 0x5000}}, {reg(1)})},
       "<unknown 3>"},
      {"type",
       {Type::of(Type::Kind::GoType), access({pointer(reg(0))}, {base(80)}), go::Aspect::TypeOf},
       "20480"},
      {"type of nil",
       {Type::of(Type::Kind::GoType), access({}, {reg(4)}), go::Aspect::TypeOf},
       "0"},
      {"float",
       {Type::of(Type::Kind::Float), access({pointer(reg(0))}, {base(96)})},
       "4612811918334230528"},
      {"global",
       {Type::u64(), access({{.kind = Kind::Global, .number = kObject}}, {base(24)})},
       "5"},
      {"global, loaded elsewhere",
       {Type::u64(), access({{.kind = Kind::Global, .number = kObject - 0x10000}}, {base(24)})},
       "5",
       kSite - 0x10000},
  };
  return all;
}

Machine machine_of(const std::string& script, const std::vector<MadeValue>& values,
                   uint64_t bias_address = 0) {
  auto compiled = compile_go_script(script, values, bias_address);
  EXPECT_TRUE(compiled.ok()) << script << "\n" << compiled.error().message;
  if (!compiled.ok()) std::abort();
  Machine m(std::move(*compiled));
  m.sp(kSp);
  m.process.set_reg(PtRegs::ip, kSite);
  const uint64_t words[] = {kObject, 5, kText + 32, ~uint64_t{127}, 0, kNowhere};
  for (unsigned i = 0; i < 6; i++) m.process.set_reg(*arch::go_argument_register(i), words[i]);
  m.process.set_reg(PtRegs::dx, kObject);
  m.process.put_string(kText, "abcdefghijklmnopqrstuvwxyz");
  m.process.put_string(kText + 32, "hello");
  const int16_t small = -7;
  const double number = 2.5;
  const uint32_t elements[] = {10, 20, 30};
  for (uint64_t at = 0; at < 128; at += 8) m.process.put_u64(kObject + at, 0);
  m.process.put(kObject, &small, 2);
  m.process.put_u64(kObject + 8, kObject);
  m.process.put_u64(kObject + 16, kText + 32);
  m.process.put_u64(kObject + 24, 5);
  m.process.put_u64(kObject + 32, kObject + 64);
  m.process.put_u64(kObject + 40, 3);
  m.process.put(kObject + 64, elements, sizeof elements);
  m.process.put_u64(kObject + 80, kItab);
  m.process.put_u64(kObject + 88, kObject);
  m.process.put(kObject + 96, &number, 8);
  m.process.put_u64(kItab + 8, 0x5000);
  m.process.put_u64(kSp + 8, kObject);
  m.process.put_u64(kSp + 16, kText + 32);
  m.process.put_u64(kSp + 24, 5);
  return m;
}

std::string script_of(const Type& type, const char* text = "{ print(%); }") {
  std::string script = std::string("uprobe:go:\"f\" ") + text;
  const std::string value = type.in_memory() ? "str(arg0)" : "arg0";
  for (size_t at; (at = script.find('%')) != std::string::npos;) script.replace(at, 1, value);
  return script;
}

class GoValues : public ::testing::TestWithParam<Case> {};

TEST_P(GoValues, AreShown) {
  const Case& test = GetParam();
  Machine m = machine_of(script_of(test.value.type), {test.value}, test.bias_address);
  m.hit(0);
  EXPECT_EQ(m.events(), std::string(test.shown) + " | ");
}

// As keys, variables, values of maps and operands: an unknown one skips the statement.
TEST_P(GoValues, AreKeysAndOperands) {
  const Case& test = GetParam();
  Machine m =
      machine_of(script_of(test.value.type,
                           "{ @k[%] = count(); @v[1] = %; $x = %; @w[$x] = count(); print($x); } "
                           "uprobe:go:\"f\" /% == %/ { @same = count(); }"),
                 {test.value}, test.bias_address);
  m.hit(0);
  // (The type of the variable is that of arg0.)
  if (test.shown[0] != '-') {
    EXPECT_EQ(m.events(), std::string(test.shown) + " | ");
  }
  const bool unknown = std::string(test.shown).starts_with("<unknown");
  EXPECT_EQ(m.entries("@k"), unknown ? 0u : 1u);
  EXPECT_EQ(m.entries("@v"), unknown ? 0u : 1u);
  EXPECT_EQ(m.entries("@w"), unknown ? 0u : 1u);
  const bool undecided = unknown || test.shown == std::string("<not readable>") ||
                         std::string(test.shown).ends_with("..");
  EXPECT_EQ(m.value("@same").value_or(0), undecided ? 0u : 1u);
  EXPECT_EQ(m.bpf.globals().undecided, unknown ? 4u : undecided ? 1u : 0u);
}

TEST_P(GoValues, PassTheVerifier) {
  if (geteuid() != 0) GTEST_SKIP() << "not root: the kernel would not load BPF programs";
  const Case& test = GetParam();
  for (const char* text : {"{ print(%); }", "/% == %/ { @k[%] = count(); $x = %; print($x); }"}) {
    auto compiled =
        compile_go_script(script_of(test.value.type, text), {test.value}, test.bias_address);
    ASSERT_TRUE(compiled.ok()) << compiled.error().message;
    auto kernel = bpf::linux_kernel();
    auto loaded = load_object(*kernel, compiled->object);
    EXPECT_TRUE(loaded.ok()) << loaded.error().message << "\n" << loaded.error().hint;
  }
}

INSTANTIATE_TEST_SUITE_P(Table, GoValues, ::testing::ValuesIn(cases()));

// arg1 is an element with a computed index: arg2, the third register.
TEST(GoIndex, IsComputed) {
  MadeValue element{Type::integer(4, false),
                    access({pointer(reg(0)), index_at(base(32), base(40), 4, {})}, {base(0, 4)})};
  element.index = 2;
  for (auto [index, shown] : {std::pair<uint64_t, const char*>{0, "10"},
                              {2, "30"},
                              {3, "<unknown 4>"},
                              {~uint64_t{0}, "<unknown 4>"}}) {
    Machine m = machine_of("uprobe:go:\"f\" { print(arg0); }", {element});
    m.process.set_reg(*arch::go_argument_register(2), index);
    m.hit(0);
    EXPECT_EQ(m.events(), std::string(shown) + " | ");
  }
}

// What is adjacent is read at once; a literal of another length is not read at all.
TEST(GoReads, AreFew) {
  auto reads = [](const char* text, const MadeValue& value) {
    auto compiled = compile_go_script(script_of(value.type, text), {value});
    EXPECT_TRUE(compiled.ok());
    int count = 0;
    for (const bpf::Insn& insn : compiled->object.programs[0].insns)
      count +=
          insn.code == bpf::kCall && insn.imm == static_cast<int32_t>(bpf::Helper::ProbeReadUser);
    return count;
  };
  MadeValue scalar{Type::u64(), access({pointer(reg(0)), add(16)}, {base(8)})};
  MadeValue text{kString, access({pointer(reg(0)), add(8)}, {base(8), base(16)})};
  MadeValue direct{kString, access({}, {reg(0), reg(1)})};
  EXPECT_EQ(reads("{ print(%); }", scalar), 1);
  EXPECT_EQ(reads("{ print(%); }", text), 2);
  EXPECT_EQ(reads("{ print(%); }", direct), 1);
  EXPECT_EQ(reads("/% == \"hello\"/ { @ = count(); }", direct), 1);
}

// Several fields of an object are one read; if that fails, each says for itself what it is.
TEST(GoReads, FieldsOfAnObjectAreOne) {
  const std::vector<MadeValue> values = {
      {Type::integer(2, true), access({pointer(reg(0))}, {base(0, 2, true)})},
      {kString, access({pointer(reg(0))}, {base(16), base(24)})},
      {Type::u64(), access({pointer(reg(0))}, {base(40)})},
      {Type::u64(), access({pointer(reg(0))}, {base(400)})},
      {Type::u64(), access({}, {reg(1)})}};
  Machine m = machine_of(
      "uprobe:go:\"f\" { printf(\"%d %s %d %d\", arg0, str(arg1), arg4, arg2); } "
      "uprobe:go:\"f\" { printf(\"%d %s %d\", arg0, str(arg1), arg3); }",
      values);
  m.hit(0);
  EXPECT_EQ(m.events(), "-7 hello 5 3 | -7 hello <unknown 2> | ");
  m.bpf.records.clear();
  m.process.set_reg(*arch::go_argument_register(0), 0);
  m.hit(0);
  EXPECT_EQ(m.events(),
            "<unknown 3> <unknown 3> 5 <unknown 3> | <unknown 3> <unknown 3> <unknown 3> | ");
}

// The verifier takes aligned loads from the BPF stack only: wherever the first field is.
TEST(GoReads, FieldsAtOddPlacesPassTheVerifier) {
  if (geteuid() != 0) GTEST_SKIP() << "not root: the kernel would not load BPF programs";
  const std::vector<MadeValue> values = {
      {Type::integer(1, false), access({pointer(reg(0))}, {base(10239, 1)})},
      {Type::integer(4, true), access({pointer(reg(0))}, {base(10240, 4, true)})},
      {Type::integer(2, true), access({pointer(reg(0))}, {base(10246, 2, true)})},
      {Type::integer(4, true), access({pointer(reg(0))}, {base(10249, 4, true)})}};
  auto compiled = compile_go_script(
      "uprobe:go:\"f\" { printf(\"%d %d %d %d\", arg0, arg1, arg2, arg3); }", values);
  ASSERT_TRUE(compiled.ok());
  auto kernel = bpf::linux_kernel();
  auto loaded = load_object(*kernel, compiled->object);
  EXPECT_TRUE(loaded.ok()) << loaded.error().message << "\n" << loaded.error().hint;
}

TEST(GoReasons, AreNumbered) {
  Machine m = machine_of("uprobe:go:\"f\" { printf(\"%d %d %d\", arg0, arg1, arg2); }",
                         {{Type::u64(), not_known("in XMM0")},
                          {Type::u64(), not_known("in XMM1")},
                          {Type::u64(), not_known("in XMM0")}});
  m.hit(0);
  EXPECT_EQ(m.events(), "<unknown 16> <unknown 17> <unknown 16> | ");
  EXPECT_EQ(m.script.object.unknown_reasons, (std::vector<std::string>{"in XMM0", "in XMM1"}));
}

TEST(GoReasons, AreAtMostAByte) {
  std::string script;
  for (int i = 0; i < 300; i++) script += "uprobe:go:\"f\" { print(arg0); } ";
  auto compiled = testing::compile_script(
      script, 1024, 4096, [](lang::TypedProgram& program, plan::Plan& plan) {
        plan.targets.emplace_back();
        for (uint32_t i = 0; i < program.clauses.size(); i++) {
          lang::Clause& clause = program.clauses[i];
          const MadeValue value{Type::u64(), not_known("reason " + std::to_string(i))};
          clause.go_values.push_back({{}, value.aspect, value.type, {}, false});
          replace_values(clause.body, {value});
          plan.layouts.push_back({0, i, {value.access}});
        }
        for (plan::Action& action : plan.programs[0].shape.actions) action.layout = action.clause;
      });
  ASSERT_TRUE(compiled.ok()) << compiled.error().message;
  Machine m(std::move(*compiled));
  m.hit(0);
  ASSERT_EQ(m.bpf.records.size(), 300u);
  EXPECT_EQ(m.script.object.unknown_reasons.size(), 240u);
  EXPECT_EQ(m.script.object.unknown_reasons.back(), "unknown");
  EXPECT_TRUE(m.events().ends_with("<unknown 255> | "));
}

}  // namespace

}  // namespace gotap::codegen
