#include "go/dwarf_types.h"

namespace gotap::go {

struct DwarfTypes::Impl {};

DwarfTypes::DwarfTypes(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DwarfTypes::~DwarfTypes() = default;
std::unique_ptr<DwarfTypes> DwarfTypes::open(const elf::Elf&, int) { return nullptr; }
Result<Signature> DwarfTypes::signature(uint64_t, Types&) const { return Error{"", ""}; }
std::vector<uint64_t> DwarfTypes::find_types(std::string_view) const { return {}; }
uint64_t DwarfTypes::runtime_address(uint64_t) const { return 0; }
std::optional<Global> DwarfTypes::global(std::string_view, Types&) const { return {}; }
std::vector<std::string> DwarfTypes::global_names() const { return {}; }
std::vector<Constant> DwarfTypes::constants(std::string_view) const { return {}; }
GoType DwarfTypes::read_type(uint64_t, Types&) const { return {}; }
std::vector<std::string> DwarfTypes::warnings() const { return {}; }

}  // namespace gotap::go
