// Entry points: layout_of, decode_field(s), decode_map_value.
#include "trace/decode.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <string>

#include "base/text.h"
#include "trace/go_text.h"
#include "trace/value_text.h"

namespace gotap::trace {

using output::Average;
using output::Bucket;
using output::Histogram;
using output::MapValue;
using output::Unknown;
using output::Value;

namespace {

const Unknown kNotReadable{"not readable"};
const Unknown kTruncated{"record too short"};  // a defect of ours: said, never a wrong value

Value decode_string(const Type& type, Bytes memory, uint64_t offset, const Names& names) {
  auto length = memory.u32(offset + StringLayout::kLength);
  auto state = memory.u32(offset + StringLayout::kState);
  if (!length || !state) return {kTruncated};
  if (*state == static_cast<uint32_t>(StringState::NotReadable)) return {kNotReadable};
  if (*length > type.capacity) return {kTruncated};
  auto data = memory.sub(offset + StringLayout::kData, *length);
  if (!data) return {kTruncated};
  std::string text(data->begin(), data->end());
  const bool cut = *state == static_cast<uint32_t>(StringState::Cut);
  if (type.kind == Type::Kind::Buffer) return {output::Buffer{std::move(text), cut}};
  if (cut) text += names.cut_mark();
  return {std::move(text)};
}

Value integer(uint64_t raw, const Type& type) {
  const uint8_t size = type.size == 1 || type.size == 2 || type.size == 4 ? type.size : 8;
  const int unused = 64 - 8 * size;
  if (type.is_signed) return {static_cast<int64_t>(raw << unused) >> unused, size};
  return {raw << unused >> unused, size};
}

// The bits of a floating point number; of one of 4 bytes the lower half.
Value real(uint64_t raw, const Type& type) {
  if (type.size != 4) return {output::Real{std::bit_cast<double>(raw), false}};
  return {output::Real{std::bit_cast<float>(static_cast<uint32_t>(raw)), true}};
}

Value decode_scalar(const Type& type, Bytes memory, uint64_t offset, const Names& names,
                    Shown shown) {
  if (type.has_bytes()) return decode_string(type, memory, offset, names);
  if (type.kind == Type::Kind::Tuple) {
    output::Tuple tuple;
    for (size_t i = 0; i < type.parts.size(); i++)
      tuple.values.push_back(
          decode_scalar(type.parts[i], memory, offset + type.part_offset(i), names, Shown::Plain));
    return {std::move(tuple)};
  }
  if (type.kind == Type::Kind::GoError) return decode_go_error(memory, offset, names);
  if (type.kind == Type::Kind::Stack) return names.stacks().decode(type, memory, offset);
  auto raw = memory.u64(offset);
  if (!raw) return {kTruncated};
  switch (type.kind) {
    case Type::Kind::Bool: return {*raw != 0};
    case Type::Kind::Int: {
      Value number = integer(*raw, type);
      if (type.detail) number.name = names.constant(type.detail, static_cast<int64_t>(*raw));
      return number;
    }
    case Type::Kind::Float: return real(*raw, type);
    case Type::Kind::GoType: return {names.go_type(*raw)};
    case Type::Kind::Pointer:
      if (shown == Shown::Printf) return {*raw};
      return {hex(*raw)};
    case Type::Kind::Probe: return {plan::probe_name(names.plan(), *raw)};
    case Type::Kind::Func: return {plan::func_name(names.plan(), *raw)};
    case Type::Kind::Time: return {output::Trusted{names.time(type.detail, *raw)}};
    case Type::Kind::Username: return {names.user(*raw)};
    case Type::Kind::Errno: return {std::string(std::strerror(static_cast<int>(*raw)))};
    case Type::Kind::Signal: return {std::string(::strsignal(static_cast<int>(*raw)))};
    case Type::Kind::Wait: return {names.wait(*raw)};
    default: return {*raw};
  }
}

// The programs keep minima and maxima as the maximum of values made monotone, so that 0 is
// below all of them; this is the way back.
Value min_max(const Type& type, uint64_t monotone, uint64_t seen) {
  if (seen == 0) return integer(0, Type::integer(8, type.is_signed));
  if (type.kind == Type::Kind::Min) monotone = ~monotone;
  if (type.is_signed) monotone ^= 1ull << 63;
  return integer(monotone, Type::integer(8, type.is_signed));
}

// From the first to the last bucket that is not empty.
void trim(std::vector<Bucket>& buckets) {
  auto filled = [](const Bucket& b) { return b.count != 0; };
  auto last = std::find_if(buckets.rbegin(), buckets.rend(), filled).base();
  buckets.erase(last, buckets.end());
  buckets.erase(buckets.begin(), std::find_if(buckets.begin(), buckets.end(), filled));
}

// Reads word `index` of every CPU's value.
class PerCpuWords {
 public:
  PerCpuWords(Bytes memory, uint32_t value_size, uint32_t cpus)
      : memory_(memory), stride_((uint64_t{value_size} + 7) / 8 * 8), cpus_(cpus) {}
  uint64_t word(uint32_t cpu, uint64_t index) const {
    return memory_.u64(cpu * stride_ + index * 8).value_or(0);
  }
  uint64_t sum(uint64_t index) const {
    uint64_t total = 0;
    for (uint32_t cpu = 0; cpu < cpus_; cpu++) total += word(cpu, index);
    return total;
  }
  uint32_t cpus() const { return cpus_; }

 private:
  Bytes memory_;
  uint64_t stride_;
  uint32_t cpus_;
};

}  // namespace

const bpf::EventLayout* layout_of(const bpf::BpfObject& object, Bytes record) {
  auto index = record.u32(0);
  if (!index || *index >= object.events.size()) return nullptr;
  const bpf::EventLayout& layout = object.events[*index];
  return record.size() >= layout.size ? &layout : nullptr;
}

Value decode_field(const bpf::Field& field, Bytes memory, const Names& names, Shown shown) {
  if (field.unknown_offset >= 0) {
    auto unknown = memory.u8(static_cast<uint32_t>(field.unknown_offset));
    if (!unknown) return {kTruncated};
    if (*unknown != 0) return {Unknown{names.unknown(*unknown, field.unknown_reason)}};
  }
  if (field.type.kind == Type::Kind::GoWhole) return {whole_text(field, memory, names)};
  return decode_scalar(field.type, memory, field.offset, names, shown);
}

std::vector<Value> decode_fields(const std::vector<bpf::Field>& fields, Bytes memory,
                                 const Names& names, Shown shown) {
  std::vector<Value> values;
  values.reserve(fields.size());
  for (const bpf::Field& field : fields)
    values.push_back(decode_field(field, memory, names, shown));
  return values;
}

Bucket hist_bucket(uint32_t index, uint32_t bits) {
  // For values n >= 2^bits, with l = floor(log2 n):
  //   index = ((l - bits + 1) << bits) + (the `bits` bits of n below its leading one) + 1
  // which continues the row of values below 2^bits, whose index is n + 1.
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  bits = std::min(bits, 5u);
  if (index == 0) return {.high = 0, .open_low = true};
  const uint64_t row = index - 1;
  if (row < (1ull << bits))
    return {.low = static_cast<int64_t>(row), .high = static_cast<int64_t>(row) + 1};
  const uint64_t log2 = (row >> bits) + bits - 1;
  const uint64_t part = row & ((1ull << bits) - 1);
  if (log2 >= 63) return {.low = kMax, .open_high = true};
  const uint64_t width = 1ull << (log2 - bits);
  const uint64_t low = (1ull << log2) + part * width;
  if (low + width > static_cast<uint64_t>(kMax))
    return {.low = static_cast<int64_t>(low), .open_high = true};
  return {.low = static_cast<int64_t>(low), .high = static_cast<int64_t>(low + width)};
}

Bucket lhist_bucket(uint32_t index, uint32_t count, const bpf::UserMap& map) {
  if (index == 0) return {.high = map.lhist_min, .open_low = true};
  // In 128 bits: a layout with absurd bounds must not overflow.
  auto bound = [&](uint32_t i) {
    __int128 value = __int128{map.lhist_min} + __int128{i} * map.lhist_step;
    value = std::min<__int128>(value, map.lhist_max);
    return static_cast<int64_t>(std::max<__int128>(value, map.lhist_min));
  };
  // The last bucket begins where the last whole step ends, which may be below max.
  if (index + 1 >= count) return {.low = bound(count - 2), .open_high = true};
  return {.low = bound(index - 1), .high = bound(index)};
}

MapValue decode_map_value(const bpf::UserMap& map, Bytes memory, uint32_t value_size, uint32_t cpus,
                          const Names& names) {
  const Type& type = map.value;
  const PerCpuWords words(memory, value_size, std::max(cpus, 1u));
  switch (type.kind) {
    case Type::Kind::Count: return Value{static_cast<int64_t>(words.sum(0))};
    case Type::Kind::Sum: return integer(words.sum(0), Type::integer(8, type.is_signed));
    case Type::Kind::Avg: return Average{type.is_signed, words.sum(0), words.sum(1)};
    case Type::Kind::Stats:
      return output::Stats{Average{type.is_signed, words.sum(0), words.sum(1)}};
    case Type::Kind::Min:
    case Type::Kind::Max: {
      uint64_t best = 0, seen = 0;
      for (uint32_t cpu = 0; cpu < words.cpus(); cpu++) {
        if (words.word(cpu, 1) == 0) continue;
        best = std::max(best, words.word(cpu, 0));
        seen += words.word(cpu, 1);
      }
      return min_max(type, best, seen);
    }
    case Type::Kind::Hist:
    case Type::Kind::Lhist: {
      const bool linear = type.kind == Type::Kind::Lhist;
      const uint32_t count = value_size / 8;
      Histogram histogram{linear, linear ? map.lhist_step : 0, {}};
      for (uint32_t i = 0; i < count; i++) {
        Bucket bucket = linear ? lhist_bucket(i, count, map) : hist_bucket(i, map.hist_bits);
        bucket.count = words.sum(i);
        histogram.buckets.push_back(bucket);
      }
      trim(histogram.buckets);
      return histogram;
    }
    default: return decode_scalar(type, memory, 0, names, Shown::Plain);
  }
}

}  // namespace gotap::trace
