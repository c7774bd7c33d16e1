// Placement of arguments and results. Entry point: place().
#include "go/signature.h"

namespace gotap::go {

Placement place(const Types&, const Signature&, Abi) { return {}; }
std::string to_string(const Types&, const Signature&, std::string_view) { return {}; }

}  // namespace gotap::go
