// The reader behind descriptors.h. Words go through Elf::word(), which applies relocations.
#include "go/descriptors.h"

#include <algorithm>

namespace gotap::go {
namespace {

// abi.Type, the same in all versions.
constexpr uint32_t kSize = 0, kPointerBytes = 8, kFlags = 20, kAlign = 21, kKind = 23, kString = 40,
                   kPointerToThis = 44, kCommonSize = 48, kUncommonSize = 16;
constexpr uint8_t kUncommon = 1, kExtraStar = 2, kNamed = 4;
constexpr uint8_t kDirect = 32;  // of the kind until 1.25, then of the flags
constexpr uint8_t kExported = 1, kTag = 2, kPackage = 4, kEmbedded = 8;  // of names
constexpr uint64_t kFieldSize = 24, kMethodSize = 16, kInterfaceMethodSize = 8;
constexpr uint64_t kMaxName = 1u << 20, kMaxItems = 1u << 16, kMaxListed = 1u << 24;
constexpr uint64_t kMaxTextSections = 1024;
constexpr uint64_t kNewMapSize = 112;  // of 1.24 and 1.25, unless built with GOEXPERIMENT
constexpr uint64_t kOldMapSize = 88;   // noswissmap

bool has_element(RuntimeKind kind) {
  return kind == RuntimeKind::Array || kind == RuntimeKind::Chan || kind == RuntimeKind::Map ||
         kind == RuntimeKind::Pointer || kind == RuntimeKind::Slice;
}

}  // namespace

TypeKind kind_of(RuntimeKind kind) {
  switch (kind) {
    case RuntimeKind::Bool: return TypeKind::Bool;
    case RuntimeKind::Int:
    case RuntimeKind::Int8:
    case RuntimeKind::Int16:
    case RuntimeKind::Int32:
    case RuntimeKind::Int64: return TypeKind::Int;
    case RuntimeKind::Uint:
    case RuntimeKind::Uint8:
    case RuntimeKind::Uint16:
    case RuntimeKind::Uint32:
    case RuntimeKind::Uint64:
    case RuntimeKind::Uintptr: return TypeKind::Uint;
    case RuntimeKind::Float32:
    case RuntimeKind::Float64: return TypeKind::Float;
    case RuntimeKind::Complex64:
    case RuntimeKind::Complex128: return TypeKind::Complex;
    case RuntimeKind::Array: return TypeKind::Array;
    case RuntimeKind::Chan: return TypeKind::Chan;
    case RuntimeKind::Func: return TypeKind::Func;
    case RuntimeKind::Interface: return TypeKind::Interface;
    case RuntimeKind::Map: return TypeKind::Map;
    case RuntimeKind::Pointer: return TypeKind::Pointer;
    case RuntimeKind::Slice: return TypeKind::Slice;
    case RuntimeKind::String: return TypeKind::String;
    case RuntimeKind::Struct: return TypeKind::Struct;
    case RuntimeKind::UnsafePointer: return TypeKind::UnsafePointer;
    case RuntimeKind::Invalid: break;
  }
  return TypeKind::Unknown;
}

std::optional<Descriptors> Descriptors::open(const elf::Elf& elf, uint64_t module,
                                             const TypeLayout& layout) {
  Descriptors out;
  out.elf_ = &elf;
  out.layout_ = layout;
  out.module_ = module;
  auto word = [&](int32_t offset) {
    return elf.word(module + static_cast<uint64_t>(offset)).value_or(0);
  };
  out.types_ = word(layout.types);
  out.etypes_ = word(layout.etypes);
  out.text_ = word(layout.text);
  if (layout.descriptors >= 0) out.walked_ = word(layout.descriptors);
  // The file must have all of it: what the walks meet is then bounded by the file's size.
  if (out.types_ == 0 || out.etypes_ <= out.types_ ||
      !elf.at(out.types_, out.etypes_ - out.types_) || !elf.is_executable(out.text_) ||
      out.walked_ > out.etypes_ - out.types_)
    return std::nullopt;
  const uint64_t sections = word(layout.text_sections), count = word(layout.text_sections + 8);
  if (count > kMaxTextSections) return std::nullopt;
  for (uint64_t i = 0; count > 1 && i < count; i++) {
    auto offset = elf.word(sections + 24 * i), address = elf.word(sections + 24 * i + 16);
    if (!offset || !address) return std::nullopt;
    out.text_sections_.push_back({*offset, *address});
  }
  return out;
}

std::optional<uint32_t> Descriptors::u32(uint64_t address) const {
  return elf_->from(address).u32(0);
}

/// A flag byte, a length and that many bytes; then perhaps a tag in the same way, and the offset of
/// a package's name.
std::optional<Descriptors::Name> Descriptors::name(uint64_t address) const {
  const Bytes bytes = elf_->from(address);
  auto flags = bytes.u8(0);
  if (!flags) return std::nullopt;
  uint64_t at = 1;
  auto text = [&]() -> std::optional<std::string_view> {
    uint64_t length = 0;
    if (!layout_.varint_names) {
      auto high = bytes.u8(at), low = bytes.u8(at + 1);
      if (!high || !low) return std::nullopt;
      length = uint64_t{*high} << 8 | *low;
      at += 2;
    } else {
      for (unsigned shift = 0;; shift += 7) {
        auto byte = bytes.u8(at++);
        if (!byte || shift > 28) return std::nullopt;
        length |= uint64_t{*byte & 0x7fu} << shift;
        if (!(*byte & 0x80)) break;
      }
    }
    auto data = bytes.sub(at, length);
    if (length > kMaxName || !data) return std::nullopt;
    at += length;
    return std::string_view(reinterpret_cast<const char*>(data->data()), data->size());
  };
  Name out;
  out.exported = *flags & kExported;
  out.embedded = *flags & kEmbedded;
  auto own = text();
  if (!own) return std::nullopt;
  out.text = *own;
  if (*flags & kTag) {
    auto tag = text();
    if (!tag) return std::nullopt;
    out.tag = *tag;
  }
  if (*flags & kPackage) {
    auto offset = bytes.u32(at);
    if (!offset) return std::nullopt;
    const Bytes package = elf_->from(types_ + *offset);
    // A package's own name has no package: the reading does not go on for ever.
    if (*offset != 0 && package.u8(0) && !(*package.u8(0) & kPackage))
      if (auto found = name(types_ + *offset)) out.package = found->text;
  }
  return out;
}

std::optional<Descriptors::Name> Descriptors::name_offset(uint64_t at) const {
  auto offset = u32(at);
  if (!offset || *offset > etypes_ - types_) return std::nullopt;
  if (*offset == 0) return Name{};
  return name(types_ + *offset);
}

/// 0: there is none, which the linker writes as 0 or -1.
std::optional<uint64_t> Descriptors::type_offset(uint64_t at) const {
  auto offset = u32(at);
  if (!offset) return std::nullopt;
  if (*offset == 0 || *offset == ~uint32_t{0}) return 0;
  return types_ + *offset;
}

/// moduledata.textAddr: offsets run through all text sections; amd64 has one, but for
/// -debugtextsize.
uint64_t Descriptors::text_address(uint32_t offset) const {
  if (offset == 0 || offset == ~uint32_t{0}) return 0;
  for (size_t i = text_sections_.size(); i > 0; i--)
    if (offset >= text_sections_[i - 1].offset)
      return text_sections_[i - 1].address + (offset - text_sections_[i - 1].offset);
  return text_ + offset;
}

std::optional<Descriptors::Slice> Descriptors::slice(uint64_t address, uint64_t item_size) const {
  auto data = elf_->word(address), count = elf_->word(address + 8);
  if (!data || !count || *count > kMaxItems) return std::nullopt;
  if (*count != 0 && !elf_->at(*data, *count * item_size)) return std::nullopt;
  return Slice{*data, *count};
}

std::optional<Descriptor> Descriptors::at(uint64_t address) const {
  if (address < types_ || address >= etypes_ || address % 8 != 0) return std::nullopt;
  const Bytes bytes = elf_->from(address);
  if (!bytes.contains(0, kCommonSize)) return std::nullopt;
  Descriptor out;
  out.address = address;
  out.size = *bytes.u64(kSize);
  const uint8_t flags = bytes[kFlags], kind = bytes[kKind];
  out.align = bytes[kAlign];
  out.kind = static_cast<RuntimeKind>(kind & kRuntimeKindMask);
  const uint64_t pointer_bytes = *bytes.u64(kPointerBytes);
  if (out.kind == RuntimeKind::Invalid || out.kind > RuntimeKind::UnsafePointer || out.align == 0 ||
      out.align > 64 || (out.align & (out.align - 1)) != 0 || pointer_bytes > out.size)
    return std::nullopt;
  out.uncommon = flags & kUncommon;
  out.named = flags & kNamed;
  out.direct = (flags | kind) & kDirect;
  auto text = name_offset(address + kString);
  if (!text || text->text.size() <= (flags & kExtraStar ? 1u : 0u)) return std::nullopt;
  out.string = text->text.substr(flags & kExtraStar ? 1 : 0);
  auto pointer = type_offset(address + kPointerToThis);
  out.pointer_to_this = pointer.value_or(0);
  return out;
}

std::optional<uint64_t> Descriptors::element(const Descriptor& type) const {
  if (!has_element(type.kind)) return std::nullopt;
  return elf_->word(type.address + kCommonSize + (type.kind == RuntimeKind::Map ? 8 : 0));
}

std::optional<uint64_t> Descriptors::key(const Descriptor& map) const {
  if (map.kind != RuntimeKind::Map) return std::nullopt;
  return elf_->word(map.address + kCommonSize);
}

std::optional<uint64_t> Descriptors::length(const Descriptor& array) const {
  if (array.kind != RuntimeKind::Array) return std::nullopt;
  return elf_->word(array.address + kCommonSize + 16);
}

std::string_view Descriptors::channel_word(const Descriptor& channel) const {
  switch (elf_->word(channel.address + kCommonSize + 8).value_or(0)) {
    case 1: return "<-chan";
    case 2: return "chan<-";
    default: return "chan";
  }
}

std::optional<std::vector<DescriptorField>> Descriptors::fields(const Descriptor& type) const {
  std::vector<DescriptorField> out;
  if (type.kind != RuntimeKind::Struct) return out;
  auto rows = slice(type.address + kCommonSize + 8, kFieldSize);
  if (!rows) return std::nullopt;
  for (uint64_t i = 0; i < rows->count; i++) {
    const uint64_t row = rows->address + i * kFieldSize;
    auto name_at = elf_->word(row), field_type = elf_->word(row + 8), offset = elf_->word(row + 16);
    if (!name_at || !field_type || !offset) return std::nullopt;
    auto text = name(*name_at);
    if (!text) return std::nullopt;
    DescriptorField field{text->text,     text->tag,   text->exported,
                          text->embedded, *field_type, *offset};
    if (layout_.embedded_bit) {
      field.embedded = *offset & 1;
      field.offset = *offset >> 1;
    }
    if (field.offset > type.size) return std::nullopt;
    out.push_back(field);
  }
  return out;
}

/// Bytes of the descriptor before its uncommon part.
uint64_t Descriptors::kind_size(const Descriptor& type) const {
  switch (type.kind) {
    case RuntimeKind::Array: return kCommonSize + 24;
    case RuntimeKind::Chan: return kCommonSize + 16;
    case RuntimeKind::Func: return kCommonSize + 8;
    case RuntimeKind::Interface:
    case RuntimeKind::Struct: return kCommonSize + 32;
    case RuntimeKind::Pointer:
    case RuntimeKind::Slice: return kCommonSize + 8;
    case RuntimeKind::Map: {
      if (layout_.map_size != kNewMapSize) return layout_.map_size;
      // Swiss maps: the size of a group stands where the old ones have four small numbers.
      auto group = at(elf_->word(type.address + kCommonSize + 16).value_or(0));
      auto size = elf_->word(type.address + kCommonSize + 32);
      return group && size && group->size == *size ? kNewMapSize : kOldMapSize;
    }
    default: return kCommonSize;
  }
}

std::optional<DescriptorFunc> Descriptors::function(const Descriptor& type) const {
  if (type.kind != RuntimeKind::Func) return std::nullopt;
  auto counts = u32(type.address + kCommonSize);
  if (!counts) return std::nullopt;
  const uint32_t in = *counts & 0xffff, out_word = *counts >> 16, out = out_word & 0x7fff;
  const uint64_t list = type.address + kind_size(type) + (type.uncommon ? kUncommonSize : 0);
  DescriptorFunc result;
  result.variadic = out_word & 0x8000;
  if (!elf_->at(list, 8 * uint64_t{in + out}) && in + out != 0) return std::nullopt;
  for (uint32_t i = 0; i < in + out; i++)
    (i < in ? result.in : result.out).push_back(elf_->word(list + 8 * uint64_t{i}).value_or(0));
  return result;
}

std::optional<uint64_t> Descriptors::interface_method_count(const Descriptor& type) const {
  if (type.kind != RuntimeKind::Interface) return std::nullopt;
  auto rows = slice(type.address + kCommonSize + 8, kInterfaceMethodSize);
  return rows ? std::optional(rows->count) : std::nullopt;
}

std::optional<std::vector<InterfaceMethod>> Descriptors::interface_methods(
    const Descriptor& type) const {
  std::vector<InterfaceMethod> out;
  if (type.kind != RuntimeKind::Interface) return out;
  auto rows = slice(type.address + kCommonSize + 8, kInterfaceMethodSize);
  if (!rows) return std::nullopt;
  for (uint64_t i = 0; i < rows->count; i++) {
    const uint64_t row = rows->address + i * kInterfaceMethodSize;
    auto text = name_offset(row);
    auto method_type = type_offset(row + 4);
    if (!text || !method_type) return std::nullopt;
    out.push_back({text->text, text->package, text->exported, *method_type});
  }
  return out;
}

std::string_view Descriptors::package(const Descriptor& type) const {
  std::optional<Name> found;
  if (!type.named && (type.kind == RuntimeKind::Struct || type.kind == RuntimeKind::Interface)) {
    if (auto pointer = elf_->word(type.address + kCommonSize); pointer && *pointer != 0)
      found = name(*pointer);
  } else if (type.uncommon) {
    found = name_offset(type.address + kind_size(type));
  }
  return found ? found->text : std::string_view();
}

std::optional<std::vector<DescriptorMethod>> Descriptors::methods(const Descriptor& type) const {
  std::vector<DescriptorMethod> out;
  if (!type.uncommon) return out;
  const uint64_t uncommon = type.address + kind_size(type);
  auto counts = u32(uncommon + 4), offset = u32(uncommon + 8);
  if (!counts || !offset) return std::nullopt;
  const uint64_t count = *counts & 0xffff, rows = uncommon + *offset;
  if (count != 0 && !elf_->at(rows, count * kMethodSize)) return std::nullopt;
  for (uint64_t i = 0; i < count; i++) {
    const uint64_t row = rows + i * kMethodSize;
    auto text = name_offset(row);
    auto method_type = type_offset(row + 4);
    if (!text || !method_type) return std::nullopt;
    out.push_back({text->text, *method_type, text_address(u32(row + 8).value_or(0)),
                   text_address(u32(row + 12).value_or(0))});
  }
  return out;
}

bool Descriptors::references(const Descriptor& type, std::vector<uint64_t>* out) const {
  if (type.pointer_to_this) out->push_back(type.pointer_to_this);
  bool good = true;
  if (has_element(type.kind)) {
    auto found = element(type);
    good = found && *found != 0;
    if (good) out->push_back(*found);
  }
  if (type.kind == RuntimeKind::Map) {
    auto found = key(type);
    good = good && found;
    if (found) out->push_back(*found);
  }
  if (auto parts = fields(type))
    for (const DescriptorField& field : *parts) out->push_back(field.type);
  else
    good = false;
  if (type.kind == RuntimeKind::Func) {
    auto parts = function(type);
    good = good && parts;
    if (parts) out->insert(out->end(), parts->in.begin(), parts->in.end());
    if (parts) out->insert(out->end(), parts->out.begin(), parts->out.end());
  }
  if (auto parts = interface_methods(type)) {
    for (const InterfaceMethod& method : *parts)
      if (method.type) out->push_back(method.type);
  } else {
    good = false;
  }
  if (auto parts = methods(type)) {
    for (const DescriptorMethod& method : *parts)
      if (method.type) out->push_back(method.type);
  } else {
    good = false;
  }
  return good;
}

/// abi.Type.DescriptorSize (1.27). Its parts are side by side there: kind, uncommon, lists,
/// methods.
std::optional<uint64_t> Descriptors::whole_size(const Descriptor& type) const {
  uint64_t size = kind_size(type) + (type.uncommon ? kUncommonSize : 0);
  if (type.kind == RuntimeKind::Func) {
    auto counts = u32(type.address + kCommonSize);
    if (!counts) return std::nullopt;
    size += 8 * ((*counts & 0xffff) + uint64_t{*counts >> 16 & 0x7fff});
  } else if (type.kind == RuntimeKind::Struct || type.kind == RuntimeKind::Interface) {
    auto count = elf_->word(type.address + kCommonSize + 16);
    if (!count || *count > kMaxItems) return std::nullopt;
    size += *count * (type.kind == RuntimeKind::Struct ? kFieldSize : kInterfaceMethodSize);
  }
  if (type.uncommon) {
    auto counts = u32(type.address + kind_size(type) + 4);
    if (!counts) return std::nullopt;
    size += (*counts & 0xffff) * kMethodSize;
  }
  return size;
}

/// An itab begins with the interface's type and the dynamic type.
void Descriptors::add_itab(uint64_t itab, std::vector<uint64_t>* out) const {
  for (uint64_t offset : {0, 8})
    if (auto type = elf_->word(itab + offset)) out->push_back(*type);
}

std::vector<uint64_t> Descriptors::roots() const {
  std::vector<uint64_t> out;
  auto list = [&](int32_t offset, uint64_t item, auto visit) {
    if (offset < 0) return;
    auto data = elf_->word(module_ + static_cast<uint64_t>(offset));
    auto count = elf_->word(module_ + static_cast<uint64_t>(offset) + 8);
    if (!data || !count || *count > kMaxListed || !elf_->at(*data, *count * item)) return;
    for (uint64_t i = 0; i < *count; i++) visit(*data + i * item);
  };
  list(layout_.typelinks, 4, [&](uint64_t at) { out.push_back(types_ + u32(at).value_or(0)); });
  list(layout_.itablinks, 8, [&](uint64_t at) { add_itab(elf_->word(at).value_or(0), &out); });
  // >= 1.27: the descriptors stand side by side (moduleTypelinks in runtime/type.go).
  for (uint64_t at_address = types_ + 8; at_address < types_ + walked_;) {
    at_address = (at_address + 7) & ~uint64_t{7};
    auto type = at(at_address);
    auto size = type ? whole_size(*type) : std::nullopt;
    if (!size) break;
    out.push_back(at_address);
    at_address += *size;
  }
  return out;
}

}  // namespace gotap::go
