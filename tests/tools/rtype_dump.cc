// rtype_dump [--signature TEXT]... [--debug-binary FILE] --types | --signatures | --share FILE
// [PATTERN]: what a program's types are, by address; the input of tests/e2e/rtype-witness.sh and
// tools/types. --types: for each address of a type descriptor (hexadecimal) on standard input what
// is read there, and whether it is found by its name. --signatures: entry, signature or why it is
// not known, and name of each Go function, with tabs between. --share: of how many functions the
// signature is known, and where their parameters are. --signature TEXT and --debug-binary FILE
// before the mode add what they say.
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

#include "base/text.h"
#include "go/image.h"
#include "go/type_info.h"

namespace {

using gotap::go::Image;

void print_types(const Image& image) {
  const gotap::go::TypeInfo& info = image.type_info();
  std::string line;
  while (std::getline(std::cin, line)) {
    const uint64_t address = std::strtoull(line.c_str(), nullptr, 16);
    auto type = info.type_at(address);
    if (!type) {
      std::printf("%" PRIx64 " none\n", address);
      continue;
    }
    const gotap::go::GoType known = info.types().at(*type);
    const auto same = info.find_types(known.name);
    const bool found = std::find(same.begin(), same.end(), *type) != same.end();
    std::printf("%s align=%u%s\n", dump(info.types(), *type).c_str(), known.align,
                found ? "" : " not found by name");
  }
}

void print_signature(const Image& image, uint32_t index) {
  const gotap::go::Function& function = image.functions()[index];
  if (!function.is_go) return;
  const gotap::go::TypeInfo& info = image.type_info();
  auto signature = info.signature(index);
  const std::string text =
      signature ? to_string(info.types(), *signature, "") : signature.error().message;
  std::printf("%" PRIx64 "\t%s\t%.*s\n", function.entry, text.c_str(),
              static_cast<int>(function.name.size()), function.name.data());
}

void print_globals(const Image& image) {
  std::string name;
  while (std::getline(std::cin, name)) {
    auto global = image.type_info().global(name);
    if (global)
      std::printf("%" PRIx64 " %s\n", global->address, name.c_str());
    else
      std::printf("! %s\n", global.error().message.c_str());
  }
}

/// `functions N known N params N readable N in-xmm N`: readable are those in integer registers or
/// on the stack, or of no size; a value that is in both kinds of registers counts as in-xmm.
void print_share(const Image& image) {
  const gotap::go::TypeInfo& info = image.type_info();
  uint64_t functions = 0, known = 0, params = 0, readable = 0, in_xmm = 0;
  for (uint32_t i = 0; i < image.functions().size(); i++) {
    if (!image.functions()[i].is_go) continue;
    functions++;
    auto signature = info.signature(i);
    if (!signature) continue;
    known++;
    for (const gotap::go::ValueLocation& at : place(info.types(), *signature, info.abi(i)).params) {
      const bool floats =
          std::any_of(at.pieces.begin(), at.pieces.end(), [](const gotap::go::Piece& piece) {
            return piece.in == gotap::go::Piece::In::FloatRegister;
          });
      params++;
      in_xmm += floats;
      readable += at.known && !floats;
    }
  }
  std::printf("functions %" PRIu64 " known %" PRIu64 " params %" PRIu64 " readable %" PRIu64
              " in-xmm %" PRIu64 "\n",
              functions, known, params, readable, in_xmm);
}

}  // namespace

int main(int argc, char** argv) {
  gotap::go::TypeSources sources;
  int next = 1;
  for (; next + 1 < argc; next += 2) {
    const std::string_view option = argv[next];
    if (option == "--signature")
      sources.signatures.push_back(argv[next + 1]);
    else if (option == "--debug-binary")
      sources.debug_binary = argv[next + 1];
    else
      break;
  }
  const std::string_view mode = next + 1 < argc ? argv[next] : "";
  if (mode != "--types" && mode != "--signatures" && mode != "--share" && mode != "--globals") {
    std::fprintf(stderr,
                 "usage: rtype_dump [--signature TEXT]... [--debug-binary FILE] "
                 "--types | --signatures | --share | --globals FILE [PATTERN]\n");
    return 2;
  }
  auto opened = Image::open(argv[next + 1], sources);
  if (!opened) {
    std::fprintf(stderr, "%s\n%s\n", opened.error().message.c_str(), opened.error().hint.c_str());
    return 1;
  }
  const Image& image = **opened;
  if (mode == "--types") print_types(image);
  if (mode == "--share") print_share(image);
  if (mode == "--globals") print_globals(image);
  const char* pattern = next + 2 < argc ? argv[next + 2] : "*";
  for (uint32_t i = 0; mode == "--signatures" && i < image.functions().size(); i++)
    if (gotap::glob_match(pattern, image.functions()[i].name)) print_signature(image, i);
  for (const std::string& warning : image.type_info().warnings())
    std::fprintf(stderr, "warning: %s\n", warning.c_str());
  return 0;
}
