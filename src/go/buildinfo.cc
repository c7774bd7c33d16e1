// The reader behind buildinfo.h.
//
// Facts: debug/buildinfo/buildinfo.go. A header of 32 bytes, 16-aligned: the magic, pointer size,
// flags. Since 1.18 (flag 2) two varint-prefixed strings follow it: version and module info;
// before, the header holds pointers to two Go string headers.
#include "go/buildinfo.h"

#include <string_view>

namespace gotap::go {
namespace {

constexpr std::string_view kMagic = "\xff Go buildinf:";
constexpr uint64_t kHeaderSize = 32, kBlobAlign = 16;
constexpr uint8_t kInline = 2;
constexpr size_t kSentinel = 16;  // bytes before and after the module info (modload.ModInfoData)

std::string_view text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The varint-prefixed string at `*at`, which is moved behind it.
std::optional<std::string_view> inline_string(Bytes data, uint64_t* at) {
  uint64_t length = 0;
  for (unsigned shift = 0; shift < 35; shift += 7) {
    auto byte = data.u8((*at)++);
    if (!byte) return std::nullopt;
    length |= uint64_t{*byte & 0x7fu} << shift;
    if (*byte & 0x80) continue;
    auto bytes = data.sub(*at, length);
    if (!bytes) return std::nullopt;
    *at += length;
    return text(*bytes);
  }
  return std::nullopt;
}

/// The Go string whose header the word at `address` points to.
std::optional<std::string_view> pointed_string(const elf::Elf& elf, uint64_t address) {
  auto header = elf.word(address);
  if (!header) return std::nullopt;
  auto start = elf.word(*header), length = elf.word(*header + 8);
  if (!start || !length) return std::nullopt;
  auto bytes = elf.at(*start, *length);
  if (!bytes) return std::nullopt;
  return text(*bytes);
}

/// The rest of the first line that begins with `key` and a tab, up to the next tab.
std::string_view module_line(std::string_view info, std::string_view key) {
  while (!info.empty()) {
    std::string_view line = info.substr(0, info.find('\n'));
    info.remove_prefix(std::min(info.size(), line.size() + 1));
    if (line.size() <= key.size() || line.substr(0, key.size()) != key) continue;
    if (line[key.size()] != '\t') continue;
    line.remove_prefix(key.size() + 1);
    return line.substr(0, line.find('\t'));
  }
  return {};
}

std::optional<BuildInfo> read_at(const elf::Elf& elf, Bytes data, uint64_t address) {
  auto header = data.sub(0, kHeaderSize);
  if (!header || text(*header).substr(0, kMagic.size()) != kMagic) return std::nullopt;
  std::optional<std::string_view> version, module;
  if (*header->u8(15) & kInline) {
    uint64_t at = kHeaderSize;
    version = inline_string(data, &at);
    if (version) module = inline_string(data, &at);
  } else {
    if (*header->u8(14) != 8) return std::nullopt;
    version = pointed_string(elf, address + 16);
    module = pointed_string(elf, address + 24);
  }
  if (!version || version->empty()) return std::nullopt;
  BuildInfo info;
  info.minor = minor_of(*version);
  std::string_view number = version->substr(0, version->find(' '));
  if (number == "devel" && version->size() > 6) {  // "devel go1.19-abc date", "devel +abc date"
    number = version->substr(6);
    number = number.substr(0, number.find(' '));
  }
  if (number.substr(0, 2) == "go") number.remove_prefix(2);
  info.version = std::string(number);
  if (module && module->size() >= 2 * kSentinel) {
    std::string_view body = module->substr(kSentinel, module->size() - 2 * kSentinel);
    std::string_view path = module_line(body, "mod");
    info.main_module = std::string(path.empty() ? module_line(body, "path") : path);
  }
  return info;
}

}  // namespace

int minor_of(std::string_view version) {
  const size_t start = version.find("go1.");
  if (start == std::string_view::npos) return 0;
  int minor = 0;
  for (char c : version.substr(start + 4)) {
    if (c < '0' || c > '9' || minor > 1000) break;
    minor = minor * 10 + (c - '0');
  }
  return minor;
}

std::optional<BuildInfo> read_build_info(const elf::Elf& elf) {
  for (const char* name : {".go.buildinfo", ".data.rel.ro.go.buildinfo"})
    if (const elf::Section* section = elf.section(name))
      if (auto info = read_at(elf, section->data, section->address)) return info;
  // No such section (or a file without section headers): it lies in a writable segment.
  for (const elf::Segment& segment : elf.segments()) {
    if (!segment.writable) continue;
    const std::string_view data = text(segment.data);
    for (size_t at = data.find(kMagic); at != std::string_view::npos;
         at = data.find(kMagic, at + 1)) {
      if ((segment.address + at) % kBlobAlign != 0) continue;
      if (auto info = read_at(elf, segment.data.from(at), segment.address + at)) return info;
    }
  }
  return std::nullopt;
}

}  // namespace gotap::go
