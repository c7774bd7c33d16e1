// Entry point: FieldsSink.
#include "output/fields.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "output/format.h"

namespace gotap::output {

namespace {

/// A field as it is put together from the pieces of the format.
struct Field {
  std::string text;           ///< `NAME=` and what follows
  std::optional<Value> only;  ///< the only value, and no text beside it
  size_t pieces = 0;          ///< of what follows the name
};

// The pieces of a format between its tabs.
std::vector<Field> fields_of(const Format& format, const std::vector<Value>& args) {
  std::vector<Field> fields(1);
  size_t next = 0;
  for (const FormatPiece& piece : format.pieces) {
    if (piece.conversion == 0) {
      for (const char c : piece.literal) {
        Field& field = fields.back();
        if (c == '\t') {
          fields.emplace_back();
        } else if (c != '\n') {
          if (field.text.find('=') != std::string::npos) field.pieces++;
          field.text += c;
        }
      }
      continue;
    }
    Field& field = fields.back();
    const size_t taken = piece.star_width ? 2 : 1;
    if (next + taken > args.size()) break;
    const std::vector<Value> own(args.begin() + static_cast<ptrdiff_t>(next),
                                 args.begin() + static_cast<ptrdiff_t>(next + taken));
    next += taken;
    append_printf(field.text, {"", {piece}}, own, Untrusted::Raw);
    field.pieces++;
    field.only = own.back();
  }
  return fields;
}

void append_lines_of(std::string& out, const std::string& text) {
  out += '[';
  bool first = true;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const size_t begin = std::min(text.find_first_not_of(" \t", at), end);
    if (begin < end) {
      if (!first) out += ", ";
      first = false;
      append_json_string(out, text.substr(begin, end - begin));
    }
    at = end + 1;
  }
  out += ']';
}

}  // namespace

void FieldsSink::print(const Format& format, const std::vector<Value>& args) {
  if (left_ == 0) return;
  if (left_) --*left_;
  std::string data = "{", open;  // the object or array that is open, with its bracket
  const auto close = [&] {
    if (!open.empty()) data += open.back() == '[' ? "]" : "}";
    open.clear();
  };
  const auto comma = [&] {
    if (data.back() != '{' && data.back() != '[') data += ", ";
  };
  for (const Field& field : fields_of(format, args)) {
    const size_t equals = field.text.find('=');
    if (equals == std::string::npos) continue;
    const std::string name = field.text.substr(0, equals);
    const size_t dot = name.find('.');
    const std::string in = name.ends_with("[]")       ? name.substr(0, name.size() - 1)
                           : dot != std::string::npos ? name.substr(0, dot) + "{"
                                                      : "";
    if (in != open) {
      close();
      if (!in.empty()) {
        comma();
        append_json_string(data, in.substr(0, in.size() - 1));
        data += std::string(": ") + in.back();
        open = in;
      }
    }
    comma();
    if (open.empty() || open.back() == '{') {
      append_json_string(data, open.empty() ? name : name.substr(dot + 1));
      data += ": ";
    }
    const Stack* stack = field.only ? std::get_if<Stack>(&field.only->data) : nullptr;
    if (field.pieces != 1 || !field.only)
      append_json_string(data, field.text.substr(equals + 1));
    else if (stack)
      append_lines_of(data, stack->text);
    else
      append_json_value(data, *field.only);
  }
  close();
  record(type_.c_str(), data + "}");
}

void FieldsSink::map(const MapDump& map) {
  if (map.name != "@lines") JsonSink::map(map);
}

}  // namespace gotap::output
