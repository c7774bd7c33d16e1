#include "go/map_layout.h"

#include <algorithm>

#include "go/versions.h"

namespace gotap::go {

namespace {
constexpr uint64_t kMostInCell = 128;  // bytes of a key, of a value; larger ones are behind
constexpr uint64_t kControl = 8;       // bytes before the first cell
}  // namespace

std::optional<MapLayout> map_layout(const Types& types, const GoType& map, int minor) {
  if (map.kind != TypeKind::Map) return std::nullopt;
  const GoType& key = types.at(map.key);
  const GoType& value = types.at(map.elem);
  if (key.kind == TypeKind::Unknown || value.kind == TypeKind::Unknown) return std::nullopt;
  MapLayout out;
  out.swiss = minor >= kSwissMapMinor;
  out.key_behind = key.size > kMostInCell;
  out.value_behind = value.size > kMostInCell;
  const uint64_t key_size = out.key_behind ? kWord : key.size;
  const uint64_t value_size = out.value_behind ? kWord : value.size;
  const uint64_t key_align = out.key_behind ? kWord : std::max(key.align, 1u);
  const uint64_t value_align = out.value_behind ? kWord : std::max(value.align, 1u);
  out.key = kControl;
  if (!out.swiss) {
    // All keys, then all values.
    out.key_stride = key_size;
    out.value_stride = value_size;
    out.value = align_up(out.key + kMapCells * key_size, value_align);
    out.overflow = align_up(out.value + kMapCells * value_size, kWord);
    out.size = out.overflow + kWord;
    return out;
  }
  // struct{key; value}; one that ends in nothing is a byte longer, so that its address is its own.
  const uint64_t offset = align_up(key_size, value_align);
  const uint64_t end = offset + std::max<uint64_t>(value_size, key_size ? value_size == 0 : 0);
  out.value = out.key + offset;
  out.key_stride = out.value_stride = align_up(end, std::max(key_align, value_align));
  out.size = align_up(kControl + kMapCells * out.key_stride, kWord);
  return out;
}

}  // namespace gotap::go
