// Fuzzes the text of whole Go values: any bytes as what was copied at a hit, for values of many
// types. Nothing may crash, read outside, or go on without end.
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/copies.h"
#include "support/go_demo.h"
#include "trace/value_text.h"

using namespace gotap;

namespace {

struct Program {
  std::unique_ptr<go::FakeTypeInfo> info = go::demo();
  std::vector<go::TypeId> roots;

  Program() {
    auto& types = const_cast<go::Types&>(info->types());
    const auto count = static_cast<go::TypeId>(types.size());
    // Each type by itself, behind an interface, and in maps.
    for (go::TypeId id = 1; id < count; id++) {
      if (info->runtime_address(id) == 0) info->with(id, 0x10000 + 0x100 * id);
      roots.push_back(id);
      go::GoType map;
      map.kind = go::TypeKind::Map;
      map.name = "map";
      map.size = map.align = 8;
      map.key = id;
      map.elem = count - id;
      roots.push_back(types.add(map));
    }
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Program program;
  const Bytes record(data, size);
  if (size < 3) return 0;
  program.info->go_minor = data[0] & 1 ? 23 : 24;
  ValueLimits limits;
  limits.depth = data[0] >> 1 & 7;
  limits.elements = 1 + (data[0] >> 4);
  const trace::ValueTypes types(*program.info, [](uint64_t) { return std::string(); }, {});
  const trace::CopiedMemory memory(record, 2);
  trace::ValueText text(types, memory, limits);
  const uint64_t chunk = 2 + CopyLog::kHeader;
  text.show(program.roots[data[1] % program.roots.size()], {memory.chunk(chunk).value_or(Bytes{})},
            0);
  if (text.take().size() > 1 << 20) __builtin_trap();
  return 0;
}
