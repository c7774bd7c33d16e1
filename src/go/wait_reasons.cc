#include "go/wait_reasons.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace gotap::go {

namespace {

constexpr uint64_t kHeader = 16;  // a pointer and a length
constexpr size_t kMostReasons = 96, kLongestReason = 63;
constexpr std::array<std::string_view, 3> kFirst{"", "GC assist marking", "IO wait"};

bool is_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

// The strings from `address` on, in `data`, which begins there.
std::vector<std::string> strings_at(const elf::Elf& elf, uint64_t address, Bytes data) {
  std::vector<std::string> texts{""};
  for (uint64_t at = kHeader; texts.size() < kMostReasons; at += kHeader) {
    const auto length = data.u64(at + 8);
    const auto pointer = elf.word(address + at);
    if (!length || !pointer || *length == 0 || *length > kLongestReason) break;
    const auto bytes = elf.at(*pointer, *length);
    if (!bytes) break;
    const std::string_view text(reinterpret_cast<const char*>(bytes->data()), bytes->size());
    if (!is_text(text)) break;
    texts.emplace_back(text);
  }
  return texts;
}

}  // namespace

std::vector<std::string> find_wait_reasons(const elf::Elf& elf) {
  for (const elf::Segment& segment : elf.segments()) {
    if (!segment.writable) continue;
    const Bytes& data = segment.data;
    for (uint64_t at = 0; at + kFirst.size() * kHeader <= data.size(); at += 8) {
      // Lengths are never relocated: they are compared first.
      bool alike = data.u64(at) == 0;
      for (size_t i = 0; i < kFirst.size() && alike; i++)
        alike = data.u64(at + i * kHeader + 8) == kFirst[i].size();
      if (!alike) continue;
      std::vector<std::string> texts = strings_at(elf, segment.address + at, data.from(at));
      if (texts.size() >= kFirst.size() && std::equal(kFirst.begin(), kFirst.end(), texts.begin()))
        return texts;
    }
  }
  return {};
}

}  // namespace gotap::go
