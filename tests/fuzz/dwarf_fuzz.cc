// Fuzzes the reader of Go's DWARF: the input is the program's minor version and debugging
// sections, each behind its length (two bytes), in the order of kSections; they are put into a
// sound program, so that the fuzzer need not find its way through ELF first.
#include <algorithm>

#include "go/dwarf_types.h"
#include "support/sections.h"

namespace {

using namespace gotap;

const char* const kSections[] = {
    ".debug_info", ".debug_abbrev",   ".debug_str",      ".debug_ranges",      ".debug_loc",
    ".debug_addr", ".debug_rnglists", ".debug_loclists", ".debug_str_offsets", ".debug_line"};

void read_all(const go::DwarfTypes& dwarf) {
  go::Types types;
  for (uint64_t entry = 0x1000; entry < 0x1100; entry += 0x10) {
    go::Function function;
    function.entry = entry;
    function.is_go = true;
    function.abi = entry & 0x10 ? go::Abi::GoStack : go::Abi::GoRegisters;
    if (entry & 0x20) function.argument_bytes = entry & 0xff;
    const auto signature = dwarf.signature(function, types);
    if (signature) (void)go::place(types, *signature, function.abi);
    (void)dwarf.inlined_calls(entry + 4, types);
    (void)dwarf.locals(entry + 4, entry & 0x1f, types);
  }
  for (const char* name : {"main.T", "T", "int", "*main.T", "runtime.moduledata"}) {
    for (uint64_t key : dwarf.find_types(name)) {
      (void)types.reference(dwarf, key);
      (void)dwarf.runtime_address(key);
    }
    (void)dwarf.constants(name);
    (void)dwarf.inlined_signature(name, types);
  }
  for (const std::string& name : dwarf.global_names()) (void)dwarf.global(name, types);
  // Reading types finds further ones.
  for (go::TypeId id = 0; id < types.size() && id < 1000; id++) (void)go::dump(types, id);
  (void)dwarf.source_rows("a.go");
  (void)dwarf.warnings();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1 || size > 1 << 14) return 0;
  const int minor = 15 + data[0] % 13;
  size_t at = 1;
  std::vector<testing::TestSection> sections;
  for (const char* name : kSections) {
    if (at + 2 > size) break;
    const size_t length = std::min<size_t>(data[at] | data[at + 1] << 8, size - at - 2);
    at += 2;
    sections.push_back({name, std::string(reinterpret_cast<const char*>(data + at), length)});
    at += length;
  }
  const std::vector<uint8_t> file = testing::file_with(sections);
  auto elf = elf::Elf::parse(Bytes(file.data(), file.size()));
  if (!elf) return 0;
  if (const auto dwarf = go::DwarfTypes::open(*elf, minor)) read_all(*dwarf);
  return 0;
}
