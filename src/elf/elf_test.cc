// The ELF reader on a program built in memory, whole and damaged, and on this test itself.
#include "elf/elf.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "base/fd.h"

namespace gotap::elf {
namespace {

constexpr uint64_t kText = 0x401000, kData = 0x402000;

/// A position-independent program of one page of code and one of data, with a symbol, a build
/// id, two relocations and a TLS segment.
class Builder {
 public:
  Builder() : bytes_(0x3000) {
    std::memcpy(bytes_.data(), ELFMAG, SELFMAG);
    bytes_[EI_CLASS] = ELFCLASS64;
    bytes_[EI_DATA] = ELFDATA2LSB;
    put<uint16_t>(16, ET_DYN);
    put<uint16_t>(18, EM_X86_64);
    put<uint64_t>(32, 64);      // program headers
    put<uint64_t>(40, 0x2800);  // section headers
    put<uint16_t>(54, 56);
    put<uint16_t>(56, 5);
    put<uint16_t>(58, 64);
    put<uint16_t>(60, 5);
    put<uint16_t>(62, 4);
    segment(0, PT_LOAD, PF_R | PF_X, 0x1000, kText, 0x800, 0x800);
    segment(1, PT_LOAD, PF_R | PF_W, 0x2000, kData, 0x800, 0x1000);
    segment(2, PT_NOTE, PF_R, 0x1700, kText + 0x700, 0x24, 0x24);
    segment(3, PT_DYNAMIC, PF_R, 0x2100, kData + 0x100, 0x30, 0x30);
    segment(4, PT_TLS, PF_R, 0, 0, 0, 0x14, 16);
    put<uint64_t>(0x2100, DT_RELA);
    put<uint64_t>(0x2108, kData + 0x200);
    put<uint64_t>(0x2110, DT_RELASZ);
    put<uint64_t>(0x2118, 48);
    put<uint64_t>(0x2120, DT_FLAGS_1);
    put<uint64_t>(0x2128, DF_1_PIE);
    relocation(0x2200, kData + 0x18, R_X86_64_TPOFF64, 8);
    relocation(0x2218, kData + 0x10, R_X86_64_RELATIVE, kText + 4);
    put<uint64_t>(0x2010, 7);  // overruled by the relocation
    put<uint64_t>(0x2020, 42);
    // Build id
    put<uint32_t>(0x1700, 4);
    put<uint32_t>(0x1704, 3);
    put<uint32_t>(0x1708, NT_GNU_BUILD_ID);
    text(0x170c, "GNU");
    put<uint8_t>(0x1710, 0xab);
    put<uint8_t>(0x1711, 0x01);
    put<uint8_t>(0x1712, 0xff);
    // Sections: none, .text, .symtab, .strtab, .shstrtab
    text(0x2601, ".text");
    text(0x2610, ".symtab");
    section(1, 1, SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, kText, 0x1000, 0x700);
    section(2, 0x10, SHT_SYMTAB, 0, 0, 0x2700, 72, 3, 24);
    section(3, 0, SHT_STRTAB, 0, 0, 0x2780, 0x20);
    section(4, 0, SHT_STRTAB, 0, 0, 0x2600, 0x40);
    text(0x2781, "main.f");
    symbol(1, 1, STT_FUNC, 1, kText + 0x10, 32);
    symbol(2, 1, STT_FUNC, SHN_UNDEF, kText, 0);
  }

  template <class T>
  Builder& put(size_t at, T value) {
    std::memcpy(bytes_.data() + at, &value, sizeof(T));
    return *this;
  }
  Bytes bytes(size_t size = 0x3000) const { return {bytes_.data(), size}; }

 private:
  void text(size_t at, const char* s) { std::memcpy(bytes_.data() + at, s, std::strlen(s) + 1); }
  void segment(size_t i, uint32_t type, uint32_t flags, uint64_t offset, uint64_t address,
               uint64_t file_size, uint64_t memory_size, uint64_t align = 4096) {
    const size_t at = 64 + i * 56;
    put(at, type).put(at + 4, flags).put(at + 8, offset).put(at + 16, address);
    put(at + 32, file_size).put(at + 40, memory_size).put(at + 48, align);
  }
  void section(size_t i, uint32_t name, uint32_t type, uint64_t flags, uint64_t address,
               uint64_t offset, uint64_t size, uint32_t link = 0, uint64_t entry_size = 0) {
    const size_t at = 0x2800 + i * 64;
    put(at, name).put(at + 4, type).put(at + 8, flags).put(at + 16, address);
    put(at + 24, offset).put(at + 32, size).put(at + 40, link).put(at + 56, entry_size);
  }
  void relocation(size_t at, uint64_t address, uint64_t type, uint64_t addend) {
    put(at, address).put(at + 8, type).put(at + 16, addend);
  }
  void symbol(size_t i, uint32_t name, uint8_t type, uint16_t index, uint64_t value,
              uint64_t size) {
    const size_t at = 0x2700 + i * 24;
    put(at, name).put(at + 4, type).put(at + 6, index).put(at + 8, value).put(at + 16, size);
  }

  std::vector<uint8_t> bytes_;
};

TEST(Elf, Whole) {
  Builder builder;
  auto elf = Elf::parse(builder.bytes());
  ASSERT_TRUE(elf) << elf.error().message;
  EXPECT_TRUE(elf->is_pie());
  EXPECT_TRUE(elf->has_symbol_table());
  EXPECT_EQ(elf->build_id(), "ab01ff");
  ASSERT_NE(elf->section(".text"), nullptr);
  EXPECT_EQ(elf->code_section(kText + 0x6ff), elf->section(".text"));
  EXPECT_EQ(elf->code_section(kText + 0x700), nullptr);
  auto symbols = elf->function_symbols();
  ASSERT_EQ(symbols.size(), 1u);
  EXPECT_EQ(symbols[0].name, "main.f");
  EXPECT_EQ(symbols[0].address, kText + 0x10);
}

TEST(Elf, Addresses) {
  Builder builder;
  auto elf = Elf::parse(builder.bytes());
  ASSERT_TRUE(elf);
  EXPECT_EQ(elf->file_offset(kText), 0x1000u);
  EXPECT_EQ(elf->file_offset(kText + 0x7ff), 0x17ffu);
  EXPECT_EQ(elf->file_offset(kText + 0x800), std::nullopt);
  EXPECT_EQ(elf->file_offset(kText - 1), std::nullopt);
  EXPECT_EQ(elf->file_offset(kData), std::nullopt) << "not executable";
  EXPECT_TRUE(elf->at(kData + 0x7f8, 8));
  EXPECT_FALSE(elf->at(kData + 0x7f9, 8)) << "beyond what is in the file";
  EXPECT_FALSE(elf->at(kText, ~uint64_t{0}));
}

TEST(Elf, SharedLibrary) {
  Builder builder;
  auto program = Elf::parse(builder.bytes());
  ASSERT_TRUE(program);
  EXPECT_FALSE(program->is_shared_library());
  builder.put<uint64_t>(0x2128, 0);
  auto library = Elf::parse(builder.bytes());
  ASSERT_TRUE(library);
  EXPECT_TRUE(library->is_shared_library());
  EXPECT_EQ(library->tls_offset(8), std::nullopt) << "decided when it is loaded";
  builder.put<uint32_t>(64 + 2 * 56, PT_INTERP);
  EXPECT_FALSE(Elf::parse(builder.bytes())->is_shared_library());
}

TEST(Elf, Relocations) {
  Builder builder;
  auto elf = Elf::parse(builder.bytes());
  ASSERT_TRUE(elf);
  EXPECT_EQ(elf->word(kData + 0x10), kText + 4);
  EXPECT_EQ(elf->word(kData + 0x20), 42u);
  EXPECT_EQ(elf->word(0), std::nullopt);
  ASSERT_EQ(elf->relocations().size(), 2u);
  EXPECT_TRUE(elf->relocations()[1].tls) << "sorted by address";
  EXPECT_EQ(elf->tls_offset(8), 8 - 32) << "0x14 bytes, aligned to 16";
}

TEST(Elf, BadHeaders) {
  struct {
    const char* expected;
    Builder builder;
    size_t size = 0x3000;
  } cases[] = {
      {"not an ELF file", Builder().put<uint8_t>(0, 'M')},
      {"not an ELF file", Builder(), 3},
      {"truncated ELF file: its header is cut off", Builder(), 19},
      {"truncated ELF file: its header is cut off", Builder(), 63},
      {"truncated ELF file: its program headers are cut off", Builder(), 64},
      {"truncated ELF file: a segment reaches beyond its end", Builder(), 0x1400},
      {"truncated ELF file: its section headers are cut off", Builder(), 0x2880},
      {"truncated ELF file: its section headers are cut off",
       Builder().put<uint64_t>(40, ~uint64_t{0})},
      {"a 32-bit program: only x86-64 programs can be traced", Builder().put<uint8_t>(4, 1)},
      {"a big-endian program, not an x86-64 one", Builder().put<uint8_t>(5, 2)},
      {"a program for another processor: only x86-64 programs can be traced",
       Builder().put<uint16_t>(18, EM_AARCH64)},
      {"an ELF file that is no program (object file or core dump)",
       Builder().put<uint16_t>(16, ET_REL)},
      {"an ELF file that is no program (nothing to load)", Builder().put<uint16_t>(56, 0)},
      {"damaged ELF file: program headers", Builder().put<uint16_t>(54, 12)},
      {"damaged ELF file: section headers", Builder().put<uint16_t>(58, 12)},
      {"damaged ELF file: a segment of impossible size",
       Builder().put<uint64_t>(64 + 40, ~uint64_t{0})},
      {"truncated ELF file: a section reaches beyond its end",
       Builder().put<uint64_t>(0x2800 + 64 + 32, uint64_t{1} << 60)},
  };
  for (const auto& c : cases) {
    auto elf = Elf::parse(c.builder.bytes(c.size));
    ASSERT_FALSE(elf) << c.expected;
    EXPECT_EQ(elf.error().message, c.expected);
  }
}

TEST(Elf, EveryTruncationIsRefusedOrRead) {
  Builder builder;
  for (size_t size = 0; size < 0x2940; size++) {
    auto elf = Elf::parse(builder.bytes(size));
    EXPECT_FALSE(elf) << size;
    if (!elf) {
      EXPECT_FALSE(elf.error().message.empty());
    }
  }
}

TEST(Elf, ThisTestItself) {
  auto file = MappedFile::open("/proc/self/exe");
  ASSERT_TRUE(file);
  auto elf = Elf::parse(file->bytes());
  ASSERT_TRUE(elf) << elf.error().message;
  bool found = false;
  for (const Symbol& symbol : elf->function_symbols()) found |= symbol.name == "main";
  EXPECT_TRUE(found);
}

}  // namespace
}  // namespace gotap::elf
