// image_dump FILE [PATTERN]: what was found in an executable, one line a function: the input of
// tests/e2e/image-witness.sh. With `--list` instead: entry, end, flags and name only.
#include <cstdio>
#include <cstring>
#include <string>

#include "base/text.h"
#include "go/image.h"

int main(int argc, char** argv) {
  const bool list = argc > 1 && std::strcmp(argv[1], "--list") == 0;
  const int first = list ? 2 : 1;
  if (argc <= first) {
    std::fprintf(stderr, "usage: image_dump [--list] FILE [PATTERN]\n");
    return 2;
  }
  auto opened = gotap::go::Image::open(argv[first]);
  if (!opened) {
    std::fprintf(stderr, "%s\n%s\n", opened.error().message.c_str(), opened.error().hint.c_str());
    return 1;
  }
  const gotap::go::Image& image = **opened;
  std::printf(
      "# go=%d version=%s minor=%d module=%s build-id=%s pie=%d stripped=%d goid=%d tls=%d %s\n",
      image.is_go(), image.go_version().c_str(), image.go_minor(), image.main_module().c_str(),
      image.build_id().c_str(), image.is_pie(), image.stripped(), image.goid_offset(),
      image.tls_offset(), image.version_warning().c_str());
  const char* pattern = argc > first + 1 ? argv[first + 1] : "*";
  for (uint32_t i = 0; i < image.functions().size(); i++) {
    const gotap::go::Function& function = image.functions()[i];
    if (!gotap::glob_match(pattern, function.name)) continue;
    if (list) {
      auto line = image.line(function.entry);
      std::printf("%lx %lx %s %.*s %s:%u\n", function.entry, function.end,
                  function.is_go ? "go" : "c", static_cast<int>(function.name.size()),
                  function.name.data(), line ? line->file.c_str() : "?", line ? line->line : 0);
    } else {
      std::printf("%s\n", image.dump(i).c_str());
    }
  }
  return 0;
}
