// Fuzzes decoding: any bytes as records, keys and values under layouts taken from the same
// bytes, and addresses as places in this very program. Nothing may crash, read outside, or
// overflow.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "trace/decode.h"

using namespace gotap;

namespace {

/// Takes numbers off the front of the input; zeros once it is used up.
class Source {
 public:
  explicit Source(Bytes bytes) : bytes_(bytes) {}
  template <class T>
  T take() {
    T value = bytes_.read<T>(at_).value_or(T{});
    at_ += sizeof(T);
    return value;
  }
  Bytes rest() const { return bytes_.from(at_); }

 private:
  Bytes bytes_;
  uint64_t at_ = 0;
};

Type take_type(Source& source) {
  Type type;
  type.kind =
      static_cast<Type::Kind>(source.take<uint8_t>() % (static_cast<int>(Type::Kind::Lhist) + 1));
  type.is_signed = source.take<uint8_t>() & 1;
  type.size = source.take<uint8_t>();
  type.capacity = source.take<uint16_t>();
  type.detail = source.take<uint8_t>() % 4;
  return type;
}

bpf::Field take_field(Source& source) {
  bpf::Field field{take_type(source), source.take<uint32_t>() % 128};
  field.unknown_offset = source.take<int8_t>();
  return field;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Source source(Bytes(data, size));
  plan::Plan plan;
  plan.specs = {"uprobe:./a:"};
  plan.spec_suffixes = {""};
  static const auto image = go::Image::open("/proc/self/exe");
  plan.targets = {{"./a", image ? *image : nullptr}};
  plan.functions = {{0, 0, "main.f"}, {1, 0, "main.of_no_target"}};
  bpf::BpfObject object;
  object.time_formats = {"%H"};
  object.unknown_reasons = {"in XMM0"};
  object.constants = {{{1, "main.One"}}};
  object.events.resize(2);
  for (auto& event : object.events) {
    event.size = source.take<uint8_t>();
    for (int i = source.take<uint8_t>() % 4; i > 0; i--) event.fields.push_back(take_field(source));
  }
  bpf::UserMap map;
  map.value = take_type(source);
  map.hist_bits = source.take<uint8_t>();
  map.lhist_min = source.take<int64_t>();
  map.lhist_max = source.take<int64_t>();
  map.lhist_step = source.take<int64_t>();
  const uint32_t value_size = source.take<uint16_t>(), cpus = source.take<uint8_t>() % 8;

  const trace::Names names(plan, object);
  const Bytes memory = source.rest();
  if (const bpf::EventLayout* layout = trace::layout_of(object, memory)) {
    (void)trace::decode_fields(layout->fields, memory, names, trace::Shown::Printf);
    (void)trace::decode_fields(layout->fields, memory, names, trace::Shown::Plain);
  }
  (void)trace::decode_map_value(map, memory, value_size, cpus, names);
  return 0;
}
