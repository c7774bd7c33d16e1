// label("key"): what runtime/pprof calls the labels of a goroutine. Entry point:
// Generator::string_label().
//
// Facts: g.labels (runtime/runtime2.go) is set by runtime_setProfLabel to a *labelMap, whose
// definition is in runtime/pprof/label.go: up to 1.23 a map[string]string, from 1.24 on a slice of
// {key, value string}. The map (runtime/map.go): hmap{count int; flags, B uint8; noverflow uint16;
// hash0 uint32; buckets unsafe.Pointer}; with B = 0 it is one bucket, {tophash [8]uint8; keys,
// elems [8]string}, whose slots are in use from a tophash of minTopHash on.
#include "codegen/generator.h"

namespace gotap::codegen {

using namespace bpf;

namespace {

constexpr int32_t kString = 16;
constexpr int32_t kHmapB = 9, kHmapBuckets = 16, kHmapSize = 24;
constexpr int32_t kBucketSlots = 8, kMinTopHash = 5;
constexpr int32_t kListed = 16;  // labels of a list that are looked at

}  // namespace

// dst = the goroutine's label; empty if it has none of this key.
void Generator::string_label(const Expr& expr, Place dst, uint32_t capacity, bool zeroed) {
  if (!shape_ || shape_->g == go::GSource::None) return unknown();
  if (shape_->labels_offset == 0)
    return asm_.jump(unknown_because(reason_code("labels are not known in this Go version")));
  Memory::Scope scope(memory_);
  if (zeroed) zero(dst, 8 + capacity);
  Label absent = asm_.label(), found = asm_.label(), bad = asm_.label(), done = asm_.label();
  const Label unreadable = unknown_because(UnknownReason::NotReadable);
  Place at = memory_.allocate(kWord), text = memory_.allocate(kWord);
  const GoBase here{GoBase::In::Memory, 0, at, 0};
  load_g(unreadable);
  asm_.jump(Jump::Eq, R0, 0, unreadable);
  asm_.store(Width::U64, at.base, at.offset, R0);
  go_read(at, here, shape_->labels_offset, kWord);
  asm_.load(Width::U64, R0, at.base, at.offset);
  asm_.jump(Jump::Eq, R0, 0, absent);
  if (shape_->labels_are_list)
    label_of_list(expr.string, at, text, absent, found);
  else
    label_of_map(expr.string, at, text, absent, found);
  asm_.bind(found);  // text and R2: its bytes and their number
  check_length(bad);
  go_bytes({GoBase::In::Memory, 0, text, 0}, dst,
           std::min({capacity, expr.type.capacity, builder_.program.max_strlen}), bad);
  asm_.jump(done);
  asm_.bind(bad);
  not_readable(dst);
  asm_.jump(done);
  asm_.bind(absent);
  asm_.store(Width::U64, dst.base, dst.offset, 0);
  asm_.bind(done);
}

// Jumps to `found` if the key is `wanted`: two words at `key`, of the value's at `value`.
void Generator::label_matches(const std::string& wanted, Place key, Place value, Place text,
                              Label found) {
  Memory::Scope scope(memory_);
  Label differs = asm_.label();
  const auto size = static_cast<uint32_t>(wanted.size());
  asm_.load(Width::U64, R1, key.base, key.offset + kWord);
  asm_.jump(Jump::Ne, R1, static_cast<int32_t>(size), differs);
  if (size > 0) {
    Place bytes = memory_.allocate(size);
    if (size % 8) zero(bytes + static_cast<int32_t>(size / 8 * 8), 8);
    go_read(bytes, {GoBase::In::Memory, 0, key, 0}, 0, size);
    compare_literal(bytes, wanted, differs);
  }
  asm_.load(Width::U64, R1, value.base, value.offset);
  asm_.store(Width::U64, text.base, text.offset, R1);
  asm_.load(Width::U64, R2, value.base, value.offset + kWord);
  asm_.jump(found);
  asm_.bind(differs);
}

// `at` holds the address of the list's words.
void Generator::label_of_list(const std::string& key, Place at, Place text, Label absent,
                              Label found) {
  Place list = memory_.allocate(2 * kWord), entries = memory_.allocate(kListed * 2 * kString);
  Label few = asm_.label();
  go_read(list, {GoBase::In::Memory, 0, at, 0}, 0, 2 * kWord);
  asm_.load(Width::U64, R2, list.base, list.offset + kWord);
  asm_.jump(Jump::Eq, R2, 0, absent);
  asm_.jump(Jump::Le, R2, kListed, few);
  asm_.mov(R2, kListed);
  asm_.bind(few);
  asm_.alu(Alu::Mul, R2, 2 * kString);
  asm_.load(Width::U64, R3, list.base, list.offset);
  address(R1, entries);
  asm_.call(Helper::ProbeReadUser);
  asm_.jump(Jump::Ne, R0, 0, unknown_because(UnknownReason::NotReadable));
  for (int32_t i = 0; i < kListed; i++) {
    Place entry = entries + i * 2 * kString;
    asm_.load(Width::U64, R1, list.base, list.offset + kWord);
    asm_.jump(Jump::Le, R1, i, absent);
    label_matches(key, entry, entry + kString, text, found);
  }
  asm_.load(Width::U64, R1, list.base, list.offset + kWord);
  asm_.jump(Jump::Eq, R1, kListed, absent);
  asm_.jump(unknown_because(reason_code("more than " + std::to_string(kListed) + " labels")));
}

// `at` holds the address of the map's word.
void Generator::label_of_map(const std::string& key, Place at, Place text, Label absent,
                             Label found) {
  constexpr int32_t kElements = kBucketSlots + kBucketSlots * kString;
  Place map = memory_.allocate(kHmapSize);
  Place bucket = memory_.allocate(kElements + kBucketSlots * kString);
  const GoBase here{GoBase::In::Memory, 0, at, 0};
  go_read(at, here, 0, kWord);
  asm_.load(Width::U64, R0, at.base, at.offset);
  asm_.jump(Jump::Eq, R0, 0, absent);
  go_read(map, here, 0, kHmapSize);
  asm_.load(Width::U64, R1, map.base, map.offset);
  asm_.jump(Jump::Eq, R1, 0, absent);
  asm_.load(Width::U8, R1, map.base, map.offset + kHmapB);
  asm_.jump(Jump::Ne, R1, 0,
            unknown_because(reason_code("more than " + std::to_string(kBucketSlots) + " labels")));
  go_read(bucket, {GoBase::In::Memory, 0, map + kHmapBuckets, 0}, 0,
          kElements + kBucketSlots * kString);
  for (int32_t i = 0; i < kBucketSlots; i++) {
    Label empty = asm_.label();
    asm_.load(Width::U8, R1, bucket.base, bucket.offset + i);
    asm_.jump(Jump::Lt, R1, kMinTopHash, empty);
    label_matches(key, bucket + (kBucketSlots + i * kString), bucket + (kElements + i * kString),
                  text, found);
    asm_.bind(empty);
  }
  asm_.jump(absent);
}

}  // namespace gotap::codegen
