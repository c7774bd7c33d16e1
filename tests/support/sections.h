// Files for tests and fuzzers of readers: a program without code that has the sections one likes.
#pragma once

#include <elf.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace gotap::testing {

/// Bytes put one behind the other.
class Writer {
 public:
  Writer& u8(uint8_t value) { return put(value); }
  Writer& u16(uint16_t value) { return put(value); }
  Writer& u32(uint32_t value) { return put(value); }
  Writer& u64(uint64_t value) { return put(value); }
  Writer& text(const std::string& value) {
    bytes_ += value;
    return u8(0);
  }
  Writer& raw(const std::string& value) {
    bytes_ += value;
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  template <class T>
  Writer& put(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  std::string bytes_;
};

struct TestSection {
  std::string name, contents;
  uint64_t flags = 0;
};

/// A program without code that has these sections.
inline std::vector<uint8_t> file_with(const std::vector<TestSection>& sections) {
  Writer names;
  names.u8(0);
  std::string contents(sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr), '\0');
  std::vector<Elf64_Shdr> headers(1);
  auto all = sections;
  all.push_back({".shstrtab", ""});
  for (TestSection& section : all) {
    Elf64_Shdr header = {};
    header.sh_name = names.bytes().size();
    names.text(section.name);
    if (&section == &all.back()) section.contents = names.bytes();
    header.sh_type = &section == &all.back() ? SHT_STRTAB : SHT_PROGBITS;
    header.sh_flags = section.flags;
    header.sh_offset = contents.size();
    header.sh_size = section.contents.size();
    contents += section.contents;
    headers.push_back(header);
  }
  Elf64_Ehdr header = {};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_type = ET_EXEC;
  header.e_machine = EM_X86_64;
  header.e_phoff = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 1;
  header.e_shoff = contents.size();
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = headers.size();
  header.e_shstrndx = headers.size() - 1;
  Elf64_Phdr load = {};
  load.p_type = PT_LOAD;
  load.p_flags = PF_R | PF_X;
  load.p_vaddr = 0x1000;
  load.p_memsz = 0x1000;
  std::memcpy(contents.data(), &header, sizeof header);
  std::memcpy(contents.data() + sizeof header, &load, sizeof load);
  for (const Elf64_Shdr& it : headers)
    contents.append(reinterpret_cast<const char*>(&it), sizeof it);
  return {contents.begin(), contents.end()};
}

}  // namespace gotap::testing
