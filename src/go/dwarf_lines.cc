// DwarfTypes: lines of source. Facts: cmd/internal/obj/dwarf.go (generateDebugLinesSymbol): from Go
// 1.15 on a row for each line and statement mark, files by the path that the compiler was given.
#include <map>

#include "go/dwarf_impl.h"

namespace gotap::go {

bool is_source_file(std::string_view path, std::string_view wanted) {
  while (wanted.starts_with("./")) wanted.remove_prefix(2);
  if (wanted.empty() || !path.ends_with(wanted)) return false;
  return path.size() == wanted.size() || path[path.size() - wanted.size() - 1] == '/';
}

SourceRows DwarfTypes::source_rows(std::string_view wanted) const {
  const elf::Dwarf& dwarf = *impl_->dwarf;
  SourceRows found;
  std::map<std::string, uint32_t> numbers;  // of those that are wanted
  for (size_t i = 0; i < dwarf.unit_count(); i++) {
    const elf::DwarfUnit& unit = dwarf.unit(i);
    const auto lines =
        unit.language == elf::DW_LANG_Go ? dwarf.lines(unit) : std::optional<elf::DwarfLines>();
    if (!lines) continue;
    std::map<uint32_t, uint32_t> here;  // by the unit's number
    for (uint32_t file = 0; file < lines->files.size(); file++)
      if (is_source_file(lines->files[file], wanted))
        here[file] = numbers.try_emplace(lines->files[file], static_cast<uint32_t>(numbers.size()))
                         .first->second;
    if (here.empty()) continue;
    dwarf.for_each_line(*lines, [&](const elf::DwarfLine& row) {
      const auto file = row.ends ? here.end() : here.find(row.file);
      if (file != here.end())
        found.rows.push_back({row.address, file->second, row.line, row.is_stmt});
      return true;
    });
  }
  found.files.resize(numbers.size());
  for (const auto& [path, number] : numbers) found.files[number] = path;
  return found;
}

}  // namespace gotap::go
