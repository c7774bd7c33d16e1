// Maps within whole values, classic and Swiss, in the order in which Go prints them; see
// value_text.h.
//
// Facts: go/map_layout.h; runtime/map.go (evacuate: what an old bucket still holds has not moved);
// internal/fmtsort/sort.go (the order of keys).
#include <algorithm>
#include <bit>

#include "go/access_walk.h"
#include "trace/value_text.h"

namespace gotap::trace {

namespace {

using go::GoType;
using go::MapLayout;
using go::TypeKind;
using State = CopiedMemory::State;

constexpr uint64_t kMostChain = 64;  // buckets behind one
constexpr uint64_t kMostTablePointers = 1024;
constexpr int kMostCompared = 16;  // structs and arrays inside of each other

template <class T>
int order(T a, T b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

uint64_t word_of(const ValueView& view, uint64_t size) {
  const auto bytes = view.bytes.sub(view.at, size);
  uint64_t value = 0;
  for (uint64_t i = bytes && size <= 8 ? size : 0; i-- > 0;) value = value << 8 | (*bytes)[i];
  return value;
}

double real_of(const ValueView& view, uint64_t size) {
  const uint64_t bits = word_of(view, size);
  return size == 4 ? std::bit_cast<float>(static_cast<uint32_t>(bits))
                   : std::bit_cast<double>(bits);
}

// NaN before everything.
int order_real(double a, double b) {
  if (a != a || b != b) return (b != b) - (a != a);
  return order(a, b);
}

}  // namespace

void ValueText::map(const GoType& type, const ValueView& view, uint32_t depth) {
  uint64_t address = 0;
  if (!scalar(view, go::kWord, address)) return;
  out_ += "map[";
  const auto layout = go::map_layout(types_, type, minor_);
  CopiedMemory::Stretch header;
  const uint64_t size = layout && layout->swiss ? go::kSwissSize : go::kHmapSize;
  if (address != 0 && layout && depth < limits_.depth) header = memory_.at(address, size);
  if (address == 0) {
    // Nothing is in it.
  } else if (header.state != State::Known || header.bytes.size() < size) {
    missing(header);
  } else {
    MapEntries found = layout->swiss ? swiss_entries(type, *layout, header.bytes)
                                     : classic_entries(type, *layout, header.bytes);
    // More than it says: it was changed while it was copied.
    if (found.writing || found.all.size() > found.count) {
      out_ += "<being written>]";
      return;
    }
    // What has a key that was not copied would be no entry that anyone could tell.
    std::erase_if(found.all, [&](const MapEntry& entry) {
      return types_.at(type.key).kind == TypeKind::String && word_of(entry.key + 8, 8) != 0 &&
             memory_.at(word_of(entry.key, 8), 1).state == State::NotCopied;
    });
    std::stable_sort(found.all.begin(), found.all.end(), [&](const MapEntry& a, const MapEntry& b) {
      return compare(type.key, a.key, b.key, 0) < 0;
    });
    const size_t shown = std::min<size_t>(found.all.size(), limits_.elements);
    for (size_t i = 0; i < shown && !full(); i++) {
      if (i > 0) out_ += ' ';
      const MapEntry& entry = found.all[i];
      show(type.key, entry.key, depth + 1);
      out_ += ':';
      show(type.elem, entry.value, depth + 1, key_text(type, entry.key));
    }
    if (shown < found.count) {
      if (shown > 0) out_ += ' ';
      out_ += shown < found.all.size() || found.resident ? "…" : "<not resident>";
    }
  }
  out_ += ']';
}

// A key as a name, if it is a string.
std::string ValueText::key_text(const GoType& map, const ValueView& key) const {
  if (types_.at(map.key).kind != TypeKind::String) return "";
  const auto bytes = memory_.at(word_of(key, 8), word_of(key + 8, 8)).bytes;
  return {bytes.begin(), bytes.end()};
}

ValueText::MapEntries ValueText::classic_entries(const GoType& type, const MapLayout& layout,
                                                 Bytes header) {
  MapEntries out;
  out.count = *header.u64(0);
  const uint8_t flags = *header.u8(go::kHmapFlags), bits = *header.u8(go::kHmapBits);
  out.writing = flags & go::kHmapWriting;
  if (out.count == 0 || bits > 48) return out;
  const uint64_t buckets = uint64_t{1} << bits;
  cells(type, layout, *header.u64(go::kHmapBuckets), buckets, out);
  // While it grows, what has not moved is in the old buckets.
  if (const uint64_t old = *header.u64(go::kHmapOldBuckets))
    cells(type, layout, old, flags & go::kHmapSameSize || bits == 0 ? buckets : buckets / 2, out);
  return out;
}

ValueText::MapEntries ValueText::swiss_entries(const GoType& type, const MapLayout& layout,
                                               Bytes header) {
  MapEntries out;
  out.count = *header.u64(0);
  out.writing = *header.u8(go::kSwissWriting) != 0;
  const uint64_t directory = *header.u64(go::kSwissDirectory);
  const uint64_t tables = *header.u64(go::kSwissTables);
  if (out.count == 0) return out;
  if (tables == 0) {
    cells(type, layout, directory, 1, out);
    return out;
  }
  const auto pointers = memory_.at(directory, std::min(tables, kMostTablePointers) * go::kWord);
  out.resident &= pointers.state != State::NotResident;
  std::set<uint64_t> seen;  // small tables stand in the directory several times
  for (uint64_t i = 0; i < pointers.bytes.size() / go::kWord; i++) {
    const uint64_t table = *pointers.bytes.u64(i * go::kWord);
    if (!seen.insert(table).second) continue;
    const auto known = memory_.at(table, go::kSwissTableSize);
    out.resident &= known.state != State::NotResident;
    if (known.bytes.size() < go::kSwissTableSize) continue;
    cells(type, layout, *known.bytes.u64(go::kSwissGroups), *known.bytes.u64(go::kSwissMask) + 1,
          out);
  }
  return out;
}

// `count` buckets or groups at `address`, with what is chained to them.
void ValueText::cells(const GoType& type, const MapLayout& layout, uint64_t address, uint64_t count,
                      MapEntries& out) {
  const uint64_t wanted = std::min<uint64_t>(count, limits_.elements);
  const auto copied = memory_.at(address, wanted * layout.size);
  out.resident &= copied.state != State::NotResident;
  for (uint64_t i = 0; i < copied.bytes.size() / layout.size; i++) {
    Bytes at = *copied.bytes.sub(i * layout.size, layout.size);
    for (uint64_t chain = 0; chain < kMostChain; chain++) {
      cells_of(type, layout, at, out);
      const uint64_t next = layout.swiss ? 0 : at.u64(layout.overflow).value_or(0);
      if (next == 0) break;
      const auto more = memory_.at(next, layout.size);
      out.resident &= more.state != State::NotResident;
      if (more.bytes.size() < layout.size) break;
      at = more.bytes;
    }
  }
}

void ValueText::cells_of(const GoType& type, const MapLayout& layout, Bytes cells,
                         MapEntries& out) {
  for (uint64_t i = 0; i < go::kMapCells; i++) {
    const uint8_t control = cells.u8(i).value_or(0);
    const bool full = layout.swiss ? !(control & go::kSwissFree) : control >= go::kFirstFull;
    if (!full) continue;
    const ValueView at{cells};
    out.all.push_back(
        {behind(at + (layout.key + i * layout.key_stride), type.key, layout.key_behind),
         behind(at + (layout.value + i * layout.value_stride), type.elem, layout.value_behind)});
  }
}

// The value itself, of one that may be behind a pointer.
ValueView ValueText::behind(const ValueView& view, go::TypeId type, bool is_behind) const {
  if (!is_behind) return view;
  const auto bytes = memory_.at(word_of(view, go::kWord), types_.at(type).size);
  return {bytes.bytes, 0, nullptr, bytes.state == State::NotResident};
}

// As internal/fmtsort does.
int ValueText::compare(go::TypeId id, const ValueView& a, const ValueView& b, int depth) const {
  const GoType& type = types_.at(id);
  if (depth > kMostCompared) return 0;
  switch (type.kind) {
    case TypeKind::Int: {
      const int unused = 64 - 8 * static_cast<int>(std::clamp<uint64_t>(type.size, 1, 8));
      const auto number = [&](const ValueView& view) {
        return static_cast<int64_t>(word_of(view, type.size) << unused) >> unused;
      };
      return order(number(a), number(b));
    }
    case TypeKind::Float: return order_real(real_of(a, type.size), real_of(b, type.size));
    case TypeKind::Complex: {
      const uint64_t half = type.size / 2;
      const int real = order_real(real_of(a, half), real_of(b, half));
      return real ? real : order_real(real_of(a + half, half), real_of(b + half, half));
    }
    case TypeKind::String: {
      const auto text = [&](const ValueView& view) {
        const auto bytes = memory_.at(word_of(view, 8), word_of(view + 8, 8)).bytes;
        return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      };
      return order(text(a), text(b));
    }
    case TypeKind::Struct:
      for (const go::TypeField& field : type.fields)
        if (int by = compare(field.type, a + field.offset, b + field.offset, depth + 1)) return by;
      return 0;
    case TypeKind::Array: {
      const uint64_t size = types_.at(type.elem).size;
      for (uint64_t i = 0; i < std::min<uint64_t>(type.length, limits_.elements); i++)
        if (int by = compare(type.elem, a + i * size, b + i * size, depth + 1)) return by;
      return 0;
    }
    case TypeKind::Interface: {
      const auto dynamic = [&](const ValueView& view) {
        const uint64_t word = word_of(view, 8);
        if (word == 0 || !type.has_methods) return word;
        return memory_.at(word + go::kWord, go::kWord).bytes.u64(0).value_or(0);
      };
      const uint64_t first = dynamic(a), second = dynamic(b);
      if (first != second || first == 0) return order(first, second);
      const auto holds = program_.info().type_at(first - memory_.bias());
      if (!holds) return 0;
      const bool direct = go::is_direct(types_, *holds, minor_);
      return compare(*holds, behind(a + go::kWord, *holds, !direct),
                     behind(b + go::kWord, *holds, !direct), depth + 1);
    }
    default: return order(word_of(a, type.size), word_of(b, type.size));
  }
}

}  // namespace gotap::trace
