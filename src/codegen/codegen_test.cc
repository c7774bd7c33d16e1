// Runs generated programs in the BPF interpreter and compares events, maps and counters with what
// the script means.
#include "codegen/codegen.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <random>
#include <sstream>

#include "arch/registers.h"
#include "base/text.h"
#include "codegen/hist.h"
#include "codegen/machine_for_test.h"
#include "codegen/scripts_for_test.h"
#include "support/bpf_interpreter.h"
#include "support/script_compiler.h"

namespace gotap::codegen {

namespace {

using arch::PtRegs;
using bpf::BpfObject;
using testing::compile_script;

Machine machine(const std::string& text, uint32_t max_strlen = 1024, uint32_t max_keys = 4096) {
  auto compiled = compile_script(text, max_strlen, max_keys);
  EXPECT_TRUE(compiled.ok()) << text << "\n" << compiled.error().message;
  if (!compiled.ok()) std::abort();
  return Machine(std::move(*compiled));
}

// Every script of the verifier's table does nothing forbidden, with readable and with
// unreadable memory, on any registers.
class Runs : public ::testing::TestWithParam<const char*> {};

TEST_P(Runs, WithinItsMemory) {
  Machine m = machine(GetParam());
  std::mt19937_64 random(1);
  for (int round = 0; round < 20; round++) {
    m.process.cpu = static_cast<uint32_t>(round % 2);
    for (size_t reg = 0; reg < 19; reg++) {
      uint64_t address = 0x10000 + random() % 4 * 0x1000;
      m.process.regs[reg] = round % 3 ? address : random() >> random() % 64;
      if (round % 3 == 1) m.process.put_string(address, std::string(random() % 1100, 'x'));
    }
    m.process.set_reg(PtRegs::r14, round % 5 ? kG : 1);
    m.sp(0x6ff000 - 64 * static_cast<uint64_t>(round % 4));
    for (size_t i = 0; i < m.script.object.programs.size(); i++) m.hit(i);
  }
}
INSTANTIATE_TEST_SUITE_P(Scripts, Runs, ::testing::ValuesIn(kScripts));

// Expressions on fixed registers and memory, as printf() shows them. arg0 = 100, arg1 = 7,
// arg2 = -5, arg3 = address of "hello", arg4 = an unreadable address, arg5 = 0.
struct Evaluation {
  const char* expression;
  const char* shown;
};

void PrintTo(const Evaluation& evaluation, std::ostream* out) { *out << evaluation.expression; }

class Evaluates : public ::testing::TestWithParam<Evaluation> {};

TEST_P(Evaluates, As) {
  const auto& [expression, shown] = GetParam();
  Machine m = machine("uprobe:go:\"f\" { print(" + std::string(expression) + "); }");
  const uint64_t args[] = {100, 7, static_cast<uint64_t>(-5), 0x20000, 0x30000, 0};
  for (unsigned i = 0; i < 6; i++) m.process.set_reg(*arch::go_argument_register(i), args[i]);
  m.process.put_string(0x20000, "hello");
  m.process.put_u64(0x6ff000 + 8, 0x1122334455667788);
  m.hit(0);
  EXPECT_EQ(m.events(), std::string(shown) + " | ");
}

INSTANTIATE_TEST_SUITE_P(Table, Evaluates,
                         ::testing::ValuesIn(std::vector<Evaluation>{
                             {"arg0 + arg1", "107"},
                             {"arg0 - 200 == -100", "1"},
                             {"arg0 * arg1", "700"},
                             {"strlen(str(arg3))", "5"},
                             {"strlen(str(arg3, 3))", "3"},
                             {"strlen(str(arg4))", "<unknown>"},
                             {"strncmp(str(arg3), \"help\", 3)", "0"},
                             {"strncmp(str(arg3), \"help\", 4)", "1"},
                             {"strncmp(str(arg3), \"hello there\", 5)", "0"},
                             {"strncmp(str(arg3), \"hello there\", 6)", "1"},
                             {"strncmp(str(arg3), str(arg4), 6)", "<unknown>"},
                             {"strcontains(str(arg3), \"llo\")", "1"},
                             {"strcontains(str(arg3), \"lloo\")", "0"},
                             {"strcontains(str(arg3), \"hello!\")", "0"},
                             {"strcontains(str(arg3), str(arg3, 2))", "1"},
                             {"strstr(str(arg3), \"l\")", "2"},
                             {"strstr(str(arg3), \"lo\")", "3"},
                             {"strstr(str(arg3), \"\")", "0"},
                             {"strstr(str(arg4), \"l\")", "<unknown>"},
                             {"str(arg3)[1]", "101"},
                             {"str(arg3)[5]", "0"},
                             {"str(arg3)[arg1]", "0"},
                             {"str(arg3)[arg2]", "0"},
                             {"bswap((uint16)0x1234)", "13330"},
                             {"bswap((uint32)0x12345678)", "2018915346"},
                             {"bswap((uint64)1)", "72057594037927936"},
                             {"(arg1, arg0).1", "100"},
                             {"rand", "305419896"},
                             {"probetype", "uprobe"},
                             {"cgroup", "77"},
                             {"arg0 / arg1", "14"},
                             {"arg0 % arg1", "2"},
                             {"arg0 / arg5", "<unknown>"},
                             {"arg0 % arg5", "<unknown>"},
                             {"(int64)arg2 / 2", "-2"},
                             {"(int64)arg2 % 3", "-2"},
                             {"(int64)arg2 / -2", "2"},
                             {"(int64)arg0 / (int64)arg2", "-20"},
                             {"(int64)arg0 % (int64)arg2", "0"},
                             {"(int64)arg2 >> 1", "-3"},
                             {"arg2 >> 60", "15"},
                             {"arg0 << 3", "800"},
                             {"arg0 & 6 | 1", "5"},
                             {"arg0 ^ 1", "101"},
                             {"~arg5", "18446744073709551615"},
                             {"!arg5", "1"},
                             {"(int8)arg2", "-5"},
                             {"(uint8)arg2", "251"},
                             {"(uint32)arg2", "4294967291"},
                             {"(int64)arg2 < 0", "1"},
                             {"arg2 < 0", "0"},
                             {"arg0 > 50 && arg1 < 10", "1"},
                             {"arg0 > 500 || arg1 > 10", "0"},
                             {"arg5 == 0 || arg0 / arg5 == 1", "1"},
                             {"arg0 > 50 ? arg1 : arg0", "7"},
                             {"str(arg3)", "hello"},
                             {"str(arg3, 3)", "hel"},
                             {"str(arg3, arg5)", ""},
                             {"str(arg4)", "<not readable>"},
                             {"str(arg4, 4)", "<not readable>"},
                             {"str(arg4, 0)", ""},
                             {"str(*(uint64*)arg4)", "<not readable>"},
                             {"str(arg3) == \"hello\"", "1"},
                             {"str(arg3) == \"hell\"", "0"},
                             {"str(arg3) != \"hello world\"", "1"},
                             {"str(arg3, 4) == \"hell\"", "1"},
                             {"str(arg4) == \"hello\"", "0"},
                             {"str(arg3) == str(arg3, 5)", "1"},
                             {"str(arg3) == str(arg3, 4)", "0"},
                             {"str(arg4) == str(arg4)", "1"},
                             {"*(uint8*)arg3", "104"},
                             {"*(uint16*)(arg3 + 1)", "27749"},
                             {"*(uint64*)arg4", "<unknown>"},
                             {"*(uint64*)arg4 == 5 ? 1 : 2", "<unknown>"},
                             {"sarg0 == 0x1122334455667788", "1"},
                             {"sarg1", "<unknown>"},
                             {"comm", "fake"},
                             {"pid", "100"},
                             {"tid", "101"},
                             {"uid", "1000"},
                             {"gid", "1001"},
                             {"nsecs", "2000000"},
                             {"elapsed", "1500000"},
                             {"goid", "7"},
                             {"goid(5242880)", "7"},  // kG
                             {"goid(arg4)", "<unknown>"},
                             {"outermost", "<unknown>"},  // no return is seen
                             {"wait_name(arg1)", "7"},
                             {"comm == \"fake\" ? \"yes\" : \"no\"", "yes"},
                             {"func", "0"},
                             {"probe", "0"},
                         }));

TEST(Strings, CutAtTheirCapacityAndSaySo) {
  Machine m = machine(
      "uprobe:go:\"f\" { printf(\"%s %s\", str(arg0), str(arg0, 20)); "
      "@[str(arg0)] = 1; }",
      12);
  for (const char* text : {"elevenbytes", "twelve bytes", "thirteen byte"}) {
    m.process.set_reg(PtRegs::ax, 0x20000);
    m.process.put_string(0x20000, std::string(text));
    m.process.put_string(0x20010, "further bytes");
    m.hit(0);
  }
  std::string events = m.events();
  EXPECT_EQ(events.substr(0, events.find(' ')), "elevenbytes");
  EXPECT_NE(events.find("| twelve bytes twelve bytes.. "), std::string::npos) << events;
  EXPECT_NE(events.find("| thirteen byt.. thirteen byt.. "), std::string::npos) << events;
  EXPECT_EQ(m.entries("@"), 3u);
}

TEST(Strings, KeysAreEqualWhateverWasInMemoryBefore) {
  Machine m = machine("uprobe:go:\"f\" { @[str(arg0), str(arg1, arg2)] = count(); }");
  m.process.set_reg(PtRegs::ax, 0x20000);
  m.process.set_reg(PtRegs::bx, 0x20000);
  for (const char* text :
       {"a long text of many words", "ab", "a long text of many words", "ab", "ab"}) {
    m.process.put_string(0x20000, text);
    m.process.set_reg(PtRegs::cx, std::strlen(text));
    m.hit(0);
  }
  EXPECT_EQ(m.entries("@"), 2u);
  m.process.set_reg(PtRegs::ax, 0x999);
  m.process.set_reg(PtRegs::bx, 0x999);
  m.hit(0);
  m.hit(0);
  EXPECT_EQ(m.entries("@"), 3u);
}

TEST(Statements, VariablesMapsAndFlow) {
  Machine m = machine(R"(uprobe:go:"f" {
    $i = 5; $i++; --$i; $j = $i-- * 2; @i = $i; @j = $j;
    if ($j == 10) { @then = 1; } else { @then = 2; }
    @n += arg0; @n -= 1; @m[1, 2]++; ++@m[1, 2]; $old = @m[1, 2]++; @old = $old;
    @s = "abc"; $t = @s; @t[$t] = 1; @missing = @m[9, 9];
    if (@s == "abc") { return; }
    @never = 1;
  } uprobe:go:"f" { @after = 1; })");
  m.process.set_reg(PtRegs::ax, 10);
  m.hit(0);
  EXPECT_EQ(m.value("@i"), 4u);
  EXPECT_EQ(m.value("@j"), 10u);
  EXPECT_EQ(m.value("@then"), 1u);
  EXPECT_EQ(m.value("@n"), 9u);
  EXPECT_EQ(m.value("@m", {1, 2}), 3u);
  EXPECT_EQ(m.value("@old"), 2u);
  EXPECT_EQ(m.value("@missing"), 0u);
  EXPECT_EQ(m.value("@never"), std::nullopt);
  EXPECT_EQ(m.value("@after"), 1u) << "return ends its own clause only";
  EXPECT_EQ(m.entries("@t"), 1u);
}

TEST(Unknown, SkipsStatementsAndIsCounted) {
  Machine m = machine(R"(uprobe:go:"f" / *(uint64*)arg0 == 5 / { @never = 1; }
    uprobe:go:"f" { $p = *(uint64*)arg0; printf("%d", $p); @a = $p; @b[$p] = count(); @c = 1;
      if ($p == 1) { @d = 1; } else { @d = 2; } $p = 3; @e = $p; })");
  m.process.set_reg(PtRegs::ax, 0x999);
  m.hit(0);
  EXPECT_EQ(m.events(), "<unknown> | ");
  EXPECT_EQ(m.value("@never"), std::nullopt);
  EXPECT_EQ(m.value("@a"), std::nullopt);
  EXPECT_EQ(m.entries("@b"), 0u);
  EXPECT_EQ(m.value("@c"), 1u);
  EXPECT_EQ(m.value("@d"), std::nullopt);
  EXPECT_EQ(m.value("@e"), 3u);
  // The predicate, @a, @b and the if.
  EXPECT_EQ(m.bpf.globals().undecided, 4u);
}

TEST(Aggregations, CountSumAvgMinMax) {
  Machine m = machine(R"(uprobe:go:"f" { @c = count(); @s = sum((int64)arg0); @a = avg((int64)arg0);
    @lo = min((int64)arg0); @hi = max((int64)arg0); @ulo = min(arg0); @uhi[1] = max(arg0); })");
  int cpu = 0;
  for (int64_t value : {5, -7, 100, 0}) {
    m.process.cpu = static_cast<uint32_t>(cpu++ % 2);
    m.process.set_reg(PtRegs::ax, static_cast<uint64_t>(value));
    m.hit(0);
  }
  auto best = [&](const char* name, std::initializer_list<uint64_t> key) {
    uint64_t out = 0;
    for (const bpf::UserMap& map : m.script.object.user_maps)
      for (uint32_t cpu = 0; map.name == name && cpu < BpfInterpreter::kCpus; cpu++)
        out = std::max(out, u64_at(*m.bpf.lookup(map.map, m.key_of(key), cpu), 0));
    return out;
  };
  constexpr uint64_t kSign = uint64_t{1} << 63;
  EXPECT_EQ(m.value("@c"), 4u);
  EXPECT_EQ(m.value("@s"), 98u);
  EXPECT_EQ(m.value("@a"), 98u);
  EXPECT_EQ(m.value("@a", {}, 1), 4u);
  EXPECT_EQ(~best("@lo", {}) ^ kSign, static_cast<uint64_t>(-7));
  EXPECT_EQ(best("@hi", {}) ^ kSign, 100u);
  EXPECT_EQ(~best("@ulo", {}), 0u);
  EXPECT_EQ(best("@uhi", {1}), static_cast<uint64_t>(-7));
  EXPECT_EQ(m.value("@lo", {}, 1), 4u);
}

TEST(Aggregations, ExtremesGiveUpAfterEndlessRacesAndCountIt) {
  Machine m = machine("uprobe:go:\"f\" { @ = max(arg0); }");
  m.process.set_reg(PtRegs::ax, 1000);
  m.bpf.race_values = {1};  // one race: tried again
  m.hit(0);
  EXPECT_EQ(m.value("@"), 1000u);
  EXPECT_EQ(m.bpf.globals().contended, 0u);
  m.process.set_reg(PtRegs::ax, 5000);
  for (uint64_t i = 0; i < 100; i++) m.bpf.race_values.push_back(2000 + i);
  m.hit(0);
  EXPECT_EQ(m.bpf.globals().contended, 1u);
}

TEST(Histograms, BucketsAreAsDefined) {
  std::vector<uint64_t> values;
  for (int bit = 0; bit < 64; bit++)
    for (uint64_t delta : {-1, 0, 1, 3}) values.push_back((uint64_t{1} << bit) + delta);
  std::mt19937_64 random(7);
  for (int i = 0; i < 200; i++) values.push_back(random() >> random() % 64);
  for (uint32_t bits = 0; bits <= 5; bits++) {
    for (bool is_signed : {false, true}) {
      std::string value = is_signed ? "(int64)arg0" : "arg0";
      Machine m =
          machine("uprobe:go:\"f\" { @ = hist(" + value + ", " + std::to_string(bits) + "); }");
      std::vector<uint64_t> expected(bpf::hist_buckets(bits));
      for (uint64_t v : values) {
        m.process.set_reg(PtRegs::ax, v);
        m.hit(0);
        ASSERT_LT(hist_bucket(v, is_signed, bits), expected.size());
        expected[hist_bucket(v, is_signed, bits)]++;
      }
      for (size_t i = 0; i < expected.size(); i++)
        EXPECT_EQ(m.value("@", {}, i), expected[i]) << "bits " << bits << " bucket " << i;
    }
  }
}

TEST(Histograms, LinearBucketsAreAsDefined) {
  struct Case {
    int64_t min, max, step;
  };
  for (auto [min, max, step] : {Case{0, 100, 10}, Case{-10, 10, 3}, Case{5, 1000005, 1000}}) {
    for (bool is_signed : {false, true}) {
      std::string value = is_signed ? "(int64)arg0" : "arg0";
      Machine m = machine("uprobe:go:\"f\" { @ = lhist(" + value + ", " + std::to_string(min) +
                          ", " + std::to_string(max) + ", " + std::to_string(step) + "); }");
      std::vector<uint64_t> expected(static_cast<size_t>((max - min) / step) + 2);
      for (int64_t v = -30; v < 130; v++) {
        auto raw = static_cast<uint64_t>(v);
        m.process.set_reg(PtRegs::ax, raw);
        m.hit(0);
        expected[lhist_bucket(raw, is_signed, min, max, step)]++;
      }
      for (size_t i = 0; i < expected.size(); i++)
        EXPECT_EQ(m.value("@", {}, i), expected[i]) << min << ".." << max << " bucket " << i;
    }
  }
}

TEST(Hits, OfOtherProcessesAndAfterExitDoNothing) {
  Machine m = machine(
      "uprobe:go:\"f\" { @ = count(); } uprobe:go:\"f\" /arg0 == 9/ { exit(4); }"
      " END { printf(\"end\"); }");
  bpf::Globals globals = m.bpf.globals();
  globals.tgid = 5;
  m.bpf.set_globals(globals);
  m.hit(0);
  EXPECT_EQ(m.value("@"), 0u);
  m.process.tgid = 5;
  m.hit(0);
  EXPECT_EQ(m.value("@"), 1u);
  m.process.set_reg(PtRegs::ax, 9);
  m.hit(0);
  EXPECT_EQ(m.events(), "4 | ");
  EXPECT_EQ(m.bpf.globals().exiting, 1u);
  m.hit(0);
  EXPECT_EQ(m.value("@"), 2u);
  m.hit(1);
  EXPECT_EQ(m.events(), "4 | | ");
}

TEST(Losses, AreCounted) {
  Machine m = machine(
      "uprobe:go:\"f\" { printf(\"%d\", arg0); @a[arg0] = 1; @b[arg0]++; "
      "@c[arg0] = count(); }",
      64, 2);
  m.bpf.ring_capacity = 3;
  for (uint64_t i = 0; i < 5; i++) {
    m.process.set_reg(PtRegs::ax, i);
    m.hit(0);
  }
  EXPECT_EQ(m.bpf.globals().ring_full, 2u);
  for (uint32_t map = 0; map < 3; map++) EXPECT_EQ(m.bpf.map_full(map), 3u) << map;
  EXPECT_EQ(m.bpf.globals().undecided, 0u);
}

TEST(Losses, BusyScratchSlotsAreCountedAndReleased) {
  Machine m = machine("uprobe:go:\"f\" { @[str(arg0)] = count(); }");
  m.process.set_reg(PtRegs::ax, 0x20000);
  m.process.put_string(0x20000, "x");
  m.hit(0);
  Buffer scratch = *m.bpf.lookup(BpfObject::kScratch, Buffer(4));
  EXPECT_EQ(u64_at(scratch, 0), 0u) << "the slot is released";
  scratch[0] = 0x0f;
  m.bpf.update(BpfObject::kScratch, Buffer(4), scratch);
  m.hit(0);
  EXPECT_EQ(m.bpf.globals().scratch_busy, 1u);
  scratch[0] = 0x07;  // the last slot is free
  m.bpf.update(BpfObject::kScratch, Buffer(4), scratch);
  m.hit(0);
  EXPECT_EQ(m.bpf.globals().scratch_busy, 1u);
  scratch = *m.bpf.lookup(BpfObject::kScratch, Buffer(4));
  EXPECT_EQ(u64_at(scratch, 0), 7u);
}

// Frames. Program 0 is the entry, program 1 the return.
constexpr const char* kTimed = "uretprobe:go:\"f\" { @ = sum(duration); @n = count(); }";

class Frames : public ::testing::TestWithParam<const char*> {
 protected:
  Machine m_ = machine("uretprobe:" + std::string(GetParam()) +
                       ":\"f\" { @ = sum(duration); @n = count(); }");
  bool c_ = std::string(GetParam()) == "cframes";
  void call(uint64_t sp, uint64_t at) {
    m_.sp(sp);
    m_.process.ktime_ns = at;
    m_.hit(0);
  }
  void ret(uint64_t sp, uint64_t at) {
    m_.sp(c_ ? sp + 8 : sp);
    m_.process.ktime_ns = at;
    m_.hit(1);
  }
  void expect(uint64_t calls, uint64_t total) {
    EXPECT_EQ(m_.value("@n").value_or(0), calls);
    EXPECT_EQ(m_.value("@").value_or(0), total);
  }
  void expect_nothing_left() {
    EXPECT_EQ(m_.bpf.entries(BpfObject::kFrames), 0u);
    EXPECT_EQ(m_.bpf.entries(BpfObject::kTops), 0u);
  }
};

TEST_P(Frames, ACallHasItsDuration) {
  call(0x6ff000, 1000);
  ret(0x6ff000, 1500);
  expect(1, 500);
  expect_nothing_left();
}

TEST_P(Frames, RecursionIsToldApartByDepth) {
  uint64_t expected = 0;
  for (uint64_t i = 0; i < 300; i++) call(0x6ff000 - 64 * i, 1000 + i);
  EXPECT_EQ(m_.bpf.entries(BpfObject::kFrames), 300u);
  for (uint64_t i = 300; i-- > 0;) {
    ret(0x6ff000 - 64 * i, 10000 - 10 * i);
    expected += 10000 - 10 * i - (1000 + i);
  }
  expect(300, expected);
  EXPECT_EQ(m_.bpf.globals().unwound, 0u);
  expect_nothing_left();
}

TEST_P(Frames, TheOutermostOfARecursion) {
  Machine m = machine("uretprobe:" + std::string(GetParam()) +
                      ":\"f\" { @ = sum(duration); if (outermost) { @n = count(); } } uprobe:" +
                      GetParam() + ":\"f\" /outermost/ { @begun = count(); }");
  const auto hit = [&](size_t program, uint64_t sp) {
    m.sp(program == 1 && c_ ? sp + 8 : sp);
    m.hit(program);
  };
  for (int calls = 1; calls <= 2; calls++) {
    for (uint64_t i = 0; i < 5; i++) hit(0, 0x6ff000 - 64 * i);
    EXPECT_EQ(m.value("@begun"), calls);
    for (uint64_t i = 5; i-- > 1;) hit(1, 0x6ff000 - 64 * i);
    EXPECT_EQ(m.value("@n").value_or(0), calls - 1);
    hit(1, 0x6ff000);
    EXPECT_EQ(m.value("@n"), calls);
  }
  // One that a panic threw away is not around the next.
  hit(0, 0x6ff000 - 64);
  hit(0, 0x6ff000 - 64);
  EXPECT_EQ(m.value("@begun"), 4u);
}

TEST(Maps, LargeElementsAreAllocatedBeforehandIfThereAreFew) {
  const auto allocated_late = [](uint32_t keys) {
    const Machine m = machine("uprobe:go:\"f\" { @[func] = hist(arg0, 5); }", 1024, keys);
    return m.script.object.maps[m.script.object.user_maps[0].map].no_prealloc;
  };
  EXPECT_FALSE(allocated_late(3));
  EXPECT_TRUE(allocated_late(4096));
}

TEST_P(Frames, ADepthIsTheSameAtBothEndsOfACall) {
  Machine m =
      machine("uprobe:" + std::string(GetParam()) +
              ":\"f\" { @begun = depth; } uretprobe:" + GetParam() + ":\"f\" { @ended = depth; }");
  const auto hit = [&](size_t program, uint64_t sp) {
    m.sp(program == 1 && c_ ? sp + 8 : sp);
    m.hit(program);
  };
  hit(0, 0x6ff000);
  const auto outer = m.value("@begun");
  ASSERT_TRUE(outer);
  hit(0, 0x6ff000 - 64);
  EXPECT_EQ(m.value("@begun"), *outer + 64);
  hit(1, 0x6ff000 - 64);
  EXPECT_EQ(m.value("@ended"), *outer + 64);
  hit(1, 0x6ff000);
  EXPECT_EQ(m.value("@ended"), outer);
}

TEST_P(Frames, WhatAPanicThrewAwayIsUnwound) {
  for (uint64_t i = 0; i < 300; i++) call(0x6ff000 - 64 * i, 1000);
  ret(0x6ff000, 2000);  // recovered in the outermost call
  expect(1, 1000);
  EXPECT_EQ(m_.bpf.globals().unwound, 299u);
  expect_nothing_left();
  for (uint64_t i = 1; i < 4; i++) call(0x6ff000 - 64 * i, 3000);
  call(0x6ff000 - 64, 4000);  // a new call as deep as a dead one
  ret(0x6ff000 - 64, 4100);
  expect(2, 1100);
  EXPECT_EQ(m_.bpf.globals().unwound, 302u);
  expect_nothing_left();
}

TEST_P(Frames, ACallBegunBeforeIsMissingNotGuessed) {
  ret(0x6ff000, 2000);
  expect(0, 0);
  EXPECT_EQ(m_.bpf.globals().frames_missing, 1u);
  call(0x6fe000, 3000);
  ret(0x6ff000, 4000);  // an outer one
  EXPECT_EQ(m_.bpf.globals().frames_missing, 2u);
  EXPECT_EQ(m_.bpf.globals().unwound, 1u);
  expect(0, 0);
  expect_nothing_left();
}

INSTANTIATE_TEST_SUITE_P(Sources, Frames,
                         ::testing::Values("go", "go15", "gotls", "gocheck", "cframes"));

TEST(GoFrames, FollowTheGoroutineNotTheThread) {
  Machine m = machine(kTimed);
  m.process.ktime_ns = 100;
  m.hit(0);
  m.process.tid = 555;  // migrated
  m.goroutine(8);       // another goroutine there meanwhile, at the same depth
  m.process.ktime_ns = 150;
  m.hit(0);
  m.goroutine(7);
  m.process.ktime_ns = 400;
  m.hit(1);
  EXPECT_EQ(m.value("@"), 300u);
  // The stack moved: k stays.
  m.goroutine(8);
  m.process.put_u64(kG + 8, kStackHi + 0x10000);
  m.sp(0x6ff000 + 0x10000);
  m.hit(1);
  EXPECT_EQ(m.value("@"), 550u);
  EXPECT_EQ(m.bpf.entries(BpfObject::kTops), 0u);
}

TEST(GoFrames, OnG0ThePointerStandsForTheGoroutine) {
  Machine m = machine(kTimed);
  m.goroutine(0);
  m.hit(0);
  std::vector<Buffer> keys = m.bpf.keys(BpfObject::kFrames);
  ASSERT_EQ(keys.size(), 1u);
  EXPECT_EQ(u64_at(keys[0], offsetof(bpf::FrameKey, goroutine)), kG);
  m.hit(1);
  EXPECT_EQ(m.value("@n"), 1u);
}

TEST(GoFrames, WhereGoidIsNotKnownThePointerStandsForTheGoroutine) {
  auto compiled = compile_script(
      "uretprobe:go:\"f\" { @ = sum(duration); @n = count(); printf(\"%d\", goid); }");
  ASSERT_TRUE(compiled.ok());
  for (plan::Program& program : compiled->plan.programs) program.shape.goid_offset = 0;
  auto object = codegen::generate(compiled->program, compiled->plan);
  ASSERT_TRUE(object.ok()) << object.error().message;
  compiled->object = std::move(*object);
  Machine m(std::move(*compiled));
  m.process.ktime_ns = 100;
  m.hit(0);
  std::vector<Buffer> keys = m.bpf.keys(BpfObject::kFrames);
  ASSERT_EQ(keys.size(), 1u);
  EXPECT_EQ(u64_at(keys[0], offsetof(bpf::FrameKey, goroutine)), kG);
  m.process.ktime_ns = 150;
  m.hit(1);
  EXPECT_EQ(m.value("@"), 50u);
  EXPECT_EQ(m.events(), "<unknown> | ");
  EXPECT_EQ(m.bpf.globals().no_goroutine, 0u);
}

/// kTimed, and as program 2 what ends calls without a return.
Machine with_end(bool plan::Shape::*what) {
  auto compiled = compile_script(kTimed);
  EXPECT_TRUE(compiled.ok());
  plan::Program end = compiled->plan.programs.at(0);
  end.shape.actions.clear();
  end.shape.push_frame = false;
  end.shape.*what = true;
  compiled->plan.programs.push_back(end);
  auto object = codegen::generate(compiled->program, compiled->plan);
  EXPECT_TRUE(object.ok()) << object.error().message;
  compiled->object = std::move(*object);
  return Machine(std::move(*compiled));
}

TEST(GoFrames, ARecoveryEndsWhatIsDeeper) {
  Machine m = with_end(&plan::Shape::unwinds);
  m.hit(2);
  for (uint64_t i = 0; i < 3; i++) {
    m.sp(0x6ff000 - 64 * i);
    m.hit(0);
  }
  m.sp(0x6ff000 - 8);  // in the first of them
  m.hit(2);
  EXPECT_EQ(m.bpf.globals().unwound, 2u);
  EXPECT_EQ(m.bpf.entries(BpfObject::kFrames), 1u);
  m.sp(0x6ff000);  // called where that one was
  m.hit(2);
  EXPECT_EQ(m.bpf.globals().unwound, 3u);
  EXPECT_EQ(m.bpf.entries(BpfObject::kFrames), 0u);
  EXPECT_EQ(m.bpf.entries(BpfObject::kTops), 0u);
}

TEST(GoFrames, TheEndOfAGoroutineEndsItsCalls) {
  Machine m = with_end(&plan::Shape::end_goroutine);
  m.hit(2);
  EXPECT_EQ(m.bpf.globals().unwound, 0u) << "mostly there are none";
  for (uint64_t i = 0; i < 3; i++) {
    m.sp(0x6ff000 - 64 * i);
    m.hit(0);
  }
  m.sp(0x6ffff0);  // wherever its stack pointer is
  m.hit(2);
  EXPECT_EQ(m.bpf.globals().unwound, 3u);
  EXPECT_EQ(m.bpf.entries(BpfObject::kFrames), 0u);
  EXPECT_EQ(m.bpf.entries(BpfObject::kTops), 0u);
  EXPECT_EQ(m.value("@n").value_or(0), 0u);
}

TEST(GoFrames, OfTooManyCallsOfAnEndedGoroutineTheRestHangsOnNoChain) {
  Machine m = with_end(&plan::Shape::end_goroutine);
  for (uint64_t i = 0; i < 600; i++) {
    m.sp(0x6ff000 - 64 * i);
    m.hit(0);
  }
  m.hit(2);
  EXPECT_EQ(m.bpf.globals().unwound, 512u);
  EXPECT_EQ(m.bpf.entries(BpfObject::kFrames), 88u);
  EXPECT_EQ(m.bpf.entries(BpfObject::kTops), 0u);
}

TEST(GoFrames, AnEmptyFunctionTakesNoTime) {
  auto compiled = compile_script(kTimed);
  ASSERT_TRUE(compiled.ok());
  plan::Program both = compiled->plan.programs.at(1);
  both.shape.push_frame = true;
  compiled->plan.programs = {both};
  auto object = codegen::generate(compiled->program, compiled->plan);
  ASSERT_TRUE(object.ok()) << object.error().message;
  compiled->object = std::move(*object);
  Machine m(std::move(*compiled));
  m.process.ktime_step = 7;
  m.hit(0);
  EXPECT_EQ(m.value("@n"), 1u);
  EXPECT_EQ(m.value("@"), 0u);
}

TEST(GoFrames, RecoveredIsWhatIsKnownOfTheReturn) {
  for (go::Recovery recovery : {go::Recovery::No, go::Recovery::Yes, go::Recovery::Unknown}) {
    auto compiled =
        compile_script("uretprobe:go:\"f\" { printf(\"%d\", recovered); @[recovered] = count(); }");
    ASSERT_TRUE(compiled.ok());
    compiled->plan.programs.at(0).shape.recovery = recovery;
    auto object = codegen::generate(compiled->program, compiled->plan);
    ASSERT_TRUE(object.ok()) << object.error().message;
    compiled->object = std::move(*object);
    const bool unknown = recovery == go::Recovery::Unknown;
    const bpf::Field& field = compiled->object.events.at(0).fields.at(0);
    EXPECT_EQ(field.unknown_offset >= 0, unknown);
    if (unknown) {
      EXPECT_EQ(field.unknown_reason, "not known: its defers are not open-coded");
    }
    Machine m(std::move(*compiled));
    m.hit(0);
    EXPECT_EQ(m.events(), unknown                         ? "<unknown> | "
                          : recovery == go::Recovery::Yes ? "1 | "
                                                          : "0 | ");
    EXPECT_EQ(m.bpf.globals().undecided, unknown ? 1u : 0u);
  }
}

TEST(GoFrames, WhereAnInlinedCallBeginsItsArgumentsAreUnknown) {
  auto compiled = compile_script("uprobe:go:\"f\" { printf(\"%d %d %d\", arg0, sarg1, goid); }");
  ASSERT_TRUE(compiled.ok());
  compiled->plan.programs.at(0).shape.inlined = true;
  auto object = codegen::generate(compiled->program, compiled->plan);
  ASSERT_TRUE(object.ok()) << object.error().message;
  compiled->object = std::move(*object);
  EXPECT_EQ(compiled->object.events.at(0).fields.at(0).unknown_reason, "inlined: not known here");
  Machine m(std::move(*compiled));
  m.hit(0);
  const std::string seen = m.events();
  EXPECT_EQ(seen.find("<unknown> <unknown> "), 0u) << seen;
  EXPECT_EQ(seen.find("<unknown> <unknown> <unknown>"), std::string::npos) << seen;
}

TEST(GoFrames, AnUnreadableGoroutineIsCounted) {
  Machine m = machine(
      "uretprobe:go:\"f\" { @ = sum(duration); } uretprobe:go:\"f\" { @n = count(); "
      "printf(\"%d\", goid); }");
  m.process.set_reg(PtRegs::r14, 1);
  m.hit(0);
  m.hit(1);
  EXPECT_EQ(m.bpf.globals().no_goroutine, 2u);
  EXPECT_EQ(m.bpf.globals().frames_missing, 0u);
  EXPECT_EQ(m.value("@n"), 1u) << "a clause without duration runs";
  EXPECT_EQ(m.events(), "<unknown> | ");
}

TEST(GoFrames, WhereTheThreadsStorageIsNotKnownNoGoroutineIsReadFromIt) {
  auto compiled = compile_script("uprobe:go15:\"f\" { printf(\"%d\", goid); }");
  ASSERT_TRUE(compiled.ok());
  plan::Shape& shape = compiled->plan.programs[0].shape;
  shape.g = go::GSource::Tls;
  shape.tls_offset = 0;
  auto object = codegen::generate(compiled->program, compiled->plan);
  ASSERT_TRUE(object.ok()) << object.error().message;
  compiled->object = std::move(*object);
  Machine m(std::move(*compiled));
  m.hit(0);
  EXPECT_EQ(m.bpf.globals().no_goroutine, 1u);
  EXPECT_EQ(m.events(), "<unknown> | ");
}

TEST(GoFrames, AFullMapIsCounted) {
  auto compiled = compile_script(kTimed);
  ASSERT_TRUE(compiled.ok());
  compiled->object.maps[BpfObject::kFrames].max_entries = 2;
  Machine m(std::move(*compiled));
  for (uint64_t i = 0; i < 3; i++) {
    m.sp(0x6ff000 - 64 * i);
    m.hit(0);
  }
  EXPECT_EQ(m.bpf.globals().frames_full, 1u);
  for (uint64_t i = 3; i-- > 0;) {
    m.sp(0x6ff000 - 64 * i);
    m.hit(1);
  }
  EXPECT_EQ(m.value("@n"), 2u);
  EXPECT_EQ(m.bpf.globals().frames_missing, 1u);
  EXPECT_EQ(m.bpf.entries(BpfObject::kTops), 0u);
}

TEST(GoFrames, AStackCheckThatGrowsTheStackIsNoCall) {
  Machine m = machine(
      "uprobe:gocheck:\"f\" { @in = count(); } uretprobe:gocheck:\"f\" "
      "{ @ = sum(duration); }");
  m.process.set_reg(PtRegs::flags, arch::Flags::carry);
  m.hit(0);
  m.process.set_reg(PtRegs::flags, arch::Flags::zero);
  m.hit(0);
  EXPECT_EQ(m.value("@in"), 0u);
  EXPECT_EQ(m.bpf.entries(BpfObject::kFrames), 0u);
  m.process.set_reg(PtRegs::flags, 0x200);
  m.hit(0);
  EXPECT_EQ(m.value("@in"), 1u);
  EXPECT_EQ(m.bpf.entries(BpfObject::kFrames), 1u);
}

TEST(GoFrames, AWrappersClauseRunsOnlyIfTheWrapperCalled) {
  Machine m = machine("uretprobe:go:\"wrapped\" { @[func] = count(); @d[func] = sum(duration); }");
  m.process.ktime_ns = 100;
  m.hit(0);
  m.process.ktime_ns = 300;
  m.hit(1);
  EXPECT_EQ(m.value("@", {0}), 1u);
  EXPECT_EQ(m.value("@", {10}), std::nullopt);
  // The wrapper (function 10) is entered at the same k, and jumps to the function.
  m.process.ktime_ns = 1000;
  uint64_t cookie = m.script.plan.programs[0].sites[0].cookie;
  m.script.plan.programs[0].sites[0].cookie = plan::Cookie{.self = 10}.pack();
  m.hit(0);
  m.script.plan.programs[0].sites[0].cookie = cookie;
  m.process.ktime_ns = 1010;
  m.hit(0);
  EXPECT_EQ(m.bpf.entries(BpfObject::kFrames), 2u);
  EXPECT_EQ(m.bpf.globals().unwound, 0u);
  m.process.ktime_ns = 1100;
  m.hit(1);
  EXPECT_EQ(m.value("@", {0}), 2u);
  EXPECT_EQ(m.value("@", {10}), 1u);
  EXPECT_EQ(m.value("@d", {0}), 290u);
  EXPECT_EQ(m.value("@d", {10}), 100u);
  EXPECT_EQ(m.bpf.entries(BpfObject::kFrames), 0u);
  EXPECT_EQ(m.bpf.entries(BpfObject::kTops), 0u);
  EXPECT_EQ(m.bpf.globals().frames_missing, 0u);
}

TEST(Unknown, TheReasonIsNotMadeUp) {
  auto compiled = compile_script(
      "BEGIN { $z = 0; $p = (uint64*)8; "
      "printf(\"%d %d %d %d\", 1 / $z, *$p, *$p % $z, *(uint64*)(8 / $z)); }");
  ASSERT_TRUE(compiled.ok()) << compiled.error().message;
  const std::vector<bpf::Field>& fields = compiled->object.events.at(0).fields;
  EXPECT_EQ(fields.at(0).unknown_reason, "divided by zero");
  EXPECT_EQ(fields.at(1).unknown_reason, "not readable");
  EXPECT_EQ(fields.at(2).unknown_reason, "not readable or divided by zero");
  EXPECT_EQ(fields.at(3).unknown_reason, "not readable or divided by zero");
}

TEST(Limits, AnOverlargeScriptIsAUserError) {
  std::string script = "uprobe:go:\"f\" { @[";
  for (int i = 0; i < 20; i++) script += (i ? ", " : "") + std::string("str(arg0)");
  auto compiled = compile_script(script + "] = count(); }");
  ASSERT_FALSE(compiled.ok());
  EXPECT_NE(compiled.error().message.find("too large"), std::string::npos)
      << compiled.error().message;
  script = "uprobe:go:\"f\" { ";
  for (int i = 0; i < 20; i++)
    script += "$s" + std::to_string(i) + " = str(arg0); if ($s" + std::to_string(i) +
              " == str(arg1)) { @ = count(); } ";
  compiled = compile_script(script + "}");
  ASSERT_FALSE(compiled.ok());
  EXPECT_NE(compiled.error().message.find("more memory"), std::string::npos);
  script = "uprobe:go:\"f\" { ";
  for (int i = 0; i < 3000; i++) script += "@[arg0 + " + std::to_string(i) + "] = hist(arg1); ";
  compiled = compile_script(script + "}");
  ASSERT_FALSE(compiled.ok());
  EXPECT_NE(compiled.error().message.find("more code"), std::string::npos);
  // The kernel takes 64 maps a program, ours among them.
  auto with_maps = [](int first, int last) {
    std::string clause = "uprobe:go:\"f\" { ";
    for (int i = first; i < last; i++) clause += "@m" + std::to_string(i) + "[pid] = count(); ";
    return clause + "}\n";
  };
  EXPECT_TRUE(compile_script(with_maps(0, 60)).ok());
  compiled = compile_script(with_maps(0, 35) + with_maps(35, 70));
  ASSERT_FALSE(compiled.ok());
  EXPECT_NE(compiled.error().message.find("64 maps"), std::string::npos)
      << compiled.error().message;
}

TEST(Deterministic, TheSameScriptGivesTheSameObject) {
  for (const char* script : kScripts) {
    auto a = compile_script(script), b = compile_script(script);
    ASSERT_TRUE(a.ok() && b.ok());
    EXPECT_EQ(dump(a->object), dump(b->object));
  }
}

// Bytecode is ours to pin. GOTAP_UPDATE_GOLDEN=1 writes the files anew.
TEST(Golden, Listings) {
  struct Case {
    const char* name;
    const char* script;
  };
  const Case cases[] = {
      {"count", "uprobe:go:\"f\" { @ = count(); }"},
      {"printf", "uprobe:go:\"f\" { printf(\"%d %s\\n\", arg0, str(arg1, arg2)); }"},
      {"predicate", "uprobe:c:\"f\" / arg0 > 5 && comm == \"x\" / { @[pid] = sum(arg1); }"},
      {"latency", "uretprobe:go:\"f\" { @usecs = hist(duration / 1000); }"},
  };
  for (const auto& [name, script] : cases) {
    auto compiled = compile_script(script);
    ASSERT_TRUE(compiled.ok()) << compiled.error().message;
    std::string path = std::string(GOTAP_SOURCE_DIR) + "/tests/golden/bpf/" + name + ".txt";
    std::string listing = std::string("# ") + script + "\n" + dump(compiled->object);
    if (std::getenv("GOTAP_UPDATE_GOLDEN")) std::ofstream(path) << listing;
    std::ostringstream golden;
    golden << std::ifstream(path).rdbuf();
    EXPECT_EQ(listing, golden.str()) << "GOTAP_UPDATE_GOLDEN=1 writes " << path << " anew";
  }
}

}  // namespace

}  // namespace gotap::codegen
