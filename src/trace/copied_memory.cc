#include "trace/copied_memory.h"

#include <algorithm>

#include "base/copies.h"

namespace gotap::trace {

CopiedMemory::CopiedMemory(Bytes record, uint64_t log) : record_(record) {
  const Bytes all = record.from(log);
  bias_ = all.u64(CopyLog::kBias).value_or(0);
  for (uint64_t at = CopyLog::kHeader; all.contains(at, CopyLog::kData);) {
    const uint32_t bytes = *all.u32(at + CopyLog::kBytes);
    const auto data = all.sub(at + CopyLog::kData, bytes);
    if (!data) return;
    chunks_.push_back(
        {*all.u64(at + CopyLog::kAddress), *all.u32(at + CopyLog::kState) == 0, *data});
    at = (at + CopyLog::kData + bytes + 7) / 8 * 8;
  }
}

std::optional<Bytes> CopiedMemory::chunk(uint64_t position) const {
  const auto bytes = record_.u32(position + CopyLog::kBytes);
  return bytes ? record_.sub(position + CopyLog::kData, *bytes) : std::nullopt;
}

CopiedMemory::Stretch CopiedMemory::at(uint64_t address, uint64_t bytes) const {
  Stretch best;
  if (address == 0) return best;
  for (const Chunk& chunk : chunks_) {
    if (!chunk.readable) {
      if (chunk.address == address && best.state == State::NotCopied)
        best.state = State::NotResident;
      continue;
    }
    if (address < chunk.address || address - chunk.address >= chunk.bytes.size()) continue;
    Bytes from = chunk.bytes.from(address - chunk.address);
    if (from.size() >= bytes) return {State::Known, *from.sub(0, bytes)};
    if (from.size() > best.bytes.size()) best = {State::Known, from};
  }
  return best;
}

}  // namespace gotap::trace
