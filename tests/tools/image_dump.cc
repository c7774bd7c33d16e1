// image_dump [--list | --sites | --find] FILE [PATTERN]: what was found in an executable; the input
// of tests/e2e/image-witness.sh and tests/corpus. Plain: Image::dump, one line a function. --list:
// entry, end, kind, name and source position. --sites: for each Go function, addresses in
// hexadecimal of 16 digits: `function BEGIN END NAME`, `entry BEGIN FORM ADDRESS`, `no-entry BEGIN
// REASON`, `refused BEGIN REASON` (its returns), `ret BEGIN ADDRESS`, `jump BEGIN ADDRESS` (out of
// it). --find: the entries of the functions that Image::find has for each name on standard input,
// one line a name.
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <string>

#include "base/text.h"
#include "go/image.h"

namespace {

using gotap::go::EntryForm;
using gotap::go::Image;

void print_header(const Image& image) {
  std::printf(
      "# go=%d version=%s minor=%d module=%s build-id=%s pie=%d stripped=%d goid=%d tls=%d %s\n",
      image.is_go(), image.go_version().c_str(), image.go_minor(), image.main_module().c_str(),
      image.build_id().c_str(), image.is_pie(), image.stripped(), image.goid_offset(),
      image.tls_offset(), image.version_warning().c_str());
}

void print_position(const Image& image, const gotap::go::Function& function) {
  auto line = image.line(function.entry);
  std::printf("%" PRIx64 " %" PRIx64 " %s %.*s %s:%u\n", function.entry, function.end,
              function.is_go ? "go" : "c", static_cast<int>(function.name.size()),
              function.name.data(), line ? line->file.c_str() : "?", line ? line->line : 0);
}

void print_sites(const Image& image, uint32_t index) {
  const gotap::go::Function& function = image.functions()[index];
  if (!function.is_go) return;
  const gotap::go::FunctionSites sites = image.sites(index);
  std::printf("function %016" PRIx64 " %016" PRIx64 " %.*s\n", function.entry, function.end,
              static_cast<int>(function.name.size()), function.name.data());
  const char* form = "none";
  if (sites.entry)
    form = sites.entry->form == EntryForm::Post          ? "post"
           : sites.entry->form == EntryForm::CheckBranch ? "check"
                                                         : "start";
  std::printf("entry %016" PRIx64 " %s %016" PRIx64 "\n", function.entry, form,
              sites.entry ? sites.entry->address : 0);
  if (!sites.entry_refused.empty())
    std::printf("no-entry %016" PRIx64 " %s\n", function.entry, sites.entry_refused.c_str());
  if (!sites.rets_refused.empty())
    std::printf("refused %016" PRIx64 " %s\n", function.entry, sites.rets_refused.c_str());
  for (const gotap::go::RetSite& ret : sites.rets)
    std::printf("ret %016" PRIx64 " %016" PRIx64 "\n", function.entry, ret.address);
  for (const gotap::go::TailJump& jump : sites.tail_jumps)
    std::printf("jump %016" PRIx64 " %016" PRIx64 "\n", function.entry, jump.address);
}

void print_found(const Image& image) {
  std::string name;
  while (std::getline(std::cin, name)) {
    for (uint32_t index : image.find(name))
      std::printf("%" PRIx64 " ", image.functions()[index].entry);
    std::printf("%s\n", name.c_str());
  }
}

}  // namespace

int main(int argc, char** argv) {
  const bool list = argc > 1 && std::strcmp(argv[1], "--list") == 0;
  const bool sites = argc > 1 && std::strcmp(argv[1], "--sites") == 0;
  const bool find = argc > 1 && std::strcmp(argv[1], "--find") == 0;
  const int file = list || sites || find ? 2 : 1;
  if (argc <= file) {
    std::fprintf(stderr, "usage: image_dump [--list | --sites | --find] FILE [PATTERN]\n");
    return 2;
  }
  auto opened = Image::open(argv[file]);
  if (!opened) {
    std::fprintf(stderr, "%s\n%s\n", opened.error().message.c_str(), opened.error().hint.c_str());
    return 1;
  }
  const Image& image = **opened;
  if (find) {
    print_found(image);
    return 0;
  }
  if (!sites) print_header(image);
  const char* pattern = argc > file + 1 ? argv[file + 1] : "*";
  for (uint32_t i = 0; i < image.functions().size(); i++) {
    if (!gotap::glob_match(pattern, image.functions()[i].name)) continue;
    if (list)
      print_position(image, image.functions()[i]);
    else if (sites)
      print_sites(image, i);
    else
      std::printf("%s\n", image.dump(i).c_str());
  }
  return 0;
}
