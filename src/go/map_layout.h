// MapLayout: how the runtime lays out maps: the classic ones of buckets up to Go 1.23, the Swiss
// ones of groups from 1.24 on. Entry point: map_layout().
//
// Facts: runtime/map.go (hmap, bmap) and cmd/compile/internal/reflectdata (MapBucketType);
// internal/runtime/maps/{map,table,group}.go and reflectdata/map_swiss.go (map.go).
#pragma once

#include <cstdint>
#include <optional>

#include "go/types.h"

namespace gotap::go {

constexpr uint64_t kMapCells = 8;  ///< of a bucket, of a group

/// A bucket or group: 8 bytes, one a cell, that say which are used; then the keys and values.
struct MapLayout {
  bool swiss = false;
  uint64_t size = 0;        ///< of a bucket or group
  uint64_t key = 0;         ///< offset of the first cell's key
  uint64_t value = 0;       ///< and of its value
  uint64_t key_stride = 0;  ///< from one cell's key to the next one's
  uint64_t value_stride = 0;
  uint64_t overflow = 0;    ///< classic: offset of the pointer to the next bucket
  bool key_behind = false;  ///< large ones are not in the cell, their address is
  bool value_behind = false;
};

/// Of a map of go1.<minor>. Nothing: its types are not known well enough.
std::optional<MapLayout> map_layout(const Types& types, const GoType& map, int minor);

// hmap, the header of a classic map.
constexpr uint32_t kHmapSize = 48, kHmapFlags = 8, kHmapBits = 9, kHmapBuckets = 16,
                   kHmapOldBuckets = 24;
constexpr uint8_t kHmapWriting = 4, kHmapSameSize = 8;  ///< bits of its flags
constexpr uint8_t kFirstFull = 5;                       ///< minTopHash: below, a cell is free
// maps.Map, the header of a Swiss one.
constexpr uint32_t kSwissSize = 40, kSwissDirectory = 16, kSwissTables = 24, kSwissWriting = 34;
// maps.table.
constexpr uint32_t kSwissTableSize = 32, kSwissGroups = 16, kSwissMask = 24;
constexpr uint8_t kSwissFree = 0x80;  ///< the bit of a control byte whose cell is free

}  // namespace gotap::go
