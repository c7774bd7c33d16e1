#include "trace/decode.h"

#include <gtest/gtest.h>

#include <cstring>

#include "bpf/object.h"
#include "trace/test_sink.h"

namespace gotap::trace {
namespace {

using testing::show;

Bytes view(const std::vector<uint64_t>& words) {
  return {reinterpret_cast<const uint8_t*>(words.data()), words.size() * 8};
}

Type pointer() { return {Type::Kind::Pointer, false, 8, 8}; }

TEST(Decode, Integers) {
  struct {
    Type type;
    uint64_t raw;
    const char* expect;
    uint8_t size;
  } cases[] = {
      {Type::u64(), ~0ull, "18446744073709551615", 8},
      {Type::i64(), ~0ull, "-1", 8},
      {Type::integer(4, true), 0xfffffffe, "-2", 4},
      {Type::integer(4, false), 0xdeadfffffffe, "4294967294", 4},
      {Type::integer(1, true), 0x80, "-128", 1},
      {Type::integer(2, false), 0x12345, "9029", 2},
      {Type::of(Type::Kind::Bool), 2, "true", 8},
      {Type::of(Type::Kind::Bool), 0, "false", 8},
  };
  const plan::Plan plan;
  for (auto& c : cases) {
    std::vector<uint64_t> memory = {0, c.raw};
    output::Value value = decode_field({c.type, 8}, view(memory), plan, Shown::Plain);
    EXPECT_EQ(show(value), c.expect);
    EXPECT_EQ(value.int_size, c.size);
  }
}

TEST(Decode, WhatIsWaitedFor) {
  const std::pair<uint64_t, const char*> rows[] = {
      {WaitCode::kRunning, "running"},
      {WaitCode::kRunnable, "runnable"},
      {WaitCode::kForeign, "cgo or syscall"},
      {WaitCode::kReason + 14, "wait reason 14"},  // of a program whose runtime has no words
      {WaitCode::kSyscall, "syscall read"},
      {WaitCode::kSyscall + 74, "syscall fsync"},
      {WaitCode::kSyscall + 334, "syscall rseq"},
      {WaitCode::kSyscall + 335, "syscall 335"},
      {WaitCode::kSyscall + 424, "syscall pidfd_send_signal"},
      {WaitCode::kSyscall + 462, "syscall mseal"},
      {WaitCode::kSyscall + 5000, "syscall 5000"},
      {uint64_t{7} << 32 | (WaitCode::kReason + 2), "wait reason 2"}};
  const plan::Plan plan;
  for (const auto& [code, text] : rows) {
    const std::vector<uint64_t> memory = {code};
    EXPECT_EQ(show(decode_field({Type::of(Type::Kind::Wait), 0}, view(memory), plan, Shown::Plain)),
              text);
  }
}

TEST(Decode, PointersAreNumbersToPrintfOnly) {
  const plan::Plan plan;
  std::vector<uint64_t> memory = {255};
  EXPECT_EQ(show(decode_field({pointer(), 0}, view(memory), plan, Shown::Printf)), "255");
  EXPECT_EQ(show(decode_field({pointer(), 0}, view(memory), plan, Shown::Plain)), "0xff");
}

TEST(Decode, UnknownIsNeverANumber) {
  const plan::Plan plan;
  std::vector<uint64_t> memory = {42, 1};
  bpf::Field field{Type::u64(), 0, 8};
  EXPECT_EQ(show(decode_field(field, view(memory), plan, Shown::Printf)), "<not readable>");
  memory[1] = 0;
  EXPECT_EQ(show(decode_field(field, view(memory), plan, Shown::Printf)), "42");
}

std::vector<uint8_t> string_memory(uint32_t length, uint32_t state, const char* data, size_t n) {
  std::vector<uint8_t> memory(StringLayout::kData + n);
  std::memcpy(memory.data() + StringLayout::kLength, &length, 4);
  std::memcpy(memory.data() + StringLayout::kState, &state, 4);
  std::memcpy(memory.data() + StringLayout::kData, data, n);
  return memory;
}

TEST(Decode, Strings) {
  struct {
    uint32_t length, state;
    std::string expect;
  } cases[] = {
      {5, 0, "hello"},
      {8, 1, std::string("hello\0ab..", 10)},
      {0, 0, ""},
      {7, 0, std::string("hello\0a", 7)},
      {0, 2, "<not readable>"},
      {9, 0, "<record too short>"},  // longer than its capacity
      {0xffffffff, 1, "<record too short>"},
  };
  const plan::Plan plan;
  for (auto& c : cases) {
    auto memory = string_memory(c.length, c.state, "hello\0ab", 8);
    output::Value value =
        decode_field({Type::string(8), 0}, {memory.data(), memory.size()}, plan, Shown::Plain);
    EXPECT_EQ(show(value), c.expect);
  }
}

TEST(Decode, EveryTruncationIsSaidAndNothingIsReadOutside) {
  const plan::Plan plan;
  auto memory = string_memory(8, 0, "hello ab", 8);
  for (size_t size = 0; size < memory.size(); size++) {
    std::vector<uint8_t> cut(memory.begin(), memory.begin() + static_cast<std::ptrdiff_t>(size));
    output::Value value =
        decode_field({Type::string(8), 0}, {cut.data(), cut.size()}, plan, Shown::Plain);
    EXPECT_EQ(show(value), "<record too short>");
    if (size >= 8) continue;
    value = decode_field({Type::u64(), 0}, {cut.data(), cut.size()}, plan, Shown::Plain);
    EXPECT_EQ(show(value), "<record too short>");
  }
}

bpf::UserMap user_map(Type::Kind kind, bool is_signed = false) {
  bpf::UserMap map;
  map.name = "@m";
  map.value = Type::of(kind);
  map.value.is_signed = is_signed;
  return map;
}

TEST(Decode, AggregatesAreMergedOverCpus) {
  using Kind = Type::Kind;
  constexpr uint64_t kBias = 1ull << 63;
  struct {
    Kind kind;
    bool is_signed;
    uint32_t size;
    std::vector<uint64_t> memory;  // of three CPUs
    const char* expect;
  } cases[] = {
      {Kind::Count, true, 8, {1, 2, 4}, "7"},
      {Kind::Sum, true, 8, {1, ~0ull, ~0ull}, "-1"},
      {Kind::Sum, false, 8, {1, 2, 1ull << 63}, "9223372036854775811"},
      {Kind::Avg, true, 16, {10, 1, 0, 0, 20, 2}, "avg 30/3"},
      {Kind::Max, false, 16, {5, 1, 0, 0, 9, 3}, "9"},
      {Kind::Max, true, 16, {uint64_t(-5) ^ kBias, 1, 0, 0, uint64_t(-9) ^ kBias, 3}, "-5"},
      {Kind::Min, false, 16, {~5ull, 1, 0, 0, ~9ull, 3}, "5"},
      {Kind::Min, true, 16, {~(uint64_t(-5) ^ kBias), 1, ~(7 ^ kBias), 1, 0, 0}, "-5"},
      {Kind::Min, true, 16, {0, 0, 0, 0, 0, 0}, "0"},
      {Kind::Max, false, 16, {0, 0, 0, 0, 0, 1}, "0"},
  };
  const plan::Plan plan;
  for (auto& c : cases)
    EXPECT_EQ(
        show(decode_map_value(user_map(c.kind, c.is_signed), view(c.memory), c.size, 3, plan)),
        c.expect);
}

TEST(Decode, Histograms) {
  const plan::Plan plan;
  bpf::UserMap map = user_map(Type::Kind::Hist);
  // Buckets: negative, 0, 1, [2,4), [4,8)
  EXPECT_EQ(show(decode_map_value(map, view({0, 1, 0, 2, 0, 0}), 48, 1, plan)),
            "hist [0,1)=1 [1,2)=0 [2,4)=2");
  EXPECT_EQ(show(decode_map_value(map, view({3, 0, 0}), 24, 1, plan)), "hist (...,0)=3");
  EXPECT_EQ(show(decode_map_value(map, view({0, 0, 0}), 24, 1, plan)), "hist");
  map = user_map(Type::Kind::Lhist);
  map.lhist_min = -10, map.lhist_max = 10, map.lhist_step = 5;
  EXPECT_EQ(show(decode_map_value(map, view({1, 0, 2, 0, 0, 3}), 48, 1, plan)),
            "hist (...,-10)=1 [-10,-5)=0 [-5,0)=2 [0,5)=0 [5,10)=0 [10,...)=3");
}

// The generator's rule, as object.h states it, in the plain form.
uint32_t bucket_of(int64_t n, uint32_t bits) {
  if (n < 0) return 0;
  const uint64_t v = static_cast<uint64_t>(n);
  if (v < (1ull << bits)) return static_cast<uint32_t>(v) + 1;
  uint32_t log2 = 63 - static_cast<uint32_t>(__builtin_clzll(v));
  return ((log2 - bits + 1) << bits) +
         static_cast<uint32_t>((v >> (log2 - bits)) & ((1ull << bits) - 1)) + 1;
}

TEST(Decode, EveryValueLiesInTheRangeOfItsBucket) {
  for (uint32_t bits = 0; bits <= 5; bits++) {
    for (int shift = 0; shift < 63; shift++) {
      for (int64_t delta : {-1, 0, 1, 2, 5}) {
        const int64_t value = (1ll << shift) + delta;
        const output::Bucket range = hist_bucket(bucket_of(value, bits), bits);
        EXPECT_EQ(range.open_low, value < 0);
        EXPECT_TRUE(range.open_low || value >= range.low) << bits << " " << value;
        EXPECT_TRUE(range.open_high || value < range.high) << bits << " " << value;
      }
    }
    // No gaps.
    for (uint32_t i = 1; i + 1 < bucket_of(INT64_MAX, bits); i++)
      EXPECT_EQ(hist_bucket(i, bits).high, hist_bucket(i + 1, bits).low) << bits << " " << i;
  }
}

// Found by the fuzzer.
TEST(Decode, AStackOfAProgramThatThePlanDoesNotHaveIsUnknown) {
  plan::Plan plan;
  plan.functions = {{0, 0, "main.f"}};
  const Type stack{Type::Kind::Stack, false, StackLayout::kAddresses + 8, 1};
  EXPECT_EQ(show(decode_field({stack, 0}, view({1, 0, 0, 0x401000}), plan, Shown::Plain)),
            "<record too short>");
}

TEST(Decode, RecordsWithoutALayoutAreRefused) {
  bpf::BpfObject object;
  object.events.resize(1);
  object.events[0].size = 16;
  EXPECT_EQ(layout_of(object, view({0})), nullptr);
  EXPECT_EQ(layout_of(object, view({1, 0})), nullptr);
  EXPECT_EQ(layout_of(object, {}), nullptr);
  EXPECT_EQ(layout_of(object, view({0, 0})), &object.events[0]);
}

}  // namespace
}  // namespace gotap::trace
