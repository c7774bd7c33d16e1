// Takes printf formats apart; see format.h. bpftrace 0.27: %[-+ #0][*|width][.prec][hlLjzt]conv.
#include "lang/format.h"

#include "lang/lexer.h"

namespace gotap::lang {

namespace {

constexpr std::string_view kFlags = "-+ #0";
constexpr std::string_view kConversions = "diuoxXcsprfFeEgGv";
constexpr int kMaxWidth = 4096;

// Digits at text[i]; -1 if none, kMaxWidth + 1 if too many.
int read_width(std::string_view text, size_t& i) {
  if (i >= text.size() || !is_digit(text[i])) return -1;
  int value = 0;
  for (; i < text.size() && is_digit(text[i]); i++)
    if (value <= kMaxWidth) value = value * 10 + (text[i] - '0');
  return value;
}

std::string read_length(std::string_view text, size_t& i) {
  for (std::string_view length : {"hh", "ll", "h", "l", "j", "z", "t"}) {
    if (text.substr(i, length.size()) != length) continue;
    i += length.size();
    return std::string(length);
  }
  return "";
}

Error conversion_error(std::string_view spec, char conversion) {
  std::string what(spec);
  if (conversion == 0) return {"the format ends in '" + what + "'", "a percent sign is written %%"};
  return {"unknown conversion '" + what + "' in the format",
          "numbers are %d %u %x %o %c %p, floating point ones %f %e %g, strings %s, bytes %r, any "
          "Go value %v, a percent sign %%"};
}

}  // namespace

Result<Format> parse_format(std::string_view text) {
  Format format;
  format.text = text;
  FormatPiece literal;
  auto flush = [&] {
    if (!literal.literal.empty()) format.pieces.push_back(literal);
    literal.literal.clear();
  };
  for (size_t i = 0; i < text.size();) {
    if (text[i] != '%') {
      literal.literal += text[i++];
      continue;
    }
    size_t begin = i++;
    if (i < text.size() && text[i] == '%') {
      literal.literal += '%';
      i++;
      continue;
    }
    FormatPiece piece;
    while (i < text.size() && kFlags.find(text[i]) != std::string_view::npos)
      piece.flags += text[i++];
    if (i < text.size() && text[i] == '*') {
      piece.star_width = true;
      i++;
    } else {
      piece.width = read_width(text, i);
    }
    if (i < text.size() && text[i] == '.') {
      i++;
      piece.precision = read_width(text, i);
      if (piece.precision < 0) piece.precision = 0;
    }
    piece.length = read_length(text, i);
    if (i >= text.size()) return conversion_error(text.substr(begin), 0);
    piece.conversion = text[i++];
    if (kConversions.find(piece.conversion) == std::string_view::npos)
      return conversion_error(text.substr(begin, i - begin), piece.conversion);
    if (piece.conversion == 'r') {
      piece.length.clear();
      if (i < text.size() && (text[i] == 'x' || text[i] == 'h')) piece.length = text[i++];
    }
    if (piece.width > kMaxWidth || piece.precision > kMaxWidth)
      return Error{"the width of '" + std::string(text.substr(begin, i - begin)) + "' is too large",
                   "at most " + std::to_string(kMaxWidth)};
    flush();
    format.pieces.push_back(std::move(piece));
  }
  flush();
  return format;
}

size_t argument_count(const Format& format) {
  size_t count = 0;
  for (const FormatPiece& piece : format.pieces)
    count += (piece.conversion ? 1 : 0) + (piece.star_width ? 1 : 0);
  return count;
}

}  // namespace gotap::lang
