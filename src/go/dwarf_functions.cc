// DwarfTypes: the functions of DWARF: which entry is of which code, and what it says of the
// function's parameters. Facts: cmd/internal/dwarf/dwarf.go (PutDefaultFunc, PutConcreteFunc,
// putvar), cmd/compile/internal/dwarfgen.
#include <algorithm>

#include "go/dwarf_impl.h"

namespace gotap::go {
namespace {

using elf::AddressRange;
using elf::DwarfDie;
using elf::DwarfValue;

constexpr unsigned kMaxBlocks = 64;  // in one another
constexpr size_t kMaxRanges = 1 << 22;

}  // namespace

/// The functions with code of a unit, by address. Made when the first of them is asked for.
const std::vector<DwarfTypes::Impl::Code>& DwarfTypes::Impl::functions_of(size_t unit) const {
  const auto known = functions_.find(unit);
  if (known != functions_.end()) return known->second;
  std::vector<Code>& all = functions_[unit];
  const auto root = dwarf->die(dwarf->unit(unit), dwarf->unit(unit).root);
  if (!root) return all;
  dwarf->for_each_child(*root, [&](const DwarfDie& die) {
    if (die.tag() != elf::DW_TAG_subprogram) return true;
    for (const AddressRange& range : dwarf->ranges(die))
      all.push_back({range.first, range.second, die.offset});
    return all.size() < kMaxRanges;
  });
  std::sort(all.begin(), all.end(), [](const Code& a, const Code& b) { return a.begin < b.begin; });
  return all;
}

const DwarfTypes::Impl::Code* DwarfTypes::Impl::code_around(uint64_t pc) const {
  if (!units_) {
    units_.emplace();
    for (size_t i = 0; i < dwarf->unit_count() && units_->size() < kMaxRanges; i++) {
      const elf::DwarfUnit& unit = dwarf->unit(i);
      if (unit.language != elf::DW_LANG_Go) continue;
      const auto root = dwarf->die(unit, unit.root);
      if (!root) continue;
      for (const AddressRange& range : dwarf->ranges(*root))
        units_->push_back({range.first, range.second, i});
    }
  }
  for (const CodeRange& range : *units_) {
    if (pc < range.begin || pc >= range.end) continue;
    const std::vector<Code>& all = functions_of(range.unit);
    auto after = std::upper_bound(all.begin(), all.end(), pc,
                                  [](uint64_t at, const Code& code) { return at < code.begin; });
    if (after != all.begin() && pc < (after - 1)->end) return &*(after - 1);
  }
  return nullptr;
}

std::optional<DwarfDie> DwarfTypes::Impl::function_at(uint64_t entry) const {
  const Code* code = code_around(entry);
  return code && code->begin == entry ? dwarf->die(code->die) : std::nullopt;
}

std::optional<DwarfDie> DwarfTypes::Impl::function_around(uint64_t pc) const {
  const Code* code = code_around(pc);
  return code ? dwarf->die(code->die) : std::nullopt;
}

/// Captured variables are among the local ones, some in inner blocks.
void DwarfTypes::Impl::add_captured(const DwarfDie& die, DwarfFunction* function, Types& types,
                                    const TypeSource& source) const {
  std::vector<DwarfDie> blocks{die};
  for (unsigned i = 0; i < blocks.size() && i < kMaxBlocks; i++) {
    const DwarfDie block = blocks[i];
    dwarf->for_each_child(block, [&](const DwarfDie& child) {
      if (child.tag() == elf::DW_TAG_lexical_block) blocks.push_back(child);
      if (child.tag() != elf::DW_TAG_variable) return true;
      DwarfValue offset = dwarf->attribute(child, kGoClosureOffset);
      DwarfDie named = child;
      const DwarfValue origin = dwarf->attribute(child, elf::DW_AT_abstract_origin);
      if (origin.kind == DwarfValue::Kind::Reference) {
        const auto abstract = dwarf->die(origin.number);
        if (!abstract) return true;
        named = *abstract;
        if (!offset) offset = dwarf->attribute(named, kGoClosureOffset);
      }
      if (!offset) return true;
      std::string_view name = dwarf->attribute(named, elf::DW_AT_name).text;
      if (name.empty() || name[0] == '.' || name[0] == '#') return true;
      Captured it;
      it.offset = offset.number;
      uint64_t type = type_of(named);
      // `&x`, a pointer: of a variable that the closure shares.
      if (name[0] == '&') {
        it.by_reference = true;
        name.remove_prefix(1);
        const auto chain = follow(type);
        const DwarfValue elem =
            chain ? dwarf->attribute(chain->last, elf::DW_AT_type) : DwarfValue();
        type = elem.kind == DwarfValue::Kind::Reference ? elem.number : 0;
      }
      if (type == 0) return true;
      it.name = name;
      it.type = types.reference(source, type);
      function->captured.push_back(std::move(it));
      return true;
    });
  }
  std::stable_sort(function->captured.begin(), function->captured.end(),
                   [](const Captured& a, const Captured& b) { return a.offset < b.offset; });
}

std::optional<DwarfFunction> DwarfTypes::Impl::read_function(const DwarfDie& die, Types& types,
                                                             const TypeSource& source) const {
  DwarfFunction function;
  // A function that was inlined elsewhere too: its name, and those of its parameters that have
  // names in the source, stand in an entry of its own, to which this one refers. The order is
  // that of this one.
  std::optional<DwarfDie> abstract;
  const DwarfValue origin = dwarf->attribute(die, elf::DW_AT_abstract_origin);
  if (origin.kind == DwarfValue::Kind::Reference) {
    abstract = dwarf->die(origin.number);
    if (!abstract) return std::nullopt;
  }
  function.name = dwarf->attribute(abstract.value_or(die), elf::DW_AT_name).text;
  function.wrapper = dwarf->attribute(die, elf::DW_AT_trampoline).number != 0;

  bool whole = !function.name.empty();
  size_t referred = 0;
  dwarf->for_each_child(die, [&](const DwarfDie& child) {
    if (child.tag() != elf::DW_TAG_formal_parameter) return true;
    std::optional<DwarfDie> named = child;
    const DwarfValue of = dwarf->attribute(child, elf::DW_AT_abstract_origin);
    if (of.kind == DwarfValue::Kind::Reference) {
      named = dwarf->die(of.number);
      referred++;
    }
    if (!named || named->tag() != elf::DW_TAG_formal_parameter) return whole = false;
    DwarfParameter it;
    it.name = dwarf->attribute(*named, elf::DW_AT_name).text;
    it.type = type_of(*named);
    it.is_result = dwarf->attribute(*named, elf::DW_AT_variable_parameter).number != 0;
    it.die = child;
    if (it.type == 0) whole = false;
    // Some results are there twice (a result that was moved to the heap, or split).
    const auto same = [&it](const DwarfParameter& other) {
      return it.name == other.name && it.type == other.type && it.is_result == other.is_result;
    };
    if (it.name == "_" || std::none_of(function.params.begin(), function.params.end(), same))
      function.params.push_back(it);
    return whole;
  });
  if (!whole) return std::nullopt;
  if (abstract) {
    dwarf->for_each_child(*abstract, [&](const DwarfDie& child) {
      if (child.tag() == elf::DW_TAG_formal_parameter) referred--;
      return true;
    });
    if (referred != 0) return std::nullopt;
  }
  add_captured(die, &function, types, source);
  return function;
}

}  // namespace gotap::go
