// Fuzzes the reader of type descriptors: the first byte is the Go version, the rest the module's
// types, put into a sound program, its beginning also the list of what to start from.
#include <algorithm>

#include "go/types.h"
#include "support/type_program.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using gotap::testing::TypeProgram;
  if (size < 2 || size > 0x3000) return 0;
  const int minor =
      gotap::go::kOldestMinor + data[0] % (gotap::go::kNewestMinor - gotap::go::kOldestMinor + 1);
  TypeProgram program(minor);
  // Each word may be a type: the walk has something to begin with.
  for (size_t i = 0; i < 32; i++) program.type(gotap::go::RuntimeKind::Int, 8, "int", 4, 64);
  program.rtypes();
  std::copy(data + 1, data + size, program.types());
  const gotap::go::Rtypes* rtypes = program.reread();
  if (!rtypes) return 0;
  gotap::go::Types types;
  for (uint64_t at = TypeProgram::kTypes; at < TypeProgram::kTypes + 0x1000; at += 8)
    if (rtypes->is_type(at)) dump(types, types.reference(*rtypes, at));
  const std::vector<std::string> names = rtypes->type_names();
  for (size_t i = 0; i < std::min<size_t>(names.size(), 8); i++) rtypes->find_types(names[i]);
  for (uint64_t entry = 0; entry < 0x40; entry++) rtypes->method(TypeProgram::kText + entry, types);
  return 0;
}
