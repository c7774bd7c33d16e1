// ImageTypes: the TypeInfo of an Image: joins what DWARF, the runtime's type descriptors and the
// user say. Private to go/. Entry point: ImageTypes.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "elf/elf.h"
#include "go/debug_binary.h"
#include "go/dwarf_types.h"
#include "go/image.h"
#include "go/inlined_values.h"
#include "go/pclntab.h"
#include "go/rtype.h"
#include "go/type_info.h"

namespace gotap::go {

class ImageTypes final : public TypeInfo {
 public:
  /// The arguments must outlive it; `pclntab` is null if the program is not Go's. Nothing is read
  /// before it is asked for.
  /// `rows` are parallel to `functions`.
  ImageTypes(const elf::Elf& elf, const Pclntab* pclntab, const std::vector<Function>& functions,
             const std::vector<PclnFunction>& rows, int minor)
      : elf_(elf), pclntab_(pclntab), functions_(functions), rows_(rows), minor_(minor) {}

  /// More to read from: a debug binary, then signatures that the user wrote. Before anything is
  /// asked for. Errors: the first that is wrong with one of them.
  Result<void> add(const TypeSources& sources);

  const Types& types() const override { return types_; }
  Result<Signature> signature(uint32_t index) const override;
  Abi abi(uint32_t index) const override;
  std::string_view function_name(uint32_t index) const override;
  int minor() const override { return minor_; }
  uint32_t inlined_function(std::string_view name) const override;
  Result<ValueLocation> inlined_place(const InlinedCallSite& call, uint32_t function,
                                      const Parameter& parameter) const override;
  Result<Local> local(uint32_t function, const LinePoint& point,
                      std::string_view name) const override;
  std::vector<Local> locals(const LinePoint& point) const override;
  std::vector<TypeId> find_types(std::string_view name) const override;
  std::optional<TypeId> type_at(uint64_t address) const override;
  std::vector<uint64_t> descriptors() const override {
    return rtypes() ? rtypes()->addresses() : std::vector<uint64_t>();
  }
  uint64_t runtime_address(TypeId type) const override;
  Result<Global> global(std::string_view name) const override;
  std::vector<Constant> constants(TypeId type) const override;
  std::vector<std::string> warnings() const override;
  /// Nothing: there is no DWARF.
  std::optional<SourceRows> source_rows(std::string_view wanted) const {
    return described() ? std::optional(described()->source_rows(wanted)) : std::nullopt;
  }

 private:
  const DwarfTypes* dwarf() const;
  const Rtypes* rtypes() const;
  /// The DWARF that speaks of the program: its own, else the debug binary's; null: there is none.
  const DwarfTypes* described() const;
  Result<void> add_signature(const std::string& text);
  Result<void> check(const Signature& signature, size_t index) const;
  const InlinedValues* values_in(uint64_t address) const;
  std::optional<ValueLocation> passed(uint32_t function, const LocalVariable& variable) const;
  /// What the compiler wrote down of the function's arguments; nothing: nothing, or not known.
  std::optional<std::vector<uint8_t>> written_arguments(size_t index) const;
  /// moduledata.gofunc, from 1.18 on; nothing: not known.
  std::optional<uint64_t> gofunc() const;

  const elf::Elf& elf_;
  const Pclntab* pclntab_;
  const std::vector<Function>& functions_;
  const std::vector<PclnFunction>& rows_;
  int minor_;
  mutable Types types_;
  mutable bool looked_for_dwarf_ = false, looked_for_rtypes_ = false;
  mutable std::unique_ptr<DwarfTypes> dwarf_;
  mutable std::unique_ptr<Rtypes> rtypes_;
  std::unique_ptr<DebugBinary> debug_;
  std::map<size_t, Signature> written_;  // by function: those of the user
  mutable std::deque<std::string> inlined_functions_;
  /// Of the function that was asked for last: they are asked for one after the other.
  mutable size_t host_ = ~size_t{0};
  mutable std::optional<InlinedValues> host_values_;
};

}  // namespace gotap::go
