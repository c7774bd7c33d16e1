// Pclntab: Go's function table, which every Go program carries, stripped or not: entries, names,
// stack depth per instruction, files and lines. Entry point: Pclntab::open().
//
// Facts: runtime/symtab.go, debug/gosym/pclntab.go, cmd/link/internal/ld/pcln.go; per-version
// numbers in go/versions.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "elf/elf.h"
#include "go/versions.h"

namespace gotap::go {

/// One row of the functab.
struct PclnFunction {
  uint64_t entry = 0;
  uint64_t end = 0;     ///< entry of the next row
  uint64_t record = 0;  ///< of its _func, from the pclntab's start
};

/// [begin, end) of addresses at which a pc-value table has `value`.
struct PcRange {
  uint64_t begin = 0, end = 0;
  int32_t value = 0;
};

/// The value at `address`, of ranges by address; nothing between them.
std::optional<int32_t> value_at(const std::vector<PcRange>& ranges, uint64_t address);

class Pclntab {
 public:
  /// Finds the table: by section name, else by scanning the mapped bytes for its magic.
  /// `elf` must outlive it. Nothing if there is no table at all; an error if there is one that
  /// cannot be read.
  static Result<std::optional<Pclntab>> open(const elf::Elf& elf);

  const PclntabLayout& layout() const { return *layout_; }
  /// All functions by entry; holes between text sections are left out.
  Result<std::vector<PclnFunction>> functions() const;

  /// The function's name; nothing if the table is damaged there.
  std::optional<std::string_view> name(const PclnFunction& function) const;
  uint8_t func_id(const PclnFunction& function) const;
  uint8_t flags(const PclnFunction& function) const;
  /// Of arguments and results on the stack and what is reserved for those in registers; nothing:
  /// not known (assembly that does not say).
  std::optional<uint32_t> argument_bytes(const PclnFunction& function) const;
  /// False: a C function of a program that Go's own linker linked with C objects. It has a row,
  /// but no tables: the linker knows nothing of its code (runtime/traceback.go: pcsp is 0).
  bool is_go(const PclnFunction& function) const;

  /// SP before the call minus SP, minus the return address: 0 at the entry and at each RET.
  std::vector<PcRange> stack_depths(const PclnFunction& function) const;
  std::optional<SourceLine> line(const PclnFunction& function, uint64_t address) const;
  /// Offset from the entry of the call of runtime.deferreturn that recovered calls return to; 0:
  /// the function defers nothing. (Where defers are not open-coded: the first such call.)
  uint32_t deferreturn(const PclnFunction& function) const;
  /// Address of FUNCDATA table `index`; nothing if the function has none. `gofunc`: what the
  /// offsets count from, from 1.18 on; before they are pointers.
  std::optional<uint64_t> funcdata(const PclnFunction& function, uint32_t index,
                                   uint64_t gofunc) const;
  /// PCDATA table `index`, by address; empty if the function has none.
  std::vector<PcRange> pcdata(const PclnFunction& function, uint32_t index) const;
  /// The largest value of PCDATA table `index`; -1 if there is none.
  int32_t pcdata_maximum(const PclnFunction& function, uint32_t index) const;
  /// Lines of source, by address.
  std::vector<PcRange> lines(const PclnFunction& function) const;
  /// Files of source, by address: numbers that file_name() knows.
  std::vector<PcRange> files(const PclnFunction& function) const;
  /// Empty: the function has no such file.
  std::string_view file_name(const PclnFunction& function, int32_t number) const;
  /// The function's name that stands at `offset` in the table of names.
  std::optional<std::string_view> name_at(uint32_t offset) const;

  /// The source file of the function's first instruction; cheap.
  std::string_view first_file(const PclnFunction& function) const;

  /// Address of the runtime.moduledata this table belongs to; nothing if it cannot be found.
  std::optional<uint64_t> module_data() const;

 private:
  static std::optional<Pclntab> at(const elf::Elf& elf, Bytes data, uint64_t address);
  Result<void> find_text();
  std::optional<uint64_t> module_text(uint64_t module) const;
  std::optional<uint32_t> func_word(const PclnFunction& function, uint32_t offset) const;
  /// Calls visit(begin, end, value) for each range of the table until it returns false.
  template <class Visit>
  void each_range(const PclnFunction& function, std::optional<uint32_t> table, Visit visit) const;
  /// Where the pc-value table begins that the function's PCDATA number `index` is.
  std::optional<uint32_t> pcdata_table(const PclnFunction& function, uint32_t index) const;

  const elf::Elf* elf_ = nullptr;
  const PclntabLayout* layout_ = nullptr;
  Bytes data_;            // from the table's start
  uint64_t address_ = 0;  // of the table
  uint64_t count_ = 0;    // functab rows
  uint64_t functab_ = 0, funcname_ = 0, cutab_ = 0, filetab_ = 0, pctab_ = 0;
  uint64_t text_ = 0;  // base of 4-byte entries
};

}  // namespace gotap::go
