// Decode: bytes that programs wrote (ring records, map keys and values) into the values of
// the output. Every read is bounds-checked: nothing here trusts a record.
//
// Facts: EventLayout, UserMap and the memory forms in bpf/object.h.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "bpf/object.h"
#include "output/value.h"
#include "trace/names.h"

namespace gotap::trace {

/// The layout that `record` says it has; nullptr if there is no such layout or the record is
/// shorter than it says.
const bpf::EventLayout* layout_of(const bpf::BpfObject& object, Bytes record);

/// How a value will be shown: a pointer is a number to printf() and 0x... everywhere else.
enum class Shown : uint8_t { Printf, Plain };

/// One value inside a record or a key. Unknown if the program could not read it, if it does
/// not lie inside `memory`, or if its string is <not readable>.
output::Value decode_field(const bpf::Field& field, Bytes memory, const Names& names, Shown shown);

/// All fields in order.
std::vector<output::Value> decode_fields(const std::vector<bpf::Field>& fields, Bytes memory,
                                         const Names& names, Shown shown);

/// A map's value as the kernel hands it out: `cpus` values (1 if the map is not per CPU) of
/// `value_size` bytes, each rounded up to 8; merged over the CPUs.
output::MapValue decode_map_value(const bpf::UserMap& map, Bytes memory, uint32_t value_size,
                                  uint32_t cpus, const Names& names);

/// The range of bucket `index` of hist(v, bits), count 0. The inverse of the generator's
/// bucket function.
output::Bucket hist_bucket(uint32_t index, uint32_t bits);
/// The range of bucket `index` of `count` buckets of an lhist().
output::Bucket lhist_bucket(uint32_t index, uint32_t count, const bpf::UserMap& map);

}  // namespace gotap::trace
