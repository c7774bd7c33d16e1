// Entry points: Maps::dump, entry, clear, zero; keys and value for other readers.
// Facts: bpf(2), BPF_MAP_GET_NEXT_KEY: after a key that has been deleted the walk starts over.
#include "trace/maps.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <set>
#include <string>

#include "output/format.h"
#include "trace/decode.h"

namespace gotap::trace {

namespace {

using Buffer = std::vector<uint8_t>;

Bytes bytes_of(const Buffer& buffer) { return {buffer.data(), buffer.size()}; }

bool is_array(bpf::MapType type) {
  return type == bpf::MapType::Array || type == bpf::MapType::PerCpuArray;
}

Error no_map(uint32_t index) {
  return {"internal error: there is no map " + std::to_string(index), ""};
}

// Copies one key field from a record to where the map's key has it. Strings are zero behind
// their length in keys, as they are compared whole; in records what is there is unspecified.
bool copy_key_field(const bpf::Field& from, Bytes record, const bpf::Field& to, Buffer& key) {
  const uint32_t size = to.type.memory_size();
  auto source = record.sub(from.offset, from.type.memory_size());
  if (!source || to.offset > key.size() || size > key.size() - to.offset) return false;
  uint32_t used = static_cast<uint32_t>(std::min<uint64_t>(size, source->size()));
  if (to.type.kind == Type::Kind::String) {
    auto length = source->u32(StringLayout::kLength);
    if (!length || *length > to.type.capacity) return false;
    used = std::min(used, StringLayout::kData + *length);
  }
  std::memcpy(key.data() + to.offset, source->data(), used);
  return true;
}

bool is_stack(const Type& type) {
  return type.kind == Type::Kind::Stack ||
         std::any_of(type.parts.begin(), type.parts.end(), is_stack);
}

bool has_stack(const bpf::UserMap& map) {
  return std::any_of(map.keys.begin(), map.keys.end(),
                     [](const bpf::Field& key) { return is_stack(key.type); });
}

// Equal for keys that look equal.
std::string shown_keys(const std::vector<output::Value>& keys) {
  std::string text;
  output::append_values(text, keys, std::string(1, '\0'), output::Untrusted::Raw);
  return text;
}

// Whether an array's element is as it was made. A value that was set to 0 looks the same; only
// counts and histograms lie in arrays, and those only grow.
bool is_empty(const output::MapValue& value) {
  if (auto histogram = std::get_if<output::Histogram>(&value)) return histogram->buckets.empty();
  auto plain = std::get_if<output::Value>(&value);
  return plain && plain->data == decltype(plain->data)(int64_t{0});
}

}  // namespace

Result<const bpf::UserMap*> Maps::user_map(uint32_t index) const {
  if (index >= object_.user_maps.size()) return no_map(index);
  const bpf::UserMap& map = object_.user_maps[index];
  if (map.map >= object_.maps.size() || map.map >= fds_.size() || fds_[map.map] < 0)
    return no_map(map.map);
  return &map;
}

uint32_t Maps::copies(uint32_t map) const {
  const bpf::MapType type = object_.maps[map].type;
  const bool per_cpu = type == bpf::MapType::PerCpuHash || type == bpf::MapType::PerCpuArray;
  return per_cpu ? std::max(cpus_, 1u) : 1;
}

uint64_t Maps::value_bytes(uint32_t map) const {
  return (uint64_t{object_.maps[map].value_size} + 7) / 8 * 8 * copies(map);
}

Result<std::vector<Buffer>> Maps::keys(uint32_t map) const {
  const bpf::MapSpec& spec = object_.maps[map];
  std::vector<Buffer> found;
  std::set<Buffer> seen;
  Buffer key, next(spec.key_size);
  // A key deleted under our feet makes the walk start over: each key counts once, and the
  // number of steps is bounded however fast the target deletes.
  const uint64_t limit = 4 * (uint64_t{spec.max_entries} + 16);
  for (uint64_t step = 0; step < limit; step++) {
    TRY(more, kernel_.map_next_key(fds_[map], key.empty() ? nullptr : key.data(), next.data()));
    if (!more) break;
    if (seen.insert(next).second) found.push_back(next);
    key = next;
  }
  return found;
}

Result<std::optional<Buffer>> Maps::value(uint32_t map, const Buffer& key) const {
  Buffer value(value_bytes(map));
  TRY(there, kernel_.map_lookup(fds_[map], key.data(), value.data()));
  if (!there) return std::optional<Buffer>();
  return std::optional<Buffer>(std::move(value));
}

Result<output::MapDump> Maps::dump(uint32_t index) const {
  TRY(map, user_map(index));
  const bpf::MapSpec& spec = object_.maps[map->map];
  output::MapDump dump{.name = map->name};
  TRY(all, keys(map->map));
  // Different addresses may be the same functions and lines: calls made twice in a line, another
  // process. What was aggregated of them is put together as if it were of another CPU.
  const bool joins = map->value.is_aggregate() && has_stack(*map);
  std::map<std::string, size_t> entries;
  std::vector<Buffer> joined;
  for (const Buffer& key : all) {
    TRY(memory, value(map->map, key));
    if (!memory) continue;  // deleted since its key was read
    std::vector<output::Value> keys = decode_fields(map->keys, bytes_of(key), names_, Shown::Plain);
    if (joins) {
      auto [known, fresh] = entries.try_emplace(shown_keys(keys), joined.size());
      if (!fresh) {
        Buffer& into = joined[known->second];
        into.insert(into.end(), memory->begin(), memory->end());
        continue;
      }
      joined.push_back(std::move(*memory));
      dump.entries.push_back({std::move(keys), {}});
      continue;
    }
    output::MapValue shown =
        decode_map_value(*map, bytes_of(*memory), spec.value_size, copies(map->map), names_);
    if (is_array(spec.type) && is_empty(shown) && !shows_empty(index)) continue;
    dump.entries.push_back({std::move(keys), std::move(shown)});
  }
  for (size_t i = 0; i < joined.size(); i++)
    dump.entries[i].value = decode_map_value(
        *map, bytes_of(joined[i]), spec.value_size,
        static_cast<uint32_t>(joined[i].size() / ((uint64_t{spec.value_size} + 7) / 8 * 8)),
        names_);
  return dump;
}

Result<output::MapEntry> Maps::entry(const bpf::EventLayout& layout, Bytes record) const {
  TRY(map, user_map(layout.map));
  output::MapEntry entry;
  const size_t key_count = map->keys.size();
  if (layout.fields.size() < key_count) return no_map(layout.map);
  for (size_t i = 0; i < key_count; i++)
    entry.keys.push_back(decode_field(layout.fields[i], record, names_, Shown::Plain));
  const bpf::MapSpec& spec = object_.maps[map->map];
  if (!map->value.is_aggregate() && layout.fields.size() > key_count) {
    entry.value = decode_field(layout.fields[key_count], record, names_, Shown::Plain);
    return entry;
  }
  // An aggregate is not in the record: it is read here, when the event is reached.
  if (has_stack(*map)) {
    TRY(whole, dump(layout.map));
    const std::string wanted = shown_keys(entry.keys);
    for (output::MapEntry& other : whole.entries)
      if (shown_keys(other.keys) == wanted) return std::move(other);
  }
  Buffer key(spec.key_size);
  for (size_t i = 0; i < key_count; i++)
    if (!copy_key_field(layout.fields[i], record, map->keys[i], key))
      return Error{"internal error: a key of " + map->name + " does not fit its event", ""};
  TRY(memory, value(map->map, key));
  Buffer bytes = memory ? std::move(*memory) : Buffer(value_bytes(map->map));
  entry.value = decode_map_value(*map, bytes_of(bytes), spec.value_size, copies(map->map), names_);
  return entry;
}

// The element of an array is always there. As in bpftrace, one that was never written shows if it
// is a count and not if it is a histogram; a cleared one does not show, a zeroed one does.
bool Maps::shows_empty(uint32_t index) const {
  auto emptied = emptied_.find(index);
  if (emptied != emptied_.end()) return emptied->second;
  const Type::Kind kind = object_.user_maps[index].value.kind;
  return kind != Type::Kind::Hist && kind != Type::Kind::Lhist;
}

Result<uint64_t> Maps::length(uint32_t index) const {
  TRY(dumped, dump(index));
  return dumped.entries.size();
}

Result<void> Maps::clear(uint32_t index) {
  TRY(map, user_map(index));
  if (is_array(object_.maps[map->map].type)) {
    emptied_[index] = false;
    return write_zeros(index);
  }
  TRY(all, keys(map->map));
  for (const Buffer& key : all) {
    auto deleted = kernel_.map_delete(fds_[map->map], key.data());
    if (!deleted.ok()) return std::move(deleted.error());
  }
  return {};
}

Result<void> Maps::zero(uint32_t index) {
  TRY(map, user_map(index));
  if (is_array(object_.maps[map->map].type)) emptied_[index] = true;
  return write_zeros(index);
}

Result<void> Maps::write_zeros(uint32_t index) const {
  TRY(map, user_map(index));
  const Buffer zeros(value_bytes(map->map));
  TRY(all, keys(map->map));
  for (const Buffer& key : all)
    TRY_DO(kernel_.map_update(fds_[map->map], key.data(), zeros.data()));
  return {};
}

}  // namespace gotap::trace
