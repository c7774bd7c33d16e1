// Dwarf's line tables: which instructions are of which line of source. DWARF 4 section 6.2 (2 and
// 3 differ in what Go and GCC do not write), DWARF 5 section 6.2.
#include <algorithm>

#include "elf/dwarf.h"
#include "elf/dwarf_cursor.h"

namespace gotap::elf {
namespace {

enum StandardOp : uint8_t {
  kCopy = 1,
  kAdvancePc,
  kAdvanceLine,
  kSetFile,
  kSetColumn,
  kNegateStmt,
  kSetBasicBlock,
  kConstAddPc,
  kFixedAdvancePc,
};
enum ExtendedOp : uint8_t { kEndSequence = 1, kSetAddress };
enum PathContent : uint8_t { kPath = 1, kDirectoryIndex };

constexpr size_t kMaxFiles = 1 << 16;  // of one unit; the largest of Go's have some hundreds
constexpr size_t kMaxFormats = 16;

std::string joined(std::string_view directory, std::string_view name) {
  if (directory.empty() || name.starts_with('/')) return std::string(name);
  return std::string(directory) + "/" + std::string(name);
}

}  // namespace

// include_directories, then file_names: each a list that an empty name ends.
bool Dwarf::read_old_files(Cursor& cursor, DwarfLines* lines) const {
  std::vector<std::string_view> directories;
  while (cursor.ok() && directories.size() < kMaxFiles) {
    const std::string_view directory = cursor.text();
    if (directory.empty()) break;
    directories.push_back(directory);
  }
  lines->files.emplace_back();
  while (cursor.ok() && lines->files.size() < kMaxFiles) {
    const std::string_view name = cursor.text();
    if (name.empty()) break;
    const uint64_t directory = cursor.uleb();
    cursor.uleb();  // time of the last change
    cursor.uleb();  // size
    const bool named = directory > 0 && directory <= directories.size();
    lines->files.push_back(joined(named ? directories[directory - 1] : "", name));
  }
  return cursor.ok();
}

/// A list of paths with its format before it. Calls `use` with each path and the number of its
/// directory.
template <class Use>
bool Dwarf::read_paths(const DwarfUnit& unit, Cursor& cursor, Use use) const {
  std::vector<std::pair<uint64_t, uint16_t>> formats;
  const uint8_t format_count = cursor.u8();
  for (unsigned i = 0; i < format_count && i < kMaxFormats; i++) {
    const uint64_t content = cursor.uleb(), form = cursor.uleb();
    if (form > 0xffff) return false;
    formats.emplace_back(content, static_cast<uint16_t>(form));
  }
  const uint64_t count = cursor.uleb();
  if (!cursor.ok() || format_count > kMaxFormats || count > kMaxFiles) return false;
  if (formats.empty()) return count == 0;
  for (uint64_t i = 0; i < count; i++) {
    std::string_view path;
    uint64_t directory = 0;
    for (const auto& [content, form] : formats) {
      DwarfValue value;
      if (!read_form(unit, form, 0, cursor, &value)) return false;
      if (content == kPath) path = value.text;
      if (content == kDirectoryIndex) directory = value.number;
    }
    use(path, directory);
  }
  return cursor.ok();
}

bool Dwarf::read_new_files(const DwarfUnit& unit, Cursor& cursor, DwarfLines* lines) const {
  std::vector<std::string_view> directories;
  return read_paths(unit, cursor,
                    [&](std::string_view path, uint64_t) { directories.push_back(path); }) &&
         read_paths(unit, cursor, [&](std::string_view path, uint64_t directory) {
           lines->files.push_back(
               joined(directory < directories.size() ? directories[directory] : "", path));
         });
}

std::optional<DwarfLines> Dwarf::lines(const DwarfUnit& unit) const {
  const auto root = die(unit, unit.root);
  const DwarfValue list = root ? attribute(*root, DW_AT_stmt_list) : DwarfValue();
  if (!list) return std::nullopt;
  const Bytes section = sections_.get("line");
  const auto bad = [this] {
    damaged("the header of a line table is damaged");
    return std::nullopt;
  };
  Cursor start(section, list.number);
  DwarfUnit format = unit;  // the table's own version and width
  uint64_t length = start.u32();
  format.is_64bit = length == 0xffffffff;
  if (format.is_64bit) length = start.u64();
  const auto whole = start.ok() ? section.sub(start.offset(), length) : std::nullopt;
  if (!whole) return bad();
  Cursor cursor(*whole, 0);
  DwarfLines lines;
  format.version = cursor.u16();
  if (format.version < 2 || format.version > 5) return bad();
  if (format.version >= 5 && (cursor.u8() != 8 || cursor.u8() != 0)) return bad();
  const uint64_t header = cursor.offset_value(format.is_64bit);
  const uint64_t program = cursor.offset() + header;
  lines.min_length = cursor.u8();
  if (format.version >= 4) cursor.u8();  // operations an instruction, of other machines
  lines.default_is_stmt = cursor.u8() != 0;
  lines.line_base = static_cast<int8_t>(cursor.u8());
  lines.line_range = cursor.u8();
  lines.opcode_base = cursor.u8();
  if (!cursor.ok() || lines.line_range == 0 || lines.opcode_base == 0) return bad();
  for (unsigned op = 1; op < lines.opcode_base; op++) lines.operands.push_back(cursor.u8());
  const bool read =
      format.version >= 5 ? read_new_files(format, cursor, &lines) : read_old_files(cursor, &lines);
  if (!read || header > whole->size() || program > whole->size()) return bad();
  lines.program = whole->from(program);
  return lines;
}

// Each row takes a byte of the program at least, so there are no more of them than bytes.
void Dwarf::for_each_line(const DwarfLines& lines,
                          const std::function<bool(const DwarfLine&)>& use) const {
  const DwarfLine first{.file = 1, .line = 1, .is_stmt = lines.default_is_stmt};
  DwarfLine row = first;
  Cursor cursor(lines.program, 0);
  const auto advance = [&](uint64_t operations) { row.address += operations * lines.min_length; };
  const auto add_line = [&](int64_t lines_on) { row.line += static_cast<uint32_t>(lines_on); };
  while (cursor.offset() < lines.program.size() && cursor.ok()) {
    const uint8_t op = cursor.u8();
    if (op >= lines.opcode_base) {
      const unsigned adjusted = op - lines.opcode_base;
      advance(adjusted / lines.line_range);
      add_line(lines.line_base + static_cast<int>(adjusted % lines.line_range));
      if (!use(row)) return;
      continue;
    }
    switch (op) {
      case 0: {
        const uint64_t length = cursor.uleb();
        Cursor inner(cursor.block(length), 0);
        const uint8_t extended = inner.u8();
        if (extended == kSetAddress) row.address = inner.u64();
        if (!inner.ok()) return damaged("a line table is damaged");
        if (extended != kEndSequence) break;
        row.ends = true;
        if (!use(row)) return;
        row = first;
        break;
      }
      case kCopy:
        if (!use(row)) return;
        break;
      case kAdvancePc: advance(cursor.uleb()); break;
      case kAdvanceLine: add_line(cursor.sleb()); break;
      case kSetFile:
        row.file = static_cast<uint32_t>(std::min<uint64_t>(cursor.uleb(), ~0u));
        break;
      case kSetColumn: cursor.uleb(); break;
      case kNegateStmt: row.is_stmt = !row.is_stmt; break;
      case kConstAddPc: advance((255u - lines.opcode_base) / lines.line_range); break;
      case kFixedAdvancePc: row.address += cursor.u16(); break;
      default:
        for (unsigned i = 0; i < lines.operands[op - 1u]; i++) cursor.uleb();
    }
  }
  if (!cursor.ok()) damaged("a line table is damaged");
}

}  // namespace gotap::elf
