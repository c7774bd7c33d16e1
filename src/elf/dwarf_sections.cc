#include "elf/dwarf_sections.h"

#include <elf.h>
#include <zlib.h>

#include <limits>

namespace gotap::elf {
namespace {

// Debian 12's elf.h does not have it yet.
constexpr uint32_t kZstd = 2;
// Deflate cannot do better than 1032:1; what claims more is damaged, and no memory is taken for it.
constexpr uint64_t kBestRatio = 1032, kMaxInflated = uint64_t{1} << 30;
// "ZLIB" and the size, big-endian, before the data of a .zdebug_ section.
constexpr uint64_t kOldHeader = 12;

/// Nothing: it is not `size` bytes of deflated data.
std::vector<uint8_t> inflate_all(Bytes data, uint64_t size) {
  if (size > kMaxInflated || size / kBestRatio > data.size() ||
      data.size() > std::numeric_limits<uLong>::max())
    return {};
  std::vector<uint8_t> out(size);
  uLongf length = size;
  if (uncompress(out.data(), &length, data.data(), data.size()) != Z_OK || length != size)
    return {};
  return out;
}

}  // namespace

const Section* DwarfSections::find(std::string_view name) const {
  if (const Section* plain = elf_.section(".debug_" + std::string(name))) return plain;
  return elf_.section(".zdebug_" + std::string(name));
}

Bytes DwarfSections::get(std::string_view name) const {
  auto known = known_.find(name);
  if (known == known_.end()) {
    known = known_.emplace(name, Contents{}).first;
    if (const Section* section = find(name)) read(*section, &known->second);
  }
  return known->second.bytes;
}

void DwarfSections::read(const Section& section, Contents* contents) const {
  Bytes data = section.data;
  uint64_t size = 0;
  if (section.flags & SHF_COMPRESSED) {
    const auto header = data.read<Elf64_Chdr>(0);
    if (header && header->ch_type == kZstd) {
      warnings_.push_back(std::string(section.name) +
                          " is compressed by zstd, which gotap cannot read");
      return;
    }
    if (header && header->ch_type == ELFCOMPRESS_ZLIB) {
      size = header->ch_size;
      data = data.from(sizeof *header);
    } else {
      data = {};
    }
  } else if (section.name.substr(0, 2) == ".z") {
    if (data.size() < kOldHeader || std::memcmp(data.data(), "ZLIB", 4) != 0) {
      data = {};
    } else {
      for (int i = 4; i < 12; i++) size = size << 8 | data[i];
      data = data.from(kOldHeader);
    }
  } else {
    contents->bytes = data;
    return;
  }
  contents->inflated = inflate_all(data, size);
  contents->bytes = Bytes(contents->inflated.data(), contents->inflated.size());
  if (contents->inflated.empty()) {
    warnings_.push_back(std::string(section.name) + " cannot be decompressed: it is damaged");
  }
}

}  // namespace gotap::elf
