#include "go/access.h"

namespace gotap::go {

std::string Path::text() const { return {}; }
Resolved resolve(const TypeInfo&, uint32_t, const Path&, Aspect) { return {}; }
std::string dump(const Access&) { return {}; }

}  // namespace gotap::go
