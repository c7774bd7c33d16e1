// DwarfTypes: what is found by name: types, package variables, constants. One pass over the
// entries at the top of all units, when it is first asked for.
#include <algorithm>

#include "go/dwarf_impl.h"

namespace gotap::go {
namespace {

using elf::DwarfDie;
using elf::DwarfValue;

constexpr uint8_t kOpAddr = 0x03, kOpAddrx = 0xa1;

bool is_type(uint16_t tag) {
  switch (tag) {
    case elf::DW_TAG_array_type:
    case elf::DW_TAG_base_type:
    case elf::DW_TAG_pointer_type:
    case elf::DW_TAG_structure_type:
    case elf::DW_TAG_subroutine_type:
    case elf::DW_TAG_typedef: return true;
    default: return false;
  }
}

}  // namespace

const DwarfTypes::Impl::Names& DwarfTypes::Impl::names() const {
  if (names_) return *names_;
  Names& all = names_.emplace();
  for (size_t i = 0; i < dwarf->unit_count(); i++) {
    const elf::DwarfUnit& unit = dwarf->unit(i);
    if (unit.language != elf::DW_LANG_Go) continue;
    const auto root = dwarf->die(unit, unit.root);
    if (!root) continue;
    dwarf->for_each_child(*root, [&](const DwarfDie& die) {
      const uint16_t tag = die.tag();
      if (tag == elf::DW_TAG_constant) all.constants.push_back(die.offset);
      const bool inlined =
          tag == elf::DW_TAG_subprogram && dwarf->attribute(die, elf::DW_AT_inline);
      if (!is_type(tag) && tag != elf::DW_TAG_variable && !inlined) return true;
      const std::string_view name = dwarf->attribute(die, elf::DW_AT_name).text;
      if (name.empty()) return true;
      if (inlined) {
        all.inlined.emplace(name, die.offset);
        return true;
      }
      if (tag == elf::DW_TAG_variable) {
        all.variables.emplace(name, die.offset);
      } else {
        all.types.emplace(name, die.offset);
      }
      return true;
    });
  }
  for (const auto& [name, key] : all.types) {
    std::string shorter = short_name(std::string(name));
    if (shorter != name) all.short_types.emplace(std::move(shorter), key);
  }
  return all;
}

std::vector<uint64_t> DwarfTypes::Impl::find_types(std::string_view name) const {
  std::vector<uint64_t> found;
  const auto full = names().types.equal_range(name);
  for (auto it = full.first; it != full.second; ++it) found.push_back(it->second);
  if (found.empty()) {
    const auto shorter = names().short_types.equal_range(std::string(name));
    for (auto it = shorter.first; it != shorter.second; ++it) found.push_back(it->second);
  }
  // A named type has two entries of its name: the name and what it stands for. The first is it.
  std::vector<uint64_t> targets;
  for (uint64_t key : found) {
    const auto die = dwarf->die(key);
    if (!die || die->tag() != elf::DW_TAG_typedef) continue;
    const DwarfValue target = dwarf->attribute(*die, elf::DW_AT_type);
    if (target.kind == DwarfValue::Kind::Reference) targets.push_back(target.number);
  }
  std::erase_if(found, [&](uint64_t key) {
    return std::find(targets.begin(), targets.end(), key) != targets.end();
  });
  std::sort(found.begin(), found.end());
  return found;
}

std::optional<uint64_t> DwarfTypes::Impl::variable_address(const DwarfDie& die) const {
  const DwarfValue where = dwarf->attribute(die, elf::DW_AT_location);
  if (where.kind != DwarfValue::Kind::Block || where.block.empty()) return std::nullopt;
  const Bytes rest = where.block.from(1);
  if (where.block[0] == kOpAddr && rest.size() == 8) return rest.u64(0);
  if (where.block[0] != kOpAddrx) return std::nullopt;
  uint64_t index = 0;
  for (size_t i = 0; i < rest.size() && i < 5; i++) index |= uint64_t{rest[i] & 0x7fu} << 7 * i;
  return dwarf->indexed_address(*die.unit, index);
}

std::optional<Global> DwarfTypes::Impl::global(std::string_view name, Types& types,
                                               const TypeSource& source) const {
  const auto found = names().variables.find(name);
  if (found == names().variables.end()) return std::nullopt;
  const auto die = dwarf->die(found->second);
  const auto address = die ? variable_address(*die) : std::nullopt;
  const uint64_t type = die ? type_of(*die) : 0;
  if (!address || *address == 0 || type == 0) return std::nullopt;
  return Global{*address, types.reference(source, type)};
}

std::vector<Constant> DwarfTypes::Impl::constants(std::string_view type_name) const {
  std::vector<Constant> found;
  // Of int and its like, those of all packages would be.
  if (type_name.find('.') == std::string_view::npos) return found;
  const auto keys = names().types.equal_range(type_name);
  for (uint64_t offset : names().constants) {
    const auto die = dwarf->die(offset);
    if (!die) continue;
    const uint64_t type = type_of(*die);
    if (std::none_of(keys.first, keys.second, [&](const auto& it) { return it.second == type; }))
      continue;
    const DwarfValue value = dwarf->attribute(*die, elf::DW_AT_const_value);
    if (value.kind != DwarfValue::Kind::Constant) continue;
    found.push_back({std::string(dwarf->attribute(*die, elf::DW_AT_name).text),
                     static_cast<int64_t>(value.number)});
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const Constant& a, const Constant& b) { return a.value < b.value; });
  return found;
}

}  // namespace gotap::go
