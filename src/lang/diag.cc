// Renders diagnostics; see diag.h. The layout follows bpftrace's messages, whose columns count
// bytes from 1 and whose second column is the first one behind the place.
#include "lang/diag.h"

#include <algorithm>

#include "base/text.h"

namespace gotap::lang {

namespace {

constexpr size_t kTabWidth = 4;
constexpr size_t kMaxCells = 160;      // longest source line shown whole
constexpr size_t kCellsBefore = 60;    // of a cut line: what is kept in front of the place
constexpr size_t kMaxUnderlined = 90;  // of a cut line: what is kept of the place and behind it

// One character of the source as shown: its bytes on the terminal and how many cells they take.
struct Cell {
  std::string text;
  size_t width = 1;
  size_t byte = 0;  // offset in the line
};

std::vector<Cell> cells_of(std::string_view line) {
  std::vector<Cell> cells;
  for (size_t i = 0; i < line.size();) {
    size_t length = 1;
    unsigned char lead = static_cast<unsigned char>(line[i]);
    if (lead >= 0xc0) {
      while (i + length < line.size() && length < 4 &&
             (static_cast<unsigned char>(line[i + length]) & 0xc0) == 0x80)
        length++;
    }
    Cell cell;
    cell.byte = i;
    if (lead == '\t') {
      cell.text = std::string(kTabWidth, ' ');
      cell.width = kTabWidth;
    } else {
      cell.text = escape_controls(line.substr(i, length));
      bool escaped = cell.text != line.substr(i, length);
      cell.width = escaped ? cell.text.size() : 1;
    }
    cells.push_back(std::move(cell));
    i += length;
  }
  return cells;
}

std::string_view line_around(std::string_view text, size_t offset, size_t* start) {
  offset = std::min(offset, text.size());
  size_t begin = offset == 0 ? std::string_view::npos : text.rfind('\n', offset - 1);
  begin = begin == std::string_view::npos ? 0 : begin + 1;
  size_t end = text.find('\n', offset);
  if (end == std::string_view::npos) end = text.size();
  if (end > begin && text[end - 1] == '\r') end--;
  *start = begin;
  return text.substr(begin, end - begin);
}

void append_excerpt(std::string& out, std::string_view line, size_t from, size_t to) {
  std::vector<Cell> cells = cells_of(line);
  size_t total = 0, place = 0;
  for (const Cell& cell : cells) {
    if (cell.byte < from) place += cell.width;
    total += cell.width;
  }
  size_t window_begin = 0, window_end = total;
  if (total > kMaxCells) {
    window_begin = place > kCellsBefore ? place - kCellsBefore : 0;
    window_end = place + kMaxUnderlined;
  }
  std::string shown, underline;
  if (window_begin > 0) {
    shown += "...";
    underline += "   ";
  }
  size_t position = 0;
  for (const Cell& cell : cells) {
    bool inside = position >= window_begin && position + cell.width <= window_end;
    position += cell.width;
    if (!inside) continue;
    shown += cell.text;
    bool marked = cell.byte >= from && cell.byte < to;
    underline.append(cell.width, marked ? '~' : ' ');
  }
  if (window_end < total) shown += "...";
  while (!underline.empty() && underline.back() == ' ') underline.pop_back();
  // A place at the very end of the line, or between characters, still gets a mark.
  if (underline.empty()) underline = std::string(std::min(place, window_end), ' ') + "~";
  out += shown + "\n" + underline + "\n";
}

}  // namespace

LineMap::LineMap(std::string_view text) {
  starts_.push_back(0);
  for (size_t i = 0; i < text.size(); i++)
    if (text[i] == '\n') starts_.push_back(static_cast<uint32_t>(i + 1));
}

Location LineMap::at(size_t begin, size_t end) const {
  Location location;
  location.begin = static_cast<uint32_t>(begin);
  location.end = static_cast<uint32_t>(std::max(begin, end));
  auto next = std::upper_bound(starts_.begin(), starts_.end(), location.begin);
  location.line = static_cast<uint32_t>(next - starts_.begin());
  location.column = location.begin - *(next - 1) + 1;
  return location;
}

bool has_errors(const Diagnostics& diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(), [](const Diagnostic& diagnostic) {
    return diagnostic.severity == Diagnostic::Severity::Error;
  });
}

std::string render(const Diagnostics& diagnostics, const Source& source) {
  std::string out;
  for (const Diagnostic& diagnostic : diagnostics) {
    const Location& at = diagnostic.location;
    size_t line_start = 0;
    std::string_view line = line_around(source.text, at.begin, &line_start);
    size_t from = std::min<size_t>(at.begin - std::min<size_t>(line_start, at.begin), line.size());
    // Of a place that runs over several lines the first is shown.
    size_t to =
        std::clamp<size_t>(at.end - std::min<size_t>(line_start, at.end), from, line.size());
    size_t last_column = std::max(to, from + 1) + 1;
    out += escape_controls(source.name) + ":" + std::to_string(at.line) + ":" +
           std::to_string(from + 1) + "-" + std::to_string(last_column);
    out += diagnostic.severity == Diagnostic::Severity::Error ? ": ERROR: " : ": WARNING: ";
    out += escape_controls(diagnostic.message) + "\n";
    append_excerpt(out, line, from, to);
    if (!diagnostic.hint.empty()) out += "HINT: " + escape_controls(diagnostic.hint) + "\n";
  }
  return out;
}

}  // namespace gotap::lang
