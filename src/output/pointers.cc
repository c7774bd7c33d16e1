#include "output/pointers.h"

#include <optional>
#include <string_view>
#include <utility>

namespace gotap::output {

namespace {

constexpr std::string_view kHexMark = "0x";

// Nothing: it is no number.
std::optional<bool> is_nil(const Value& value) {
  if (const auto* number = std::get_if<uint64_t>(&value.data)) return *number == 0;
  if (const auto* number = std::get_if<int64_t>(&value.data)) return *number == 0;
  return std::nullopt;
}

}  // namespace

void settle_pointers(Format& format, std::vector<Value>& args) {
  std::vector<FormatPiece> pieces;
  std::vector<Value> values;
  bool skipping = false;  // to the brace that closes
  size_t next = 0;
  for (size_t i = 0; i < format.pieces.size(); i++) {
    FormatPiece& piece = format.pieces[i];
    if (piece.conversion == 0) {
      if (skipping) {
        const size_t end = piece.literal.find('}');
        if (end == std::string::npos) continue;
        skipping = false;
        piece.literal.erase(0, end + 1);
      }
      pieces.push_back(std::move(piece));
      continue;
    }
    const size_t taken = piece.star_width ? 2 : 1;
    if (next + taken > args.size()) break;
    Value& value = args[next + taken - 1];
    const bool leads_on = i + 1 < format.pieces.size() && piece.conversion == 'x' &&
                          format.pieces[i + 1].literal.starts_with(kBehindPointer) &&
                          !pieces.empty() && pieces.back().literal.ends_with(kHexMark);
    if (!skipping && leads_on) {
      std::string& before = pieces.back().literal;
      before.resize(before.size() - kHexMark.size());
      const auto nil = is_nil(value);
      if (!nil) {
        piece.conversion = 's';
        pieces.push_back(std::move(piece));
        values.push_back(std::move(value));
      } else if (*nil) {
        before += "nil";
      }
      if (!nil || *nil) {
        skipping = true;
        i++;  // the name may have braces of its own
      }
    } else if (!skipping) {
      for (size_t k = 0; k < taken; k++) values.push_back(std::move(args[next + k]));
      pieces.push_back(std::move(piece));
    }
    next += taken;
  }
  format.pieces = std::move(pieces);
  args = std::move(values);
}

}  // namespace gotap::output
