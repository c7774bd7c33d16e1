// The walk over all descriptors, the indexes by name and by method, and what they say as types and
// signatures. Nothing is read before it is asked for; of each type a few bytes are kept.
#include "go/rtype.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "go/descriptors.h"
#include "go/type_names.h"
#include "go/versions.h"

namespace gotap::go {
namespace {

// Descriptors are 8-aligned: a key with this bit is the pointer to a type whose own descriptor the
// linker has dropped.
constexpr uint64_t kPointerTo = 1;
// More than any program has, so that a damaged one comes to an end.
constexpr uint64_t kMaxReferences = 1u << 25;

/// Of one function with a method's entry.
struct Row {
  uint64_t entry = 0;
  uint32_t receiver = 0;    ///< offset of the type in whose list it stands
  uint32_t type = 0;        ///< offset of the function's type, without receiver
  bool by_address = false;  ///< the receiver is a pointer to that type
  auto operator<=>(const Row&) const = default;
};

struct Named {
  uint32_t hash = 0, type = 0;
  auto operator<=>(const Named&) const = default;
};

}  // namespace

struct Rtypes::Impl {
  const elf::Elf& elf;
  const Pclntab& pclntab;
  TypeLayout layout;
  bool opened = false, walked = false, named = false;
  std::optional<Descriptors> descriptors;  ///< nothing: they cannot be found
  std::vector<uint32_t> types;             ///< offsets from the module's types, sorted
  std::vector<Row> methods;                ///< by entry
  std::vector<Named> names;                ///< by hash
  std::set<std::string> warnings;

  Impl(const elf::Elf& file, const Pclntab& table, const TypeLayout& numbers)
      : elf(file), pclntab(table), layout(numbers) {}

  bool open();
  void walk();
  void add_methods(const Descriptor& type);
  void index_names();
  uint64_t address(uint32_t offset) const { return descriptors->begin() + offset; }
  uint32_t offset(uint64_t address) const {
    return static_cast<uint32_t>(address - descriptors->begin());
  }
  std::optional<std::pair<bool, uint64_t>> receiver(const Row& row) const;
  uint64_t pointer_key(const Descriptor& type) const;
  bool fill(const Descriptor& type, const Rtypes& source, GoType* out, Types& types) const;
};

bool Rtypes::Impl::open() {
  if (opened) return descriptors.has_value();
  opened = true;
  if (auto module = pclntab.module_data()) descriptors = Descriptors::open(elf, *module, layout);
  // Offsets are kept in 32 bits, as the program itself has them.
  if (descriptors && descriptors->end() - descriptors->begin() > ~uint32_t{0}) descriptors.reset();
  if (!descriptors) warnings.insert("the program's own descriptions of its types cannot be found");
  return descriptors.has_value();
}

/// Everything that can be reached from what the module names: a named type is reached through the
/// pointer to it, which the compiler always describes with it.
void Rtypes::Impl::walk() {
  if (walked || !open()) return;
  walked = true;
  const uint64_t begin = descriptors->begin(), end = descriptors->end();
  std::vector<bool> seen((end - begin) / 8 + 1);
  std::vector<uint64_t> waiting = descriptors->roots(), found;
  uint64_t references = 0;
  while (!waiting.empty()) {
    const uint64_t address = waiting.back();
    waiting.pop_back();
    if (address < begin || address >= end || seen[(address - begin) / 8]) continue;
    seen[(address - begin) / 8] = true;
    auto type = descriptors->at(address);
    if (!type) {
      warnings.insert("some descriptions of types are damaged");
      continue;
    }
    types.push_back(offset(address));
    add_methods(*type);
    found.clear();
    if (!descriptors->references(*type, &found))
      warnings.insert("some descriptions of types are damaged");
    references += found.size();
    if (references > kMaxReferences) {
      warnings.insert("the program describes more types than are read");
      break;
    }
    for (uint64_t next : found)
      if (next >= begin && next < end && !seen[(next - begin) / 8]) waiting.push_back(next);
  }
  std::sort(types.begin(), types.end());
  std::sort(methods.begin(), methods.end());
}

void Rtypes::Impl::add_methods(const Descriptor& type) {
  auto list = descriptors->methods(type);
  if (!list) return;
  for (const DescriptorMethod& method : *list) {
    if (method.type < descriptors->begin() || method.type >= descriptors->end()) continue;
    const Row row{method.entry, offset(type.address), offset(method.type), false};
    if (row.entry != 0) methods.push_back(row);
    // The form that interfaces call takes a pointer, unless the value is one itself.
    if (method.interface_entry != 0 && method.interface_entry != method.entry)
      methods.push_back({method.interface_entry, row.receiver, row.type, !type.direct});
  }
}

void Rtypes::Impl::index_names() {
  walk();
  if (named) return;
  named = true;
  names.reserve(types.size());
  for (uint32_t type : types)
    if (auto found = descriptors->at(address(type)))
      names.push_back({name_hash(found->string), type});
  std::sort(names.begin(), names.end());
}

/// Whether it is a pointer, and the type itself or what it points to.
std::optional<std::pair<bool, uint64_t>> Rtypes::Impl::receiver(const Row& row) const {
  const uint64_t at = address(row.receiver);
  if (row.by_address) return std::pair(true, at);
  auto type = descriptors->at(at);
  if (!type) return std::nullopt;
  if (type->kind != RuntimeKind::Pointer || type->named) return std::pair(false, at);
  auto element = descriptors->element(*type);
  return element ? std::optional(std::pair(true, *element)) : std::nullopt;
}

uint64_t Rtypes::Impl::pointer_key(const Descriptor& type) const {
  if (auto pointer = descriptors->at(type.pointer_to_this);
      pointer && pointer->kind == RuntimeKind::Pointer &&
      descriptors->element(*pointer) == type.address)
    return pointer->address;
  return type.address | kPointerTo;
}

bool Rtypes::Impl::fill(const Descriptor& type, const Rtypes& source, GoType* out,
                        Types& all) const {
  auto reference = [&](std::optional<uint64_t> at) {
    return at && descriptors->at(*at) ? all.reference(source, *at) : kNoType;
  };
  switch (out->kind) {
    case TypeKind::Array: out->length = descriptors->length(type).value_or(0); [[fallthrough]];
    case TypeKind::Slice:
    case TypeKind::Pointer:
    case TypeKind::Chan: out->elem = reference(descriptors->element(type)); break;
    case TypeKind::Map:
      out->key = reference(descriptors->key(type));
      out->elem = reference(descriptors->element(type));
      return out->key != kNoType && out->elem != kNoType;
    case TypeKind::Interface: {
      auto count = descriptors->interface_method_count(type);
      if (count) out->has_methods = *count != 0;
      return count.has_value();
    }
    case TypeKind::Struct: {
      auto fields = descriptors->fields(type);
      if (!fields) return false;
      for (const DescriptorField& field : *fields) {
        const TypeId id = reference(field.type);
        if (id == kNoType) return false;
        out->fields.push_back({std::string(field.name), field.offset, id, field.embedded});
      }
      return true;
    }
    default: return true;
  }
  return out->elem != kNoType;
}

Rtypes::Rtypes(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Rtypes::~Rtypes() = default;

std::unique_ptr<Rtypes> Rtypes::open(const elf::Elf& elf, const Pclntab& pclntab, int minor) {
  auto layout = type_layout(minor);
  if (!layout) return nullptr;
  return std::unique_ptr<Rtypes>(new Rtypes(std::make_unique<Impl>(elf, pclntab, *layout)));
}

GoType Rtypes::read_type(uint64_t key, Types& types) const {
  GoType out;
  auto type = impl_->open() ? impl_->descriptors->at(key & ~kPointerTo) : std::nullopt;
  if (!type) {
    impl_->warnings.insert("some descriptions of types are damaged");
    return out;
  }
  out.name = full_name(*impl_->descriptors, *type);
  if (key & kPointerTo) {
    out.name = "*" + out.name;
    out.kind = TypeKind::Pointer;
    out.size = out.align = 8;
    out.elem = types.reference(*this, key & ~kPointerTo);
    return out;
  }
  out.kind = kind_of(type->kind);
  out.size = type->size;
  out.align = type->align;
  out.runtime_address = key;
  if (!impl_->fill(*type, *this, &out, types)) {
    impl_->warnings.insert("some descriptions of types are damaged");
    GoType unknown;
    unknown.name = out.name;
    return unknown;
  }
  return out;
}

std::optional<Signature> Rtypes::method(uint64_t entry, Types& types) const {
  impl_->walk();
  const std::vector<Row>& rows = impl_->methods;
  auto row = std::lower_bound(rows.begin(), rows.end(), Row{entry});
  if (row == rows.end() || row->entry != entry) return std::nullopt;
  const auto receiver = impl_->receiver(*row);
  // One body for several methods: only what all of them say is known.
  for (auto other = row; other != rows.end() && other->entry == entry; ++other)
    if (!receiver || impl_->receiver(*other) != receiver || other->type != row->type)
      return std::nullopt;
  const Descriptors& descriptors = *impl_->descriptors;
  auto base = descriptors.at(receiver->second);
  auto type = descriptors.at(impl_->address(row->type));
  auto function = type ? descriptors.function(*type) : std::nullopt;
  if (!base || !function) return std::nullopt;
  Signature out;
  out.source = Signature::Source::Runtime;
  out.has_receiver = true;
  out.variadic = function->variadic;
  out.params.push_back(
      {"", types.reference(*this, receiver->first ? impl_->pointer_key(*base) : base->address)});
  for (auto [from, to] : {std::pair(&function->in, &out.params), {&function->out, &out.results}})
    for (uint64_t at : *from) {
      if (!descriptors.at(at)) return std::nullopt;
      to->push_back({"", types.reference(*this, at)});
    }
  return out;
}

std::vector<uint64_t> Rtypes::find_types(std::string_view name) const {
  impl_->index_names();
  std::vector<uint64_t> found;
  const uint32_t hash = name_hash(name);
  auto row = std::lower_bound(impl_->names.begin(), impl_->names.end(), Named{hash});
  bool full = false;
  for (; row != impl_->names.end() && row->hash == hash; ++row) {
    auto type = impl_->descriptors->at(impl_->address(row->type));
    if (!type) continue;
    const bool is_full = full_name(*impl_->descriptors, *type) == name;
    // The full name goes before the short one of others ("main.T" is both).
    if (is_full && !full) found.clear();
    full = full || is_full;
    if (is_full || (!full && type->string == name)) found.push_back(type->address);
  }
  return found;
}

std::vector<std::string> Rtypes::type_names() const {
  impl_->walk();
  std::vector<std::string> names;
  for (uint32_t offset : impl_->types)
    if (auto type = impl_->descriptors->at(impl_->address(offset)); type && type->named)
      names.push_back(full_name(*impl_->descriptors, *type));
  return names;
}

std::vector<uint64_t> Rtypes::addresses() const {
  impl_->walk();
  std::vector<uint64_t> all;
  for (uint32_t offset : impl_->types) all.push_back(impl_->address(offset));
  return all;
}

Bytes Rtypes::region() const {
  if (!impl_->open()) return {};
  const uint64_t begin = impl_->descriptors->begin(), end = impl_->descriptors->end();
  return impl_->elf.at(begin, end - begin).value_or(Bytes{});
}

uint64_t Rtypes::begin() const { return impl_->open() ? impl_->descriptors->begin() : 0; }

bool Rtypes::is_type(uint64_t address) const {
  impl_->walk();
  if (!impl_->descriptors || address < impl_->descriptors->begin() ||
      address >= impl_->descriptors->end())
    return false;
  return std::binary_search(impl_->types.begin(), impl_->types.end(), impl_->offset(address));
}

std::vector<std::string> Rtypes::warnings() const {
  return {impl_->warnings.begin(), impl_->warnings.end()};
}

}  // namespace gotap::go
