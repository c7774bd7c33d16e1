// Entry point: JsonSink.
#include "output/json.h"

#include <bit>
#include <cmath>
#include <cstdio>
#include <map>

#include "base/text.h"
#include "output/format.h"
#include "output/local_time.h"
#include "output/losses.h"
#include "output/map_text.h"

namespace gotap::output {

namespace {

// RFC 8259 numbers are doubles to most readers: what a double cannot hold is a string.
void append_number(std::string& out, const std::string& digits, uint64_t magnitude) {
  const bool fits =
      magnitude == 0 || std::bit_width(magnitude >> std::countr_zero(magnitude)) <= 53;
  out += fits ? digits : '"' + digits + '"';
}

void append_json(std::string& out, int64_t number) {
  const auto bits = static_cast<uint64_t>(number);
  append_number(out, std::to_string(number), number < 0 ? 0 - bits : bits);
}

void append_json(std::string& out, uint64_t number) {
  append_number(out, std::to_string(number), number);
}

template <typename Items, typename Append>
void append_array(std::string& out, const Items& items, Append&& append) {
  out += '[';
  bool first = true;
  for (const auto& item : items) {
    if (!first) out += ',';
    first = false;
    append(item);
  }
  out += ']';
}

void append_json(std::string& out, const Value& value) {
  if (!value.name.empty()) return append_json_string(out, value.name);
  struct Show {
    std::string& out;
    void operator()(const Unknown& u) { append_json_string(out, "<" + u.reason + ">"); }
    void operator()(bool b) { out += b ? "true" : "false"; }
    void operator()(int64_t i) { append_json(out, i); }
    void operator()(uint64_t u) { append_json(out, u); }
    void operator()(const std::string& s) { append_json_string(out, s); }
    void operator()(const Buffer& b) {
      append_array(out, b.bytes,
                   [&](char c) { out += std::to_string(static_cast<signed char>(c)); });
    }
    void operator()(const Trusted& t) { append_json_string(out, t.text); }
    void operator()(const Real& r) {
      if (std::isfinite(r.value))
        out += shortest(r);
      else
        append_json_string(out, shortest(r));  // JSON has no such numbers
    }
    void operator()(const Stack& s) { append_json_string(out, s.text); }
    void operator()(const Tuple& t) {
      append_array(out, t.values, [&](const Value& v) { append_json(out, v); });
    }
  } show{out};
  std::visit(show, value.data);
}

// The counts of hist() are divided, those of lhist() are not, as in text.
void append_json(std::string& out, const Histogram& histogram, int64_t div) {
  const uint64_t by = histogram.linear || div <= 0 ? 1 : static_cast<uint64_t>(div);
  append_array(out, histogram.buckets, [&](const Bucket& bucket) {
    out += '{';
    if (!bucket.open_low) {
      out += "\"min\": ";
      append_json(out, bucket.low);
      out += ", ";
    }
    // hist() ends with the largest number, lhist() has no end.
    if (!bucket.open_high || !histogram.linear) {
      out += "\"max\": ";
      append_json(out, bucket.open_high
                           ? INT64_MAX
                           : static_cast<int64_t>(static_cast<uint64_t>(bucket.high) - 1));
      out += ", ";
    }
    out += "\"count\": " + std::to_string(bucket.count / by) + "}";
  });
}

void append_json(std::string& out, const MapValue& value, int64_t div) {
  if (auto plain = std::get_if<Value>(&value)) {
    append_json(out, divided(*plain, div));
  } else if (auto a = std::get_if<Average>(&value)) {
    append_json(out, divided(average(*a), div));
  } else if (auto s = std::get_if<Stats>(&value)) {
    out += "{\"count\": ";
    append_json(out, s->average.count);
    out += ", \"average\": ";
    append_json(out, divided(average(s->average), div));
    out += ", \"total\": ";
    append_json(out, total(s->average));
    out += '}';
  } else {
    append_json(out, std::get<Histogram>(value), div);
  }
}

// The parts of a key as bpftrace's text has them, without the parentheses around them.
std::string key_text(const std::vector<Value>& keys) {
  std::string text;
  append_values(text, keys, ", ", Untrusted::Raw);
  if (keys.size() == 1 && text.size() >= 2 && text.front() == '(' && text.back() == ')')
    text = text.substr(1, text.size() - 2);
  return text;
}

std::string without_blanks(std::string text) {
  std::erase(text, ' ');
  return text;
}

const char* type_of(const std::vector<MapEntry>& entries) {
  if (entries.empty()) return "map";
  const MapValue& value = entries[0].value;
  if (std::holds_alternative<Histogram>(value)) return "hist";
  return std::holds_alternative<Value>(value) ? "map" : "stats";
}

}  // namespace

void append_json_string(std::string& out, const std::string& text) {
  out += '"';
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (size_t length = utf8_length(text, i); length > 1) {
      out.append(text, i, length);
      i += length;
      continue;
    }
    i++;
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default: {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte < 0x80) {
          out += c;
          break;
        }
        char buffer[16];
        // bpftrace's form: a negative char as an unsigned int.
        std::snprintf(buffer, sizeof buffer, byte < 0x20 ? "\\u%04x" : "\\uffffff%02x", byte);
        out += buffer;
      }
    }
  }
  out += '"';
}

void append_json_value(std::string& out, const Value& value) { append_json(out, value); }

JsonSink::JsonSink(const SinkOptions& options, const std::string& head)
    : writer_(options), quiet_(options.quiet) {
  writer_.data() += head;
}

void JsonSink::record(const char* type, const std::string& data) {
  std::string& out = released_ ? writer_.data() : held_;
  out += std::string("{\"type\": \"") + type + "\", \"data\": " + data + "}\n";
  writer_.written();
}

void JsonSink::text_record(const char* type, const std::string& text) {
  std::string data;
  append_json_string(data, text);
  record(type, data);
}

void JsonSink::release() {
  released_ = true;
  writer_.data() += held_;
  held_.clear();
  writer_.written();
}

void JsonSink::attached(uint64_t probes) {
  const std::string count = std::to_string(probes);
  if (!quiet_)
    writer_.data() += "{\"type\": \"attached_probes\", \"count\": " + count +
                      ", \"data\": {\"probes\": " + count + "}}\n";
  release();
  writer_.notify_attached();
}

void JsonSink::print(const Format& format, const std::vector<Value>& args) {
  std::string text;
  append_printf(text, format, args, Untrusted::Raw);
  text_record("printf", text);
}

void JsonSink::value(const MapValue& value) {
  std::string data;
  append_json(data, value, 0);
  record("value", data);
}

void JsonSink::map(const MapDump& map) {
  const std::vector<MapEntry> entries = shown_entries(map);
  if (entries.empty()) return;
  std::map<std::string, size_t> uses;  // of a key without its blanks
  for (const MapEntry& entry : entries) uses[without_blanks(key_text(entry.keys))]++;
  std::string data = "{";
  append_json_string(data, map.name);
  data += ": ";
  const bool scalar = entries[0].keys.empty();
  if (!scalar) data += '{';
  for (size_t i = 0; i < entries.size(); i++) {
    if (i > 0) data += ", ";
    if (!scalar) {
      std::string key = key_text(entries[i].keys), squeezed = without_blanks(key);
      append_json_string(data, uses[squeezed] == 1 ? squeezed : key);
      data += ": ";
    }
    append_json(data, entries[i].value, map.div);
  }
  data += scalar ? "}" : "}}";
  record(type_of(entries), data);
}

void JsonSink::map_value(const std::string&, const MapEntry& entry) { value(entry.value); }

void JsonSink::time(const std::string& strftime_format) {
  text_record("time", local_time(strftime_format));
}

void JsonSink::join(const std::vector<Value>& parts, const std::string& delimiter) {
  std::string text;
  append_values(text, parts, delimiter, Untrusted::Raw);
  text_record("join", text);
}

void JsonSink::cat(const std::string& contents) { text_record("cat", contents); }

void JsonSink::system(const std::string& printed) { text_record("syscall", printed); }

void JsonSink::complain(const std::string& line) { writer_.say(line); }

void JsonSink::end() {
  release();
  writer_.ending();
}

void JsonSink::losses(const Losses& losses) {
  release();
  if (losses.ring_full) {
    const std::string count = std::to_string(losses.ring_full);
    writer_.data() += "{\"type\": \"lost_events\", \"count\": " + count +
                      ", \"data\": {\"events\": " + count + "}}\n";
  }
  std::string data;
  auto append = [](std::string& object, const std::string& name, uint64_t count) {
    object += object.empty() ? "{" : ", ";
    append_json_string(object, name);
    object += ": ";
    append_json(object, count);
  };
  for (const auto& [name, count] : loss_counts(losses))
    if (name != "lost_events") append(data, name, count);
  std::string maps;
  for (const auto& [map, lost] : losses.map_full)
    if (lost) append(maps, map, lost);
  if (!maps.empty()) data += std::string(data.empty() ? "{" : ", ") + "\"map_full\": " + maps + "}";
  if (!data.empty()) record("losses", data + "}");
}

void JsonSink::message(const std::string& line) {
  if (!quiet_) writer_.say(line);
}

void JsonSink::flush() { writer_.flush(); }

}  // namespace gotap::output
