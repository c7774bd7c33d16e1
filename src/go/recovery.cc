#include "go/recovery.h"

#include <algorithm>

#include "arch/x86_64.h"

namespace gotap::go {

namespace {

// mov byte ptr [register + displacement], 1 (Intel SDM volume 2: [REX] C6 /0 ib).
bool sets_a_flag(Bytes code) {
  const auto instruction = arch::decode(code, 0);
  if (!instruction) return false;
  const size_t opcode = code[0] >> 4 == 4 ? 1 : 0;
  return instruction->length > opcode + 1 && code[opcode] == 0xc6 &&
         code[instruction->length - 1u] == 1 && arch::effects(code).writes;
}

}  // namespace

std::optional<uint64_t> recovery_site(const Image& image, uint32_t index) {
  const auto boundaries = image.boundaries(index);
  if (!boundaries) return std::nullopt;
  std::optional<uint64_t> found;
  for (const uint64_t at : *boundaries) {
    const uint64_t left = image.functions()[index].end - at;
    const auto code = image.bytes_at(at, std::min<uint64_t>(left, arch::kMaxInstructionLength));
    if (!code || !sets_a_flag(*code)) continue;
    if (found) return std::nullopt;
    found = at;
  }
  return found;
}

}  // namespace gotap::go
