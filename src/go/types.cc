#include "go/types.h"

#include "base/text.h"

namespace gotap::go {

namespace {

// Types as a user sees them have no more parts than this.
constexpr size_t kMaxDumpedFields = 100;

const char* name(TypeKind kind) {
  switch (kind) {
    case TypeKind::Unknown: return "unknown";
    case TypeKind::Bool: return "bool";
    case TypeKind::Int: return "int";
    case TypeKind::Uint: return "uint";
    case TypeKind::Float: return "float";
    case TypeKind::Complex: return "complex";
    case TypeKind::String: return "string";
    case TypeKind::Slice: return "slice";
    case TypeKind::Array: return "array";
    case TypeKind::Struct: return "struct";
    case TypeKind::Pointer: return "pointer";
    case TypeKind::UnsafePointer: return "unsafe-pointer";
    case TypeKind::Func: return "func";
    case TypeKind::Interface: return "interface";
    case TypeKind::Map: return "map";
    case TypeKind::Chan: return "chan";
  }
  return "?";
}

}  // namespace

Types::Types() {
  nodes_.emplace_back();  // kNoType
  GoType byte;
  byte.kind = TypeKind::Uint;
  byte.name = "uint8";
  byte.size = 1;
  nodes_.push_back({std::move(byte), nullptr, 0});  // kByteType
}

const GoType& Types::at(TypeId id) const {
  if (id >= nodes_.size()) id = kNoType;
  Node& node = nodes_[id];
  if (const TypeSource* source = node.source) {
    node.source = nullptr;  // first, so that a type that leads to itself is not read for ever
    // Reading names further types: a deque's elements stay where they are.
    GoType type = source->read_type(node.key, const_cast<Types&>(*this));
    node.type = std::move(type);
  }
  return node.type;
}

TypeId Types::reference(const TypeSource& source, uint64_t key) {
  auto [it, added] = known_.try_emplace({&source, key}, static_cast<TypeId>(nodes_.size()));
  if (added) nodes_.push_back({{}, &source, key});
  return it->second;
}

TypeId Types::add(GoType type) {
  nodes_.push_back({std::move(type), nullptr, 0});
  return static_cast<TypeId>(nodes_.size() - 1);
}

std::string short_name(const std::string& full_name) {
  std::string out;
  size_t word = 0;  // where the current package path begins in `out`
  for (char c : full_name) {
    if (c == '/') {
      out.resize(word);
      continue;
    }
    out += c;
    // What can stand in an import path; everything else ends one.
    const bool in_path = c == '.' || c == '-' || c == '_' || c == '~' || c == '%' || c == '+' ||
                         (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                         (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
    if (!in_path) word = out.size();
  }
  return out;
}

std::string dump(const Types& types, TypeId id) {
  const GoType& type = types.at(id);
  std::string out = type.name.empty() ? "?" : type.name;
  out += std::string(" ") + name(type.kind);
  if (type.kind == TypeKind::Array) out += "[" + std::to_string(type.length) + "]";
  if (type.key != kNoType) out += " key=" + types.at(type.key).name;
  if (type.elem != kNoType) out += " elem=" + types.at(type.elem).name;
  if (type.kind == TypeKind::Interface && !type.has_methods) out += " any";
  if (type.kind == TypeKind::Struct) {
    out += "{";
    for (size_t i = 0; i < type.fields.size() && i < kMaxDumpedFields; i++) {
      const TypeField& field = type.fields[i];
      if (i) out += "; ";
      out += field.name + (field.embedded ? " embedded " : " ") + types.at(field.type).name + " @" +
             std::to_string(field.offset);
    }
    out += "}";
  }
  out += " " + std::to_string(type.size);
  if (type.runtime_address) out += " rtype=" + hex(type.runtime_address);
  return out;
}

}  // namespace gotap::go
