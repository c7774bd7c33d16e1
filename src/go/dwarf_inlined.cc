// DwarfTypes: inlined calls. Facts: cmd/internal/dwarf/dwarf.go (putInlinedFunc).
#include "go/dwarf_impl.h"
#include "go/dwarf_location.h"

namespace gotap::go {
namespace {

using elf::DwarfDie;
using elf::DwarfValue;

constexpr size_t kMaxCallDepth = 100;  // of inlined calls in one another

}  // namespace

std::vector<InlinedCall> DwarfTypes::inlined_calls(uint64_t pc, Types& types) const {
  const elf::Dwarf& dwarf = *impl_->dwarf;
  std::vector<InlinedCall> calls;
  std::optional<DwarfDie> parent = impl_->function_around(pc);
  while (parent && calls.size() < kMaxCallDepth) {
    std::optional<DwarfDie> inner;
    dwarf.for_each_child(*parent, [&](const DwarfDie& child) {
      if (child.tag() != elf::DW_TAG_inlined_subroutine) return true;
      for (const elf::AddressRange& range : dwarf.ranges(child))
        if (pc >= range.first && pc < range.second) inner = child;
      return !inner;
    });
    if (!inner) break;
    const DwarfValue origin = dwarf.attribute(*inner, elf::DW_AT_abstract_origin);
    const auto abstract =
        origin.kind == DwarfValue::Kind::Reference ? dwarf.die(origin.number) : std::nullopt;
    InlinedCall call;
    call.code = dwarf.ranges(*inner);
    if (abstract) call.function = dwarf.attribute(*abstract, elf::DW_AT_name).text;
    dwarf.for_each_child(*inner, [&](const DwarfDie& child) {
      if (child.tag() != elf::DW_TAG_formal_parameter) return true;
      const DwarfValue of = dwarf.attribute(child, elf::DW_AT_abstract_origin);
      const auto named = of.kind == DwarfValue::Kind::Reference ? dwarf.die(of.number) : child;
      const uint64_t type = named ? impl_->type_of(*named) : 0;
      if (type == 0) return true;
      InlinedParameter it;
      it.name = dwarf.attribute(*named, elf::DW_AT_name).text;
      it.type = types.reference(*this, type);
      it.is_result = dwarf.attribute(*named, elf::DW_AT_variable_parameter).number != 0;
      const uint64_t size = types.at(it.type).size;
      for (const auto& [range, expression] : dwarf.locations(child)) {
        LocatedValue value{range.first, range.second, {}, {}};
        value.pieces = read_location(dwarf, *child.unit, expression, size, &value.parts);
        it.places.push_back(std::move(value));
      }
      call.params.push_back(std::move(it));
      return true;
    });
    calls.push_back(std::move(call));
    parent = inner;
  }
  return calls;
}

}  // namespace gotap::go
