#include "go/located_parts.h"

#include "arch/registers.h"

namespace gotap::go {
namespace {

constexpr size_t kMostParts = 64;

}  // namespace

bool is_same_place(const LocatedPiece& a, const LocatedPiece& b) {
  return a.in == b.in && a.reg == b.reg && a.frame_offset == b.frame_offset && a.size == b.size;
}

bool is_float(const LocatedPiece& piece) {
  return piece.in == LocatedPiece::In::Register && piece.reg >= kFirstFloat &&
         piece.reg < kFirstFloat + kFloats;
}

bool is_word(const LocatedPiece& piece) {
  if (piece.size > kWord) return false;
  if (piece.in == LocatedPiece::In::Frame) return true;
  return piece.in == LocatedPiece::In::Register && arch::dwarf_register(piece.reg);
}

uint16_t register_of(const LocatedPiece& piece) {
  return arch::dwarf_register(piece.reg).value_or(arch::PtRegs::sp);
}

bool add_parts(const Types& types, TypeId id, uint32_t at, std::vector<Part>& parts,
               unsigned depth) {
  const GoType& type = types.at(id);
  const auto words = [&](uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
      parts.push_back({at + i * static_cast<uint32_t>(kWord), kWord});
    return true;
  };
  if (parts.size() > kMostParts || depth > kMostParts || type.length > kMostParts) return false;
  switch (type.kind) {
    case TypeKind::Unknown: return false;
    case TypeKind::String:
    case TypeKind::Interface: return words(2);
    case TypeKind::Slice: return words(3);
    case TypeKind::Complex:
      for (uint32_t i = 0; i < 2; i++)
        parts.push_back(
            {at + i * static_cast<uint32_t>(type.size / 2), static_cast<uint32_t>(type.size / 2)});
      return true;
    case TypeKind::Array:
      for (uint32_t i = 0; i < type.length; i++)
        if (!add_parts(types, type.elem, at + i * static_cast<uint32_t>(types.at(type.elem).size),
                       parts, depth + 1))
          return false;
      return true;
    case TypeKind::Struct:
      for (const TypeField& field : type.fields)
        if (!add_parts(types, field.type, at + static_cast<uint32_t>(field.offset), parts,
                       depth + 1))
          return false;
      return true;
    default: parts.push_back({at, static_cast<uint32_t>(type.size)}); return true;
  }
}

std::optional<uint32_t> offset_of(const LocatedPiece& piece, const LocatedValue& value,
                                  const std::vector<Part>& parts) {
  if (value.parts.empty()) return piece.value_offset;
  if (value.parts.size() != parts.size()) return std::nullopt;
  uint32_t offset = 0;
  std::optional<uint32_t> found;
  for (size_t i = 0; i < parts.size(); i++) {
    if (value.parts[i] != parts[i].size) return std::nullopt;
    if (offset == piece.value_offset) found = parts[i].offset;
    offset += value.parts[i];
  }
  return found;
}

}  // namespace gotap::go
