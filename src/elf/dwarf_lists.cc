// Dwarf's lists: where code lies, and where a value is while which code runs; and what is looked
// up by an index. DWARF 4 section 7.7.3, DWARF 5 sections 7.25 to 7.29.
#include "elf/dwarf.h"
#include "elf/dwarf_cursor.h"

namespace gotap::elf {
namespace {

constexpr size_t kMaxLocations = 10000;  // of one value

// Of .debug_rnglists; .debug_loclists has one more at 5, and the rest one higher.
enum Entry : uint8_t {
  kEnd,
  kBaseIndex,
  kStartIndexEndIndex,
  kStartIndexLength,
  kOffsetPair,
  kBase,
  kStartEnd,
  kStartLength,
  kDefault,
};

}  // namespace

/// Calls `use` with begin, end and (of locations) the expression, until it answers false.
template <class Use>
void Dwarf::each_old_entry(const DwarfUnit& unit, bool of_ranges, uint64_t offset, Use use) const {
  Cursor cursor(sections_.get(of_ranges ? "ranges" : "loc"), offset);
  uint64_t base = unit.low_pc;
  while (true) {
    const uint64_t begin = cursor.u64(), end = cursor.u64();
    if (!cursor.ok()) return damaged("a list of ranges or locations is damaged");
    if (begin == 0 && end == 0) return;
    if (begin == ~uint64_t{0}) {
      base = end;
      continue;
    }
    const Bytes expression = of_ranges ? Bytes() : cursor.block(cursor.u16());
    if (!cursor.ok()) return damaged("a list of ranges or locations is damaged");
    if (!use(base + begin, base + end, expression)) return;
  }
}

template <class Use>
void Dwarf::each_new_entry(const DwarfUnit& unit, bool of_ranges, uint64_t offset, Use use) const {
  Cursor cursor(sections_.get(of_ranges ? "rnglists" : "loclists"), offset);
  uint64_t base = unit.low_pc;
  const auto indexed = [this, &unit](uint64_t index) {
    return indexed_address(unit, index).value_or(0);
  };
  while (true) {
    uint8_t entry = cursor.u8();
    // What applies where nothing else does (5) is of no use: it is skipped.
    const bool is_default = !of_ranges && entry == 5;
    if (!of_ranges && entry > 5) entry--;
    if (is_default) entry = kDefault;
    uint64_t begin = 0, end = 0;
    switch (cursor.ok() ? entry : 0xff) {
      case kEnd: return;
      case kBaseIndex: base = indexed(cursor.uleb()); continue;
      case kBase: base = cursor.u64(); continue;
      case kStartIndexEndIndex:
        begin = indexed(cursor.uleb());
        end = indexed(cursor.uleb());
        break;
      case kStartIndexLength:
        begin = indexed(cursor.uleb());
        end = begin + cursor.uleb();
        break;
      case kOffsetPair:
        begin = base + cursor.uleb();
        end = base + cursor.uleb();
        break;
      case kStartEnd:
        begin = cursor.u64();
        end = cursor.u64();
        break;
      case kStartLength:
        begin = cursor.u64();
        end = begin + cursor.uleb();
        break;
      case kDefault:
        if (is_default) break;
        [[fallthrough]];
      default: return damaged("a list of ranges or locations is damaged");
    }
    const Bytes expression = of_ranges ? Bytes() : cursor.block(cursor.uleb());
    if (!cursor.ok()) return damaged("a list of ranges or locations is damaged");
    if (!use(begin, end, expression)) return;
  }
}

std::vector<AddressRange> Dwarf::ranges(const DwarfDie& die) const {
  using Kind = DwarfValue::Kind;
  std::vector<AddressRange> all;
  if (const DwarfValue list = attribute(die, DW_AT_ranges); list.kind == Kind::Offset) {
    const auto add = [&all](uint64_t begin, uint64_t end, Bytes) {
      if (begin < end) all.emplace_back(begin, end);
      return true;
    };
    if (die.unit->version >= 5) {
      each_new_entry(*die.unit, true, list.number, add);
    } else {
      each_old_entry(*die.unit, true, list.number, add);
    }
    return all;
  }
  const DwarfValue low = attribute(die, DW_AT_low_pc), high = attribute(die, DW_AT_high_pc);
  if (!low || !high) return all;
  const uint64_t end = high.kind == Kind::Address ? high.number : low.number + high.number;
  if (low.number < end) all.emplace_back(low.number, end);
  return all;
}

template <class Use>
void Dwarf::each_location(const DwarfDie& die, Use use) const {
  const DwarfValue value = attribute(die, DW_AT_location);
  if (value.kind == DwarfValue::Kind::Block) use(0, ~uint64_t{0}, value.block);
  if (value.kind != DwarfValue::Kind::Offset) return;
  if (die.unit->version >= 5) {
    each_new_entry(*die.unit, false, value.number, use);
  } else {
    each_old_entry(*die.unit, false, value.number, use);
  }
}

std::optional<Bytes> Dwarf::location(const DwarfDie& die, uint64_t pc) const {
  std::optional<Bytes> found;
  each_location(die, [&](uint64_t begin, uint64_t end, Bytes expression) {
    if (pc >= begin && pc < end) found = expression;
    return !found;
  });
  return found;
}

std::vector<std::pair<AddressRange, Bytes>> Dwarf::locations(const DwarfDie& die) const {
  std::vector<std::pair<AddressRange, Bytes>> all;
  each_location(die, [&](uint64_t begin, uint64_t end, Bytes expression) {
    all.push_back({{begin, end}, expression});
    return all.size() < kMaxLocations;
  });
  return all;
}

std::optional<uint64_t> Dwarf::indexed_address(const DwarfUnit& unit, uint64_t index) const {
  if (index > sections_.get("addr").size()) return std::nullopt;
  return sections_.get("addr").u64(unit.addr_base + index * 8);
}

std::string_view Dwarf::indexed_text(const DwarfUnit& unit, uint64_t index) const {
  const Bytes offsets = sections_.get("str_offsets");
  if (index > offsets.size()) return {};
  Cursor cursor(offsets, unit.str_offsets_base + index * (unit.is_64bit ? 8 : 4));
  const uint64_t offset = cursor.offset_value(unit.is_64bit);
  return cursor.ok() ? sections_.get("str").cstr(offset).value_or("") : std::string_view();
}

uint64_t Dwarf::list_offset(const DwarfUnit& unit, bool of_ranges, uint64_t index) const {
  const Bytes lists = sections_.get(of_ranges ? "rnglists" : "loclists");
  const uint64_t base = of_ranges ? unit.rnglists_base : unit.loclists_base;
  if (index > lists.size()) return lists.size();
  Cursor cursor(lists, base + index * (unit.is_64bit ? 8 : 4));
  const uint64_t offset = cursor.offset_value(unit.is_64bit);
  return cursor.ok() ? base + offset : lists.size();
}

}  // namespace gotap::elf
