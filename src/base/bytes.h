// Bytes: a read-only view of untrusted little-endian data. Every access is bounds-checked;
// an access outside the view yields nothing instead of undefined behaviour.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace gotap {

class Bytes {
 public:
  Bytes() = default;
  Bytes(const uint8_t* data, size_t size) : data_(data), size_(size) {}

  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const uint8_t* begin() const { return data_; }
  const uint8_t* end() const { return data_ + size_; }
  uint8_t operator[](size_t i) const { return data_[i]; }  ///< i < size() is the caller's duty

  bool contains(uint64_t offset, uint64_t length) const {
    return offset <= size_ && length <= size_ - offset;
  }

  /// The little-endian T at `offset`, if it lies wholly inside.
  template <class T>
  std::optional<T> read(uint64_t offset) const {
    if (!contains(offset, sizeof(T))) return std::nullopt;
    T value;
    std::memcpy(&value, data_ + offset, sizeof(T));
    return value;
  }
  std::optional<uint8_t> u8(uint64_t offset) const { return read<uint8_t>(offset); }
  std::optional<uint16_t> u16(uint64_t offset) const { return read<uint16_t>(offset); }
  std::optional<uint32_t> u32(uint64_t offset) const { return read<uint32_t>(offset); }
  std::optional<uint64_t> u64(uint64_t offset) const { return read<uint64_t>(offset); }

  /// [offset, offset+length), or nothing if it does not lie wholly inside.
  std::optional<Bytes> sub(uint64_t offset, uint64_t length) const {
    if (!contains(offset, length)) return std::nullopt;
    return Bytes(data_ + offset, length);
  }

  /// [offset, end), empty if `offset` lies outside.
  Bytes from(uint64_t offset) const {
    if (offset > size_) return {};
    return Bytes(data_ + offset, size_ - offset);
  }

  /// The NUL-terminated string at `offset` without its NUL; nothing if no NUL follows.
  std::optional<std::string_view> cstr(uint64_t offset) const {
    if (offset >= size_) return std::nullopt;
    const void* nul = std::memchr(data_ + offset, 0, size_ - offset);
    if (!nul) return std::nullopt;
    const char* start = reinterpret_cast<const char*>(data_ + offset);
    return std::string_view(start, static_cast<const char*>(nul) - start);
  }

 private:
  const uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace gotap
