#include "go/debug_binary.h"

#include <algorithm>

#include "arch/x86_64.h"
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
  out->dwarf_ = DwarfTypes::open(out->elf_, minor);
  if (!out->dwarf_) return named({"it has no DWARF either", kHint});
  if (!out->same_types(program, pclntab, minor)) out->dwarf_->without_runtime_addresses();
  return out;
}

Result<void> DebugBinary::same_functions(const elf::Elf& program, const Pclntab& pclntab) {
  TRY(own, pclntab_->functions());
  TRY(theirs, pclntab.functions());
  for (size_t i = 0; i < own.size() && i < theirs.size(); i++) {
    const std::string name(pclntab.name(theirs[i]).value_or("?"));
    const std::string here(pclntab_->name(own[i]).value_or("?"));
    if (own[i].entry != theirs[i].entry || here != name)
      return Error{"is of another program: it has " + here + " at " + hex(own[i].entry) +
                       " where the program has " + name + " at " + hex(theirs[i].entry),
                   kHint};
    if (own[i].end != theirs[i].end || !same_code(program, own[i]))
      return Error{"is of another program: the code of " + name + " differs", kHint};
  }
  if (own.size() != theirs.size())
    return Error{"is of another program: it has " + count_of(own.size(), "function") +
                     ", the program has " + std::to_string(theirs.size()),
                 kHint};
  return {};
}

/// To the byte, but for the distances to data.
bool DebugBinary::same_code(const elf::Elf& program, const PclnFunction& function) {
  const uint64_t size = function.end - function.entry;
  const auto own = elf_.at(function.entry, size), theirs = program.at(function.entry, size);
  if (!own || !theirs) return false;
  if (equal(*own, *theirs)) return true;
  for (uint64_t at = 0; at < size;) {
    const uint64_t address = function.entry + at;
    const auto insn = arch::decode(own->from(at), address);
    if (!insn) return false;
    const auto here = own->sub(at, insn->length), there = theirs->sub(at, insn->length);
    at += insn->length;
    const auto from = here ? arch::rip_operand(*here, address) : std::nullopt;
    const auto to = there ? arch::rip_operand(*there, address) : std::nullopt;
    if (equal(here, there)) continue;
    if (!from || !to || from->length != to->length || from->offset != to->offset) return false;
    const uint64_t behind = from->offset + uint64_t{4};
    if (!equal(here->sub(0, from->offset), there->sub(0, from->offset)) ||
        !equal(here->from(behind), there->from(behind)) || elf_.is_executable(from->target) ||
        program.is_executable(to->target))
      return false;
    // One datum is in one place.
    if (data_.try_emplace(from->target, to->target).first->second != to->target) return false;
  }
  return true;
}

/// Whether descriptors are at the same addresses, which DWARF names.
bool DebugBinary::same_types(const elf::Elf& program, const Pclntab& pclntab, int minor) const {
  auto own = Rtypes::open(elf_, *pclntab_, minor), theirs = Rtypes::open(program, pclntab, minor);
  return own && theirs && !own->region().empty() && own->begin() == theirs->begin() &&
         equal(own->region(), theirs->region());
}

/// Data that has not moved: what all instructions name that are equal in both.
void DebugBinary::read_unmoved() const {
  if (unmoved_read_) return;
  unmoved_read_ = true;
  auto functions = pclntab_->functions();
  if (!functions) return;
  for (const PclnFunction& function : *functions) {
    const auto code = elf_.at(function.entry, function.end - function.entry);
    for (uint64_t at = 0; code && at < code->size();) {
      const uint64_t address = function.entry + at;
      const auto insn = arch::decode(code->from(at), address);
      if (!insn) break;
      const auto operand = arch::rip_operand(*code->sub(at, insn->length), address);
      if (operand && !elf_.is_executable(operand->target))
        data_.try_emplace(operand->target, operand->target);
      at += insn->length;
    }
  }
}

std::optional<uint64_t> DebugBinary::in_program(uint64_t address, uint64_t size) const {
  if (data_.empty()) return address;  // nothing has moved
  read_unmoved();
  std::optional<uint64_t> found;
  for (auto it = data_.lower_bound(address); it != data_.end(); ++it) {
    if (it->first - address >= std::max<uint64_t>(size, 1)) break;
    const uint64_t there = it->second - (it->first - address);
    if (found && *found != there) return std::nullopt;
    found = there;
  }
  return found;
}

}  // namespace gotap::go
