// Entry point: EventHandler::handle.
// Facts: EventLayout in bpf/object.h.
#include "trace/events.h"

#include <utility>
#include <vector>

#include "output/format.h"
#include "trace/command.h"
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
    case Kind::Printf: {
      TRY(shown, values(layout, record, Shown::Printf));
      sink_.print(layout.format, shown);
      return {};
    }
    case Kind::PrintValue: {
      TRY(shown, values(layout, record, Shown::Plain));
      for (output::Value& value : shown) sink_.value(std::move(value));
      return {};
    }
    case Kind::Cat:
    case Kind::System: {
      TRY(shown, values(layout, record, Shown::Printf));
      std::string text;
      output::append_printf(text, layout.format, shown, output::Untrusted::Raw);
      if (layout.kind == Kind::Cat)
        cat(text);
      else
        run(text);
      return {};
    }
    case Kind::Join: join(layout, record); return {};
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

// The values of an event; of len() those that user space knows.
Result<std::vector<output::Value>> EventHandler::values(const bpf::EventLayout& layout,
                                                        Bytes record, Shown shown) const {
  std::vector<output::Value> out = decode_fields(layout.fields, record, maps_.names(), shown);
  for (size_t i = 0; i < out.size(); i++) {
    if (layout.fields[i].type.kind != Type::Kind::Length) continue;
    TRY(length, maps_.length(layout.fields[i].type.detail));
    out[i] = {length};
  }
  return out;
}

// The first field is the number of parts, or 256 more if the array could not be read to its end.
void EventHandler::join(const bpf::EventLayout& layout, Bytes record) {
  std::vector<output::Value> parts =
      decode_fields(layout.fields, record, maps_.names(), Shown::Plain);
  uint64_t count = record.u64(layout.fields.at(0).offset).value_or(0);
  const bool unreadable = count >= 256;
  if (unreadable) count -= 256;
  const bool more = count >= parts.size();
  parts.erase(parts.begin());
  if (count < parts.size()) parts.resize(count);
  if (more) parts.push_back({output::Trusted{".."}});
  if (unreadable) parts.push_back({output::Unknown{"not readable"}});
  sink_.join(parts, layout.format.text);
}

void EventHandler::run(const std::string& command) {
  sink_.flush();
  auto ran = run_command(
      command, [&] { sink_.message("waiting for the command of system() to end: " + command); });
  if (!ran.ok()) return sink_.complain("ERROR: " + ran.error().message);
  sink_.system(ran->printed);
  if (ran->status != 0)
    sink_.complain("ERROR: command exited with code " + std::to_string(ran->status) + ": " +
                   command);
}

void EventHandler::cat(const std::string& path) {
  auto contents = read_file(path, max_cat_bytes_);
  if (!contents.ok()) return sink_.complain("ERROR: " + contents.error().message);
  sink_.cat(*contents);
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
        {{}, decode_map_value(map, Bytes(zeros.data(), zeros.size()), size, 1, maps_.names())});
  }
  sink_.map(dump);
  return {};
}

}  // namespace gotap::trace
