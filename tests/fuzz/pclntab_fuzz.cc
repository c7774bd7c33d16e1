// Fuzzes the reader of Go's function table: the input is a pclntab, put into a sound program
// with a page of code and a moduledata that points to it, so that the fuzzer need not find its
// way through ELF first.
#include <elf.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "elf/elf.h"
#include "go/image.h"
#include "go/inline_tree.h"
#include "go/versions.h"

namespace {

constexpr uint64_t kText = 0x1000, kModule = 0x2000, kTable = 0x3000, kHeaders = 0x800;

template <class T>
void put(std::vector<uint8_t>* file, size_t at, const T& value) {
  std::memcpy(file->data() + at, &value, sizeof(T));
}

std::vector<uint8_t> program_with(const uint8_t* data, size_t size) {
  std::vector<uint8_t> file(kTable + size);
  Elf64_Ehdr header = {};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_type = ET_EXEC;
  header.e_machine = EM_X86_64;
  header.e_phoff = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 2;
  header.e_shoff = kHeaders;
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = 3;
  header.e_shstrndx = 2;
  put(&file, 0, header);
  // Addresses are file offsets.
  put(&file, sizeof header,
      Elf64_Phdr{PT_LOAD, PF_R | PF_X, kText, kText, kText, 0x1000, 0x1000, 0x1000});
  put(&file, sizeof header + sizeof(Elf64_Phdr),
      Elf64_Phdr{PT_LOAD, PF_R | PF_W, kModule, kModule, kModule, 0x1000 + size, 0x1000 + size,
                 0x1000});
  put(&file, kHeaders + sizeof(Elf64_Shdr),
      Elf64_Shdr{1, SHT_PROGBITS, SHF_ALLOC, kTable, kTable, size, 0, 0, 1, 0});
  put(&file, kHeaders + 2 * sizeof(Elf64_Shdr),
      Elf64_Shdr{0, SHT_STRTAB, 0, 0, 0x700, 0x20, 0, 0, 1, 0});
  std::memcpy(file.data() + 0x701, ".gopclntab", 11);
  // Functions with a stack check and without, over and over.
  const uint8_t code[] = {0x49, 0x3b, 0x66, 0x10, 0x76, 0x05, 0x55, 0x90, 0x90, 0x5d, 0xc3,
                          0xe8, 0x00, 0x00, 0x00, 0x00, 0xeb, 0xee, 0xcc, 0xcc, 0x48, 0xff,
                          0xc0, 0xc3, 0x75, 0xfa, 0xc3, 0xff, 0xe0, 0xcc, 0xcc, 0xcc};
  for (size_t at = kText; at < kModule; at += sizeof code)
    std::memcpy(file.data() + at, code, sizeof code);
  uint64_t names = 0;
  uint32_t first = 0;
  if (size >= 72) {
    uint64_t functab;
    std::memcpy(&names, data + 32, 8);
    std::memcpy(&functab, data + 64, 8);
    if (functab < size && size - functab >= 4) std::memcpy(&first, data + functab, 4);
  }
  put(&file, kModule, kTable);
  put(&file, kModule + 8, kTable + names);
  put(&file, kModule + 160, kText + first);
  put(&file, kModule + 176, kText);
  if (size) std::memcpy(file.data() + kTable, data, size);
  return file;
}

// The tables of inlined calls as each version has them: which version it is no header tells.
void read_inlined(const std::vector<uint8_t>& file) {
  using namespace gotap;
  auto elf = elf::Elf::parse(Bytes(file.data(), file.size()));
  if (!elf) return;
  auto table = go::Pclntab::open(*elf);
  if (!table || !*table) return;
  auto functions = (*table)->functions();
  if (!functions) return;
  for (int minor : {15, 19, 24, 27}) {
    const go::VersionFacts facts = go::version_facts(minor);
    const go::InlineTables tables(*elf, **table, facts, kTable);
    const size_t count = std::min<size_t>(functions->size(), 32);
    for (size_t i = 0; i < count; i++) {
      const go::PclnFunction& row = (*functions)[i];
      go::InlineTree tree = tables.read(row);
      const std::string_view name = tree.calls.empty() ? "" : tree.calls[0].name;
      (void)tables.copies({row}, {name});
      auto code = elf->at(row.entry, std::min<uint64_t>(row.end - row.entry, 512));
      if (!code || tree.calls.size() > 64) continue;
      (void)go::find_inlined_sites(
          {*code, row.entry, go::GSource::R14, minor, std::move(tree), (*table)->lines(row)}, name);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using gotap::go::Image;
  if (size > 1 << 16) return 0;
  const std::vector<uint8_t> file = program_with(data, size);
  read_inlined(file);
  auto image = Image::from_bytes(gotap::Bytes(file.data(), file.size()), "fuzz");
  if (!image) return 0;
  const Image& it = **image;
  const size_t count = std::min<size_t>(it.functions().size(), 32);
  for (uint32_t i = 0; i < count; i++) {
    const gotap::go::Function& function = it.functions()[i];
    (void)it.dump(i);
    for (uint64_t at = function.entry; at < function.end && at < function.entry + 64; at += 7)
      (void)it.line(at);
    (void)it.find(function.name);
    (void)it.wrapped_by(i);
  }
  return 0;
}
