#include "go/rtype.h"

namespace gotap::go {

struct Rtypes::Impl {};

Rtypes::Rtypes(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Rtypes::~Rtypes() = default;
std::unique_ptr<Rtypes> Rtypes::open(const elf::Elf&, const Pclntab&, int) { return nullptr; }
std::optional<Signature> Rtypes::method(uint64_t, Types&) const { return {}; }
std::vector<uint64_t> Rtypes::find_types(std::string_view) const { return {}; }
bool Rtypes::is_type(uint64_t) const { return false; }
GoType Rtypes::read_type(uint64_t, Types&) const { return {}; }
std::vector<std::string> Rtypes::warnings() const { return {}; }

}  // namespace gotap::go
