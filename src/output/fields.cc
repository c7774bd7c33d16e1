// Entry points: FieldsSink, LogSink.
#include "output/fields.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "output/format.h"
#include "output/json_text.h"
#include "output/pointers.h"

namespace gotap::output {

namespace {

/// A field as it is put together from the pieces of the format.
struct Field {
  std::string text;           ///< `NAME=` and what follows
  std::optional<Value> only;  ///< the only value, and no text beside it
  size_t pieces = 0;          ///< of what follows the name
};

// The pieces of a format between its tabs.
std::vector<Field> fields_of(Format format, std::vector<Value> args) {
  settle_pointers(format, args);
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

// A number, a string or a truth value as JSON; of what is more its text.
std::string plain(const Value& value) {
  std::string out;
  const bool is_more = std::holds_alternative<Buffer>(value.data) ||
                       std::holds_alternative<Tuple>(value.data) ||
                       std::holds_alternative<Stack>(value.data);
  if (is_more) {
    std::string text;
    append_value(text, value, Untrusted::Raw);
    append_json_string(out, text);
  } else {
    append_json_value(out, value);
  }
  return out;
}

}  // namespace

void FieldsSink::print(const Format& format, const std::vector<Value>& args) {
  if (is_over()) return;
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
    else if (stack && stack->text.find('\n') != std::string::npos)
      append_lines_of(data, stack->text);
    else if (stack)  // one line of it that was asked for
      append_json_string(data, stack->text);
    else
      append_json_value(data, *field.only);
  }
  close();
  limited(data + "}");
}

void FieldsSink::limited(const std::string& data) {
  if (left_ == 0) return;
  if (left_) --*left_;
  record(type_.c_str(), data);
}

void FieldsSink::map(const MapDump& map) {
  if (map.name != "@lines") JsonSink::map(map);
}

void LogSink::print(const Format& format, const std::vector<Value>& args) {
  if (is_over()) return;
  const size_t head = fields_.trace ? 3 : 2, tail = fields_.stack ? 1 : 0;
  // (Anything else would be a defect of the command.)
  if (args.size() != head + fields_.values.size() + tail || format.pieces.size() < head + tail)
    return FieldsSink::print(format, args);
  JsonText data('{');
  data.value("time", args[0]).value("goroutine", args[1]);
  if (fields_.trace) data.value("trace", args[2]);
  const auto at = [](const auto& list, size_t i) {
    return list.begin() + static_cast<ptrdiff_t>(i);
  };
  const std::vector<Value> values(at(args, head), at(args, head + fields_.values.size()));
  std::string text;
  append_printf(text,
                {"", {at(format.pieces, head), at(format.pieces, format.pieces.size() - tail)}},
                values, Untrusted::Raw);
  data.text("text", text);
  if (!values.empty()) {
    JsonText by_name('{');
    for (size_t i = 0; i < values.size(); i++) {
      const std::string& expression = fields_.values[i];
      const auto here = at(std::as_const(fields_.values), i);
      // Written twice it is one value.
      if (std::find(fields_.values.cbegin(), here, expression) == here)
        by_name.add(expression, plain(values[i]));
    }
    data.add("values", by_name);
  }
  if (fields_.stack) {
    const Stack* stack = std::get_if<Stack>(&args.back().data);
    std::string shown, lines;
    if (!stack) append_value(shown, args.back(), Untrusted::Raw);
    append_lines_of(lines, stack ? stack->text : shown);
    data.add("stack", lines);
  }
  limited(data.done());
}

}  // namespace gotap::output
