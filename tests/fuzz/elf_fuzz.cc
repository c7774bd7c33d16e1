// Fuzzes the whole image reader with arbitrary files: it must answer or refuse, within bounds.
#include <algorithm>

#include "go/image.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using gotap::go::Image;
  auto image = Image::from_bytes(gotap::Bytes(data, size), "fuzz");
  if (!image) return 0;
  const Image& it = **image;
  const size_t count = std::min<size_t>(it.functions().size(), 32);
  for (uint32_t i = 0; i < count; i++) {
    const gotap::go::Function& function = it.functions()[i];
    (void)it.dump(i);
    (void)it.boundaries(i).ok();
    (void)it.line(function.entry);
    (void)it.find(function.name);
    (void)it.file_offset(function.entry);
    (void)it.function_at(function.end);
    (void)it.bytes_at(function.entry, function.end - function.entry);
  }
  return 0;
}
