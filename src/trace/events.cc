// Entry point: EventHandler::handle.
// Facts: EventLayout in bpf/object.h.
#include "trace/events.h"

#include <utility>
#include <vector>

#include "trace/decode.h"

namespace gotap::trace {

void EventHandler::handle(Bytes record) {
  count_++;
  const bpf::EventLayout* layout = layout_of(object_, record);
  if (!layout) {
    if (!error_) error_ = Error{"internal error: an event that no program sends", ""};
    return;
  }
  // The rest of the ring is still emptied, so that nothing waits for it.
  if (!sink_.ok()) return;
  auto done = act(*layout, record);
  if (!done.ok() && !error_) error_ = std::move(done.error());
}

Result<void> EventHandler::error() {
  if (!error_) return {};
  Error error = std::move(*error_);
  error_.reset();
  return error;
}

Result<void> EventHandler::act(const bpf::EventLayout& layout, Bytes record) {
  using Kind = bpf::EventLayout::Kind;
  switch (layout.kind) {
    case Kind::Printf:
      sink_.print(layout.format, decode_fields(layout.fields, record, plan_, Shown::Printf));
      return {};
    case Kind::PrintValue:
      for (const bpf::Field& field : layout.fields)
        sink_.value(decode_field(field, record, plan_, Shown::Plain));
      return {};
    case Kind::PrintMap: return print_map(layout);
    case Kind::PrintMapValue: {
      TRY(entry, maps_.entry(layout, record));
      sink_.map_value(object_.user_maps[layout.map].name, entry);
      return {};
    }
    case Kind::Clear: return maps_.clear(layout.map);
    case Kind::Zero: return maps_.zero(layout.map);
    case Kind::Exit: {
      stop_ = true;
      if (exit_code_) return {};
      exit_code_ = 0;
      if (layout.fields.empty()) return {};
      if (auto code = record.u64(layout.fields[0].offset)) exit_code_ = static_cast<int>(*code);
      return {};
    }
    case Kind::Time: sink_.time(layout.format.text); return {};
  }
  return {};
}

Result<void> EventHandler::print_map(const bpf::EventLayout& layout) {
  TRY(dump, maps_.dump(layout.map));
  dump.top = layout.top;
  dump.div = layout.div;
  const bpf::UserMap& map = object_.user_maps[layout.map];
  // A scalar that was never written, or was cleared, is zero to whoever asks for it; a histogram
  // without anything in it shows nothing.
  const bool hist = map.value.kind == Type::Kind::Hist || map.value.kind == Type::Kind::Lhist;
  if (dump.entries.empty() && map.keys.empty() && !hist) {
    const uint32_t size = object_.maps[map.map].value_size;
    const std::vector<uint8_t> zeros(size);
    dump.entries.push_back(
        {{}, decode_map_value(map, Bytes(zeros.data(), zeros.size()), size, 1, plan_)});
  }
  sink_.map(dump);
  return {};
}

}  // namespace gotap::trace
