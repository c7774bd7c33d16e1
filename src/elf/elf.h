// Elf: an x86-64 ELF file as a container: sections, segments, symbols, relocations, build ids.
// Entry point: Elf::parse().
//
// Facts: System V gABI chapters 4 and 5, the AMD64 supplement (relocation types), <elf.h>. The
// reader is our own, over base/bytes.h: every offset in the file is untrusted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace gotap::elf {

struct Section {
  std::string_view name;
  uint32_t type = 0;     ///< SHT_*
  uint64_t flags = 0;    ///< SHF_*
  uint64_t address = 0;  ///< 0: not mapped
  uint64_t size = 0;     ///< in memory
  uint32_t link = 0;     ///< index of the string table of a symbol table
  Bytes data;            ///< as in the file; empty for SHT_NOBITS
};

/// A PT_LOAD.
struct Segment {
  uint64_t address = 0;
  uint64_t offset = 0;  ///< in the file
  uint64_t memory_size = 0;
  bool executable = false, writable = false;
  Bytes data;  ///< its bytes in the file
};

/// A defined function symbol.
struct Symbol {
  std::string_view name;
  uint64_t address = 0;
  uint64_t size = 0;
  bool dynamic = false;  ///< from .dynsym
};

/// A word the loader fills in: R_X86_64_RELATIVE and R_X86_64_TPOFF64 without a symbol.
struct Relocation {
  uint64_t address = 0;
  uint64_t addend = 0;
  bool tls = false;  ///< TPOFF64: the addend is an offset into the TLS segment
};

class Elf {
 public:
  /// Reads the headers. `bytes` must outlive the Elf. Errors: not ELF, 32-bit, not x86-64,
  /// truncated, no program. Messages do not name the file: the caller does.
  static Result<Elf> parse(Bytes bytes);

  const std::vector<Section>& sections() const { return sections_; }
  const std::vector<Segment>& segments() const { return segments_; }
  bool is_pie() const { return is_pie_; }
  /// Made to be loaded by a program, not to be one: where it is put, its thread-local variables
  /// too, is decided then.
  bool is_shared_library() const { return is_pie_ && !is_program_; }

  /// The first section of this name; nullptr if there is none.
  const Section* section(std::string_view name) const;
  /// The executable section that holds `address`; nullptr if there is none.
  const Section* code_section(uint64_t address) const;
  bool has_symbol_table() const;  ///< .symtab, not .dynsym

  /// Defined functions of .symtab and .dynsym with a name, in file order.
  std::vector<Symbol> function_symbols() const;

  /// Where in the file `address` lies; nothing outside executable segments.
  std::optional<uint64_t> file_offset(uint64_t address) const;
  /// The file's bytes at `address`, if all of them are mapped from the file.
  std::optional<Bytes> at(uint64_t address, uint64_t length) const;
  /// All bytes the file has from `address` to the end of its segment; empty if unmapped.
  Bytes from(uint64_t address) const;
  bool is_executable(uint64_t address) const;

  /// The 8 bytes at `address` as the loader would leave them, at load bias 0.
  std::optional<uint64_t> word(uint64_t address) const;
  /// By address; read once, by parse().
  const std::vector<Relocation>& relocations() const { return relocations_; }
  /// Offset from fsbase of the variable at `offset` in the executable's TLS segment (AMD64
  /// TLS variant II); nothing without a TLS segment, and nothing in a shared library.
  std::optional<int64_t> tls_offset(uint64_t offset) const;

  /// Descriptor of the first note with this owner and type; empty if there is none.
  Bytes note(std::string_view owner, uint32_t type) const;
  /// GNU build id as lower-case hex, else Go's as it is (control bytes escaped), else empty.
  std::string build_id() const;

 private:
  Result<void> read_segments(uint64_t offset, uint16_t count, uint16_t entry_size);
  Result<void> read_sections(uint64_t offset, uint64_t count, uint16_t entry_size,
                             uint32_t names_index);
  void read_relocations();
  void add_relocations(Bytes table);
  const Segment* segment_at(uint64_t address) const;

  Bytes bytes_;
  bool is_pie_ = false, is_program_ = false;  // position-independent; has an interpreter or says so
  std::vector<Section> sections_;
  std::vector<Segment> segments_;
  std::vector<Bytes> notes_;
  std::vector<Relocation> relocations_;
  uint64_t dynamic_address_ = 0, dynamic_size_ = 0;
  uint64_t tls_size_ = 0, tls_align_ = 0;
};

}  // namespace gotap::elf
