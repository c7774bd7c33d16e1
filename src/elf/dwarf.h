// Dwarf: the debugging information of a file, versions 4 and 5: units, their entries (DIEs), what
// entries say, lists of address ranges and of locations, line tables. Knows nothing of any
// language. Read when it is asked for: opening looks at the units' headers. Entry point:
// Dwarf::open().
//
// Facts: DWARF 4 and DWARF 5 standards, section 7. The reader is our own, over base/bytes.h:
// every offset and size in the file is untrusted. Where it is damaged, reading stops.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "elf/dwarf_sections.h"

namespace gotap::elf {

/// Of the standard, those that are used.
enum DwarfTag : uint16_t {
  DW_TAG_array_type = 0x01,
  DW_TAG_formal_parameter = 0x05,
  DW_TAG_lexical_block = 0x0b,
  DW_TAG_member = 0x0d,
  DW_TAG_pointer_type = 0x0f,
  DW_TAG_compile_unit = 0x11,
  DW_TAG_structure_type = 0x13,
  DW_TAG_subroutine_type = 0x15,
  DW_TAG_typedef = 0x16,
  DW_TAG_inlined_subroutine = 0x1d,
  DW_TAG_subrange_type = 0x21,
  DW_TAG_base_type = 0x24,
  DW_TAG_constant = 0x27,
  DW_TAG_subprogram = 0x2e,
  DW_TAG_variable = 0x34,
};

enum DwarfAttribute : uint16_t {
  DW_AT_location = 0x02,
  DW_AT_name = 0x03,
  DW_AT_byte_size = 0x0b,
  DW_AT_stmt_list = 0x10,
  DW_AT_low_pc = 0x11,
  DW_AT_high_pc = 0x12,
  DW_AT_language = 0x13,
  DW_AT_const_value = 0x1c,
  DW_AT_inline = 0x20,
  DW_AT_abstract_origin = 0x31,
  DW_AT_count = 0x37,
  DW_AT_data_member_location = 0x38,
  DW_AT_decl_line = 0x3b,
  DW_AT_encoding = 0x3e,
  DW_AT_frame_base = 0x40,
  DW_AT_type = 0x49,
  DW_AT_variable_parameter = 0x4b,
  DW_AT_ranges = 0x55,
  DW_AT_trampoline = 0x56,
  DW_AT_str_offsets_base = 0x72,
  DW_AT_addr_base = 0x73,
  DW_AT_rnglists_base = 0x74,
  DW_AT_loclists_base = 0x8c,
};

constexpr uint64_t DW_LANG_Go = 0x16;

/// What an attribute says, whatever its form.
struct DwarfValue {
  enum class Kind : uint8_t {
    None,       ///< the entry does not have it, or it cannot be read
    Constant,   ///< `number`; a negative one as its two's complement
    Flag,       ///< `number`
    Address,    ///< `number`
    Reference,  ///< `number`: offset of an entry in .debug_info
    Offset,     ///< `number`: in another section (a list of ranges, of locations)
    Text,
    Block,  ///< of a location: an expression
  };
  Kind kind = Kind::None;
  uint64_t number = 0;
  std::string_view text;
  Bytes block;

  explicit operator bool() const { return kind != Kind::None; }
};

struct DwarfAbbreviation {
  struct Attribute {
    uint16_t name = 0, form = 0;
    int64_t constant = 0;  ///< of implicit_const
  };
  uint16_t tag = 0;
  bool has_children = false;
  std::vector<Attribute> attributes;
};

struct DwarfUnit {
  uint64_t offset = 0, end = 0;  ///< in .debug_info
  uint64_t root = 0;             ///< offset of its first entry
  uint64_t abbreviations = 0;    ///< offset of its table
  uint16_t version = 0;
  bool is_64bit = false;  ///< its format, not the machine's
  bool is_compile_unit = false;
  // Of its first entry:
  uint64_t language = 0;
  std::string_view name;
  uint64_t low_pc = 0;
  uint64_t str_offsets_base = 0, addr_base = 0, rnglists_base = 0, loclists_base = 0;
};

struct DwarfDie {
  uint64_t offset = 0;
  uint64_t attributes = 0;  ///< offset of what it says
  const DwarfUnit* unit = nullptr;
  const DwarfAbbreviation* abbreviation = nullptr;  ///< null: it ends its siblings

  uint16_t tag() const { return abbreviation ? abbreviation->tag : 0; }
  bool has_children() const { return abbreviation && abbreviation->has_children; }
};

using AddressRange = std::pair<uint64_t, uint64_t>;  ///< [begin, end)

/// One row of a line table: from `address` to that of the next row the code is of this line.
struct DwarfLine {
  uint64_t address = 0;
  uint32_t file = 0;  ///< index into DwarfLines::files
  uint32_t line = 0;
  bool is_stmt = false;  ///< a statement begins here, by the compiler's word
  bool ends = false;     ///< the code before it ends here; nothing else of the row counts
};

/// The line table of a unit: its header, read; its rows are read by Dwarf::for_each_line().
struct DwarfLines {
  /// Paths as the compiler wrote them, by the numbers that rows have (from 1 before version 5; 0
  /// is then empty).
  std::vector<std::string> files;
  Bytes program;
  uint8_t min_length = 1;
  bool default_is_stmt = false;
  int8_t line_base = 0;
  uint8_t line_range = 1, opcode_base = 1;
  std::vector<uint8_t> operands;  ///< how many each standard operation has, by its number - 1
};

class Dwarf {
 public:
  /// Nothing: the file has none. `elf` must outlive it.
  static std::unique_ptr<Dwarf> open(const Elf& elf);

  size_t unit_count() const { return units_.size(); }
  /// With all that its first entry says of it.
  const DwarfUnit& unit(size_t index) const;
  /// The unit that holds the entry at `offset`; nullptr if there is none.
  const DwarfUnit* unit_of(uint64_t offset) const;

  /// The entry at `offset`; nothing if none can be read there.
  std::optional<DwarfDie> die(uint64_t offset) const;
  std::optional<DwarfDie> die(const DwarfUnit& unit, uint64_t offset) const;
  /// Calls `use` with each child of `parent`, until it answers false.
  template <class Use>
  void for_each_child(const DwarfDie& parent, Use use) const;
  DwarfValue attribute(const DwarfDie& die, uint16_t name) const;
  /// Where the next entry begins: its first child if it has any. Nothing: damaged.
  std::optional<uint64_t> next(const DwarfDie& die) const;
  /// Where its next sibling begins.
  std::optional<uint64_t> next_sibling(const DwarfDie& die) const;

  /// Of an entry with code: of its low_pc and high_pc, or its ranges.
  std::vector<AddressRange> ranges(const DwarfDie& die) const;
  /// The expression that says where the value of `die` is at `pc`; nothing: it does not say.
  std::optional<Bytes> location(const DwarfDie& die, uint64_t pc) const;
  /// All such expressions, each with the addresses at which it holds.
  std::vector<std::pair<AddressRange, Bytes>> locations(const DwarfDie& die) const;
  /// The address with this index in the unit's table (DW_FORM_addrx, DW_OP_addrx).
  std::optional<uint64_t> indexed_address(const DwarfUnit& unit, uint64_t index) const;

  /// The unit's line table (DWARF 2 to 5); nothing: it has none, or its header is damaged.
  std::optional<DwarfLines> lines(const DwarfUnit& unit) const;
  /// Calls `use` with each row in the table's order, until it answers false.
  void for_each_line(const DwarfLines& lines,
                     const std::function<bool(const DwarfLine&)>& use) const;

  /// What could not be read, each kind of damage once.
  std::vector<std::string> warnings() const;

 private:
  struct Table {
    std::vector<DwarfAbbreviation> dense;  ///< code - 1 is the index
    std::map<uint64_t, DwarfAbbreviation> sparse;
  };
  class Cursor;

  explicit Dwarf(const Elf& elf) : sections_(elf) {}
  void read_headers();
  bool read_header(DwarfUnit* unit, Cursor& cursor) const;
  const Table& table(uint64_t offset) const;
  bool read_form(const DwarfUnit& unit, uint16_t form, int64_t constant, Cursor& cursor,
                 DwarfValue* value) const;
  bool read_indexed(const DwarfUnit& unit, uint16_t form, Cursor& cursor, DwarfValue* value) const;
  std::string_view indexed_text(const DwarfUnit& unit, uint64_t index) const;
  uint64_t list_offset(const DwarfUnit& unit, bool of_ranges, uint64_t index) const;
  bool read_old_files(Cursor& cursor, DwarfLines* lines) const;
  bool read_new_files(const DwarfUnit& unit, Cursor& cursor, DwarfLines* lines) const;
  template <class Use>
  bool read_paths(const DwarfUnit& unit, Cursor& cursor, Use use) const;
  template <class Use>
  void each_location(const DwarfDie& die, Use use) const;
  template <class Use>
  void each_old_entry(const DwarfUnit& unit, bool of_ranges, uint64_t offset, Use use) const;
  template <class Use>
  void each_new_entry(const DwarfUnit& unit, bool of_ranges, uint64_t offset, Use use) const;
  void damaged(const char* what) const;

  DwarfSections sections_;
  Bytes info_;
  mutable std::vector<DwarfUnit> units_;
  mutable std::vector<bool> unit_read_;
  mutable std::map<uint64_t, Table> tables_;
  mutable std::vector<std::string> damage_;
};

template <class Use>
void Dwarf::for_each_child(const DwarfDie& parent, Use use) const {
  if (!parent.has_children()) return;
  // Each entry takes at least a byte of the unit, so this ends.
  std::optional<uint64_t> at = next(parent);
  while (at) {
    const std::optional<DwarfDie> child = die(*parent.unit, *at);
    if (!child || !child->abbreviation || !use(*child)) return;
    at = next_sibling(*child);
  }
}

}  // namespace gotap::elf
