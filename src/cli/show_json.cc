// `gotap show -f json`: the function as one record.
#include "base/text.h"
#include "cli/listed.h"
#include "cli/show.h"
#include "output/json_text.h"

namespace gotap::cli {

namespace {

using output::JsonText;

JsonText values_json(const go::Types& types, const std::vector<ShownValue>& values) {
  JsonText all('[');
  for (const ShownValue& value : values) {
    JsonText one('{');
    one.text("name", value.script).text("type", value.type);
    const go::ValueLocation& place = value.place;
    if (!place.known) {
      one.truth("not_known", true);
    } else if (place.on_stack) {
      one.number("stack", static_cast<uint64_t>(place.stack_offset));
    } else {
      JsonText registers('[');
      for (const go::Piece& piece : place.pieces) {
        JsonText part('{');
        part.text("name", register_of(piece));
        std::string holds = part_name(types, value.id, piece.offset);
        if (holds.starts_with(' ')) holds.erase(0, 1);
        if (place.pieces.size() > 1) part.text("part", holds);
        registers.add("", part);
      }
      one.add("registers", registers);
    }
    all.add("", one);
  }
  return all;
}

JsonText counted_json(const std::vector<Counted>& rows) {
  JsonText all('[');
  for (const Counted& row : rows)
    all.add("", JsonText('{').text("function", std::string(row.first)).number("calls", row.second));
  return all;
}

}  // namespace

std::string show_record(const ShownFunction& shown) {
  const go::Image& image = *shown.image;
  const go::Function* function = shown.function();
  JsonText data('{');
  if (!function) {
    uint32_t copies = 0;
    for (const Counted& copy : shown.copies) copies += static_cast<uint32_t>(copy.second);
    add_fields(data, listed(image, go::InlinedFunction{shown.name, copies}));
    data.add("inlined", counted_json(shown.copies));
    return output::json_record("function", data);
  }
  add_fields(data, listed(image, *shown.index));
  data.number("bytes", function->end - function->entry);
  if (const auto line = image.line(function->entry))
    data.text("line", line->file + ":" + std::to_string(line->line));
  data.text("abi", function->abi == go::Abi::GoRegisters ? "registers"
                   : function->abi == go::Abi::GoStack   ? "stack"
                                                         : "C");
  if (shown.signature) {
    const go::Types& types = image.type_info().types();
    data.add("args", values_json(types, shown.arguments));
    data.add("results", values_json(types, shown.results));
    if (!shown.signature->captured.empty()) {
      JsonText captured('[');
      for (const go::Captured& it : shown.signature->captured) {
        JsonText one('{');
        one.text("name", "captured." + it.name)
            .text("type", go::short_name(types.at(it.type).name))
            .number("offset", it.offset);
        if (it.by_reference) one.truth("by_reference", true);
        captured.add("", one);
      }
      data.add("captured", captured);
    }
  }
  JsonText sites('[');
  for (const ShownInstruction& it : shown.instructions) {
    if (it.kind.empty()) continue;  // it is not probed
    JsonText site('{');
    site.text("address", hex(it.address)).text("kind", it.kind).text("instruction", it.text);
    if (!it.cost.empty()) site.text("cost", it.cost);
    sites.add("", site);
  }
  data.add("sites", sites).add("inlined", counted_json(shown.copies));
  data.add("callers", counted_json(shown.callers));
  return output::json_record("function", data);
}

}  // namespace gotap::cli
