// The printer of BpfObject, and the shape of hist() maps. Entry points: dump(), hist_buckets().
#include "bpf/object.h"

#include <fmt/format.h>
#include "base/text.h"
#include "bpf/insn.h"

namespace gotap::bpf {

namespace {

const char* map_type_name(MapType type) {
  switch (type) {
    case MapType::Hash: return "hash";
    case MapType::PerCpuHash: return "percpu_hash";
    case MapType::Array: return "array";
    case MapType::PerCpuArray: return "percpu_array";
    case MapType::RingBuffer: return "ringbuf";
  }
  return "?";
}

const char* event_kind_name(EventLayout::Kind kind) {
  switch (kind) {
    case EventLayout::Kind::Printf: return "printf";
    case EventLayout::Kind::PrintValue: return "print_value";
    case EventLayout::Kind::PrintMap: return "print_map";
    case EventLayout::Kind::PrintMapValue: return "print_map_value";
    case EventLayout::Kind::Clear: return "clear";
    case EventLayout::Kind::Zero: return "zero";
    case EventLayout::Kind::Exit: return "exit";
    case EventLayout::Kind::Time: return "time";
    case EventLayout::Kind::Join: return "join";
    case EventLayout::Kind::Cat: return "cat";
    case EventLayout::Kind::System: return "system";
  }
  return "?";
}

std::string field_text(const Field& field) {
  std::string out = fmt::format("{} @{}", field.type.name(), field.offset);
  if (field.unknown_offset >= 0) out += fmt::format(" unknown @{}", field.unknown_offset);
  return out;
}

std::string fields_text(const std::vector<Field>& fields) {
  std::string out;
  for (const Field& field : fields) out += (out.empty() ? "" : ", ") + field_text(field);
  return out;
}

std::string event_text(const BpfObject& object, const EventLayout& event) {
  std::string out = event_kind_name(event.kind);
  using Kind = EventLayout::Kind;
  if (event.kind == Kind::Printf || event.kind == Kind::Time || event.kind == Kind::Join ||
      event.kind == Kind::Cat || event.kind == Kind::System)
    out += " \"" + escape_controls(event.format.text) + "\"";
  bool of_map = event.kind == Kind::PrintMap || event.kind == Kind::PrintMapValue ||
                event.kind == Kind::Clear || event.kind == Kind::Zero;
  if (of_map && event.map < object.user_maps.size()) out += " " + object.user_maps[event.map].name;
  if (event.top) out += fmt::format(" top {}", event.top);
  if (event.div) out += fmt::format(" div {}", event.div);
  if (!event.fields.empty()) out += " (" + fields_text(event.fields) + ")";
  return out + fmt::format(" size {}", event.size);
}

}  // namespace

uint32_t hist_buckets(uint32_t bits) { return ((65 - bits) << bits) + 1; }

std::string dump(const BpfObject& object) {
  std::string out;
  for (size_t i = 0; i < object.maps.size(); i++) {
    const MapSpec& map = object.maps[i];
    if (map.max_entries == 0) continue;
    out += fmt::format("map {} {}: {} key {} value {} entries {}\n", i, map.name,
                       map_type_name(map.type), map.key_size, map.value_size, map.max_entries);
  }
  for (const UserMap& map : object.user_maps) {
    out += fmt::format("user map {}: map {} [{}] {}", map.name, map.map, fields_text(map.keys),
                       map.value.name());
    if (map.per_cpu) out += " per cpu";
    if (map.value.kind == Type::Kind::Hist) out += fmt::format(" bits {}", map.hist_bits);
    if (map.value.kind == Type::Kind::Lhist)
      out += fmt::format(" {}..{} step {}", map.lhist_min, map.lhist_max, map.lhist_step);
    out += "\n";
  }
  for (size_t i = 0; i < object.events.size(); i++)
    out += fmt::format("event {}: {}\n", i, event_text(object, object.events[i]));
  for (size_t i = 0; i < object.unknown_reasons.size(); i++)
    out += fmt::format("unknown {}: {}\n", static_cast<size_t>(UnknownReason::kFirstReason) + i,
                       escape_controls(object.unknown_reasons[i]));
  for (size_t i = 0; i < object.constants.size(); i++) {
    out += fmt::format("constants {}:", i + 1);
    for (const auto& [value, name] : object.constants[i]) out += fmt::format(" {}={}", name, value);
    out += "\n";
  }
  for (const Program& program : object.programs) {
    bool uprobe = program.kind == ProgramKind::Uprobe;
    out += fmt::format("program {}: {} {}, {} instructions\n", program.name,
                       uprobe ? "uprobe" : "timer", uprobe ? program.plan_program : program.timer,
                       program.insns.size());
    out += listing(program.insns, object.maps);
  }
  return out;
}

}  // namespace gotap::bpf
