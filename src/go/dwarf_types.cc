#include "go/dwarf_types.h"

#include <algorithm>

#include "go/dwarf_impl.h"

namespace gotap::go {
namespace {

using elf::DwarfDie;
using elf::DwarfValue;

// A type has a name, an underlying one, perhaps one more in between.
constexpr int kMaxChain = 8;
constexpr unsigned kMaxTypeDepth = 100;  // of types in types, by value
constexpr size_t kMaxFields = 1 << 16;

/// Types that the linker makes up (hash<K,V>, pointers to what has no descriptor,
/// unsafe.Pointer) have no kind of Go's; they are what their tags say.
TypeKind kind_without(const elf::Dwarf& dwarf, const DwarfDie& die) {
  if (dwarf.attribute(die, elf::DW_AT_name).text == "unsafe.Pointer")
    return TypeKind::UnsafePointer;
  switch (die.tag()) {
    case elf::DW_TAG_structure_type: return TypeKind::Struct;
    case elf::DW_TAG_pointer_type: return TypeKind::Pointer;
    case elf::DW_TAG_array_type: return TypeKind::Array;
    default: return TypeKind::Unknown;
  }
}

/// Of kinds whose size DWARF leaves to the reader.
uint64_t usual_size(TypeKind kind) {
  switch (kind) {
    case TypeKind::Interface: return 2 * kWord;
    case TypeKind::Pointer:
    case TypeKind::UnsafePointer:
    case TypeKind::Func:
    case TypeKind::Map:
    case TypeKind::Chan: return kWord;
    default: return 0;
  }
}

/// A generic function is compiled once for all pointers, as if each were a *uint8
/// (cmd/compile/internal/noder/reader.go, shapify): what they point to is not known.
bool points_to_anything(std::string_view pointer) { return pointer.starts_with("go.shape.*uint8"); }

/// The name an embedded field has in Go: its type's, without package, `*` and type arguments.
std::string embedded_name(std::string_view name) {
  name = name.substr(0, name.find('['));
  const size_t dot = name.find_last_of("./*");
  return std::string(dot == std::string_view::npos ? name : name.substr(dot + 1));
}

}  // namespace

std::optional<DwarfTypes::Impl::Chain> DwarfTypes::Impl::follow(uint64_t key) const {
  std::optional<DwarfDie> die = dwarf->die(key);
  if (!die || !die->abbreviation) return std::nullopt;
  Chain chain{*die, *die};
  for (int i = 0; i < kMaxChain && die && die->abbreviation; i++) {
    chain.last = *die;
    if (const DwarfValue kind = dwarf->attribute(*die, kGoKind)) {
      chain.kind = static_cast<RuntimeKind>(kind.number & kRuntimeKindMask);
      break;
    }
    if (die->tag() != elf::DW_TAG_typedef) break;
    const DwarfValue target = dwarf->attribute(*die, elf::DW_AT_type);
    if (target.kind != DwarfValue::Kind::Reference) break;
    die = dwarf->die(target.number);
  }
  return chain;
}

GoType DwarfTypes::Impl::read_type(uint64_t key, Types& types, const TypeSource& source) const {
  GoType type;
  const auto chain = follow(key);
  if (!chain) return type;
  const DwarfDie& die = chain->last;
  type.name = dwarf->attribute(chain->first, elf::DW_AT_name).text;
  type.kind =
      chain->kind != RuntimeKind::Invalid ? kind_of(chain->kind) : kind_without(*dwarf, die);
  const DwarfValue size = dwarf->attribute(die, elf::DW_AT_byte_size);
  type.size = size ? size.number : usual_size(type.kind);
  type.align = align_of(key, 0);
  const auto refer = [&](uint16_t name) {
    const DwarfValue target = dwarf->attribute(die, name);
    return target.kind == DwarfValue::Kind::Reference ? types.reference(source, target.number)
                                                      : kNoType;
  };
  switch (type.kind) {
    case TypeKind::Struct: read_struct(die, &type, types, source); break;
    case TypeKind::Array: read_array(die, &type, types, source); break;
    case TypeKind::Pointer:
      if (!points_to_anything(type.name)) type.elem = refer(elf::DW_AT_type);
      break;
    case TypeKind::Map: type.key = refer(kGoKey); [[fallthrough]];
    case TypeKind::Slice:
    case TypeKind::Chan: type.elem = refer(kGoElem); break;
    case TypeKind::Interface:
      // Described as the struct that the runtime has for it.
      type.has_methods =
          type_name(dwarf->attribute(die, elf::DW_AT_type).number) != "runtime.eface";
      break;
    default: break;
  }
  type.runtime_address = runtime_address(key);
  return type;
}

void DwarfTypes::Impl::read_struct(const DwarfDie& die, GoType* type, Types& types,
                                   const TypeSource& source) const {
  dwarf->for_each_child(die, [&](const DwarfDie& member) {
    if (member.tag() != elf::DW_TAG_member) return true;
    TypeField field;
    field.embedded = dwarf->attribute(member, kGoEmbeddedField).number != 0;
    const std::string_view name = dwarf->attribute(member, elf::DW_AT_name).text;
    field.name = field.embedded ? embedded_name(name) : std::string(name);
    field.offset = dwarf->attribute(member, elf::DW_AT_data_member_location).number;
    const DwarfValue target = dwarf->attribute(member, elf::DW_AT_type);
    if (target.kind == DwarfValue::Kind::Reference)
      field.type = types.reference(source, target.number);
    type->fields.push_back(std::move(field));
    return type->fields.size() < kMaxFields;
  });
  std::stable_sort(type->fields.begin(), type->fields.end(),
                   [](const TypeField& a, const TypeField& b) { return a.offset < b.offset; });
}

void DwarfTypes::Impl::read_array(const DwarfDie& die, GoType* type, Types& types,
                                  const TypeSource& source) const {
  const DwarfValue elem = dwarf->attribute(die, elf::DW_AT_type);
  if (elem.kind == DwarfValue::Kind::Reference) type->elem = types.reference(source, elem.number);
  dwarf->for_each_child(die, [&](const DwarfDie& range) {
    if (range.tag() != elf::DW_TAG_subrange_type) return true;
    type->length = dwarf->attribute(range, elf::DW_AT_count).number;
    return false;
  });
}

/// By Go's rules (cmd/compile/internal/types/size.go); 1 of what is not known.
uint32_t DwarfTypes::Impl::align_of(uint64_t key, unsigned depth) const {
  const auto [known, added] = aligns_.try_emplace(key, 1);
  if (!added || depth > kMaxTypeDepth) return known->second;
  const auto chain = follow(key);
  if (!chain) return 1;
  const DwarfDie& die = chain->last;
  const TypeKind kind =
      chain->kind != RuntimeKind::Invalid ? kind_of(chain->kind) : kind_without(*dwarf, die);
  uint32_t align = 1;
  switch (kind) {
    case TypeKind::Unknown: break;
    case TypeKind::Bool:
    case TypeKind::Int:
    case TypeKind::Uint:
    case TypeKind::Float: {
      const uint64_t size = dwarf->attribute(die, elf::DW_AT_byte_size).number;
      if (size >= 1 && size <= kWord) align = size;
      break;
    }
    case TypeKind::Complex: align = chain->kind == RuntimeKind::Complex64 ? 4 : 8; break;
    case TypeKind::Array:
      align = align_of(dwarf->attribute(die, elf::DW_AT_type).number, depth + 1);
      break;
    case TypeKind::Struct:
      dwarf->for_each_child(die, [&](const DwarfDie& member) {
        if (member.tag() == elf::DW_TAG_member)
          align = std::max(align,
                           align_of(dwarf->attribute(member, elf::DW_AT_type).number, depth + 1));
        return true;
      });
      break;
    default: align = kWord;
  }
  aligns_[key] = align;
  return align;
}

std::string_view DwarfTypes::Impl::type_name(uint64_t key) const {
  const auto die = dwarf->die(key);
  return die ? dwarf->attribute(*die, elf::DW_AT_name).text : std::string_view();
}

uint64_t DwarfTypes::Impl::type_of(const DwarfDie& die) const {
  const DwarfValue type = dwarf->attribute(die, elf::DW_AT_type);
  if (type.kind != DwarfValue::Kind::Reference) return 0;
  // `.param0`: a typedef inside the function, of the shape that its type parameter has.
  const auto target = dwarf->die(type.number);
  if (!target || target->tag() != elf::DW_TAG_typedef) return type.number;
  if (dwarf->attribute(*target, elf::DW_AT_name).text.substr(0, 6) != ".param") return type.number;
  const DwarfValue shape = dwarf->attribute(*target, elf::DW_AT_type);
  return shape.kind == DwarfValue::Kind::Reference ? shape.number : type.number;
}

/// What DW_AT_go_runtime_type counts from: the linker writes an offset in the section that begins
/// with runtime.types (objabi.R_ADDROFF). 0: not known.
uint64_t DwarfTypes::Impl::types_base() const {
  if (types_base_) return *types_base_;
  types_base_ = 0;
  const auto variable = names().variables.find("runtime.firstmoduledata");
  if (variable == names().variables.end()) return 0;
  const auto die = dwarf->die(variable->second);
  const auto address = die ? variable_address(*die) : std::nullopt;
  const auto chain = address ? follow(type_of(*die)) : std::nullopt;
  if (!chain) return 0;
  dwarf->for_each_child(chain->last, [&](const DwarfDie& member) {
    if (dwarf->attribute(member, elf::DW_AT_name).text != "types") return true;
    const uint64_t offset = dwarf->attribute(member, elf::DW_AT_data_member_location).number;
    types_base_ = elf.word(*address + offset).value_or(0);
    return false;
  });
  return *types_base_;
}

uint64_t DwarfTypes::Impl::runtime_address(uint64_t key) const {
  if (no_runtime_addresses) return 0;
  const auto chain = follow(key);
  if (!chain) return 0;
  const DwarfValue offset = dwarf->attribute(chain->last, kGoRuntimeType);
  if (!offset || offset.number == 0 || types_base() == 0) return 0;
  // A descriptor begins with the type's size; its kind is at 23.
  const uint64_t address = types_base() + offset.number;
  const auto descriptor = elf.at(address, 24);
  if (!descriptor) return 0;
  const DwarfValue size = dwarf->attribute(chain->last, elf::DW_AT_byte_size);
  const bool agrees =
      static_cast<RuntimeKind>(descriptor->u8(23).value_or(0) & kRuntimeKindMask) == chain->kind &&
      (!size || descriptor->u64(0) == size.number);
  return agrees ? address : 0;
}

DwarfTypes::DwarfTypes(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DwarfTypes::~DwarfTypes() = default;

std::unique_ptr<DwarfTypes> DwarfTypes::open(const elf::Elf& elf, int minor) {
  auto dwarf = elf::Dwarf::open(elf);
  if (!dwarf) return nullptr;
  return std::unique_ptr<DwarfTypes>(
      new DwarfTypes(std::make_unique<Impl>(elf, std::move(dwarf), minor)));
}

GoType DwarfTypes::read_type(uint64_t key, Types& types) const {
  return impl_->read_type(key, types, *this);
}

std::vector<uint64_t> DwarfTypes::find_types(std::string_view name) const {
  return impl_->find_types(name);
}

void DwarfTypes::without_runtime_addresses() { impl_->no_runtime_addresses = true; }

uint64_t DwarfTypes::runtime_address(uint64_t key) const { return impl_->runtime_address(key); }

std::optional<Global> DwarfTypes::global(std::string_view name, Types& types) const {
  return impl_->global(name, types, *this);
}

std::vector<std::string> DwarfTypes::global_names() const {
  std::vector<std::string> all;
  for (const auto& [name, die] : impl_->names().variables) all.emplace_back(name);
  return all;
}

std::vector<Constant> DwarfTypes::constants(std::string_view type_name) const {
  return impl_->constants(type_name);
}

std::vector<std::string> DwarfTypes::warnings() const {
  // One is enough: what is damaged is damaged.
  std::vector<std::string> all = impl_->dwarf->warnings();
  if (all.size() > 1) all.resize(1);
  for (std::string& it : all) it = "debugging information (DWARF): " + it;
  return all;
}

}  // namespace gotap::go
