#include "elf/dwarf.h"

#include <algorithm>

#include "elf/dwarf_cursor.h"

namespace gotap::elf {
namespace {

enum Form : uint16_t {
  kAddr = 0x01,
  kBlock2 = 0x03,
  kBlock4,
  kData2,
  kData4,
  kData8,
  kString,
  kBlock,
  kBlock1,
  kData1,
  kFlag,
  kSdata,
  kStrp,
  kUdata,
  kRefAddr,
  kRef1,
  kRef2,
  kRef4,
  kRef8,
  kRefUdata,
  kIndirect,
  kSecOffset,
  kExprloc,
  kFlagPresent,
  kStrx,
  kAddrx,
  kRefSup4,
  kStrpSup,
  kData16,
  kLineStrp,
  kRefSig8,
  kImplicitConst,
  kLoclistx,
  kRnglistx,
  kRefSup8,
  kStrx1,
  kStrx2,
  kStrx3,
  kStrx4,
  kAddrx1,
  kAddrx2,
  kAddrx3,
  kAddrx4,
  kGnuRefAlt = 0x1f20,
  kGnuStrpAlt = 0x1f21,
};

constexpr uint8_t kCompileUnit = 1, kPartialUnit = 3;  // DW_UT_*
// Go has about 60, GCC some hundreds.
constexpr size_t kMaxAbbreviations = 1 << 16, kMaxAttributes = 1 << 10;

using Kind = DwarfValue::Kind;

}  // namespace

std::unique_ptr<Dwarf> Dwarf::open(const Elf& elf) {
  std::unique_ptr<Dwarf> dwarf(new Dwarf(elf));
  if (!dwarf->sections_.has("info")) return nullptr;
  dwarf->info_ = dwarf->sections_.get("info");
  dwarf->read_headers();
  return dwarf;
}

void Dwarf::read_headers() {
  uint64_t offset = 0;
  while (offset < info_.size()) {
    Cursor cursor(info_, offset);
    DwarfUnit unit;
    unit.offset = offset;
    uint64_t length = cursor.u32();
    if (length == 0xffffffff) {
      unit.is_64bit = true;
      length = cursor.u64();
    }
    if (!cursor.ok() || length == 0 || !info_.contains(cursor.offset(), length)) {
      damaged("a unit does not fit into .debug_info");
      break;
    }
    unit.end = cursor.offset() + length;
    if (read_header(&unit, cursor)) units_.push_back(unit);
    offset = unit.end;
  }
  unit_read_.resize(units_.size());
}

bool Dwarf::read_header(DwarfUnit* unit, Cursor& cursor) const {
  unit->version = cursor.u16();
  uint8_t address_size = 0;
  if (unit->version >= 2 && unit->version <= 4) {
    unit->abbreviations = cursor.offset_value(unit->is_64bit);
    address_size = cursor.u8();
    unit->is_compile_unit = true;
  } else if (unit->version == 5) {
    const uint8_t type = cursor.u8();
    address_size = cursor.u8();
    unit->abbreviations = cursor.offset_value(unit->is_64bit);
    unit->is_compile_unit = type == kCompileUnit || type == kPartialUnit;
  } else {
    damaged("a unit is of a DWARF version that gotap does not know");
    return false;
  }
  if (!cursor.ok() || address_size != 8 || cursor.offset() > unit->end) {
    damaged("the header of a unit is damaged");
    return false;
  }
  unit->root = cursor.offset();
  return unit->is_compile_unit;
}

const DwarfUnit& Dwarf::unit(size_t index) const {
  DwarfUnit& unit = units_[index];
  if (unit_read_[index]) return unit;
  unit_read_[index] = true;
  // As if the tables had one contribution; the entry says better where there are more.
  const uint64_t header = unit.is_64bit ? 16 : 8;
  unit.str_offsets_base = unit.addr_base = header;
  unit.rnglists_base = unit.loclists_base = header + 4;
  const auto root = die(unit, unit.root);
  if (!root || !root->abbreviation) return unit;
  // Others are read by means of these.
  for (auto [name, base] : {std::pair(DW_AT_str_offsets_base, &unit.str_offsets_base),
                            std::pair(DW_AT_addr_base, &unit.addr_base),
                            std::pair(DW_AT_rnglists_base, &unit.rnglists_base),
                            std::pair(DW_AT_loclists_base, &unit.loclists_base)})
    if (const DwarfValue value = attribute(*root, name)) *base = value.number;
  unit.language = attribute(*root, DW_AT_language).number;
  unit.name = attribute(*root, DW_AT_name).text;
  unit.low_pc = attribute(*root, DW_AT_low_pc).number;
  return unit;
}

const DwarfUnit* Dwarf::unit_of(uint64_t offset) const {
  auto after =
      std::upper_bound(units_.begin(), units_.end(), offset,
                       [](uint64_t at, const DwarfUnit& unit) { return at < unit.offset; });
  if (after == units_.begin()) return nullptr;
  const DwarfUnit& found = unit(after - units_.begin() - 1);
  return offset >= found.root && offset < found.end ? &found : nullptr;
}

const Dwarf::Table& Dwarf::table(uint64_t offset) const {
  const auto known = tables_.find(offset);
  if (known != tables_.end()) return known->second;
  Table& table = tables_[offset];
  Cursor cursor(sections_.get("abbrev"), offset);
  while (table.dense.size() + table.sparse.size() < kMaxAbbreviations) {
    const uint64_t code = cursor.uleb();
    if (!cursor.ok()) damaged("a table of .debug_abbrev is damaged");
    if (!cursor.ok() || code == 0) break;
    DwarfAbbreviation it;
    it.tag = static_cast<uint16_t>(cursor.uleb());
    it.has_children = cursor.u8() != 0;
    while (cursor.ok() && it.attributes.size() < kMaxAttributes) {
      DwarfAbbreviation::Attribute attribute;
      const uint64_t name = cursor.uleb(), form = cursor.uleb();
      attribute.name = static_cast<uint16_t>(name);
      attribute.form = static_cast<uint16_t>(form);
      if (form == kImplicitConst) attribute.constant = cursor.sleb();
      if (name == 0 && form == 0) break;
      // What does not fit is vendors' own, and no form of ours.
      if (name > 0xffff) attribute.name = 0;
      if (form > 0xffff) attribute.form = 0;
      it.attributes.push_back(attribute);
    }
    if (!cursor.ok()) continue;
    if (code == table.dense.size() + 1) {
      table.dense.push_back(std::move(it));
    } else {
      table.sparse.emplace(code, std::move(it));
    }
  }
  return table;
}

std::optional<DwarfDie> Dwarf::die(uint64_t offset) const {
  const DwarfUnit* unit = unit_of(offset);
  return unit ? die(*unit, offset) : std::nullopt;
}

std::optional<DwarfDie> Dwarf::die(const DwarfUnit& unit, uint64_t offset) const {
  if (offset < unit.root || offset >= unit.end) return std::nullopt;
  Cursor cursor(*info_.sub(0, unit.end), offset);
  const uint64_t code = cursor.uleb();
  DwarfDie it;
  it.offset = offset;
  it.attributes = cursor.offset();
  it.unit = &unit;
  if (!cursor.ok()) {
    damaged("an entry of .debug_info is damaged");
    return std::nullopt;
  }
  if (code == 0) return it;
  const Table& abbreviations = table(unit.abbreviations);
  if (code <= abbreviations.dense.size()) {
    it.abbreviation = &abbreviations.dense[code - 1];
    return it;
  }
  const auto found = abbreviations.sparse.find(code);
  if (found == abbreviations.sparse.end()) {
    damaged("an entry of .debug_info has no abbreviation");
    return std::nullopt;
  }
  it.abbreviation = &found->second;
  return it;
}

DwarfValue Dwarf::attribute(const DwarfDie& die, uint16_t name) const {
  if (!die.abbreviation) return {};
  Cursor cursor(*info_.sub(0, die.unit->end), die.attributes);
  for (const DwarfAbbreviation::Attribute& it : die.abbreviation->attributes) {
    DwarfValue value;
    const bool wanted = it.name == name;
    if (!read_form(*die.unit, it.form, it.constant, cursor, wanted ? &value : nullptr)) return {};
    if (wanted) return value;
  }
  return {};
}

std::optional<uint64_t> Dwarf::next(const DwarfDie& die) const {
  if (!die.abbreviation) return die.attributes;
  Cursor cursor(*info_.sub(0, die.unit->end), die.attributes);
  for (const DwarfAbbreviation::Attribute& it : die.abbreviation->attributes)
    if (!read_form(*die.unit, it.form, it.constant, cursor, nullptr)) return std::nullopt;
  return cursor.offset();
}

std::optional<uint64_t> Dwarf::next_sibling(const DwarfDie& die) const {
  std::optional<uint64_t> at = next(die);
  for (uint64_t depth = die.has_children() ? 1 : 0; at && depth;) {
    const std::optional<DwarfDie> inner = this->die(*die.unit, *at);
    if (!inner) return std::nullopt;
    if (!inner->abbreviation) depth--;
    if (inner->has_children()) depth++;
    at = next(*inner);
  }
  return at;
}

bool Dwarf::read_form(const DwarfUnit& unit, uint16_t form, int64_t constant, Cursor& cursor,
                      DwarfValue* value) const {
  DwarfValue scratch;
  DwarfValue& it = value ? *value : scratch;
  const auto set = [&it](Kind kind, uint64_t number) {
    it.kind = kind;
    it.number = number;
  };
  const auto set_block = [&it, &cursor](uint64_t length) {
    it.kind = Kind::Block;
    it.block = cursor.block(length);
  };
  // Texts of other sections are looked up only if they are wanted.
  const auto set_text = [&](const char* section, uint64_t offset) {
    if (!value) return;
    const auto text = sections_.get(section).cstr(offset);
    if (text) it.kind = Kind::Text, it.text = *text;
  };
  switch (form) {
    case kAddr: set(Kind::Address, cursor.u64()); break;
    case kBlock1: set_block(cursor.u8()); break;
    case kBlock2: set_block(cursor.u16()); break;
    case kBlock4: set_block(cursor.u32()); break;
    case kBlock:
    case kExprloc: set_block(cursor.uleb()); break;
    case kData16: set_block(16); break;
    case kData1: set(Kind::Constant, cursor.u8()); break;
    case kData2: set(Kind::Constant, cursor.u16()); break;
    case kData4: set(Kind::Constant, cursor.u32()); break;
    case kData8: set(Kind::Constant, cursor.u64()); break;
    case kSdata: set(Kind::Constant, static_cast<uint64_t>(cursor.sleb())); break;
    case kUdata: set(Kind::Constant, cursor.uleb()); break;
    case kImplicitConst: set(Kind::Constant, static_cast<uint64_t>(constant)); break;
    case kFlag: set(Kind::Flag, cursor.u8()); break;
    case kFlagPresent: set(Kind::Flag, 1); break;
    case kString:
      it.text = cursor.text();
      it.kind = Kind::Text;
      break;
    case kStrp: set_text("str", cursor.offset_value(unit.is_64bit)); break;
    case kLineStrp: set_text("line_str", cursor.offset_value(unit.is_64bit)); break;
    // Version 2 wrote it as wide as an address.
    case kRefAddr:
      set(Kind::Reference, cursor.offset_value(unit.is_64bit || unit.version < 3));
      break;
    case kRef1: set(Kind::Reference, unit.offset + cursor.u8()); break;
    case kRef2: set(Kind::Reference, unit.offset + cursor.u16()); break;
    case kRef4: set(Kind::Reference, unit.offset + cursor.u32()); break;
    case kRef8: set(Kind::Reference, unit.offset + cursor.u64()); break;
    case kRefUdata: set(Kind::Reference, unit.offset + cursor.uleb()); break;
    case kSecOffset: set(Kind::Offset, cursor.offset_value(unit.is_64bit)); break;
    // Into other files, which are not read: nothing.
    case kRefSig8:
    case kRefSup8: cursor.u64(); break;
    case kRefSup4: cursor.u32(); break;
    case kStrpSup:
    case kGnuRefAlt:
    case kGnuStrpAlt: cursor.offset_value(unit.is_64bit); break;
    case kIndirect: {
      const uint64_t real = cursor.uleb();
      if (real == kIndirect || real == kImplicitConst || real > 0xffff) {
        damaged("an entry of .debug_info is damaged");
        return false;
      }
      return read_form(unit, static_cast<uint16_t>(real), 0, cursor, value);
    }
    default: return read_indexed(unit, form, cursor, value);
  }
  if (!cursor.ok()) {
    it = {};
    damaged("an entry of .debug_info is damaged");
  }
  return cursor.ok();
}

bool Dwarf::read_indexed(const DwarfUnit& unit, uint16_t form, Cursor& cursor,
                         DwarfValue* value) const {
  uint64_t index = 0;
  switch (form) {
    case kStrx:
    case kAddrx:
    case kLoclistx:
    case kRnglistx: index = cursor.uleb(); break;
    case kStrx1:
    case kAddrx1: index = cursor.u8(); break;
    case kStrx2:
    case kAddrx2: index = cursor.u16(); break;
    case kStrx3:
    case kAddrx3:
      index = cursor.u16();
      index |= uint64_t{cursor.u8()} << 16;
      break;
    case kStrx4:
    case kAddrx4: index = cursor.u32(); break;
    default: damaged("an entry of .debug_info has a form that gotap does not know"); return false;
  }
  if (!cursor.ok()) {
    damaged("an entry of .debug_info is damaged");
    return false;
  }
  if (!value) return true;
  if (form == kLoclistx || form == kRnglistx) {
    value->kind = Kind::Offset;
    value->number = list_offset(unit, form == kRnglistx, index);
  } else if (form == kAddrx || (form >= kAddrx1 && form <= kAddrx4)) {
    const auto address = indexed_address(unit, index);
    if (address) value->kind = Kind::Address, value->number = *address;
  } else {
    value->kind = Kind::Text;
    value->text = indexed_text(unit, index);
  }
  return true;
}

void Dwarf::damaged(const char* what) const {
  if (std::find(damage_.begin(), damage_.end(), what) == damage_.end()) damage_.push_back(what);
}

std::vector<std::string> Dwarf::warnings() const {
  std::vector<std::string> all = sections_.warnings();
  all.insert(all.end(), damage_.begin(), damage_.end());
  return all;
}

}  // namespace gotap::elf
