// image_dump [--list | --sites | --find | --signatures | --types | --globals] FILE [PATTERN]: what
// was found in an executable; the input of tests/e2e/image-witness.sh and tests/corpus. Plain:
// Image::dump, one line a function. --list: entry, end, kind, name and source position. --sites:
// for each Go function, addresses in hexadecimal of 16 digits: `function BEGIN END NAME`, `entry
// BEGIN FORM ADDRESS`, `no-entry BEGIN REASON`, `refused BEGIN REASON` (its returns), `ret BEGIN
// ADDRESS`, `jump BEGIN ADDRESS` (out of it). --find: the entries of the functions that Image::find
// has for each name on standard input, one line a name. --signatures: name, tab, signature or why
// it is not known; `closure` lines follow with what it captures, `dictionary` ones with where that
// is. --types: for each name on standard input the types of that name, constants with it, and what
// their descriptors are called.
// --globals: the package variables named on standard input.
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <string>

#include "base/text.h"
#include "go/image.h"
#include "go/type_info.h"

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

void print_signature(const Image& image, uint32_t index) {
  const gotap::go::TypeInfo& info = image.type_info();
  if (!image.functions()[index].is_go) return;
  const std::string name(image.functions()[index].name);
  const auto signature = info.signature(index);
  if (!signature) {
    std::printf("%s\t! %s\n", name.c_str(), signature.error().message.c_str());
    return;
  }
  const auto print = [&info](const gotap::go::Parameter& it) {
    const std::string& type = info.types().at(it.type).name;
    std::printf("\t%s %s", it.name.empty() ? "_" : it.name.c_str(),
                type.empty() ? "?" : type.c_str());
  };
  std::printf("%s\t%s", name.c_str(), signature->has_receiver ? "method" : "func");
  for (const gotap::go::Parameter& it : signature->params) print(it);
  std::printf("\t->");
  for (const gotap::go::Parameter& it : signature->results) print(it);
  std::printf("\n");
  for (const gotap::go::Captured& it : signature->captured)
    std::printf("closure %s\t%s %s @%" PRIu64 "%s\n", name.c_str(), it.name.c_str(),
                info.types().at(it.type).name.c_str(), it.offset,
                it.by_reference ? " by reference" : "");
  using gotap::go::Dictionary;
  if (signature->dictionary != Dictionary::None)
    std::printf("dictionary %s\t%s\n", name.c_str(),
                signature->dictionary == Dictionary::First ? "first" : "after the receiver");
}

void print_types(const Image& image) {
  const gotap::go::TypeInfo& info = image.type_info();
  std::string name;
  while (std::getline(std::cin, name)) {
    for (gotap::go::TypeId type : info.find_types(name)) {
      std::printf("%s align %u\n", dump(info.types(), type).c_str(), info.types().at(type).align);
      for (const gotap::go::Constant& it : info.constants(type))
        std::printf("constant %s = %" PRId64 "\n", it.name.c_str(), it.value);
      const uint64_t address = info.runtime_address(type);
      const auto at = address ? info.type_at(address) : std::nullopt;
      if (at) std::printf("descriptor %s\n", dump(info.types(), *at).c_str());
    }
  }
}

void print_globals(const Image& image) {
  const gotap::go::TypeInfo& info = image.type_info();
  std::string name;
  while (std::getline(std::cin, name)) {
    const auto global = info.global(name);
    if (global)
      std::printf("%" PRIx64 " %s %s\n", global->address, name.c_str(),
                  info.types().at(global->type).name.c_str());
    else
      std::printf("! %s; %s\n", global.error().message.c_str(), global.error().hint.c_str());
  }
}

}  // namespace

int main(int argc, char** argv) {
  const bool list = argc > 1 && std::strcmp(argv[1], "--list") == 0;
  const bool sites = argc > 1 && std::strcmp(argv[1], "--sites") == 0;
  const bool find = argc > 1 && std::strcmp(argv[1], "--find") == 0;
  const bool signatures = argc > 1 && std::strcmp(argv[1], "--signatures") == 0;
  const bool types = argc > 1 && std::strcmp(argv[1], "--types") == 0;
  const bool globals = argc > 1 && std::strcmp(argv[1], "--globals") == 0;
  const int file = list || sites || find || signatures || types || globals ? 2 : 1;
  if (argc <= file) {
    std::fprintf(stderr,
                 "usage: image_dump [--list | --sites | --find | --signatures | --types | "
                 "--globals] FILE [PATTERN]\n");
    return 2;
  }
  auto opened = Image::open(argv[file]);
  if (!opened) {
    std::fprintf(stderr, "%s\n%s\n", opened.error().message.c_str(), opened.error().hint.c_str());
    return 1;
  }
  const Image& image = **opened;
  if (find || types || globals) {
    (find ? print_found : types ? print_types : print_globals)(image);
    return 0;
  }
  if (!sites && !signatures) print_header(image);
  const char* pattern = argc > file + 1 ? argv[file + 1] : "*";
  for (uint32_t i = 0; i < image.functions().size(); i++) {
    if (!gotap::glob_match(pattern, image.functions()[i].name)) continue;
    if (list)
      print_position(image, image.functions()[i]);
    else if (sites)
      print_sites(image, i);
    else if (signatures)
      print_signature(image, i);
    else
      std::printf("%s\n", image.dump(i).c_str());
  }
  if (signatures)
    for (const std::string& warning : image.type_info().warnings())
      std::printf("warning %s\n", warning.c_str());
  return 0;
}
