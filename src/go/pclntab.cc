// The reader behind pclntab.h. Every offset in the table is untrusted: Bytes checks it.
#include "go/pclntab.h"

#include <algorithm>

namespace gotap::go {
namespace {

constexpr uint64_t kMaxFunctions = 1u << 24;

// Fields of _func behind entry, all u32: the same in all versions.
constexpr uint32_t kName = 0, kArgs = 4, kDeferreturn = 8, kPcsp = 12, kPcfile = 16, kPcln = 20,
                   kPcdataCount = 24, kCuOffset = 28;
constexpr uint32_t kArgumentsUnknown = 0x80000000;  // abi.ArgsSizeUnknown
// Behind funcID: the number of FUNCDATA tables, and the offsets of PCDATA tables.
constexpr uint32_t kFuncdataCount = 3, kTables = 4;

std::optional<uint32_t> varint(Bytes data, uint64_t* at) {
  uint32_t value = 0;
  for (unsigned shift = 0; shift < 35; shift += 7) {
    auto byte = data.u8((*at)++);
    if (!byte) return std::nullopt;
    value |= static_cast<uint32_t>(*byte & 0x7fu) << (shift < 32 ? shift : 31);
    if (!(*byte & 0x80)) return value;
  }
  return std::nullopt;
}

const PclntabLayout* layout_of(Bytes header) {
  auto magic = header.u32(0);
  auto rest = header.u32(4);
  // two zero bytes, minimum instruction size 1 (x86), pointer size 8
  if (!magic || !rest || *rest != 0x08010000) return nullptr;
  for (const PclntabLayout& layout : pclntab_layouts())
    if (layout.magic == *magic) return &layout;
  return nullptr;
}

}  // namespace

std::optional<Pclntab> Pclntab::at(const elf::Elf& elf, Bytes data, uint64_t address) {
  const PclntabLayout* layout = layout_of(data);
  if (!layout) return std::nullopt;
  Pclntab table;
  table.elf_ = &elf;
  table.layout_ = layout;
  table.data_ = data;
  table.address_ = address;
  table.count_ = data.u64(8).value_or(0);
  if (table.count_ == 0 || table.count_ > kMaxFunctions) return std::nullopt;
  auto field = [&](int32_t offset, uint64_t* out) {
    if (offset < 0) return true;
    auto value = data.u64(static_cast<uint64_t>(offset));
    *out = value.value_or(0);
    return value && *value < data.size();
  };
  if (!field(layout->funcname, &table.funcname_) || !field(layout->cutab, &table.cutab_) ||
      !field(layout->filetab, &table.filetab_) || !field(layout->pctab, &table.pctab_))
    return std::nullopt;
  if (layout->magic == 0xfffffffb)
    table.functab_ = static_cast<uint64_t>(layout->functab);
  else if (!field(layout->functab, &table.functab_))
    return std::nullopt;
  const uint64_t rows = (2 * table.count_ + 1) * layout->entry_size;
  if (!data.contains(table.functab_, rows)) return std::nullopt;
  return table;
}

Result<std::optional<Pclntab>> Pclntab::open(const elf::Elf& elf) {
  std::optional<Pclntab> table;
  for (const char* name : {".gopclntab", ".data.rel.ro.gopclntab"}) {
    const elf::Section* section = elf.section(name);
    if (!section) continue;
    table = at(elf, section->data, section->address);
    if (!table)
      return Error{"its table of Go functions (" + std::string(name) + ") cannot be read",
                   "is the file damaged, or from a Go version newer than 1." +
                       std::to_string(kNewestMinor) + "?"};
    break;
  }
  // External linking of position-independent programs merges the table into .data.rel.ro.
  for (const elf::Segment& segment : elf.segments()) {
    const uint64_t misaligned = segment.address % 8;
    for (uint64_t i = misaligned ? 8 - misaligned : 0; !table && i + 8 <= segment.data.size();
         i += 8)
      if (*segment.data.u32(i + 4) == 0x08010000 && *segment.data.u32(i) >= 0xfffffff0)
        table = at(elf, segment.data.from(i), segment.address + i);
  }
  if (!table) return std::optional<Pclntab>{};
  if (table->layout_->entry_size == 4) TRY_DO(table->find_text());
  return table;
}

/// moduledata begins with a pointer to the pclntab (pcHeader) and a slice of its names
/// (funcnametab), up to 1.15 with slices of the pclntab and its functab: that pair of words is
/// unique.
std::optional<uint64_t> Pclntab::module_data() const {
  const bool old = layout_->funcname < 0;
  const uint64_t distance = old ? 24 : 8, second = address_ + (old ? functab_ : funcname_);
  if (const elf::Section* section = elf_->section(".go.module"))  // >= 1.26
    if (elf_->word(section->address) == address_) return section->address;
  for (const elf::Relocation& r : elf_->relocations())
    if (!r.tls && r.addend == address_ && elf_->word(r.address + distance) == second)
      return r.address;
  for (const elf::Segment& segment : elf_->segments()) {
    if (!segment.writable) continue;
    const uint64_t misaligned = segment.address % 8;
    for (uint64_t i = misaligned ? 8 - misaligned : 0; i + distance + 8 <= segment.data.size();
         i += 8)
      if (*segment.data.u64(i) == address_ && *segment.data.u64(i + distance) == second)
        return segment.address + i;
  }
  return std::nullopt;
}

/// moduledata.text, if the module agrees with the table on where the first function is.
std::optional<uint64_t> Pclntab::module_text(uint64_t module) const {
  auto text = elf_->word(module + static_cast<uint64_t>(layout_->module_text));
  auto minpc = elf_->word(module + static_cast<uint64_t>(layout_->module_minpc));
  auto first = data_.u32(functab_);
  if (!text || !minpc || !first || *minpc != *text + *first) return std::nullopt;
  return text;
}

/// Where 4-byte entries count from: moduledata.text, which all versions have (the header's own
/// field is 0 from 1.26 on, and unrelocated in some position-independent programs).
Result<void> Pclntab::find_text() {
  std::optional<uint64_t> text;
  if (auto module = module_data()) text = module_text(*module);
  if (!text) text = elf_->word(address_ + static_cast<uint64_t>(layout_->text_start));
  if (!text || *text == 0 || !elf_->is_executable(*text + data_.u32(functab_).value_or(0)))
    return Error{"the start of its Go code cannot be found (no usable runtime.moduledata)",
                 "is the file damaged, or from a Go version newer than 1." +
                     std::to_string(kNewestMinor) + "?"};
  text_ = *text;
  return {};
}

Result<std::vector<PclnFunction>> Pclntab::functions() const {
  const Error damaged{"its table of Go functions is damaged", "is the file complete?"};
  std::vector<PclnFunction> functions;
  functions.reserve(count_);
  const bool absolute = layout_->entry_size == 8;
  const bool relocated = absolute && elf_->is_pie();
  auto entry_at = [&](uint64_t at) -> std::optional<uint64_t> {
    if (relocated) return elf_->word(address_ + at);
    if (absolute) return data_.u64(at);
    auto offset = data_.u32(at);
    return offset ? std::optional(text_ + *offset) : std::nullopt;
  };
  const uint64_t functab_base = layout_->magic == 0xfffffffb ? 0 : functab_;
  auto entry = entry_at(functab_);
  for (uint64_t i = 0; i < count_; i++) {
    const uint64_t row = functab_ + 2 * i * layout_->entry_size;
    auto end = entry_at(row + 2 * layout_->entry_size);
    std::optional<uint64_t> offset = data_.u32(row + 4);
    if (absolute) offset = data_.u64(row + 8);
    if (!entry || !end || !offset || *end < *entry) return damaged;
    // A hole is marked by an offset of 0 (1.18) or all ones (older): runtime.findfunc.
    const bool hole = *offset == 0 || *offset == ~uint64_t{0};
    if (!hole) {
      if (*offset >= data_.size()) return damaged;
      functions.push_back({*entry, *end, functab_base + *offset});
    }
    entry = end;
  }
  return functions;
}

std::optional<uint32_t> Pclntab::func_word(const PclnFunction& function, uint32_t offset) const {
  return data_.u32(function.record + layout_->entry_size + offset);
}

std::optional<std::string_view> Pclntab::name(const PclnFunction& function) const {
  auto offset = func_word(function, kName);
  if (!offset) return std::nullopt;
  return data_.cstr(funcname_ + *offset);
}

uint8_t Pclntab::func_id(const PclnFunction& function) const {
  return data_.u8(function.record + layout_->entry_size + layout_->func_id).value_or(0);
}

uint8_t Pclntab::flags(const PclnFunction& function) const {
  return data_.u8(function.record + layout_->entry_size + layout_->func_id + 1).value_or(0);
}

std::optional<uint32_t> Pclntab::argument_bytes(const PclnFunction& function) const {
  auto bytes = func_word(function, kArgs);
  return bytes == kArgumentsUnknown ? std::nullopt : bytes;
}

bool Pclntab::is_go(const PclnFunction& function) const {
  return func_word(function, kPcsp).value_or(0) != 0;
}

/// A pc-value table is pairs of varints: zigzag difference of the value (from -1), difference of
/// the address; a value difference of 0 ends it, but for the first (runtime.step).
template <class Visit>
void Pclntab::each_range(const PclnFunction& function, std::optional<uint32_t> offset,
                         Visit visit) const {
  if (!offset || *offset == 0) return;
  uint64_t at = pctab_ + *offset, begin = function.entry;
  uint32_t value = ~uint32_t{0};
  while (begin < function.end) {
    auto delta = varint(data_, &at);
    if (!delta || (*delta == 0 && begin != function.entry)) return;
    auto length = varint(data_, &at);
    if (!length) return;
    value += *delta & 1 ? ~(*delta >> 1) : *delta >> 1;
    if (*length == 0) {
      if (begin == function.entry) return;  // damaged: no table begins with an empty range
      continue;
    }
    const uint64_t end = begin + *length;
    if (!visit(begin, end, static_cast<int32_t>(value))) return;
    begin = end;
  }
}

std::vector<PcRange> Pclntab::stack_depths(const PclnFunction& function) const {
  std::vector<PcRange> ranges;
  each_range(function, func_word(function, kPcsp),
             [&](uint64_t begin, uint64_t end, int32_t value) {
               ranges.push_back({begin, end, value});
               return true;
             });
  return ranges;
}

uint32_t Pclntab::deferreturn(const PclnFunction& function) const {
  return func_word(function, kDeferreturn).value_or(0);
}

// runtime.funcdata: the tables' offsets or pointers follow those of PCDATA, pointers aligned.
std::optional<uint64_t> Pclntab::funcdata(const PclnFunction& function, uint32_t index,
                                          uint64_t gofunc) const {
  auto count = data_.u8(function.record + layout_->entry_size + layout_->func_id + kFuncdataCount);
  auto before = func_word(function, kPcdataCount);
  if (!count || index >= *count || !before) return std::nullopt;
  uint64_t at = function.record + layout_->entry_size + layout_->func_id + kTables;
  at += uint64_t{4} * *before;
  if (layout_->entry_size == 8) {
    at = (at + 7) / 8 * 8 + uint64_t{8} * index;
    auto pointer = elf_->is_pie() ? elf_->word(address_ + at) : data_.u64(at);
    if (!pointer || *pointer == 0) return std::nullopt;
    return pointer;
  }
  auto offset = data_.u32(at + uint64_t{4} * index);
  if (!offset || *offset == ~uint32_t{0}) return std::nullopt;
  return gofunc + *offset;
}

std::optional<uint32_t> Pclntab::pcdata_table(const PclnFunction& function, uint32_t index) const {
  auto count = func_word(function, kPcdataCount);
  if (!count || index >= *count) return std::nullopt;
  return func_word(function, layout_->func_id + kTables + 4 * index);
}

std::vector<PcRange> Pclntab::pcdata(const PclnFunction& function, uint32_t index) const {
  std::vector<PcRange> ranges;
  each_range(function, pcdata_table(function, index), [&](uint64_t begin, uint64_t end, int32_t v) {
    ranges.push_back({begin, end, v});
    return true;
  });
  return ranges;
}

int32_t Pclntab::pcdata_maximum(const PclnFunction& function, uint32_t index) const {
  int32_t maximum = -1;
  each_range(function, pcdata_table(function, index), [&](uint64_t, uint64_t, int32_t value) {
    maximum = std::max(maximum, value);
    return true;
  });
  return maximum;
}

std::vector<PcRange> Pclntab::lines(const PclnFunction& function) const {
  std::vector<PcRange> ranges;
  each_range(function, func_word(function, kPcln), [&](uint64_t begin, uint64_t end, int32_t v) {
    ranges.push_back({begin, end, v});
    return true;
  });
  return ranges;
}

std::vector<PcRange> Pclntab::files(const PclnFunction& function) const {
  std::vector<PcRange> ranges;
  each_range(function, func_word(function, kPcfile), [&](uint64_t begin, uint64_t end, int32_t v) {
    ranges.push_back({begin, end, v});
    return true;
  });
  return ranges;
}

std::optional<std::string_view> Pclntab::name_at(uint32_t offset) const {
  return data_.cstr(funcname_ + offset);
}

std::string_view Pclntab::file_name(const PclnFunction& function, int32_t number) const {
  if (number < 0) return {};
  const uint64_t index = static_cast<uint32_t>(number);
  std::optional<uint32_t> offset;
  if (layout_->cutab < 0) {
    // <= 1.15: the functab is followed by the offset of the table of files, from 1.
    auto files = data_.u32(functab_ + (2 * count_ + 1) * layout_->entry_size);
    if (files) offset = data_.u32(*files + 4 * index);
  } else {
    auto unit = func_word(function, kCuOffset);
    if (unit) offset = data_.u32(cutab_ + 4 * (uint64_t{*unit} + index));
  }
  if (!offset || *offset == ~uint32_t{0}) return {};
  return data_.cstr(filetab_ + *offset).value_or(std::string_view{});
}

std::optional<SourceLine> Pclntab::line(const PclnFunction& function, uint64_t address) const {
  int32_t file = -1, line = -1;
  auto pick = [address](int32_t* out) {
    return [address, out](uint64_t begin, uint64_t end, int32_t value) {
      if (address >= begin && address < end) *out = value;
      return address >= end;
    };
  };
  each_range(function, func_word(function, kPcfile), pick(&file));
  each_range(function, func_word(function, kPcln), pick(&line));
  const std::string_view name = file_name(function, file);
  if (name.empty() || line < 0) return std::nullopt;
  return SourceLine{std::string(name), static_cast<uint32_t>(line)};
}

std::string_view Pclntab::first_file(const PclnFunction& function) const {
  int32_t file = -1;
  each_range(function, func_word(function, kPcfile), [&](uint64_t, uint64_t, int32_t value) {
    file = value;
    return false;
  });
  return file_name(function, file);
}

std::optional<int32_t> value_at(const std::vector<PcRange>& ranges, uint64_t address) {
  auto it = std::upper_bound(ranges.begin(), ranges.end(), address,
                             [](uint64_t a, const PcRange& range) { return a < range.begin; });
  if (it == ranges.begin() || address >= std::prev(it)->end) return std::nullopt;
  return std::prev(it)->value;
}

}  // namespace gotap::go
