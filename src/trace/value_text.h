// ValueText: a whole Go value as text, much as Go's %+v has it, out of the memory that was copied
// at the hit. Entry point: whole_text().
//
// The way through the copy is found by the Go types alone; what is not there is said: `…` where it
// was cut, `<not resident>` where it could not be read. For users: docs/VALUES.md.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bpf/object.h"
#include "go/access.h"
#include "go/map_layout.h"
#include "trace/copied_memory.h"

namespace gotap::trace {

class Names;

/// A program's types, and the texts of its errors, found when they are first asked for.
class ValueTypes {
 public:
  /// The name of the function that begins at an address in the file; empty: there is none.
  using FunctionName = std::function<std::string(uint64_t)>;
  ValueTypes(const go::TypeInfo& info, FunctionName function_name,
             std::vector<std::string> error_texts)
      : info_(info),
        function_name_(std::move(function_name)),
        error_texts_(std::move(error_texts)) {}
  const go::TypeInfo& info() const { return info_; }
  std::string function_name(uint64_t address) const { return function_name_(address); }
  /// How an error's text is had, by the address of its type's descriptor; nullptr: not at all.
  const go::ErrorForm* error_form(uint64_t address) const;

 private:
  const go::TypeInfo& info_;
  FunctionName function_name_;
  std::vector<std::string> error_texts_;
  mutable std::optional<std::map<uint64_t, go::ErrorForm>> forms_;
};

/// Bytes of a value, as many as there are.
struct ValueView {
  Bytes bytes;
  uint64_t at = 0;                       ///< where in them it begins
  const bpf::WholeRoot* root = nullptr;  ///< the value whose bytes they are, if not all are there
  bool not_resident = false;             ///< why there are no more of them; else they were cut
  ValueView operator+(uint64_t offset) const { return {bytes, at + offset, root, not_resident}; }
};

class ValueText {
 public:
  ValueText(const ValueTypes& program, const CopiedMemory& memory, const ValueLimits& limits)
      : program_(program),
        types_(program.info().types()),
        memory_(memory),
        limits_(limits),
        minor_(program.info().minor()) {}

  /// Appends the value of `type`. `name`: what it is called where it stands.
  void show(go::TypeId type, const ValueView& view, uint32_t depth, std::string_view name = {});
  void add(std::string_view text) { out_ += text; }
  std::string take() { return std::move(out_); }

 private:
  // value_text.cc
  void show_kind(go::TypeId type, const ValueView& view, uint32_t depth, std::string_view name);
  bool scalar(const ValueView& view, uint64_t size, uint64_t& value);
  bool own_text(const go::GoType& type, const ValueView& view);
  void number(const go::GoType& type, const ValueView& view);
  void text(const ValueView& view);
  void text_at(uint64_t address, uint64_t length);
  void list(go::TypeId element, const ValueView& first, uint64_t length, uint32_t depth);
  void slice(const go::GoType& type, const ValueView& view, uint32_t depth);
  void byte_slice(uint64_t address, uint64_t length);
  void structure(const go::GoType& type, const ValueView& view, uint32_t depth);
  void pointer(const go::GoType& type, const ValueView& view, uint32_t depth);
  void channel(const ValueView& view);
  void function(const ValueView& view);
  void missing(const CopiedMemory::Stretch& stretch);
  bool full();

  // value_interface.cc
  void interface(const go::GoType& type, const ValueView& view, uint32_t depth);
  std::optional<uint64_t> dynamic_type(const go::GoType& type, const ValueView& view);
  bool error_text(uint64_t address, const ValueView& data, uint32_t depth);
  bool error_part(const go::ErrorForm& form, const ValueView& data, uint32_t depth);
  bool context_text(const go::GoType& type, const ValueView& view, uint32_t depth);
  bool parent_context(go::TypeId type, const ValueView& view, uint32_t depth);

  // runtime_errors.cc
  std::optional<uint64_t> field_of(const go::GoType& type, Bytes bytes,
                                   std::string_view name) const;
  std::optional<std::string> bounds_text(const go::GoType& type, Bytes bytes) const;
  std::optional<std::string> assertion_text(const go::GoType& type, Bytes bytes);
  bool runtime_error(const go::GoType& type, uint64_t data);

  // value_maps.cc
  struct MapEntry {
    ValueView key, value;
  };
  /// The entries that were copied.
  struct MapEntries {
    std::vector<MapEntry> all;
    uint64_t count = 0;  ///< how many the map says that it has
    bool whole = true;   ///< all of its cells were copied
    bool resident = true;
    bool writing = false;
  };
  void map(const go::GoType& type, const ValueView& view, uint32_t depth);
  MapEntries classic_entries(const go::GoType& type, const go::MapLayout& layout, Bytes header);
  MapEntries swiss_entries(const go::GoType& type, const go::MapLayout& layout, Bytes header);
  void cells(const go::GoType& type, const go::MapLayout& layout, uint64_t address, uint64_t count,
             MapEntries& out);
  void cells_of(const go::GoType& type, const go::MapLayout& layout, Bytes cells, MapEntries& out);
  ValueView behind(const ValueView& view, go::TypeId type, bool is_behind) const;
  int compare(go::TypeId type, const ValueView& a, const ValueView& b, int depth) const;
  std::string key_text(const go::GoType& type, const ValueView& key) const;

  const ValueTypes& program_;
  const go::Types& types_;
  const CopiedMemory& memory_;
  const ValueLimits& limits_;
  int minor_;
  std::string out_;
  bool cut_ = false;
  int nested_ = 0;                                  ///< values that the one at hand is within
  std::set<std::pair<uint64_t, go::TypeId>> open_;  ///< pointers that the value at hand is behind
};

/// The words of a root in a record, and what they say: base/copies.h.
std::string whole_text(const bpf::Field& field, Bytes record, const Names& names);

}  // namespace gotap::trace
