// The list of an image's functions: Go's from the pclntab, C's from the symbol tables. Entry
// points: make_go_functions(), add_symbol_functions(), find_tls_offset().
#pragma once

#include <optional>
#include <vector>

#include "elf/elf.h"
#include "go/image.h"
#include "go/pclntab.h"
#include "go/versions.h"

namespace gotap::go {

/// One Function a row, in the same order: C's too where Go's linker did all the linking. Rows that
/// are only the linker's marks are removed. Error: a name lies outside the table.
Result<std::vector<Function>> make_go_functions(const elf::Elf& elf, const Pclntab& pclntab,
                                                std::vector<PclnFunction>& rows,
                                                const VersionFacts& facts);

/// Adds the functions of .symtab and .dynsym that lie outside all Go functions and sorts by
/// entry; `rows` stays parallel, with empty rows for them.
void add_symbol_functions(const elf::Elf& elf, bool is_go, std::vector<Function>* functions,
                          std::vector<PclnFunction>* rows);

/// Offset of g from fsbase, from the first instruction of Go code that loads g from there;
/// nothing if none was found.
std::optional<int32_t> find_tls_offset(const elf::Elf& elf, const std::vector<Function>& functions);

}  // namespace gotap::go
