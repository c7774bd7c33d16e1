// `gotap show -f json`: the function as one record.
#include "base/text.h"
#include "cli/listed.h"
#include "cli/show.h"
#include "output/json.h"

namespace gotap::cli {

namespace {

/// An object or array of JSON, as it grows.
class ShownJson {
 public:
  explicit ShownJson(char open) : text_(1, open), close_(open == '{' ? '}' : ']') {}
  ShownJson& text(const char* name, const std::string& value) {
    output::append_json_string(begin(name), value);
    return *this;
  }
  ShownJson& number(const char* name, uint64_t value) {
    begin(name) += std::to_string(value);
    return *this;
  }
  ShownJson& is(const char* name) {
    begin(name) += "true";
    return *this;
  }
  /// An object or array; in an array it has no name.
  ShownJson& add(const char* name, const ShownJson& value) {
    begin(name) += value.done();
    return *this;
  }
  /// Fields that are made already.
  ShownJson& fields(const std::string& made) {
    text_ += (text_.size() > 1 ? ", " : "") + made;
    return *this;
  }
  std::string done() const { return text_ + close_; }

 private:
  std::string& begin(const char* name) {
    if (text_.size() > 1) text_ += ", ";
    if (name) text_ += std::string("\"") + name + "\": ";
    return text_;
  }
  std::string text_;
  char close_;
};

ShownJson values_json(const go::Types& types, const std::vector<ShownValue>& values) {
  ShownJson all('[');
  for (const ShownValue& value : values) {
    ShownJson one('{');
    one.text("name", value.script).text("type", value.type);
    const go::ValueLocation& place = value.place;
    if (!place.known) {
      one.is("not_known");
    } else if (place.on_stack) {
      one.number("stack", static_cast<uint64_t>(place.stack_offset));
    } else {
      ShownJson registers('[');
      for (const go::Piece& piece : place.pieces) {
        ShownJson part('{');
        part.text("name", register_of(piece));
        std::string holds = part_name(types, value.id, piece.offset);
        if (holds.starts_with(' ')) holds.erase(0, 1);
        if (place.pieces.size() > 1) part.text("part", holds);
        registers.add(nullptr, part);
      }
      one.add("registers", registers);
    }
    all.add(nullptr, one);
  }
  return all;
}

ShownJson counted_json(const std::vector<Counted>& rows) {
  ShownJson all('[');
  for (const Counted& row : rows)
    all.add(nullptr,
            ShownJson('{').text("function", std::string(row.first)).number("calls", row.second));
  return all;
}

}  // namespace

std::string show_record(const ShownFunction& shown) {
  const go::Image& image = *shown.image;
  const go::Function* function = shown.function();
  ShownJson data('{');
  if (!function) {
    uint32_t copies = 0;
    for (const Counted& copy : shown.copies) copies += static_cast<uint32_t>(copy.second);
    data.fields(record_fields(listed(image, go::InlinedFunction{shown.name, copies})));
    data.add("inlined", counted_json(shown.copies));
    return "{\"type\": \"function\", \"data\": " + data.done() + "}";
  }
  data.fields(record_fields(listed(image, *shown.index)));
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
      ShownJson captured('[');
      for (const go::Captured& it : shown.signature->captured) {
        ShownJson one('{');
        one.text("name", "captured." + it.name)
            .text("type", go::short_name(types.at(it.type).name))
            .number("offset", it.offset);
        if (it.by_reference) one.is("by_reference");
        captured.add(nullptr, one);
      }
      data.add("captured", captured);
    }
  }
  ShownJson sites('[');
  for (const ShownInstruction& it : shown.instructions) {
    if (it.kind.empty()) continue;  // it is not probed
    ShownJson site('{');
    site.text("address", hex(it.address)).text("kind", it.kind).text("instruction", it.text);
    if (!it.cost.empty()) site.text("cost", it.cost);
    sites.add(nullptr, site);
  }
  data.add("sites", sites).add("inlined", counted_json(shown.copies));
  data.add("callers", counted_json(shown.callers));
  return "{\"type\": \"function\", \"data\": " + data.done() + "}";
}

}  // namespace gotap::cli
