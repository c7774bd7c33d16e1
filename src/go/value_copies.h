// ValueCopies: what is to be copied of whole Go values: makes the types of a binary into the table
// that programs follow (base/copies.h). Entry points: ValueCopies::of(), finish().
//
// What leads on: pointers, strings, slices, maps, interfaces; of channels and functions the few
// words that are shown.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "base/copies.h"
#include "base/type.h"
#include "go/type_info.h"

namespace gotap::go {

class ValueCopies {
 public:
  /// `target` is the binary's number in go_reference(). The arguments must outlive it.
  ValueCopies(CopyTable& table, const TypeInfo& info, uint32_t target, const ValueLimits& limits)
      : table_(table), info_(info), types_(info.types()), target_(target), limits_(limits) {}

  /// The index of a type in the table; CopyTable::kBytes of one that leads nowhere.
  uint32_t of(TypeId type);
  /// Fills in the slots of all types so far, of those that they lead to, and, if there are
  /// interfaces among them, of those that these may hold.
  void finish();

 private:
  /// A type in the table that is yet without slots.
  struct Waiting {
    uint32_t index = 0;
    enum class What : uint8_t { Value, MapHeader, MapTable, MapCells } what = What::Value;
    TypeId type = kNoType;
  };
  uint32_t add(Waiting::What what, TypeId type, uint64_t size);
  void fill(const Waiting& waiting);
  void collect(TypeId type, uint64_t offset, std::vector<CopySlot>& out, int depth);
  void collect_map_header(TypeId type, std::vector<CopySlot>& out);
  void collect_map_cells(TypeId type, std::vector<CopySlot>& out);
  void add_dynamic();
  uint32_t behind_interface(TypeId type);
  void lead(std::vector<CopySlot>& out, CopySlot slot, uint64_t offset) const;

  CopyTable& table_;
  const TypeInfo& info_;
  const Types& types_;
  uint32_t target_;
  const ValueLimits& limits_;
  std::map<std::pair<Waiting::What, TypeId>, uint32_t> known_;
  std::deque<Waiting> waiting_;
  bool interfaces_ = false, has_dynamic_ = false;
  uint32_t word_ = 0, channel_ = 0;
};

}  // namespace gotap::go
