// Entry point: append_histogram.
#include "output/histogram.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace gotap::output {

namespace {

constexpr int kBarWidth = 52;
constexpr size_t kLabelWidth = 16, kCountWidth = 8;
constexpr uint64_t kKilo = 1024, kMega = 1024 * 1024;

// The boundary `value` of a hist() whose powers of two have 2^bits parts. The unit goes by the
// size of a part, not by the value: with one part a power, 1024 is 1K; with four it stays 1024,
// as the parts there are 256 wide, and 4096 is 4K.
std::string log_label(uint64_t value, int bits) {
  int part = std::bit_width(value) - 1 - bits;  // log2 of the width of a part
  if (part < 10) return std::to_string(value);
  int unit = part / 10;
  return std::to_string(value >> (10 * unit)) + " KMGTPE"[unit];
}

// How many bits of the value below its leading one choose the part, told by a bucket's width.
int part_bits(uint64_t low, uint64_t high) {
  if (low == 0 || high <= low) return 0;
  return std::bit_width(low) - std::bit_width(high - low);
}

std::string linear_label(int64_t value, int64_t step) {
  if (step % static_cast<int64_t>(kKilo) != 0 || value == 0) return std::to_string(value);
  if (value % static_cast<int64_t>(kMega) == 0)
    return std::to_string(value / static_cast<int64_t>(kMega)) + "M";
  if (value % static_cast<int64_t>(kKilo) == 0)
    return std::to_string(value / static_cast<int64_t>(kKilo)) + "K";
  return std::to_string(value);
}

std::string linear_header(const Bucket& bucket, int64_t step) {
  std::string low = linear_label(bucket.low, step), high = linear_label(bucket.high, step);
  if (bucket.open_low) return "(..., " + high + ")";
  if (bucket.open_high) return "[" + low + ", ...)";
  if (step == 1) return "[" + low + "]";
  return "[" + low + ", " + high + ")";
}

std::string log_header(const Bucket& bucket) {
  if (bucket.open_low) return "(..., 0)";
  const uint64_t top = uint64_t{1} << 63;  // one more than the greatest int64
  uint64_t low = static_cast<uint64_t>(bucket.low), high = static_cast<uint64_t>(bucket.high);
  if (bucket.open_high) {
    if (bucket.low == std::numeric_limits<int64_t>::max())
      return "[" + log_label(top, 0) + ", ...)";
    high = top;
  }
  if (low + 1 == high) return "[" + std::to_string(low) + "]";
  int bits = part_bits(low, high);
  return "[" + log_label(low, bits) + ", " + log_label(high, bits) + ")";
}

void append_row(std::string& out, const std::string& label, uint64_t count, uint64_t max) {
  out += label;
  if (label.size() < kLabelWidth) out.append(kLabelWidth - label.size(), ' ');
  std::string number = std::to_string(count);
  if (number.size() < kCountWidth) out.append(kCountWidth - number.size(), ' ');
  out += number + " |";
  // In single precision, as bpftrace computes it: the lengths agree to the character.
  int bar = max == 0 ? 0
                     : static_cast<int>(static_cast<float>(count) / static_cast<float>(max) *
                                        static_cast<float>(kBarWidth));
  bar = std::clamp(bar, 0, kBarWidth);
  out.append(bar, '@');
  out.append(kBarWidth - bar, ' ');
  out += "|\n";
}

}  // namespace

void append_histogram(std::string& out, const Histogram& histogram, int64_t div) {
  const uint64_t by = histogram.linear || div <= 0 ? 1 : static_cast<uint64_t>(div);
  uint64_t max = 0;
  for (const Bucket& bucket : histogram.buckets) max = std::max(max, bucket.count / by);
  for (const Bucket& bucket : histogram.buckets) {
    std::string label =
        histogram.linear ? linear_header(bucket, histogram.step) : log_header(bucket);
    append_row(out, label, bucket.count / by, max);
  }
}

}  // namespace gotap::output
