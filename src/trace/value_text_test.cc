// Whole Go values as text, of a log that is made by hand; and of logs that are none.
#include <gtest/gtest.h>

#include <cstring>

#include "base/copies.h"
#include "support/go_demo.h"
#include "trace/value_kinds.h"
#include "trace/value_text.h"

namespace gotap::trace {

namespace {

using go::FakeTypeInfo;
using go::TypeId;
using go::TypeKind;
using Words = std::vector<uint64_t>;

constexpr uint64_t kBias = 0x1000000;

/// Builds a record: a log from its first byte on.
class Log {
 public:
  Log() { words({kBias}); }
  /// A chunk of these words; the result is its position.
  uint64_t chunk(uint64_t address, const Words& data, bool readable = true) {
    std::vector<uint8_t> bytes(8 * data.size());
    if (!data.empty()) std::memcpy(bytes.data(), data.data(), bytes.size());
    return raw(address, bytes, readable);
  }
  uint64_t text(uint64_t address, const std::string& text) {
    return raw(address, {text.begin(), text.end()}, true);
  }
  Bytes bytes() const { return {record_.data(), record_.size()}; }
  std::vector<uint8_t>& record() { return record_; }

 private:
  void words(const Words& words) {
    const auto* from = reinterpret_cast<const uint8_t*>(words.data());
    record_.insert(record_.end(), from, from + 8 * words.size());
  }
  uint64_t raw(uint64_t address, const std::vector<uint8_t>& data, bool readable) {
    record_.resize((record_.size() + 7) / 8 * 8);
    const uint64_t position = record_.size();
    words({address, 0, data.size(), readable ? 0 : uint64_t{1} << 32});
    record_.insert(record_.end(), data.begin(), data.end());
    return position;
  }
  std::vector<uint8_t> record_;
};

class WholeText : public ::testing::Test {
 protected:
  WholeText() {
    integer = info.scalar(TypeKind::Int, "int", 8);
    text = info.words(TypeKind::String, "string", 2);
    any = info.interface("interface {}", false);
    error = info.interface("error", true);
    bytes = info.slice(go::kByteType);
  }
  std::string shown(TypeId type, uint64_t position, const ValueLimits& limits = {}) {
    const auto name = [](uint64_t at) { return at == 0x4000 ? "main.f" : std::string(); };
    const ValueTypes types(info, name, {});
    const CopiedMemory memory(log.bytes(), 0);
    ValueText out(types, memory, limits);
    out.show(type, {memory.chunk(position).value_or(Bytes{})}, 0);
    return out.take();
  }
  FakeTypeInfo info;
  Log log;
  TypeId integer, text, any, error, bytes;
};

TEST_F(WholeText, StructsPointersAndStrings) {
  const TypeId inner = info.structure("main.Inner", {{"N", integer}, {"Name", text}});
  const TypeId outer = info.structure(
      "main.Outer", {{"+Inner", inner}, {"P", info.pointer(inner)}, {"None", info.pointer(inner)}});
  const uint64_t root = log.chunk(0, {7, 0x100, 3, 0x200, 0});
  log.text(0x100, "abc");
  log.chunk(0x200, {static_cast<uint64_t>(-9), 0x300, 500});
  log.text(0x300, std::string(128, 'x'));
  EXPECT_EQ(shown(outer, root),
            "{Inner:{N:7 Name:abc} P:&{N:-9 Name:" + std::string(128, 'x') + "…} None:<nil>}");
}

TEST_F(WholeText, WhatIsNotThereIsSaid) {
  const TypeId pair = info.structure(
      "main.Pair", {{"P", info.pointer(integer)}, {"S", text}, {"L", info.slice(integer)}});
  const uint64_t root = log.chunk(0, {0x100, 0x200, 5, 0x300, 2, 2});
  EXPECT_EQ(shown(pair, root), "{P:0x100 S:… L:[…]}");
  log.chunk(0x100, {}, false);
  log.chunk(0x200, {}, false);
  log.chunk(0x300, {}, false);
  EXPECT_EQ(shown(pair, root), "{P:&<not resident> S:<not resident> L:[<not resident>]}");
  // Half of a value, and nothing of one.
  const uint64_t half = log.chunk(0, {0, 0x400});
  EXPECT_EQ(shown(pair, half), "{P:<nil> S:… L:…}");
  EXPECT_EQ(shown(pair, 1 << 20), "{P:… S:… L:…}");
}

TEST_F(WholeText, RegistersThatCannotBeRead) {
  const TypeId mixed = info.structure(
      "main.Mixed", {{"N", integer}, {"F", info.scalar(TypeKind::Float, "float64", 8)}});
  const uint64_t position = log.chunk(0, {1, 0});
  const ValueTypes types(info, [](uint64_t) { return std::string(); }, {});
  const CopiedMemory memory(log.bytes(), 0);
  const ValueLimits limits;
  bpf::WholeRoot root{"m", 0, mixed, {{8, "in XMM0"}}, "", {}};
  ValueText out(types, memory, limits);
  out.show(mixed, {*memory.chunk(position), 0, &root}, 0);
  EXPECT_EQ(out.take(), "{N:1 F:<in XMM0>}");
  root.missing.clear();
  root.missing_rest = "inlined: optimized out";
  root.known = {8};
  out.show(mixed, {*memory.chunk(position), 0, &root}, 0);
  EXPECT_EQ(out.take(), "{N:<inlined: optimized out> F:0}");
}

TEST_F(WholeText, RingsAndDepthEndInAddresses) {
  const TypeId node = info.structure("main.Node", {{"N", integer}});
  // A ring by hand: the type that is pointed to holds the pointer.
  const TypeId pointer = info.pointer(node);
  const TypeId twice = info.structure("main.Twice", {{"P", info.pointer(pointer)}});
  const uint64_t root = log.chunk(0, {0x100});
  log.chunk(0x100, {0x200});
  log.chunk(0x200, {3});
  EXPECT_EQ(shown(twice, root), "{P:&&{N:3}}");
  ValueLimits limits;
  limits.depth = 1;
  EXPECT_EQ(shown(twice, root, limits), "{P:&0x200}");
}

TEST_F(WholeText, Interfaces) {
  const TypeId number = info.with(info.scalar(TypeKind::Int, "main.Number", 8), 0x5000);
  const TypeId pointer = info.pointer(number, 0x5100);
  (void)pointer;
  const TypeId list =
      info.structure("main.List", {{"A", any}, {"B", any}, {"C", any}, {"E", error}, {"F", any}});
  const uint64_t root = log.chunk(
      0, {0, 0, kBias + 0x5000, 0x100, kBias + 0x5100, 0x100, 0x9000, 0x100, kBias + 0x6000, 1});
  log.chunk(0x100, {42});
  log.chunk(0x9008, {kBias + 0x5000});
  EXPECT_EQ(shown(list, root),
            "{A:<nil> B:(main.Number)42 C:(*main.Number)&42 E:(main.Number)42 F:(type 0x6000)…}");
}

TEST_F(WholeText, ErrorsHaveTheirText) {
  const TypeId plain = info.structure("errors.errorString", {{"s", text}});
  info.pointer(plain, 0x3000);
  info.pointer(info.structure("io/fs.PathError", {{"Op", text}, {"Path", text}, {"Err", error}}),
               0x3100);
  const uint64_t root = log.chunk(0, {0x9000, 0x100});
  log.chunk(0x9008, {kBias + 0x3100});
  log.chunk(0x100, {0x200, 4, 0x300, 2, 0x9100, 0x400});
  log.text(0x200, "open");
  log.text(0x300, "/x");
  log.chunk(0x9108, {kBias + 0x3000});
  log.chunk(0x400, {0x500, 4});
  log.text(0x500, "gone");
  EXPECT_EQ(shown(error, root), "open /x: gone");
}

// The texts are those of runtime/error.go.
TEST_F(WholeText, RuntimeErrorsAreInTheRuntimesWords) {
  const TypeId flag = info.scalar(TypeKind::Bool, "bool", 1);
  info.structure("runtime.boundsError",
                 {{"x", integer}, {"y", integer}, {"signed", flag}, {"code", go::kByteType}},
                 0x3000);
  info.with(info.scalar(TypeKind::String, "runtime.errorString", 16), 0x3100);
  info.with(info.scalar(TypeKind::String, "runtime.plainError", 16), 0x3200);
  const TypeId word = info.scalar(TypeKind::UnsafePointer, "unsafe.Pointer", 8);
  info.pointer(
      info.structure(
          "runtime.TypeAssertionError",
          {{"_interface", word}, {"concrete", word}, {"asserted", word}, {"missingMethod", text}}),
      0x3300);
  info.pointer(info.structure("runtime.PanicNilError", {}), 0x3400);
  info.with(any, 0x3500);
  info.with(integer, 0x3600);
  info.with(text, 0x3700);
  const auto of = [&](uint64_t type, const Words& data) {
    Log fresh;
    log = fresh;
    const uint64_t root = log.chunk(0, {kBias + type, 0x100});
    log.chunk(0x100, data);
    log.text(0x200, "gone");
    return shown(any, root);
  };
  const auto bounds = [&](int64_t x, uint64_t y, bool is_signed, uint64_t code) {
    return of(0x3000, {static_cast<uint64_t>(x), y, is_signed | code << 8});
  };
  EXPECT_EQ(bounds(5, 3, true, 0), "runtime error: index out of range [5] with length 3");
  EXPECT_EQ(bounds(-5, 3, true, 0), "runtime error: index out of range [-5]");
  EXPECT_EQ(bounds(-1, 3, false, 0),
            "runtime error: index out of range [18446744073709551615] with length 3");
  EXPECT_EQ(bounds(9, 7, true, 7), "runtime error: slice bounds out of range [9:7:]");
  // A version whose text is not known, and a code that no version has.
  info.go_minor = 20;
  EXPECT_EQ(bounds(4, 2, true, 8), "(runtime.boundsError){x:4 y:2 signed:true code:8}");
  info.go_minor = 24;
  EXPECT_EQ(bounds(4, 2, true, 8),
            "runtime error: cannot convert slice with length 2 to array or pointer to array with "
            "length 4");
  EXPECT_EQ(bounds(4, 2, true, 9), "(runtime.boundsError){x:4 y:2 signed:true code:9}");
  EXPECT_EQ(of(0x3100, {0x200, 4}), "runtime error: gone");
  EXPECT_EQ(of(0x3200, {0x200, 4}), "gone");
  const uint64_t face = kBias + 0x3500, number = kBias + 0x3600, string = kBias + 0x3700;
  EXPECT_EQ(of(0x3300, {face, string, number, 0, 0}),
            "interface conversion: interface {} is string, not int");
  EXPECT_EQ(of(0x3300, {0, 0, number, 0, 0}), "interface conversion: interface is nil, not int");
  EXPECT_EQ(of(0x3300, {face, string, number, 0x200, 4}),
            "interface conversion: string is not int: missing method gone");
  EXPECT_EQ(of(0x3300, {face, string, 0x9999, 0, 0}),
            "interface conversion: interface {} is string, not <type unknown>");
  EXPECT_EQ(of(0x3400, {}), "panic called with nil argument");
  info.go_minor = 27;
  EXPECT_EQ(of(0x3400, {}), "runtime error: panic called with nil argument");
}

TEST_F(WholeText, ListsBytesChannelsFunctions) {
  const TypeId all =
      info.structure("main.All", {{"L", info.slice(integer)},
                                  {"A", info.array(integer, 3)},
                                  {"T", bytes},
                                  {"R", bytes},
                                  {"C", info.words(TypeKind::Chan, "chan int", 1, integer)},
                                  {"F", info.words(TypeKind::Func, "func()", 1)}});
  const uint64_t root =
      log.chunk(0, {0x100, 3, 3, 1, 2, 3, 0x200, 2, 2, 0x300, 2, 2, 0x400, 0x500});
  log.chunk(0x100, {4, 5, 6});
  log.text(0x200, "ok");
  log.text(0x300, "\x01\xff");
  log.chunk(0x400, {1, 8});
  log.chunk(0x500, {kBias + 0x4000});
  EXPECT_EQ(shown(all, root),
            "{L:[4 5 6] A:[1 2 3] T:ok R:[1 255] C:chan(len=1 cap=8) F:func(main.f)}");
  ValueLimits limits;
  limits.elements = 2;
  EXPECT_EQ(shown(all, root, limits),
            "{L:[4 5 …] A:[1 2 …] T:ok R:[1 255] C:chan(len=1 cap=8) F:func(main.f)}");
}

/// A map of int to int, classic, in one bucket.
TEST_F(WholeText, ClassicMaps) {
  info.go_minor = 19;
  go::GoType made;
  made.kind = TypeKind::Map;
  made.name = "map[int]int";
  made.size = made.align = 8;
  made.key = made.elem = integer;
  const TypeId map = const_cast<go::Types&>(info.types()).add(made);
  const auto header = [](uint64_t count, uint64_t flags) {
    return Words{count, flags, 0x200, 0, 0, 0};
  };
  const uint64_t root = log.chunk(0, {0x100});
  log.chunk(0x100, header(2, 0));
  // Cells 1 and 2 are used.
  Words bucket(1 + 16 + 1);
  bucket[0] = 0x0000000000090800;
  bucket[1 + 1] = 9, bucket[1 + 2] = static_cast<uint64_t>(-2);
  bucket[9 + 1] = 90, bucket[9 + 2] = 20;
  log.chunk(0x200, bucket);
  EXPECT_EQ(shown(map, root), "map[-2:20 9:90]");
  // One more than there are cells that are used: cut. While it is written: said.
  const uint64_t more = log.chunk(0, {0x300}), writing = log.chunk(0, {0x400});
  const uint64_t torn = log.chunk(0, {0x500});
  log.chunk(0x300, header(3, 0));
  log.chunk(0x400, header(2, 4));
  log.chunk(0x500, header(1, 0));
  EXPECT_EQ(shown(map, more), "map[-2:20 9:90 …]");
  EXPECT_EQ(shown(map, writing), "map[<being written>]");
  EXPECT_EQ(shown(map, torn), "map[<being written>]");
}

TEST_F(WholeText, SwissMaps) {
  info.go_minor = 24;
  go::GoType made;
  made.kind = TypeKind::Map;
  made.name = "map[string]int";
  made.size = made.align = 8;
  made.key = text;
  made.elem = integer;
  const TypeId map = const_cast<go::Types&>(info.types()).add(made);
  const uint64_t root = log.chunk(0, {0x100}), large = log.chunk(0, {0x600});
  log.chunk(0x100, {2, 0, 0x200, 0, 0});
  Words group(1 + 24);
  group[0] = 0x8080808080800180;  // cell 1
  group[1 + 3] = 0x300, group[1 + 4] = 1, group[1 + 5] = 5;
  group[0] = 0x8080808080010280;  // and cell 2
  group[1 + 6] = 0x310, group[1 + 7] = 5, group[1 + 8] = 6;
  log.chunk(0x200, group);
  log.text(0x300, "b");
  log.text(0x310, "Token");
  EXPECT_EQ(shown(map, root), "map[Token:<redacted> b:5]");
  ValueLimits limits;
  limits.show_secrets = true;
  EXPECT_EQ(shown(map, root, limits), "map[Token:6 b:5]");
  // A directory of two pointers to one table.
  log.chunk(0x600, {2, 0, 0x700, 2, 0});
  log.chunk(0x700, {0x800, 0x800});
  log.chunk(0x800, {0, 0, 0x200, 0});
  EXPECT_EQ(shown(map, large, limits), "map[Token:6 b:5]");
}

TEST(CopiedMemory, TakesWhatLiesInside) {
  Log log;
  log.chunk(0x100, {1, 2, 3});
  const CopiedMemory memory(log.bytes(), 0);
  EXPECT_EQ(memory.at(0x108, 8).bytes.u64(0), 2u);
  EXPECT_EQ(memory.at(0x110, 16).bytes.size(), 8u);
  EXPECT_EQ(memory.at(0x118, 8).state, CopiedMemory::State::NotCopied);
  // A chunk that says it is longer than the record is none.
  log.record()[8 + CopyLog::kBytes] = 200;
  EXPECT_EQ(CopiedMemory(log.bytes(), 0).at(0x100, 8).state, CopiedMemory::State::NotCopied);
}

TEST(ValueKinds, TimesDurationsAddresses) {
  EXPECT_EQ(go_time_text(0, 0), "0001-01-01 00:00:00 +0000 UTC");
  EXPECT_EQ(go_time_text(5, 63393490800), "2009-11-10 23:00:00.000000005 +0000 UTC");
  EXPECT_EQ(go_time_text(0, -1), "0000-12-31 23:59:59 +0000 UTC");
  // With a monotonic reading: 33 bits of seconds since 1885.
  const uint64_t seconds = 63393490800 - 59453308800;
  EXPECT_EQ(go_time_text(uint64_t{1} << 63 | seconds << 30 | 500'000'000, 77),
            "2009-11-10 23:00:00.5 +0000 UTC");
  EXPECT_EQ(go_duration_text(0), "0s");
  EXPECT_EQ(go_duration_text(-1), "-1ns");
  EXPECT_EQ(go_duration_text(1500), "1.5µs");
  EXPECT_EQ(go_duration_text(3'723'500'000'000), "1h2m3.5s");
  EXPECT_EQ(go_duration_text(INT64_MIN), "-2562047h47m16.854775808s");
  const auto ip = [](std::vector<uint8_t> bytes) {
    return go_ip_text(Bytes(bytes.data(), bytes.size()));
  };
  EXPECT_EQ(ip({192, 0, 2, 1}), "192.0.2.1");
  EXPECT_EQ(ip({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, 1}), "10.0.0.1");
  EXPECT_EQ(ip({0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}), "2001:db8::1");
  EXPECT_EQ(ip({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}), "::");
  EXPECT_EQ(ip({1, 2}), "?0102");
}

TEST(ValueKinds, TextAndSecrets) {
  EXPECT_TRUE(is_text("a\té", false));
  EXPECT_FALSE(is_text("a\xc3", false));
  EXPECT_TRUE(is_text("a\xc3", true));
  EXPECT_FALSE(is_text("a\x01", false));
  EXPECT_EQ(without_half_character("a\xe4\xb8"), 1u);
  EXPECT_TRUE(names_secret("dbPassword"));
  EXPECT_TRUE(names_secret("Set-Cookie"));
  EXPECT_FALSE(names_secret("Name"));
}

}  // namespace

}  // namespace gotap::trace
