// TypeProgram: a made-up Go program of any version that consists of a function table, a moduledata
// and type descriptors: the input of unit tests and the fuzzer of their reader. Addresses are file
// offsets. Source of the layouts: go/versions.h, internal/abi/type.go.
#pragma once

#include <elf.h>

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "elf/elf.h"
#include "go/descriptors.h"
#include "go/pclntab.h"
#include "go/rtype.h"
#include "go/versions.h"

namespace gotap::testing {

class TypeProgram {
 public:
  static constexpr uint64_t kText = 0x1000, kModule = 0x2000, kTable = 0x3000, kTypes = 0x4000;
  static constexpr uint64_t kNames = 0x2000;  // in the types; before them descriptors

  explicit TypeProgram(int minor, size_t types_size = 0x3000)
      : minor_(minor), layout_(*go::type_layout(minor)), file_(kTypes + types_size) {
    put_headers(types_size);
    put_table();
    put_module(types_size);
  }

  template <class T>
  void put(uint64_t at, const T& value) {
    std::memcpy(file_.data() + at, &value, sizeof(T));
  }
  uint8_t* types() { return file_.data() + kTypes; }

  /// Its address; `flags`: 1 exported, 2 a tag follows, 4 a package follows, 8 embedded.
  uint64_t name(std::string_view text, uint8_t flags = 0, std::string_view tag = {}) {
    const uint64_t at = kTypes + next_name_;
    std::string bytes(1, static_cast<char>(tag.empty() ? flags : flags | 2));
    auto add = [&](std::string_view part) {
      if (!layout_.varint_names) bytes += static_cast<char>(part.size() >> 8);
      if (layout_.varint_names && part.size() > 127) {
        bytes += static_cast<char>((part.size() & 0x7f) | 0x80);
        bytes += static_cast<char>(part.size() >> 7);
      } else {
        bytes += static_cast<char>(part.size());
      }
      bytes += part;
    };
    add(text);
    if (!tag.empty()) add(tag);
    std::memcpy(file_.data() + at, bytes.data(), bytes.size());
    next_name_ += bytes.size();
    return at;
  }
  uint32_t offset(uint64_t address) const { return static_cast<uint32_t>(address - kTypes); }

  /// A descriptor's common part, listed in the typelinks (1.27: they stand side by side, so that
  /// `bytes` is the whole size); its address. `flags`: 1 uncommon, 4 named.
  uint64_t type(go::RuntimeKind kind, uint64_t size, std::string_view string, uint8_t flags,
                uint64_t bytes, uint8_t align = 8) {
    const uint64_t at = kTypes + next_type_;
    next_type_ += (bytes + 7) / 8 * 8;
    put(at, size);
    put(at + 20, flags);
    put(at + 21, align);
    put(at + 22, align);
    put(at + 23, kind);
    put(at + 40, offset(name(string)));
    links_.push_back(offset(at));
    return at;
  }
  /// The slice of a struct's fields or an interface's methods, at 56 in the descriptor.
  void slice(uint64_t type, uint64_t items, uint64_t count) {
    put(type + 56, items);
    put(type + 64, count);
    put(type + 72, count);
  }
  void field(uint64_t at, uint64_t name, uint64_t type, uint64_t offset, bool embedded = false) {
    put(at, name);
    put(at + 8, type);
    put(at + 16, layout_.embedded_bit ? offset << 1 | uint64_t{embedded} : offset);
  }
  /// The uncommon part at `at`, and one method of its behind it, `methods` bytes from it.
  void uncommon(uint64_t at, std::string_view package, uint16_t count, uint32_t methods) {
    put(at, package.empty() ? 0 : offset(name(package)));
    put(at + 4, count);
    put(at + 6, count);
    put(at + 8, methods);
  }
  void method(uint64_t at, std::string_view text, uint64_t type, uint32_t ifn, uint32_t tfn) {
    put(at, offset(name(text, 1)));
    put(at + 4, type ? offset(type) : 0);
    put(at + 8, ifn);
    put(at + 12, tfn);
  }

  /// Reads it; once, after everything is put. Null: refused.
  const go::Rtypes* rtypes() {
    put_links();
    return reread();
  }
  /// The same, the links as they are.
  const go::Rtypes* reread() {
    auto parsed = elf::Elf::parse({file_.data(), file_.size()});
    if (!parsed) return nullptr;
    elf_ = std::move(*parsed);
    auto table = go::Pclntab::open(elf_);
    if (!table || !*table) return nullptr;
    pclntab_ = **table;
    rtypes_ = go::Rtypes::open(elf_, pclntab_, minor_);
    return rtypes_.get();
  }

 private:
  void put_headers(size_t types_size) {
    constexpr uint64_t kHeaders = 0x800;
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
    put(0, header);
    const uint64_t data = kTypes - kModule + types_size;
    put(sizeof header,
        Elf64_Phdr{PT_LOAD, PF_R | PF_X, kText, kText, kText, 0x1000, 0x1000, 0x1000});
    put(sizeof header + sizeof(Elf64_Phdr),
        Elf64_Phdr{PT_LOAD, PF_R | PF_W, kModule, kModule, kModule, data, data, 0x1000});
    put(kHeaders + sizeof(Elf64_Shdr),
        Elf64_Shdr{1, SHT_PROGBITS, SHF_ALLOC, kTable, kTable, 0x1000, 0, 0, 1, 0});
    put(kHeaders + 2 * sizeof(Elf64_Shdr),
        Elf64_Shdr{0, SHT_STRTAB, 0, 0, 0x700, 0x20, 0, 0, 1, 0});
    std::memcpy(file_.data() + 0x701, ".gopclntab", 11);
  }
  const go::PclntabLayout& table_layout() const {
    const go::PclntabLayout* found = nullptr;
    for (const go::PclntabLayout& layout : go::pclntab_layouts())
      if (layout.first_minor <= minor_) found = &layout;
    return *found;
  }
  void put_table() {
    const go::PclntabLayout& layout = table_layout();
    put(kTable, layout.magic);
    put(kTable + 4, uint32_t{0x08010000});
    put(kTable + 8, uint64_t{1});
    functab_ = layout.magic == 0xfffffffb ? 16 : 0x180;
    auto header = [&](int32_t at, uint64_t value) {
      if (at >= 0 && layout.magic != 0xfffffffb) put(kTable + static_cast<uint64_t>(at), value);
    };
    header(layout.text_start, kText);
    for (int32_t at : {layout.funcname, layout.cutab, layout.filetab, layout.pctab})
      header(at, 0x140);
    header(layout.functab, functab_);
    // One function, of 16 bytes.
    if (layout.entry_size == 8) {
      put(kTable + functab_, uint64_t{kText});
      put(kTable + functab_ + 8, uint64_t{0x40});
      put(kTable + functab_ + 16, uint64_t{kText + 16});
    } else {
      put(kTable + functab_ + 4, uint32_t{0x40});
      put(kTable + functab_ + 8, uint32_t{16});
    }
  }
  void module_word(int32_t at, uint64_t value) {
    if (at >= 0) put(kModule + static_cast<uint64_t>(at), value);
  }
  void put_module(size_t types_size) {
    const go::PclntabLayout& layout = table_layout();
    module_word(0, kTable);
    if (layout.magic == 0xfffffffb)
      module_word(24, kTable + functab_);
    else
      module_word(8, kTable + 0x140);
    module_word(layout.module_minpc, kText);
    module_word(layout_.text, kText);
    module_word(layout_.types, kTypes);
    module_word(layout_.etypes, kTypes + types_size);
  }
  void put_links() {
    module_word(layout_.descriptors, next_type_);
    const uint64_t list = kModule + 0x800;
    for (size_t i = 0; i < links_.size(); i++) put(list + 4 * i, links_[i]);
    module_word(layout_.typelinks, list);
    module_word(layout_.typelinks < 0 ? -1 : layout_.typelinks + 8, links_.size());
  }

  int minor_;
  go::TypeLayout layout_;
  std::vector<uint8_t> file_;
  uint64_t next_type_ = 8, next_name_ = kNames, functab_ = 0;
  std::vector<uint32_t> links_;
  elf::Elf elf_;
  go::Pclntab pclntab_;
  std::unique_ptr<go::Rtypes> rtypes_;
};

}  // namespace gotap::testing
