// abi_dump [--check] FILE [PATTERN]: the signatures of a program's functions, and where their
// values are. Plain: a line a function, `main.f(a int, b string) error | I0:8@0 I1:8@0+I2:8@8 |
// I0:8@0+I1:8@8`, or the reason why there is none. --check: holds the placement against what the
// compiler wrote into the function table, the size of each function's arguments: the differences,
// then `N functions, N signatures, N sizes agree, N differ, N not known`.
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <string>

#include "base/text.h"
#include "go/image.h"
#include "go/type_info.h"

namespace {

using gotap::go::Function;
using gotap::go::Image;
using gotap::go::Placement;
using gotap::go::Signature;
using gotap::go::TypeInfo;

struct Counts {
  size_t functions = 0, signatures = 0, agree = 0, differ = 0, unknown = 0;
};

std::string describe(const TypeInfo& info, const Signature& signature, const Function& function,
                     const Placement& placement) {
  std::string out = to_string(info.types(), signature, function.name);
  for (const auto* values : {&placement.params, &placement.results}) {
    out += " |";
    for (const auto& location : *values) out += " " + dump(location);
  }
  return out;
}

void check(const TypeInfo& info, const Signature& signature, const Function& function,
           const Placement& placement, Counts& counts) {
  counts.signatures++;
  if (!placement.stack_bytes || !function.argument_bytes) {
    counts.unknown++;
    return;
  }
  const uint32_t bytes = *placement.stack_bytes + placement.spill_bytes;
  if (bytes == *function.argument_bytes) {
    counts.agree++;
    return;
  }
  counts.differ++;
  std::printf("%" PRIx64 " %u bytes, by the function table %u: %s\n", function.entry, bytes,
              *function.argument_bytes, describe(info, signature, function, placement).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  const bool only_check = argc > 1 && std::strcmp(argv[1], "--check") == 0;
  const int file = only_check ? 2 : 1;
  if (argc <= file) {
    std::fprintf(stderr, "usage: abi_dump [--check] FILE [PATTERN]\n");
    return 2;
  }
  auto opened = Image::open(argv[file]);
  if (!opened) {
    std::fprintf(stderr, "%s\n%s\n", opened.error().message.c_str(), opened.error().hint.c_str());
    return 1;
  }
  const Image& image = **opened;
  const TypeInfo& info = image.type_info();
  const char* pattern = argc > file + 1 ? argv[file + 1] : "*";
  Counts counts;
  for (uint32_t i = 0; i < image.functions().size(); i++) {
    const Function& function = image.functions()[i];
    if (!function.is_go || !gotap::glob_match(pattern, function.name)) continue;
    counts.functions++;
    const auto signature = info.signature(i);
    if (!signature) {
      if (!only_check)
        std::printf("%.*s: %s\n", static_cast<int>(function.name.size()), function.name.data(),
                    signature.error().message.c_str());
      continue;
    }
    const Placement placement = place(info.types(), *signature, info.abi(i));
    if (only_check)
      check(info, *signature, function, placement, counts);
    else
      std::printf("%s\n", describe(info, *signature, function, placement).c_str());
  }
  if (only_check)
    std::printf("%zu functions, %zu signatures, %zu sizes agree, %zu differ, %zu not known\n",
                counts.functions, counts.signatures, counts.agree, counts.differ, counts.unknown);
  return 0;
}
