#include "go/value_copies.h"

#include <algorithm>

#include "go/access_walk.h"
#include "go/map_layout.h"

namespace gotap::go {

namespace {

// The table of one binary stays within these, whatever it has; what is left out is shown as cut.
constexpr size_t kMostTypes = 8192, kMostDynamicTypes = 60'000, kMostSlots = 128;
constexpr int kMostNestedTypes = 32;   // structs and arrays inside of each other
constexpr uint32_t kChannelSize = 16;  // hchan.qcount, dataqsiz
constexpr uint32_t kMostTables = 2;    // of a Swiss map

// Buckets or groups that are copied of a map: as many as maps of so many elements mostly have,
// which are half full, and no more, so that there is room for what the keys lead to.
uint32_t most_cells(const ValueLimits& limits) { return std::max(limits.elements / 4, 2u); }

bool is_context(std::string_view name) {
  return name == "context.cancelCtx" || name == "context.timerCtx" || name == "context.valueCtx" ||
         name == "context.withoutCancelCtx" || name == "context.afterFuncCtx" ||
         name == "context.stopCtx";
}

bool is_byte(const GoType& type) { return type.kind == TypeKind::Uint && type.size == 1; }

}  // namespace

uint32_t ValueCopies::add(Waiting::What what, TypeId type, uint64_t size) {
  auto [entry, added] = known_.try_emplace({what, type}, CopyTable::kBytes);
  const size_t most = has_dynamic_ ? kMostDynamicTypes : kMostTypes;
  if (!added || size == 0 || table_.types.size() >= most) return entry->second;
  entry->second = static_cast<uint32_t>(table_.types.size());
  table_.types.push_back({static_cast<uint32_t>(std::min<uint64_t>(size, UINT32_MAX)), 0, 0, 0});
  waiting_.push_back({entry->second, what, type});
  return entry->second;
}

uint32_t ValueCopies::of(TypeId type) {
  const GoType& known = types_.at(type);
  if (known.kind == TypeKind::Unknown) return CopyTable::kBytes;
  return add(Waiting::What::Value, type, known.size);
}

void ValueCopies::finish() {
  while (true) {
    while (!waiting_.empty()) {
      const Waiting next = waiting_.front();
      waiting_.pop_front();
      fill(next);
    }
    if (!interfaces_ || has_dynamic_) return;
    has_dynamic_ = true;
    add_dynamic();
  }
}

void ValueCopies::fill(const Waiting& waiting) {
  std::vector<CopySlot> slots;
  switch (waiting.what) {
    case Waiting::What::Value: collect(waiting.type, 0, slots, 0); break;
    case Waiting::What::MapHeader: collect_map_header(waiting.type, slots); break;
    case Waiting::What::MapCells: collect_map_cells(waiting.type, slots); break;
    case Waiting::What::MapTable: {
      const auto layout = map_layout(types_, types_.at(waiting.type), info_.minor());
      if (!layout) break;
      CopySlot groups{0, 16, CopyCount::Mask, 0, most_cells(limits_)};
      groups.type = add(Waiting::What::MapCells, waiting.type, layout->size);
      lead(slots, groups, kSwissGroups);
      break;
    }
  }
  CopyType& type = table_.types[waiting.index];
  type.first = static_cast<uint32_t>(table_.slots.size());
  type.count = static_cast<uint32_t>(slots.size());
  table_.slots.insert(table_.slots.end(), slots.begin(), slots.end());
}

void ValueCopies::lead(std::vector<CopySlot>& out, CopySlot slot, uint64_t offset) const {
  if (out.size() >= kMostSlots || offset > CopyLog::kMostOfChunk) return;
  slot.offset = static_cast<uint32_t>(offset);
  out.push_back(slot);
}

void ValueCopies::collect(TypeId id, uint64_t offset, std::vector<CopySlot>& out, int depth) {
  if (depth > kMostNestedTypes || out.size() >= kMostSlots) return;
  const GoType& type = types_.at(id);
  switch (type.kind) {
    case TypeKind::Struct:
      if (type.name == "time.Time") return;  // its words are the moment
      for (const TypeField& field : type.fields) {
        collect(field.type, offset + field.offset, out, depth + 1);
        if (is_context(type.name)) return;  // the parent comes first, and is all that is shown
      }
      return;
    case TypeKind::Array: {
      const uint64_t size = types_.at(type.elem).size;
      for (uint64_t i = 0; i < std::min<uint64_t>(type.length, limits_.elements) && size; i++)
        collect(type.elem, offset + i * size, out, depth + 1);
      return;
    }
    case TypeKind::String: return lead(out, {0, 16, CopyCount::Length, 0, limits_.bytes}, offset);
    case TypeKind::Slice: {
      const GoType& element = types_.at(type.elem);
      if (is_byte(element)) return lead(out, {0, 16, CopyCount::Length, 0, limits_.bytes}, offset);
      if (element.size == 0 || element.kind == TypeKind::Unknown) return;
      return lead(out, {0, 16, CopyCount::Length, 1, limits_.elements, of(type.elem)}, offset);
    }
    case TypeKind::Pointer:
      if (types_.at(type.elem).size == 0 || types_.at(type.elem).kind == TypeKind::Unknown) return;
      return lead(out, {0, 8, CopyCount::One, 1, 1, of(type.elem)}, offset);
    case TypeKind::Func:
      if (!word_) {
        word_ = static_cast<uint32_t>(table_.types.size());
        table_.types.push_back({static_cast<uint32_t>(kWord), 0, 0, 0});
      }
      return lead(out, {0, 8, CopyCount::One, 0, 1, word_}, offset);
    case TypeKind::Chan:
      if (!channel_) {
        channel_ = static_cast<uint32_t>(table_.types.size());
        table_.types.push_back({kChannelSize, 0, 0, 0});
      }
      return lead(out, {0, 8, CopyCount::One, 0, 1, channel_}, offset);
    case TypeKind::Map: {
      const auto layout = map_layout(types_, type, info_.minor());
      if (!layout) return;
      const uint32_t size = layout->swiss ? kSwissSize : kHmapSize;
      return lead(out, {0, 8, CopyCount::One, 1, 1, add(Waiting::What::MapHeader, id, size)},
                  offset);
    }
    case TypeKind::Interface:
      interfaces_ = true;
      return lead(out, {0, 16, type.has_methods ? CopyCount::Itab : CopyCount::Type, 1, 1}, offset);
    default: return;
  }
}

void ValueCopies::collect_map_header(TypeId id, std::vector<CopySlot>& out) {
  const auto layout = map_layout(types_, types_.at(id), info_.minor());
  if (!layout) return;
  const uint32_t cells = add(Waiting::What::MapCells, id, layout->size);
  if (!layout->swiss) {
    lead(out, {0, 8, CopyCount::Log2Before7, 0, most_cells(limits_), cells}, kHmapBuckets);
    lead(out, {0, 8, CopyCount::Log2Before15, 0, most_cells(limits_), cells}, kHmapOldBuckets);
    return;
  }
  lead(out, {0, 16, CopyCount::IfZero, 0, 1, cells}, kSwissDirectory);
  // A directory of pointers to tables.
  const uint32_t pointers = static_cast<uint32_t>(table_.types.size());
  const uint32_t first = static_cast<uint32_t>(table_.slots.size());
  CopySlot table{0, 8, CopyCount::One, 0, 1};
  table_.types.push_back({static_cast<uint32_t>(kWord), first, 1, 0});
  table_.slots.push_back(table);
  const uint32_t made = add(Waiting::What::MapTable, id, kSwissTableSize);
  table_.slots[first].type = made;
  lead(out, {0, 16, CopyCount::Length, 0, kMostTables, pointers}, kSwissDirectory);
}

void ValueCopies::collect_map_cells(TypeId id, std::vector<CopySlot>& out) {
  const GoType& map = types_.at(id);
  const auto layout = map_layout(types_, map, info_.minor());
  if (!layout) return;
  if (!layout->swiss) {
    const uint32_t cells = add(Waiting::What::MapCells, id, layout->size);
    lead(out, {0, 8, CopyCount::One, 0, 1, cells}, layout->overflow);
  }
  for (uint64_t i = 0; i < kMapCells; i++) {
    const uint64_t key = layout->key + i * layout->key_stride;
    const uint64_t value = layout->value + i * layout->value_stride;
    if (layout->key_behind)
      lead(out, {0, 8, CopyCount::One, 0, 1, of(map.key)}, key);
    else
      collect(map.key, key, out, 1);
    if (layout->value_behind)
      lead(out, {0, 8, CopyCount::One, 0, 1, of(map.elem)}, value);
    else
      collect(map.elem, value, out, 1);
  }
}

/// What the data word of an interface points to that holds a value of this type.
uint32_t ValueCopies::behind_interface(TypeId id) {
  if (!is_direct(types_, id, info_.minor())) return of(id);
  // The value is one pointer, maybe within structs and arrays: what its only slot leads to.
  std::vector<CopySlot> slots;
  collect(id, 0, slots, 0);
  return slots.size() == 1 ? slots.front().type : CopyTable::kBytes;
}

void ValueCopies::add_dynamic() {
  for (uint64_t address : info_.descriptors()) {
    const auto type = info_.type_at(address);
    if (!type) continue;
    const TypeKind kind = types_.at(*type).kind;
    if (kind == TypeKind::Unknown || kind == TypeKind::Interface) continue;
    if (const uint32_t behind = behind_interface(*type); behind != CopyTable::kBytes)
      table_.dynamic.emplace_back(go_reference(target_, address), behind);
  }
}

}  // namespace gotap::go
