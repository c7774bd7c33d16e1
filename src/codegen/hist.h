// The buckets of hist() and lhist() in plain C++: the definition the generated code is tested
// against. Entry points: hist_bucket(), lhist_bucket().
//
// bits = 0 gives bpftrace's powers of two; with more bits, each power of two falls into 2^bits
// equal parts and every value below 2^bits has a bucket of its own.
#pragma once

#include <bit>
#include <cstdint>

namespace gotap::codegen {

/// Bucket of `value` in a hist() map: 0 negative, then as bpf::hist_buckets() counts them.
inline uint32_t hist_bucket(uint64_t value, bool is_signed, uint32_t bits) {
  if (is_signed && static_cast<int64_t>(value) < 0) return 0;
  if (value < (uint64_t{1} << bits)) return static_cast<uint32_t>(value) + 1;
  auto log = static_cast<uint32_t>(std::bit_width(value) - 1);
  auto part = static_cast<uint32_t>(value >> (log - bits)) & ((1u << bits) - 1);
  return ((log - bits + 1) << bits) + part + 1;
}

/// Bucket of `value` in an lhist() map: 0 below `min`, the last one from `max` on.
inline uint32_t lhist_bucket(uint64_t value, bool is_signed, int64_t min, int64_t max,
                             int64_t step) {
  auto buckets = static_cast<uint32_t>((max - min) / step);
  auto v = static_cast<int64_t>(value);
  if (!is_signed && v < 0) return buckets + 1;
  if (v < min) return 0;
  if (v >= max) return buckets + 1;
  auto bucket = 1 + (value - static_cast<uint64_t>(min)) / static_cast<uint64_t>(step);
  return bucket > buckets + 1 ? buckets + 1 : static_cast<uint32_t>(bucket);
}

}  // namespace gotap::codegen
