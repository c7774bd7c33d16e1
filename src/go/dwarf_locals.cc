// DwarfTypes: what has a name at an instruction. Facts: cmd/internal/dwarf/dwarf.go
// (PutDefaultFunc, putscope, putInlinedFunc): a function's variables stand in its lexical blocks;
// those of an inlined call stand beside each other, whatever blocks they were declared in, and
// those of which nothing is left are missing; a variable on the heap is listed as `&x`, a pointer.
// Go 1.27 also lists places of its own on the stack, for parts of any function's variables:
// `x.data`.
#include <algorithm>
#include <map>

#include "go/dwarf_impl.h"
#include "go/dwarf_location.h"

namespace gotap::go {
namespace {

using elf::AddressRange;
using elf::DwarfDie;
using elf::DwarfValue;

constexpr size_t kMostNested = 200;  // blocks, and inlined calls, in one another

bool covers(const std::vector<AddressRange>& ranges, uint64_t pc) {
  return std::any_of(ranges.begin(), ranges.end(), [pc](const AddressRange& range) {
    return pc >= range.first && pc < range.second;
  });
}

/// The entry that `die` says it is a copy of; itself if it is none.
std::optional<DwarfDie> origin_of(const elf::Dwarf& dwarf, const DwarfDie& die) {
  const DwarfValue origin = dwarf.attribute(die, elf::DW_AT_abstract_origin);
  if (origin.kind != DwarfValue::Kind::Reference) return die;
  return dwarf.die(origin.number);
}

bool is_variable(const DwarfDie& die) {
  return die.tag() == elf::DW_TAG_variable || die.tag() == elf::DW_TAG_formal_parameter;
}

/// Collects what is visible, the outer blocks first, so that inner ones hide it.
class LocalScopes {
 public:
  LocalScopes(const elf::Dwarf& dwarf, uint64_t pc, uint32_t line)
      : dwarf_(dwarf), pc_(pc), line_(line) {}

  struct Found {
    LocalVariable variable;
    DwarfDie die, named;
    uint32_t declared = 0;  ///< line
  };

  void add_block(const DwarfDie& block, std::vector<AddressRange> code, bool flat,
                 size_t depth = 0) {
    std::optional<DwarfDie> inner;
    dwarf_.for_each_child(block, [&](const DwarfDie& child) {
      if (is_variable(child)) add(child, code, flat, depth == 0);
      if (child.tag() == elf::DW_TAG_lexical_block && !inner && covers(dwarf_.ranges(child), pc_))
        inner = child;
      return true;
    });
    if (inner && depth < kMostNested) add_block(*inner, dwarf_.ranges(*inner), flat, depth + 1);
  }

  /// Variables of the source of which the copy has nothing.
  void add_missing(const DwarfDie& abstract) {
    dwarf_.for_each_child(abstract, [&](const DwarfDie& child) {
      if (!is_variable(child)) return true;
      std::string_view name = dwarf_.attribute(child, elf::DW_AT_name).text;
      if (name.starts_with('&')) name.remove_prefix(1);
      if (!is_name(name) || found_.count(std::string(name)) != 0) return true;
      Found it;
      it.variable.name = name;
      it.variable.state = LocalVariable::State::Gone;
      it.die = it.named = child;
      found_.emplace(name, std::move(it));
      return true;
    });
  }
  const std::map<std::string, Found>& found() const { return found_; }

 private:
  static bool is_name(std::string_view name) {
    return !name.empty() && name != "_" && name[0] != '~' && name[0] != '#' &&
           name.find('.') == name.npos;
  }

  void add(const DwarfDie& die, const std::vector<AddressRange>& code, bool flat, bool outermost) {
    const auto named = origin_of(dwarf_, die);
    if (!named) return;
    std::string_view name = dwarf_.attribute(*named, elf::DW_AT_name).text;
    Found it;
    it.variable.escaped = name.starts_with('&');
    if (it.variable.escaped) name.remove_prefix(1);
    if (!is_name(name)) return;
    const bool parameter = named->tag() == elf::DW_TAG_formal_parameter;
    it.declared = static_cast<uint32_t>(dwarf_.attribute(*named, elf::DW_AT_decl_line).number);
    it.variable.name = name;
    it.variable.is_parameter = parameter && outermost;
    it.variable.is_result = dwarf_.attribute(*named, elf::DW_AT_variable_parameter).number != 0;
    it.variable.in_memory =
        dwarf_.attribute(die, elf::DW_AT_location).kind == DwarfValue::Kind::Block;
    if (!outermost || flat) it.variable.scope = code;
    it.die = die;
    it.named = *named;
    if (!parameter && it.declared >= line_) it.variable.state = LocalVariable::State::Later;
    const auto [known, fresh] = found_.try_emplace(std::string(name), it);
    if (fresh) return;
    const bool was_visible = known->second.variable.state != LocalVariable::State::Later;
    if (it.variable.state == LocalVariable::State::Later) return;
    // A parameter that lives on the heap is there twice, once as it was passed.
    const bool same = known->second.declared == it.declared;
    if (same && known->second.variable.escaped) return;
    const bool twice = flat && was_visible && !same;
    known->second = std::move(it);
    if (twice) known->second.variable.state = LocalVariable::State::Ambiguous;
  }

  const elf::Dwarf& dwarf_;
  uint64_t pc_;
  uint32_t line_;
  std::map<std::string, Found> found_;
};

}  // namespace

std::vector<LocalVariable> DwarfTypes::locals(uint64_t pc, uint32_t line, Types& types) const {
  const elf::Dwarf& dwarf = *impl_->dwarf;
  std::optional<DwarfDie> at = impl_->function_around(pc);
  if (!at) return {};
  bool inlined = false;
  for (size_t depth = 0; depth < kMostNested; depth++) {
    std::optional<DwarfDie> inner;
    dwarf.for_each_child(*at, [&](const DwarfDie& child) {
      if (child.tag() == elf::DW_TAG_inlined_subroutine && covers(dwarf.ranges(child), pc))
        inner = child;
      return !inner;
    });
    if (!inner) break;
    at = inner;
    inlined = true;
  }
  LocalScopes scopes(dwarf, pc, line);
  scopes.add_block(*at, dwarf.ranges(*at), inlined);
  const auto abstract = origin_of(dwarf, *at);
  if (inlined && abstract) scopes.add_missing(*abstract);
  std::vector<LocalVariable> all;
  for (const auto& [name, found] : scopes.found()) {
    LocalVariable it = found.variable;
    if (inlined) it.is_parameter = false;
    const uint64_t type = impl_->type_of(found.named);
    if (type == 0) continue;
    it.type = types.reference(*this, type);
    if (it.state != LocalVariable::State::Gone) {
      const uint64_t size = types.at(it.type).size;
      for (const auto& [range, expression] : dwarf.locations(found.die)) {
        LocatedValue value{range.first, range.second, {}, {}};
        value.pieces = read_location(dwarf, *found.die.unit, expression, size, &value.parts);
        it.places.push_back(std::move(value));
      }
    }
    all.push_back(std::move(it));
  }
  return all;
}

}  // namespace gotap::go
