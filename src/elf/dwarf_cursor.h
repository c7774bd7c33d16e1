// Dwarf::Cursor: reads one thing after the other from untrusted bytes. What does not fit reads as
// 0 and makes the cursor bad for good. Private to elf/dwarf*.cc.
#pragma once

#include "elf/dwarf.h"

namespace gotap::elf {

class Dwarf::Cursor {
 public:
  Cursor(Bytes bytes, uint64_t offset) : bytes_(bytes), offset_(offset) {}

  bool ok() const { return ok_; }
  uint64_t offset() const { return offset_; }

  uint8_t u8() { return read<uint8_t>(); }
  uint16_t u16() { return read<uint16_t>(); }
  uint32_t u32() { return read<uint32_t>(); }
  uint64_t u64() { return read<uint64_t>(); }
  uint64_t offset_value(bool is_64bit) { return is_64bit ? u64() : u32(); }

  /// Bits above the 64th are dropped.
  uint64_t uleb() {
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      const uint8_t byte = u8();
      if (shift < 64) value |= uint64_t{byte & 0x7fu} << shift;
      if (!(byte & 0x80)) return value;
    }
  }
  int64_t sleb() {
    uint64_t value = 0;
    for (unsigned shift = 0;;) {
      const uint8_t byte = u8();
      if (shift < 64) value |= uint64_t{byte & 0x7fu} << shift;
      shift += 7;
      if (byte & 0x80) continue;
      if (byte & 0x40 && shift < 64) value |= ~uint64_t{0} << shift;
      return static_cast<int64_t>(value);
    }
  }
  Bytes block(uint64_t length) {
    const auto block = ok_ ? bytes_.sub(offset_, length) : std::nullopt;
    if (!block) {
      ok_ = false;
      return {};
    }
    offset_ += length;
    return *block;
  }
  std::string_view text() {
    const auto text = ok_ ? bytes_.cstr(offset_) : std::nullopt;
    if (!text) {
      ok_ = false;
      return {};
    }
    offset_ += text->size() + 1;
    return *text;
  }

 private:
  template <class T>
  T read() {
    const auto value = ok_ ? bytes_.read<T>(offset_) : std::nullopt;
    if (!value) {
      ok_ = false;
      return 0;
    }
    offset_ += sizeof(T);
    return *value;
  }

  Bytes bytes_;
  uint64_t offset_ = 0;
  bool ok_ = true;
};

}  // namespace gotap::elf
