// Line tables made by hand: both forms of the header, every operation, damage. Against those of
// real programs: tests/e2e/lines.sh.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "elf/dwarf.h"
#include "support/sections.h"

namespace gotap::elf {
namespace {

using testing::TestSection;
using testing::Writer;

/// A unit of which the only thing said is where its line table is, and that table.
struct WithLines {
  explicit WithLines(const std::string& table, uint32_t at = 0) {
    const std::string abbrev = Writer()
                                   .u8(1)
                                   .u8(DW_TAG_compile_unit)
                                   .u8(0)
                                   .u8(DW_AT_stmt_list)
                                   .u8(0x17)
                                   .u16(0)
                                   .u8(0)
                                   .bytes();
    const std::string entry = Writer().u8(1).u32(at).bytes();
    const std::string unit = Writer().u32(7 + entry.size()).u16(4).u32(0).u8(8).raw(entry).bytes();
    bytes = testing::file_with(std::vector<TestSection>{
        {".debug_info", unit}, {".debug_abbrev", abbrev}, {".debug_line", table}});
    elf = std::make_unique<Elf>(std::move(*Elf::parse(Bytes(bytes.data(), bytes.size()))));
    dwarf = Dwarf::open(*elf);
    lines = dwarf->lines(dwarf->unit(0));
  }
  /// `ADDRESS FILE:LINE`, with a `*` where a statement begins; `ADDRESS end`.
  std::vector<std::string> rows() const {
    std::vector<std::string> all;
    if (!lines) return {"no table"};
    dwarf->for_each_line(*lines, [&](const DwarfLine& row) {
      const std::string file = row.file < lines->files.size() ? lines->files[row.file] : "?";
      all.push_back(std::to_string(row.address) +
                    (row.ends
                         ? " end"
                         : " " + file + ":" + std::to_string(row.line) + (row.is_stmt ? "*" : "")));
      return true;
    });
    return all;
  }
  std::vector<uint8_t> bytes;
  std::unique_ptr<Elf> elf;
  std::unique_ptr<Dwarf> dwarf;
  std::optional<DwarfLines> lines;
};

constexpr int8_t kBase = -3;
constexpr uint8_t kRange = 12, kFirst = 13;  // Go's: line_base is -1 and line_range 4

/// What both versions' headers have from minimum_instruction_length on, up to the files.
Writer& add_numbers(Writer& out, bool operations) {
  out.u8(1);
  if (operations) out.u8(1);
  out.u8(1).u8(static_cast<uint8_t>(kBase)).u8(kRange).u8(kFirst);
  for (const uint8_t operands : {0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1}) out.u8(operands);
  return out;
}

std::string table4(const std::string& program) {
  Writer inner;
  add_numbers(inner, true);
  inner.text("/src").text("").text("/a/main.go").u8(0).u8(0).u8(0).text("lib.go").u8(1).u8(0).u8(0);
  inner.u8(0);
  const std::string header = inner.bytes();
  return Writer()
      .u32(static_cast<uint32_t>(6 + header.size() + program.size()))
      .u16(4)
      .u32(static_cast<uint32_t>(header.size()))
      .raw(header)
      .raw(program)
      .bytes();
}

std::string table5(const std::string& program) {
  Writer inner;
  add_numbers(inner, true);
  inner.u8(1).u8(1).u8(0x08).u8(2).text("/work").text("/src");
  inner.u8(2).u8(1).u8(0x08).u8(2).u8(0x0b).u8(2).text("main.go").u8(0).text("lib.go").u8(1);
  const std::string header = inner.bytes();
  return Writer()
      .u32(static_cast<uint32_t>(8 + header.size() + program.size()))
      .u16(5)
      .u8(8)
      .u8(0)
      .u32(static_cast<uint32_t>(header.size()))
      .raw(header)
      .raw(program)
      .bytes();
}

std::string set_address(uint64_t address) {
  return Writer().u8(0).u8(9).u8(2).u64(address).bytes();
}
const std::string kEnd("\0\1\1", 3);
std::string special(int line, unsigned address) {
  return std::string(1, static_cast<char>(kFirst + (line - kBase) + kRange * address));
}

TEST(DwarfLines, FilesOfBothVersions) {
  const WithLines old(table4(kEnd)), newer(table5(kEnd));
  ASSERT_TRUE(old.lines && newer.lines);
  EXPECT_EQ(old.lines->files, (std::vector<std::string>{"", "/a/main.go", "/src/lib.go"}));
  EXPECT_EQ(newer.lines->files, (std::vector<std::string>{"/work/main.go", "/src/lib.go"}));
}

TEST(DwarfLines, EveryOperation) {
  const std::string program = set_address(0x1000) +
                              "\x03\x09"
                              "\x01"                    // line 10
                              + "\x06" + special(2, 1)  // not a statement: 12
                              +
                              "\x06"
                              "\x02\x10"
                              "\x05\x07"
                              "\x04\x02"
                              "\x01"                     // 16 on, column 7, file 2
                              + "\x08" + special(-1, 0)  // const_add_pc: 20 on
                              + std::string("\x09\x00\x01", 3) +
                              "\x07\x0a\x0b"
                              "\x0c\x03"
                              "\x01"  // 256 on
                              + "\x02\x01" + kEnd + set_address(0x2000) + "\x01";
  EXPECT_EQ(WithLines(table4(program)).rows(),
            (std::vector<std::string>{"4096 /a/main.go:10*", "4097 /a/main.go:12",
                                      "4113 /src/lib.go:12*", "4133 /src/lib.go:11*",
                                      "4389 /src/lib.go:11*", "4390 end", "8192 /a/main.go:1*"}));
}

TEST(DwarfLines, UnknownOperationsAreSkipped) {
  const std::string program = set_address(1) + std::string("\0\3\x80zz", 5) + "\x01" + kEnd;
  EXPECT_EQ(WithLines(table5(program)).rows(),
            (std::vector<std::string>{"1 /src/lib.go:1*", "1 end"}));
}

TEST(DwarfLines, DamagedHeaders) {
  const std::string good = table5(kEnd);
  EXPECT_TRUE(WithLines(good).lines);
  EXPECT_FALSE(WithLines(good, 5000).lines);
  for (size_t size = 0; size < good.size(); size++)
    EXPECT_FALSE(WithLines(good.substr(0, size)).lines) << size;
  for (size_t at = 4; at < good.size(); at++) {
    std::string bad = good;
    bad[at] = '\xff';
    const WithLines it(bad);  // whatever it says, it ends
    (void)it.rows();
  }
  const WithLines bad(good.substr(0, 12));
  EXPECT_EQ(bad.dwarf->warnings(),
            std::vector<std::string>{"the header of a line table is damaged"});
}

TEST(DwarfLines, DamagedPrograms) {
  const WithLines cut(table4(set_address(1) + "\x01\x02\x80"));
  EXPECT_EQ(cut.rows(), std::vector<std::string>{"1 /a/main.go:1*"});
  EXPECT_EQ(cut.dwarf->warnings(), std::vector<std::string>{"a line table is damaged"});
  const WithLines empty(table4(std::string("\0\0", 2) + "\x01"));
  EXPECT_TRUE(empty.rows().empty());
}

}  // namespace
}  // namespace gotap::elf
