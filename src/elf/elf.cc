// The ELF reader behind elf.h. Counts and sizes from the file are never used to allocate before
// they are checked against the file's own size.
#include "elf/elf.h"

#include <elf.h>

#include <algorithm>

#include "base/text.h"

namespace gotap::elf {
namespace {

constexpr size_t kSectionHeaderSize = 64, kProgramHeaderSize = 56, kSymbolSize = 24, kRelaSize = 24;
constexpr uint64_t kMaxSections = 1 << 16, kMaxNotes = 64;

Error damaged(std::string what) { return {std::move(what), "is the file complete?"}; }

uint64_t align4(uint64_t n) { return (n + 3) & ~uint64_t{3}; }

}  // namespace

Result<Elf> Elf::parse(Bytes bytes) {
  if (bytes.size() < 4 || std::memcmp(bytes.data(), ELFMAG, SELFMAG) != 0)
    return Error{"not an ELF file", "name the executable itself, not a script around it"};
  if (bytes.size() < 20) return damaged("truncated ELF file: its header is cut off");
  if (bytes[EI_CLASS] != ELFCLASS64)
    return Error{"a 32-bit program: only x86-64 programs can be traced", ""};
  if (bytes[EI_DATA] != ELFDATA2LSB) return Error{"a big-endian program, not an x86-64 one", ""};
  if (*bytes.u16(18) != EM_X86_64)
    return Error{"a program for another processor: only x86-64 programs can be traced", ""};
  if (bytes.size() < 64) return damaged("truncated ELF file: its header is cut off");
  const uint16_t type = *bytes.u16(16);
  if (type != ET_EXEC && type != ET_DYN)
    return Error{"an ELF file that is no program (object file or core dump)", ""};

  Elf elf;
  elf.bytes_ = bytes;
  elf.is_pie_ = type == ET_DYN;
  const uint64_t segments = *bytes.u64(32), sections = *bytes.u64(40);
  TRY_DO(elf.read_segments(segments, *bytes.u16(56), *bytes.u16(54)));
  if (sections != 0)
    TRY_DO(elf.read_sections(sections, *bytes.u16(60), *bytes.u16(58), *bytes.u16(62)));
  elf.read_relocations();
  return elf;
}

Result<void> Elf::read_segments(uint64_t offset, uint16_t count, uint16_t entry_size) {
  if (count == 0) return Error{"an ELF file that is no program (nothing to load)", ""};
  if (entry_size != kProgramHeaderSize) return damaged("damaged ELF file: program headers");
  auto table = bytes_.sub(offset, uint64_t{count} * entry_size);
  if (!table) return damaged("truncated ELF file: its program headers are cut off");
  for (uint16_t i = 0; i < count; i++) {
    const Bytes row = *table->sub(uint64_t{i} * entry_size, entry_size);
    const uint32_t type = *row.u32(0), flags = *row.u32(4);
    const uint64_t file_offset = *row.u64(8), address = *row.u64(16);
    const uint64_t file_size = *row.u64(32), memory_size = *row.u64(40), align = *row.u64(48);
    if (type == PT_DYNAMIC) {
      dynamic_address_ = address;
      dynamic_size_ = memory_size;
    } else if (type == PT_INTERP) {
      is_program_ = true;
    } else if (type == PT_TLS) {
      tls_size_ = memory_size;
      tls_align_ = align;
    } else if (type == PT_NOTE && notes_.size() < kMaxNotes) {
      if (auto data = bytes_.sub(file_offset, file_size)) notes_.push_back(*data);
    } else if (type == PT_LOAD) {
      auto data = bytes_.sub(file_offset, file_size);
      if (!data) return damaged("truncated ELF file: a segment reaches beyond its end");
      if (memory_size < file_size || address + memory_size < address)
        return damaged("damaged ELF file: a segment of impossible size");
      segments_.push_back(
          {address, file_offset, memory_size, (flags & PF_X) != 0, (flags & PF_W) != 0, *data});
    }
  }
  return {};
}

Result<void> Elf::read_sections(uint64_t offset, uint64_t count, uint16_t entry_size,
                                uint32_t names_index) {
  if (entry_size != kSectionHeaderSize) return damaged("damaged ELF file: section headers");
  auto first = bytes_.sub(offset, kSectionHeaderSize);
  if (!first) return damaged("truncated ELF file: its section headers are cut off");
  // Numbers too large for the ELF header stand in section 0 (gABI, e_shnum and e_shstrndx).
  if (count == 0) count = *first->u64(32);
  if (names_index == SHN_XINDEX) names_index = *first->u32(40);
  if (count > kMaxSections) return damaged("damaged ELF file: too many sections");
  auto table = bytes_.sub(offset, count * kSectionHeaderSize);
  if (!table) return damaged("truncated ELF file: its section headers are cut off");

  std::vector<uint32_t> name_offsets;
  for (uint64_t i = 0; i < count; i++) {
    const Bytes row = *table->sub(i * kSectionHeaderSize, kSectionHeaderSize);
    Section section;
    section.type = *row.u32(4);
    section.flags = *row.u64(8);
    section.address = *row.u64(16);
    section.size = *row.u64(32);
    section.link = *row.u32(40);
    if (section.type != SHT_NOBITS && section.type != SHT_NULL) {
      auto data = bytes_.sub(*row.u64(24), section.size);
      if (!data) return damaged("truncated ELF file: a section reaches beyond its end");
      section.data = *data;
    }
    name_offsets.push_back(*row.u32(0));
    sections_.push_back(section);
  }
  if (names_index < sections_.size()) {
    const Bytes names = sections_[names_index].data;
    for (size_t i = 0; i < sections_.size(); i++)
      sections_[i].name = names.cstr(name_offsets[i]).value_or(std::string_view{});
  }
  return {};
}

const Section* Elf::section(std::string_view name) const {
  for (const Section& section : sections_)
    if (section.name == name) return &section;
  return nullptr;
}

const Section* Elf::code_section(uint64_t address) const {
  for (const Section& section : sections_)
    if ((section.flags & SHF_EXECINSTR) && address >= section.address &&
        address - section.address < section.size)
      return &section;
  return nullptr;
}

bool Elf::has_symbol_table() const {
  return std::any_of(sections_.begin(), sections_.end(),
                     [](const Section& s) { return s.type == SHT_SYMTAB; });
}

std::vector<Symbol> Elf::function_symbols() const {
  std::vector<Symbol> symbols;
  for (const Section& section : sections_) {
    if (section.type != SHT_SYMTAB && section.type != SHT_DYNSYM) continue;
    if (section.link >= sections_.size()) continue;
    const Bytes names = sections_[section.link].data;
    for (uint64_t at = 0; auto row = section.data.sub(at, kSymbolSize); at += kSymbolSize) {
      if (ELF64_ST_TYPE(*row->u8(4)) != STT_FUNC || *row->u16(6) == SHN_UNDEF) continue;
      auto name = names.cstr(*row->u32(0));
      if (!name || name->empty()) continue;
      symbols.push_back({*name, *row->u64(8), *row->u64(16), section.type == SHT_DYNSYM});
    }
  }
  return symbols;
}

const Segment* Elf::segment_at(uint64_t address) const {
  for (const Segment& segment : segments_)
    if (address >= segment.address && address - segment.address < segment.data.size())
      return &segment;
  return nullptr;
}

std::optional<uint64_t> Elf::file_offset(uint64_t address) const {
  const Segment* segment = segment_at(address);
  if (!segment || !segment->executable) return std::nullopt;
  return segment->offset + (address - segment->address);
}

std::optional<Bytes> Elf::at(uint64_t address, uint64_t length) const {
  const Segment* segment = segment_at(address);
  if (!segment) return std::nullopt;
  return segment->data.sub(address - segment->address, length);
}

Bytes Elf::from(uint64_t address) const {
  const Segment* segment = segment_at(address);
  return segment ? segment->data.from(address - segment->address) : Bytes{};
}

bool Elf::is_executable(uint64_t address) const {
  const Segment* segment = segment_at(address);
  return segment && segment->executable;
}

std::optional<uint64_t> Elf::word(uint64_t address) const {
  auto it = std::lower_bound(relocations_.begin(), relocations_.end(), address,
                             [](const Relocation& r, uint64_t a) { return r.address < a; });
  if (it != relocations_.end() && it->address == address && !it->tls) return it->addend;
  auto bytes = at(address, 8);
  if (!bytes) return std::nullopt;
  return bytes->u64(0);
}

std::optional<int64_t> Elf::tls_offset(uint64_t offset) const {
  if (is_shared_library() || tls_size_ == 0 || tls_size_ > (1u << 30) || offset > tls_size_)
    return std::nullopt;
  const uint64_t align = tls_align_ > 1 && tls_align_ <= (1u << 16) ? tls_align_ : 1;
  // The segment's end, aligned, is at fsbase; the offset is negative.
  const uint64_t size = (tls_size_ + align - 1) / align * align;
  return static_cast<int64_t>(offset) - static_cast<int64_t>(size);
}

void Elf::add_relocations(Bytes table) {
  for (uint64_t at = 0; auto row = table.sub(at, kRelaSize); at += kRelaSize) {
    const uint64_t info = *row->u64(8);
    const uint32_t type = ELF64_R_TYPE(info);
    if (type == R_X86_64_RELATIVE)
      relocations_.push_back({*row->u64(0), *row->u64(16), false});
    else if (type == R_X86_64_TPOFF64 && ELF64_R_SYM(info) == 0)
      relocations_.push_back({*row->u64(0), *row->u64(16), true});
  }
}

void Elf::read_relocations() {
  // PT_DYNAMIC is what the loader uses; a file stripped of section headers has it too.
  uint64_t address = 0, size = 0;
  if (auto dynamic = at(dynamic_address_, dynamic_size_)) {
    for (uint64_t i = 0; i + 16 <= dynamic->size(); i += 16) {
      const uint64_t tag = *dynamic->u64(i), value = *dynamic->u64(i + 8);
      if (tag == DT_NULL) break;
      if (tag == DT_RELA) address = value;
      if (tag == DT_RELASZ) size = value;
      if (tag == DT_FLAGS_1 && (value & DF_1_PIE)) is_program_ = true;  // static-pie
    }
  }
  if (auto table = at(address, size); table && size != 0) {
    add_relocations(*table);
  } else {
    for (const Section& section : sections_)
      if (section.type == SHT_RELA && (section.flags & SHF_ALLOC)) add_relocations(section.data);
  }
  auto by_address = [](const Relocation& a, const Relocation& b) { return a.address < b.address; };
  if (!std::is_sorted(relocations_.begin(), relocations_.end(), by_address))
    std::stable_sort(relocations_.begin(), relocations_.end(), by_address);
}

Bytes Elf::note(std::string_view owner, uint32_t type) const {
  std::vector<Bytes> tables = notes_;
  for (const Section& section : sections_)
    if (section.type == SHT_NOTE) tables.push_back(section.data);
  for (const Bytes& table : tables) {
    for (uint64_t at = 0; auto head = table.sub(at, 12);) {
      const uint64_t name_size = *head->u32(0), data_size = *head->u32(4);
      const uint64_t data_at = at + 12 + align4(name_size);
      auto name = table.sub(at + 12, name_size);
      auto data = table.sub(data_at, data_size);
      if (!name || !data) break;
      std::string_view text(reinterpret_cast<const char*>(name->data()), name->size());
      if (*head->u32(8) == type && text.substr(0, text.find('\0')) == owner) return *data;
      at = data_at + align4(data_size);
    }
  }
  return {};
}

std::string Elf::build_id() const {
  const Bytes gnu = note("GNU", NT_GNU_BUILD_ID);
  std::string id;
  for (uint8_t byte : gnu) {
    id += "0123456789abcdef"[byte >> 4];
    id += "0123456789abcdef"[byte & 15];
  }
  if (!id.empty()) return id;
  constexpr uint32_t kGoBuildId = 4;  // cmd/internal/buildid/note.go, elfGoBuildIDTag
  const Bytes go = note("Go", kGoBuildId);
  return escape_controls({reinterpret_cast<const char*>(go.data()), go.size()});
}

}  // namespace gotap::elf
