// Entry points: append_value, append_values, append_printf.
//
// bpftrace 0.27 formats through C++ streams, and that shows: the fill character comes before a
// sign or prefix (`%05d` of -42 is 00-42), zeros fill on the right of `%-05d` and in front of
// strings, the space flag and every precision have no effect, and a zero pointer is 0. Scripts
// that parse the output expect these bytes. As in C, an integer conversion without a length
// takes 32 bits of its argument; but of one that is known to have 64 (FormatPiece::wide) it
// shows them all when they matter, as the lower half alone would be a wrong number.
#include "output/format.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "base/text.h"

namespace gotap::output {

namespace {

// Wider than this is a mistake in the script, not a wish; it bounds what one line can cost.
constexpr size_t kMaxWidth = 65536;
// Of numbers that Go writes without an exponent.
constexpr int kLeastPlainExponent = -4, kMostPlainExponent = 5;

std::string digits(uint64_t value, int base, bool upper = false) {
  char buffer[72];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, value, base).ptr;
  std::string text(buffer, end);
  if (upper)
    for (char& c : text)
      if (c >= 'a') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

bool is_wide(const std::string& length) {
  return length == "l" || length == "ll" || length == "j" || length == "z" || length == "t" ||
         length == "L";
}

// Cut to the width the length modifier names, sign- or zero-extended back to 64 bits.
int64_t as_signed(uint64_t raw, const FormatPiece& piece) {
  if (piece.length == "hh") return static_cast<int8_t>(raw);
  if (piece.length == "h") return static_cast<int16_t>(raw);
  if (is_wide(piece.length) || piece.wide) return static_cast<int64_t>(raw);
  return static_cast<int32_t>(raw);
}

uint64_t as_unsigned(uint64_t raw, const FormatPiece& piece) {
  if (piece.length == "hh") return static_cast<uint8_t>(raw);
  if (piece.length == "h") return static_cast<uint16_t>(raw);
  if (is_wide(piece.length)) return raw;
  bool fits_in_32 = static_cast<int64_t>(raw) == static_cast<int32_t>(raw);
  if (piece.wide && !fits_in_32) return raw;
  return static_cast<uint32_t>(raw);
}

// The 64 bits of a number; false for text and unknowns.
bool number_of(const Value& value, uint64_t& raw) {
  if (auto b = std::get_if<bool>(&value.data))
    raw = *b ? 1 : 0;
  else if (auto i = std::get_if<int64_t>(&value.data))
    raw = static_cast<uint64_t>(*i);
  else if (auto u = std::get_if<uint64_t>(&value.data))
    raw = *u;
  else
    return false;
  return true;
}

std::string number_text(const FormatPiece& piece, uint64_t raw) {
  const bool alternate = piece.flags.find('#') != std::string::npos;
  const bool plus = piece.flags.find('+') != std::string::npos;
  switch (piece.conversion) {
    case 'd':
    case 'i': {
      int64_t value = as_signed(raw, piece);
      return (plus && value >= 0 ? "+" : "") + std::to_string(value);
    }
    case 'u': return digits(as_unsigned(raw, piece), 10);
    case 'o': {
      std::string text = digits(as_unsigned(raw, piece), 8);
      return alternate && text != "0" ? "0" + text : text;
    }
    case 'x':
    case 'X': {
      const bool upper = piece.conversion == 'X';
      std::string text = digits(as_unsigned(raw, piece), 16, upper);
      return alternate && text != "0" ? (upper ? "0X" : "0x") + text : text;
    }
    case 'c': return std::string(1, static_cast<char>(raw));
    case 'p': return raw == 0 ? "0" : "0x" + digits(raw, 16);
    default: return {};
  }
}

// What Go calls numbers that are none; empty of others.
std::string not_finite(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Inf" : "+Inf";
  return "";
}

// %f and its sisters, as C has them.
std::string real_text(const FormatPiece& piece, double value) {
  if (std::string text = not_finite(value); !text.empty()) return text;
  const std::string format = "%" + piece.flags + "*.*" + piece.conversion;
  const int precision = std::min(piece.precision, 100);
  const int width = std::clamp(piece.width, 0, 1000);
  char buffer[2048];
  const int length = std::snprintf(buffer, sizeof buffer, format.c_str(), width, precision, value);
  return {buffer, static_cast<size_t>(std::clamp(length, 0, static_cast<int>(sizeof buffer) - 1))};
}

// %r: printable bytes as they are, others as \xNN; %rx: all as \xNN; %rh: all as NN with blanks
// between them.
void append_buffer(std::string& out, const Buffer& buffer, char form) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (size_t i = 0; i < buffer.bytes.size(); i++) {
    const auto byte = static_cast<uint8_t>(buffer.bytes[i]);
    if (form == 'r' && byte >= 32 && byte <= 126) {
      out += buffer.bytes[i];
      continue;
    }
    if (form != 'h')
      out += "\\x";
    else if (i > 0)
      out += ' ';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  if (buffer.cut) out += "..";
}

// One conversion's text before it is padded.
std::string conversion_text(const FormatPiece& piece, const Value& value, Untrusted untrusted) {
  std::string text;
  uint64_t raw = 0;
  const bool as_printed = piece.conversion == 's' || piece.conversion == 'v';
  if (!as_printed && number_of(value, raw)) {
    text = number_text(piece, raw);
    if (piece.conversion == 'c' && untrusted == Untrusted::Escaped) text = escape_controls(text);
    return text;
  }
  if (auto buffer = std::get_if<Buffer>(&value.data)) {
    append_buffer(text, *buffer, piece.length.empty() ? 'r' : piece.length[0]);
    return text;
  }
  if (auto real = std::get_if<Real>(&value.data); real && !as_printed)
    return real_text(piece, real->value);
  append_value(text, value, untrusted);
  auto i = std::get_if<int64_t>(&value.data);
  if (i && *i >= 0 && piece.flags.find('+') != std::string::npos) text.insert(0, 1, '+');
  return text;
}

void append_padded(std::string& out, const std::string& text, int64_t width,
                   const std::string& flags) {
  bool left = flags.find('-') != std::string::npos;
  if (width < 0) {  // only from `*`: as in C, a `-` flag
    left = true;
    width = -std::max<int64_t>(width, -static_cast<int64_t>(kMaxWidth));
  }
  size_t wanted = std::min(static_cast<size_t>(width), kMaxWidth);
  size_t fill = wanted > text.size() ? wanted - text.size() : 0;
  const char with = flags.find('0') != std::string::npos ? '0' : ' ';
  if (!left) out.append(fill, with);
  out += text;
  if (left) out.append(fill, with);
}

}  // namespace

// As Go's %v: as few digits as tell it from its neighbours; with an exponent where that is less
// than -4 or more than 5 (strconv/ftoa.go, %g).
std::string shortest(const Real& real) {
  if (std::string text = not_finite(real.value); !text.empty()) return text;
  char buffer[400];
  auto write = [&](std::chars_format format) {
    const auto end =
        real.is_single
            ? std::to_chars(buffer, buffer + sizeof buffer, static_cast<float>(real.value), format)
            : std::to_chars(buffer, buffer + sizeof buffer, real.value, format);
    return std::string(buffer, end.ptr);
  };
  std::string text = write(std::chars_format::scientific);
  const int exponent = std::atoi(text.c_str() + text.find('e') + 1);
  return exponent < kLeastPlainExponent || exponent > kMostPlainExponent
             ? text
             : write(std::chars_format::fixed);
}

void append_value(std::string& out, const Value& value, Untrusted untrusted) {
  if (!value.name.empty()) {
    out += untrusted == Untrusted::Escaped ? escape_controls(value.name) : value.name;
    return;
  }
  struct {
    std::string& out;
    Untrusted untrusted;
    void operator()(const Unknown& u) { out += "<" + u.reason + ">"; }
    void operator()(bool b) { out += b ? "true" : "false"; }
    void operator()(int64_t i) { out += std::to_string(i); }
    void operator()(uint64_t u) { out += std::to_string(u); }
    void operator()(const std::string& s) {
      out += untrusted == Untrusted::Escaped ? escape_controls(s) : s;
    }
    void operator()(const Buffer& b) { append_buffer(out, b, 'r'); }
    void operator()(const Trusted& t) { out += t.text; }
    void operator()(const Real& r) { out += shortest(r); }
    void operator()(const Stack& s) { out += s.text; }
    void operator()(const Tuple& t) {
      out += '(';
      append_values(out, t.values, ", ", untrusted);
      out += ')';
    }
  } show{out, untrusted};
  std::visit(show, value.data);
}

void append_values(std::string& out, const std::vector<Value>& values, const std::string& between,
                   Untrusted untrusted) {
  for (size_t i = 0; i < values.size(); i++) {
    if (i > 0) out += between;
    append_value(out, values[i], untrusted);
  }
}

void append_printf(std::string& out, const Format& format, const std::vector<Value>& args,
                   Untrusted untrusted) {
  size_t next = 0;
  static const Value kMissing{Unknown{"missing"}};
  auto argument = [&]() -> const Value& { return next < args.size() ? args[next++] : kMissing; };
  for (const FormatPiece& piece : format.pieces) {
    if (piece.conversion == 0) {
      out += piece.literal;
      continue;
    }
    int64_t width = std::max(piece.width, 0);
    if (piece.star_width) {
      uint64_t raw = 0;
      if (number_of(argument(), raw)) width = static_cast<int32_t>(raw);
    }
    append_padded(out, conversion_text(piece, argument(), untrusted), width, piece.flags);
  }
}

}  // namespace gotap::output
