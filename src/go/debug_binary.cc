#include "go/debug_binary.h"

#include <algorithm>

#include "base/text.h"

namespace gotap::go {
namespace {

const char* const kHint =
    "it must be built from the same source, by the same Go and with the same flags, only without "
    "-ldflags \"-s -w\"";

bool equal(const std::optional<Bytes>& a, const std::optional<Bytes>& b) {
  return a && b && std::equal(a->begin(), a->end(), b->begin(), b->end());
}

}  // namespace

Result<std::unique_ptr<DebugBinary>> DebugBinary::open(const std::string& path,
                                                       const elf::Elf& program,
                                                       const Pclntab& pclntab, int minor) {
  auto named = [&path](const Error& error) {
    return Error{"debug binary " + path + ": " + error.message, error.hint};
  };
  TRY(file, MappedFile::open(path));
  std::unique_ptr<DebugBinary> out(new DebugBinary);
  out->path_ = path;
  out->file_ = std::move(file);
  auto parsed = elf::Elf::parse(out->file_.bytes());
  if (!parsed) return named(parsed.error());
  out->elf_ = std::move(*parsed);
  auto table = Pclntab::open(out->elf_);
  if (!table) return named(table.error());
  if (!*table) return named({"not a Go program", kHint});
  out->pclntab_ = *table;
  if (auto same = out->same_functions(program, pclntab); !same) return named(same.error());
  if (auto same = out->same_types(program, pclntab, minor); !same) return named(same.error());
  out->dwarf_ = DwarfTypes::open(out->elf_, minor);
  if (!out->dwarf_) return named({"it has no DWARF either", kHint});
  return out;
}

Result<void> DebugBinary::same_functions(const elf::Elf& program, const Pclntab& pclntab) const {
  TRY(own, pclntab_->functions());
  TRY(theirs, pclntab.functions());
  for (size_t i = 0; i < own.size() && i < theirs.size(); i++) {
    const std::string name(pclntab.name(theirs[i]).value_or("?"));
    const std::string here(pclntab_->name(own[i]).value_or("?"));
    if (own[i].entry != theirs[i].entry || here != name)
      return Error{"is of another program: it has " + here + " at " + hex(own[i].entry) +
                       " where the program has " + name + " at " + hex(theirs[i].entry),
                   kHint};
    const uint64_t size = theirs[i].end - theirs[i].entry;
    if (own[i].end != theirs[i].end ||
        !equal(elf_.at(own[i].entry, size), program.at(own[i].entry, size)))
      return Error{"is of another program: the code of " + name + " differs", kHint};
  }
  if (own.size() != theirs.size())
    return Error{"is of another program: it has " + count_of(own.size(), "function") +
                     ", the program has " + std::to_string(theirs.size()),
                 kHint};
  return {};
}

/// Types are compared by the addresses of their descriptors, which DWARF names.
Result<void> DebugBinary::same_types(const elf::Elf& program, const Pclntab& pclntab,
                                     int minor) const {
  auto own = Rtypes::open(elf_, *pclntab_, minor), theirs = Rtypes::open(program, pclntab, minor);
  if (!own || !theirs || equal(own->region(), theirs->region())) return {};
  return Error{"is of another program: its type descriptors differ", kHint};
}

}  // namespace gotap::go
