#include "codegen/object_builder.h"

#include <algorithm>
#include <set>

namespace gotap::codegen {

namespace {

using bpf::MapSpec;
using bpf::MapType;
using lang::Builtin;
using lang::Expr;

// Calls in flight at one moment, over all goroutines and probed functions.
constexpr uint32_t kMaxFrames = 65536;
// Only says that there is a ring: how large it is, the session decides.
constexpr uint32_t kRingBytes = 8 << 20;
constexpr uint32_t kMostCgroups = 4096;  // starts of one container that a run can follow
// The kernel gives a hash element's key no more than the BPF stack has.
constexpr uint32_t kMaxKeySize = 16384;

// The kernel allows 15 characters of a small alphabet.
std::string kernel_name(const std::string& name) {
  std::string out;
  for (char c : name) {
    bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (good || c == '_' || c == '.') out += c;
  }
  return out.empty() ? "anonymous" : out.substr(0, 15);
}

// Where the values that are kept when calls begin stand. Clauses that keep values of the same calls
// have places of their own; others share theirs, as no call has both.
void lay_out_saved(ObjectBuilder& builder) {
  const auto& clauses = builder.program.clauses;
  builder.saved.resize(clauses.size());
  std::set<std::vector<uint32_t>> together;
  for (const plan::Program& program : builder.plan.programs) {
    std::set<uint32_t> kept;
    for (uint32_t layout : program.shape.saves) kept.insert(builder.plan.layouts[layout].clause);
    together.emplace(kept.begin(), kept.end());
  }
  std::vector<std::pair<uint32_t, uint32_t>> taken(clauses.size());  // from, to
  for (uint32_t clause = 0; clause < clauses.size(); clause++) {
    std::set<uint32_t> others;
    for (const std::vector<uint32_t>& kept : together)
      if (std::binary_search(kept.begin(), kept.end(), clause))
        others.insert(kept.begin(), kept.end());
    if (others.empty()) continue;
    uint32_t bytes = 0;
    for (const lang::GoValue& value : clauses[clause].go_values)
      if (value.at_entry) bytes += 8 + (value.type.memory_size() + 7) / 8 * 8;
    uint32_t from = bpf::kSavedValues;
    for (bool moved = true; moved;) {
      moved = false;
      for (uint32_t other : others) {
        if (taken[other].second <= from || taken[other].first >= from + bytes) continue;
        from = taken[other].second;
        moved = true;
      }
    }
    taken[clause] = {from, from + bytes};
    for (const lang::GoValue& value : clauses[clause].go_values) {
      builder.saved[clause].push_back(value.at_entry ? from : 0);
      if (value.at_entry) from += 8 + (value.type.memory_size() + 7) / 8 * 8;
    }
    if (bytes > 0) builder.saved_size = std::max(builder.saved_size, from);
  }
}

std::vector<MapUse> find_uses(const lang::TypedProgram& program) {
  std::vector<MapUse> uses(program.maps.size());
  // delete(@m[k]) and print(@m[k]) name an element without computing with it: user space reads
  // what is to be printed.
  std::set<const Expr*> named;
  for (const lang::Clause& clause : program.clauses) {
    for_each_expr(clause, [&](const Expr& expr) {
      if (expr.kind == Expr::Kind::Call && !expr.kids.empty()) {
        if (expr.builtin == Builtin::Delete) uses[expr.kids[0].slot].deleted = true;
        if (expr.builtin == Builtin::Delete || expr.builtin == Builtin::HasKey ||
            expr.builtin == Builtin::Print)
          named.insert(&expr.kids[0]);
      }
      if (expr.kind == Expr::Kind::Map && !named.count(&expr)) uses[expr.slot].read = true;
    });
  }
  return uses;
}

uint32_t value_size(const bpf::UserMap& map) {
  switch (map.value.kind) {
    case Type::Kind::Avg:
    case Type::Kind::Stats:
    case Type::Kind::Min:
    case Type::Kind::Max: return 16;
    case Type::Kind::Hist: return 8 * bpf::hist_buckets(map.hist_bits);
    case Type::Kind::Lhist:
      return 8 * (static_cast<uint32_t>((map.lhist_max - map.lhist_min) / map.lhist_step) + 2);
    default: return map.value.memory_size();
  }
}

// An array needs no lookup by key, but its element cannot be absent. So only where bpftrace prints
// the empty value too (count), or where emptiness shows and speed counts (histograms).
MapType map_type(const bpf::UserMap& map, const MapUse& use) {
  bool hist = map.value.kind == Type::Kind::Hist || map.value.kind == Type::Kind::Lhist;
  bool array = map.keys.empty() && !use.deleted && (hist || map.value.kind == Type::Kind::Count);
  if (map.per_cpu) return array ? MapType::PerCpuArray : MapType::PerCpuHash;
  return array ? MapType::Array : MapType::Hash;
}

}  // namespace

Result<void> make_maps(ObjectBuilder& builder) {
  bpf::BpfObject& object = builder.object;
  std::vector<MapUse> uses = find_uses(builder.program);
  object.time_formats = builder.program.time_formats;
  object.constants = builder.program.constants;
  object.maps.resize(bpf::BpfObject::kFirstUserMap);
  uint32_t largest_value = 0;
  for (size_t i = 0; i < builder.program.maps.size(); i++) {
    const lang::MapDecl& decl = builder.program.maps[i];
    bpf::UserMap map;
    map.name = decl.name;
    map.map = static_cast<uint32_t>(object.maps.size());
    map.value = decl.value;
    map.hist_bits = decl.hist_bits;
    map.lhist_min = decl.lhist_min;
    map.lhist_max = decl.lhist_max;
    map.lhist_step = decl.lhist_step;
    // Of large elements one for all CPUs: at a hit the kernel mostly has none at hand for every
    // CPU, and those of all keys cannot be allocated beforehand. Counts are added up atomically
    // anyway.
    constexpr uint32_t kLarge = 4096;
    map.per_cpu = decl.value.is_aggregate() && !uses[i].read &&
                  (decl.keys.empty() || value_size(map) <= kLarge);
    uint32_t key_size = 0;
    for (const Type& key : decl.keys) {
      map.keys.push_back({key, key_size, -1});
      key_size += key.memory_size();
    }
    MapSpec spec;
    spec.name = kernel_name(decl.name);
    spec.type = map_type(map, uses[i]);
    spec.key_size = decl.keys.empty() ? 4 : key_size;
    spec.value_size = value_size(map);
    spec.max_entries = decl.keys.empty() ? 1 : builder.program.max_map_keys;
    if (key_size > kMaxKeySize)
      return Error{"the key of " + decl.name + " is too large: " + std::to_string(key_size) +
                       " bytes of " + std::to_string(kMaxKeySize),
                   "use shorter strings: str(p, n) with a constant n"};
    // A per-CPU value must fit into the kernel's smallest per-CPU allocation unit.
    if (spec.value_size > 32768)
      return Error{"a value of " + decl.name + " is too large: " + std::to_string(spec.value_size) +
                       " bytes of 32768",
                   "use fewer buckets"};
    // Preallocating huge elements for every possible key wastes memory that is never touched. But
    // at a hit the kernel may have no large per-CPU element at hand, and the update is lost: where
    // there are few keys, all are allocated.
    const uint64_t few = map.per_cpu ? 1 << 20 : 32 << 20;  // bytes, of a CPU or in all
    const uint64_t element = uint64_t{spec.key_size} + spec.value_size;
    spec.no_prealloc = element > 256 && element * spec.max_entries > few &&
                       spec.type != MapType::Array && spec.type != MapType::PerCpuArray;
    largest_value = std::max(largest_value, spec.value_size);
    object.user_maps.push_back(std::move(map));
    object.maps.push_back(std::move(spec));
  }
  auto maps = static_cast<uint32_t>(object.user_maps.size());
  builder.zeros_offset = builder.counter_of(maps);
  object.maps[bpf::BpfObject::kGlobals] = {"gotap_globals", MapType::Array, 4,
                                           builder.zeros_offset + (largest_value + 7) / 8 * 8, 1};
  object.maps[bpf::BpfObject::kRing] = {"gotap_ring", MapType::RingBuffer, 0, 0, 0};
  object.maps[bpf::BpfObject::kFrames] = {"gotap_frames", MapType::Hash, sizeof(bpf::FrameKey),
                                          sizeof(bpf::FrameValue), 0};
  object.maps[bpf::BpfObject::kTops] = {"gotap_tops", MapType::Hash, sizeof(bpf::TopKey),
                                        sizeof(bpf::TopValue), 0};
  lay_out_saved(builder);
  MapSpec& saved = object.maps[bpf::BpfObject::kSaved];
  saved = {"gotap_saved", MapType::Hash, sizeof(bpf::FrameKey), builder.saved_size, 0};
  saved.no_prealloc = true;
  if (builder.saved_size > 0) saved.max_entries = kMaxFrames;
  object.maps[bpf::BpfObject::kScratch] = {"gotap_scratch", MapType::PerCpuArray, 4, 0, 0};
  for (const plan::Program& program : builder.plan.programs)
    if (program.shape.push_frame || program.shape.pop_frame)
      object.maps[bpf::BpfObject::kFrames].max_entries =
          object.maps[bpf::BpfObject::kTops].max_entries = kMaxFrames;
  return {};
}

void make_attach_maps(ObjectBuilder& builder, const Options& options) {
  bpf::BpfObject& object = builder.object;
  uint32_t count = 0;
  for (const plan::Program& program : builder.plan.programs)
    count += static_cast<uint32_t>(program.sites.size());
  if (count == 0) return;
  auto add = [&](const char* name, uint32_t key, uint32_t value, uint32_t entries) {
    object.maps.push_back({name, MapType::Hash, key, value, entries});
    return static_cast<int32_t>(object.maps.size() - 1);
  };
  if (options.by_event) object.sites = add("gotap_sites", 8, 8, count);
  // How many processes there are, the session knows.
  if (options.several_tgids) object.tgids = add("gotap_tgids", 4, 4, 1);
  if (options.cgroup_level) {
    object.cgroups = add("gotap_cgroups", 8, 4, kMostCgroups);
    builder.cgroup_level = options.cgroup_level;
  }
}

void make_copy_maps(ObjectBuilder& builder) {
  bpf::BpfObject& object = builder.object;
  object.values = builder.program.values;
  object.error_texts = builder.program.error_texts;
  object.copies = builder.plan.copies;
  if (object.copies.empty()) return;
  const size_t bytes = object.copies.types.size() * sizeof(CopyType) +
                       object.copies.slots.size() * sizeof(CopySlot) + sizeof(CopySlot);
  object.copy_table = static_cast<int32_t>(object.maps.size());
  object.maps.push_back(
      {"gotap_copies", MapType::Array, 4, static_cast<uint32_t>((bytes + 7) / 8 * 8), 1});
  object.copy_dynamic = static_cast<int32_t>(object.maps.size());
  object.maps.push_back({"gotap_dynamic", MapType::Hash, 8, 8,
                         static_cast<uint32_t>(object.copies.dynamic.size() + 1)});
}

void make_ring(bpf::BpfObject& object) {
  if (!object.events.empty()) object.maps[bpf::BpfObject::kRing].max_entries = kRingBytes;
}

uint32_t scratch_slots(uint32_t slot_size) {
  return 4 * slot_size + kScratchHeader <= 32768 ? 4 : 2;
}

void make_scratch_map(ObjectBuilder& builder) {
  if (builder.scratch_size == 0) return;
  MapSpec& map = builder.object.maps[bpf::BpfObject::kScratch];
  map.value_size = kScratchHeader + scratch_slots(builder.scratch_size) * builder.scratch_size;
  map.max_entries = 1;
}

}  // namespace gotap::codegen
