#include "go/image_types.h"

#include "base/text.h"

namespace gotap::go {

const DwarfTypes* ImageTypes::dwarf() const {
  if (!looked_for_dwarf_) dwarf_ = DwarfTypes::open(elf_, minor_);
  looked_for_dwarf_ = true;
  return dwarf_.get();
}

const Rtypes* ImageTypes::rtypes() const {
  if (!looked_for_rtypes_ && pclntab_) rtypes_ = Rtypes::open(elf_, *pclntab_, minor_);
  looked_for_rtypes_ = true;
  return rtypes_.get();
}

Result<Signature> ImageTypes::signature(uint32_t index) const {
  if (index >= functions_.size() || !functions_[index].is_go)
    return Error{"signature unknown: not a Go function", ""};
  const Function& function = functions_[index];
  if (dwarf()) return dwarf()->signature(function, types_);
  if (rtypes())
    if (auto method = rtypes()->method(function.entry, types_)) return *method;
  return Error{"signature unknown: stripped", ""};
}

Abi ImageTypes::abi(uint32_t index) const {
  return index < functions_.size() ? functions_[index].abi : Abi::C;
}

std::string_view ImageTypes::function_name(uint32_t index) const {
  return index < functions_.size() ? functions_[index].name : std::string_view();
}

std::vector<TypeId> ImageTypes::find_types(std::string_view name) const {
  std::vector<TypeId> found;
  if (dwarf())
    for (uint64_t key : dwarf()->find_types(name)) found.push_back(types_.reference(*dwarf_, key));
  if (found.empty() && rtypes())
    for (uint64_t key : rtypes()->find_types(name))
      found.push_back(types_.reference(*rtypes_, key));
  return found;
}

std::optional<TypeId> ImageTypes::type_at(uint64_t address) const {
  if (!rtypes() || !rtypes()->is_type(address)) return std::nullopt;
  return types_.reference(*rtypes_, address);
}

uint64_t ImageTypes::runtime_address(TypeId type) const {
  const GoType& known = types_.at(type);
  if (known.runtime_address != 0 || !rtypes()) return known.runtime_address;
  const std::vector<uint64_t> found = rtypes()->find_types(known.name);
  return found.size() == 1 ? found.front() : 0;
}

Result<Global> ImageTypes::global(std::string_view name) const {
  if (!dwarf())
    return Error{"package variables are not known: the program has no DWARF",
                 "name a build of the same source that has: --debug-binary FILE"};
  if (auto found = dwarf()->global(name, types_)) return *found;
  const std::vector<std::string> names = dwarf()->global_names();
  const std::vector<std::string_view> views(names.begin(), names.end());
  const auto nearest = nearest_names(name, views, 3);
  return Error{"there is no package variable " + std::string(name),
               nearest.empty() ? "" : "did you mean " + join_words(nearest) + "?"};
}

std::vector<Constant> ImageTypes::constants(TypeId type) const {
  return dwarf() ? dwarf()->constants(types_.at(type).name) : std::vector<Constant>();
}

std::vector<std::string> ImageTypes::warnings() const {
  std::vector<std::string> all;
  if (dwarf_) all = dwarf_->warnings();
  if (rtypes_)
    for (std::string& warning : rtypes_->warnings()) all.push_back(std::move(warning));
  return all;
}

}  // namespace gotap::go
