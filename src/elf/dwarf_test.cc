// The DWARF reader on sections made by hand: forms of both versions, lists, compression, damage.
#include "elf/dwarf.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <memory>
#include <string>
#include <vector>

#include "support/sections.h"

namespace gotap::elf {
namespace {

using testing::file_with;
using testing::TestSection;
using testing::Writer;

struct Opened {
  explicit Opened(const std::vector<TestSection>& sections) : bytes(file_with(sections)) {
    auto parsed = Elf::parse(Bytes(bytes.data(), bytes.size()));
    if (!parsed) {
      ADD_FAILURE() << parsed.error().message;
      return;
    }
    elf = std::make_unique<Elf>(std::move(*parsed));
    dwarf = Dwarf::open(*elf);
  }
  DwarfDie root(size_t unit = 0) const { return *dwarf->die(dwarf->unit(unit).root); }
  /// What the children of the first unit say in `attribute`.
  std::vector<DwarfValue> children(uint16_t attribute) const {
    std::vector<DwarfValue> all;
    dwarf->for_each_child(root(), [&](const DwarfDie& child) {
      all.push_back(dwarf->attribute(child, attribute));
      return true;
    });
    return all;
  }
  std::vector<uint8_t> bytes;
  std::unique_ptr<Elf> elf;
  std::unique_ptr<Dwarf> dwarf;
};

std::string unit4(const std::string& entries) {
  return Writer().u32(7 + entries.size()).u16(4).u32(0).u8(8).raw(entries).bytes();
}

std::string unit5(const std::string& entries) {
  return Writer().u32(8 + entries.size()).u16(5).u8(1).u8(8).u32(0).raw(entries).bytes();
}

/// Code 1: a unit with children that says nothing; code 2: an entry with a const_value of `form`.
std::string abbrev_of(uint8_t form) {
  return Writer()
      .raw(std::string("\x01\x11\x01\x00\x00", 5))
      .u8(2)
      .u8(DW_TAG_constant)
      .u8(0)
      .u8(DW_AT_const_value)
      .u8(form)
      .u16(0)
      .u8(0)
      .bytes();
}

/// A value and the file whose bytes it shows.
struct HeldValue : DwarfValue {
  std::shared_ptr<const Opened> file;
};

/// What an entry of `unit` with one attribute of `form` says, and whether its sibling is found.
HeldValue value_of(uint8_t form, const std::string& data, bool version5 = false,
                   std::vector<TestSection> more = {}) {
  const std::string entries = Writer().u8(1).u8(2).raw(data).u8(2).raw(data).u8(0).bytes();
  more.push_back({".debug_info", version5 ? unit5(entries) : unit4(entries)});
  more.push_back({".debug_abbrev", abbrev_of(form)});
  const auto it = std::make_shared<const Opened>(more);
  const std::vector<DwarfValue> all = it->children(DW_AT_const_value);
  EXPECT_EQ(all.size(), 2u) << "form " << int{form};
  EXPECT_TRUE(it->dwarf->warnings().empty());
  return {all.empty() ? DwarfValue() : all.back(), it};
}

using Kind = DwarfValue::Kind;

TEST(DwarfForm, Constants) {
  EXPECT_EQ(value_of(0x0b, "\x80").number, 0x80u);
  EXPECT_EQ(value_of(0x05, Writer().u16(0x1234).bytes()).number, 0x1234u);
  EXPECT_EQ(value_of(0x06, Writer().u32(0x12345678).bytes()).number, 0x12345678u);
  EXPECT_EQ(value_of(0x07, Writer().u64(~uint64_t{1}).bytes()).number, ~uint64_t{1});
  EXPECT_EQ(value_of(0x0f, "\xe5\x8e\x26").number, 624485u);
  EXPECT_EQ(static_cast<int64_t>(value_of(0x0d, "\x80\x7f").number), -128);
  EXPECT_EQ(value_of(0x19, "").kind, Kind::Flag);
  EXPECT_EQ(value_of(0x16, "\x0b\x07").number, 7u);  // indirect: data1
}

TEST(DwarfForm, ReferencesAreOffsetsInTheSection) {
  EXPECT_EQ(value_of(0x11, "\x0d").number, 13u);
  EXPECT_EQ(value_of(0x12, Writer().u16(13).bytes()).kind, Kind::Reference);
  EXPECT_EQ(value_of(0x13, Writer().u32(13).bytes()).number, 13u);
  EXPECT_EQ(value_of(0x15, "\x0d").number, 13u);
  EXPECT_EQ(value_of(0x10, Writer().u32(99).bytes()).number, 99u);
}

TEST(DwarfForm, Texts) {
  EXPECT_EQ(value_of(0x08, std::string("abc\0", 4)).text, "abc");
  const std::string strings("\0one\0two\0", 9);
  EXPECT_EQ(value_of(0x0e, Writer().u32(5).bytes(), false, {{".debug_str", strings}}).text, "two");
  EXPECT_EQ(value_of(0x1f, Writer().u32(1).bytes(), true, {{".debug_line_str", strings}}).text,
            "one");
  const std::string offsets = Writer().u32(12).u32(5).u32(1).u32(5).bytes();
  EXPECT_EQ(
      value_of(0x1a, "\x01", true, {{".debug_str", strings}, {".debug_str_offsets", offsets}}).text,
      "two");
  EXPECT_EQ(value_of(0x25, std::string("\0", 1), true,
                     {{".debug_str", strings}, {".debug_str_offsets", offsets}})
                .text,
            "one");
  EXPECT_FALSE(value_of(0x0e, Writer().u32(5000).bytes(), false, {{".debug_str", strings}}));
}

TEST(DwarfForm, Addresses) {
  const std::string table = Writer().u32(20).u16(5).u16(8).u64(0x1000).u64(0x2000).bytes();
  EXPECT_EQ(value_of(0x01, Writer().u64(0x1234).bytes()).kind, Kind::Address);
  EXPECT_EQ(value_of(0x1b, "\x01", true, {{".debug_addr", table}}).number, 0x2000u);
  EXPECT_EQ(value_of(0x29, std::string("\0", 1), true, {{".debug_addr", table}}).number, 0x1000u);
  EXPECT_FALSE(value_of(0x1b, "\x7f", true, {{".debug_addr", table}}));
}

TEST(DwarfForm, Blocks) {
  EXPECT_EQ(value_of(0x0a, "\x02xy").block.size(), 2u);
  EXPECT_EQ(value_of(0x18, "\x03xyz").block.size(), 3u);
  EXPECT_EQ(value_of(0x1e, std::string(16, 'x'), true).block.size(), 16u);
}

TEST(DwarfForm, OfOtherFilesAreSkipped) {
  EXPECT_FALSE(value_of(0x20, std::string(8, 'x')));
  EXPECT_FALSE(value_of(0x1c, std::string(4, 'x'), true));
  EXPECT_FALSE(value_of(0x1d, std::string(4, 'x'), true));
}

TEST(DwarfForm, ImplicitConstant) {
  const std::string abbrev = Writer()
                                 .raw(std::string("\x01\x11\x01\x00\x00", 5))
                                 .raw(std::string("\x02\x27\x00\x1c\x21\x7e\x00\x00\x00", 9))
                                 .bytes();
  const Opened it(
      {{".debug_info", unit5(Writer().u8(1).u8(2).u8(0).bytes())}, {".debug_abbrev", abbrev}});
  ASSERT_EQ(it.children(DW_AT_const_value).size(), 1u);
  EXPECT_EQ(static_cast<int64_t>(it.children(DW_AT_const_value)[0].number), -2);
}

TEST(Dwarf, UnknownFormEndsTheUnitWithOneWarning) {
  const Opened it({{".debug_info", unit4(Writer().u8(1).u8(2).u8(2).u8(0).bytes()) +
                                       unit4(Writer().u8(1).u8(0).bytes())},
                   {".debug_abbrev", abbrev_of(0x70)}});
  EXPECT_LE(it.children(DW_AT_const_value).size(), 1u);
  EXPECT_EQ(it.dwarf->unit_count(), 2u);
  EXPECT_EQ(
      it.dwarf->warnings(),
      std::vector<std::string>{"an entry of .debug_info has a form that gotap does not know"});
}

TEST(Dwarf, SiblingsBehindChildren) {
  // unit { constant-with-children { constant } , constant }
  const std::string abbrev = Writer()
                                 .raw(std::string("\x01\x11\x01\x00\x00", 5))
                                 .raw(std::string("\x02\x27\x01\x1c\x0b\x00\x00", 7))
                                 .raw(std::string("\x03\x27\x00\x1c\x0b\x00\x00\x00", 8))
                                 .bytes();
  const Opened it({{".debug_info",
                    unit4(Writer().u8(1).u8(2).u8(5).u8(3).u8(6).u8(0).u8(3).u8(7).u8(0).bytes())},
                   {".debug_abbrev", abbrev}});
  const auto values = it.children(DW_AT_const_value);
  ASSERT_EQ(values.size(), 2u);
  EXPECT_EQ(values[0].number, 5u);
  EXPECT_EQ(values[1].number, 7u);
}

/// An entry whose ranges and location are at offset 0 of the lists; its unit begins at 0x1000.
Opened with_lists(bool version5, const std::string& ranges, const std::string& locations) {
  const std::string abbrev = Writer()
                                 .raw(std::string("\x01\x11\x01\x11\x01\x00\x00", 7))
                                 .raw(std::string("\x02\x2e\x00\x55\x17\x02\x17\x00\x00\x00", 10))
                                 .bytes();
  const std::string entries = Writer().u8(1).u64(0x1000).u8(2).u32(0).u32(0).u8(0).bytes();
  return Opened({{".debug_info", version5 ? unit5(entries) : unit4(entries)},
                 {".debug_abbrev", abbrev},
                 {version5 ? ".debug_rnglists" : ".debug_ranges", ranges},
                 {version5 ? ".debug_loclists" : ".debug_loc", locations},
                 {".debug_addr", Writer().u64(0).u64(0x5000).u64(0x6000).bytes()}});
}

DwarfDie only_child(const Opened& it) {
  DwarfDie found;
  it.dwarf->for_each_child(it.root(), [&](const DwarfDie& child) {
    found = child;
    return false;
  });
  return found;
}

TEST(DwarfLists, Version4) {
  const Opened it = with_lists(
      false,
      Writer().u64(0).u64(8).u64(~uint64_t{0}).u64(0x2000).u64(16).u64(32).u64(0).u64(0).bytes(),
      Writer().u64(0).u64(8).u16(1).u8(0x50).u64(8).u64(16).u16(1).u8(0x51).u64(0).u64(0).bytes());
  const DwarfDie die = only_child(it);
  EXPECT_EQ(it.dwarf->ranges(die), (std::vector<AddressRange>{{0x1000, 0x1008}, {0x2010, 0x2020}}));
  ASSERT_TRUE(it.dwarf->location(die, 0x1008));
  EXPECT_EQ((*it.dwarf->location(die, 0x1008))[0], 0x51);
  EXPECT_FALSE(it.dwarf->location(die, 0x1010));
  EXPECT_EQ(it.dwarf->locations(die).size(), 2u);
}

TEST(DwarfLists, Version5) {
  const Opened it = with_lists(true,
                               Writer()
                                   .u8(4)
                                   .u8(0)
                                   .u8(8)  // offset pair
                                   .u8(1)
                                   .u8(0)
                                   .u8(4)
                                   .u8(1)
                                   .u8(2)  // base by index, offset pair
                                   .u8(3)
                                   .u8(1)
                                   .u8(16)  // start by index, length
                                   .u8(2)
                                   .u8(0)
                                   .u8(1)  // start and end by index
                                   .u8(5)
                                   .u64(0x7000)
                                   .u8(4)
                                   .u8(0)
                                   .u8(1)
                                   .u8(6)
                                   .u64(0x8000)
                                   .u64(0x8001)
                                   .u8(7)
                                   .u64(0x9000)
                                   .u8(2)
                                   .u8(0)
                                   .bytes(),
                               Writer()
                                   .u8(5)
                                   .u8(1)
                                   .u8(0x50)  // where nothing else holds: skipped
                                   .u8(4)
                                   .u8(0)
                                   .u8(8)
                                   .u8(1)
                                   .u8(0x51)
                                   .u8(8)
                                   .u64(0x9000)
                                   .u8(2)
                                   .u8(1)
                                   .u8(0x52)
                                   .u8(7)
                                   .u64(0xa000)
                                   .u64(0xa001)
                                   .u8(1)
                                   .u8(0x53)
                                   .u8(6)
                                   .u64(0xb000)
                                   .u8(4)
                                   .u8(0)
                                   .u8(1)
                                   .u8(1)
                                   .u8(0x54)
                                   .u8(0)
                                   .bytes());
  const DwarfDie die = only_child(it);
  EXPECT_EQ(it.dwarf->ranges(die), (std::vector<AddressRange>{{0x1000, 0x1008},
                                                              {0x5001, 0x5002},
                                                              {0x6000, 0x6010},
                                                              {0x5000, 0x6000},
                                                              {0x7000, 0x7001},
                                                              {0x8000, 0x8001},
                                                              {0x9000, 0x9002}}));
  const auto op = [&](uint64_t pc) {
    const auto expression = it.dwarf->location(die, pc);
    return expression && !expression->empty() ? (*expression)[0] : 0;
  };
  EXPECT_EQ(op(0x1000), 0x51);
  EXPECT_EQ(op(0x9001), 0x52);
  EXPECT_EQ(op(0xa000), 0x53);
  EXPECT_EQ(op(0xb000), 0x54);
  EXPECT_EQ(op(0x1008), 0);
  EXPECT_TRUE(it.dwarf->warnings().empty());
}

TEST(DwarfLists, WithoutAnEndIsDamage) {
  for (bool version5 : {false, true}) {
    const Opened it = with_lists(version5, version5 ? "\x06" : "\x01", version5 ? "\x09" : "\x01");
    EXPECT_TRUE(it.dwarf->ranges(only_child(it)).empty());
    EXPECT_FALSE(it.dwarf->location(only_child(it), 0x1000));
    EXPECT_EQ(it.dwarf->warnings().size(), 1u);
  }
}

std::string deflated(const std::string& data) {
  uLongf size = compressBound(data.size());
  std::string out(size, '\0');
  compress(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(data.data()),
           data.size());
  out.resize(size);
  return out;
}

const std::string& small_unit() {
  static const std::string unit = unit4(Writer().u8(1).u8(2).u8(9).u8(0).bytes());
  return unit;
}

Opened compressed(uint32_t type, uint64_t size, const std::string& data) {
  const std::string header = Writer().u32(type).u32(0).u64(size).u64(1).bytes();
  return Opened(
      {{".debug_info", header + data, SHF_COMPRESSED}, {".debug_abbrev", abbrev_of(0x0b)}});
}

TEST(DwarfSections, Compressed) {
  const Opened it = compressed(ELFCOMPRESS_ZLIB, small_unit().size(), deflated(small_unit()));
  ASSERT_EQ(it.children(DW_AT_const_value).size(), 1u);
  EXPECT_EQ(it.children(DW_AT_const_value)[0].number, 9u);
}

TEST(DwarfSections, CompressedTheOldWay) {
  const std::string header("ZLIB\0\0\0\0\0\0\0", 11);
  const std::string size(1, static_cast<char>(small_unit().size()));
  const Opened it({{".zdebug_info", header + size + deflated(small_unit())},
                   {".debug_abbrev", abbrev_of(0x0b)}});
  ASSERT_EQ(it.children(DW_AT_const_value).size(), 1u);
}

TEST(DwarfSections, DamagedOrUnknownCompressionIsSaid) {
  const std::string data = deflated(small_unit());
  const Opened zstd = compressed(2, small_unit().size(), data);
  EXPECT_EQ(zstd.dwarf->warnings(),
            std::vector<std::string>{".debug_info is compressed by zstd, which gotap cannot read"});
  const std::vector<std::string> damaged{".debug_info cannot be decompressed: it is damaged"};
  EXPECT_EQ(compressed(ELFCOMPRESS_ZLIB, small_unit().size() + 1, data).dwarf->warnings(), damaged);
  EXPECT_EQ(compressed(ELFCOMPRESS_ZLIB, uint64_t{1} << 40, data).dwarf->warnings(), damaged);
  EXPECT_EQ(compressed(7, small_unit().size(), data).dwarf->warnings(), damaged);
}

TEST(Dwarf, NoneIsNone) { EXPECT_EQ(Opened({}).dwarf, nullptr); }

TEST(Dwarf, EveryTruncationAndEveryFlippedByteEnds) {
  const std::string info = small_unit() + unit5(Writer().u8(1).u8(2).u8(9).u8(0).bytes());
  const std::string abbrev = abbrev_of(0x0b);
  const auto walk = [](const std::string& an_info, const std::string& an_abbrev) {
    const Opened it({{".debug_info", an_info}, {".debug_abbrev", an_abbrev}});
    if (!it.dwarf) return;
    for (size_t i = 0; i < it.dwarf->unit_count(); i++)
      if (const auto root = it.dwarf->die(it.dwarf->unit(i).root))
        it.dwarf->for_each_child(*root, [&](const DwarfDie& die) {
          (void)it.dwarf->attribute(die, DW_AT_const_value);
          return true;
        });
  };
  for (size_t i = 0; i < info.size(); i++) {
    walk(info.substr(0, i), abbrev);
    for (uint8_t value : {0x00, 0x01, 0x7f, 0xff}) {
      std::string copy = info;
      copy[i] = static_cast<char>(value);
      walk(copy, abbrev);
    }
  }
  for (size_t i = 0; i < abbrev.size(); i++) {
    walk(info, abbrev.substr(0, i));
    for (uint8_t value : {0x00, 0x01, 0x7f, 0xff}) {
      std::string copy = abbrev;
      copy[i] = static_cast<char>(value);
      walk(info, copy);
    }
  }
}

}  // namespace
}  // namespace gotap::elf
