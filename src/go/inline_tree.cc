// The reader behind inline_tree.h. Every offset in the tables is untrusted.
#include "go/inline_tree.h"

#include <algorithm>
#include <unordered_map>

namespace gotap::go {
namespace {

// More than any function has; the tables of a damaged file may say anything.
constexpr int32_t kMaxCalls = 1 << 16;

}  // namespace

int32_t InlineTree::at(uint64_t address) const {
  const int32_t call = value_at(ranges, address).value_or(-1);
  return call >= 0 && static_cast<size_t>(call) < calls.size() ? call : -1;
}

bool InlineTree::is_within(int32_t inner, int32_t outer) const {
  // A damaged tree may have a ring.
  for (size_t steps = 0; inner >= 0 && steps <= calls.size(); steps++) {
    if (inner == outer) return true;
    inner = calls[static_cast<size_t>(inner)].parent;
  }
  return false;
}

// How many there are no table says: as many as instructions speak of.
std::optional<Bytes> InlineTables::records(const PclnFunction& function) const {
  if (pclntab_.layout().entry_size == 4 && gofunc_ == 0) return std::nullopt;
  auto address = pclntab_.funcdata(function, facts_.inline_tree, gofunc_);
  if (!address) return std::nullopt;
  const int32_t last = pclntab_.pcdata_maximum(function, kInlineIndexTable);
  if (last < 0 || last >= kMaxCalls) return std::nullopt;
  return elf_.at(*address, (static_cast<uint64_t>(last) + 1) * facts_.inlined_call.size);
}

InlineTree InlineTables::read(const PclnFunction& function) const {
  const InlinedCallLayout& layout = facts_.inlined_call;
  InlineTree tree;
  auto records = this->records(function);
  if (!records) return tree;
  tree.ranges = pclntab_.pcdata(function, kInlineIndexTable);
  for (uint64_t at = 0; at + layout.size <= records->size(); at += layout.size) {
    auto name = pclntab_.name_at(records->u32(at + layout.name).value_or(0));
    const uint32_t parent_pc = records->u32(at + layout.parent_pc).value_or(0);
    if (!name) return {};
    tree.calls.push_back({*name, -1, function.entry + parent_pc});
  }
  // The mark is an instruction of the caller.
  for (InlineRecord& call : tree.calls) call.parent = tree.at(call.mark);
  return tree;
}

template <class Use>
void InlineTables::for_each_call(const std::vector<PclnFunction>& functions, Use use) const {
  const InlinedCallLayout& layout = facts_.inlined_call;
  for (uint32_t index = 0; index < functions.size(); index++) {
    auto records = functions[index].record ? this->records(functions[index]) : std::nullopt;
    if (!records) continue;
    for (uint64_t at = 0; at + layout.size <= records->size(); at += layout.size)
      use(index, records->u32(at + layout.name).value_or(0));
  }
}

std::vector<InlinedCopies> InlineTables::copies(const std::vector<PclnFunction>& functions,
                                                const std::vector<std::string_view>& names) const {
  std::unordered_map<std::string_view, uint32_t> wanted;
  for (uint32_t i = 0; i < names.size(); i++) wanted.emplace(names[i], i);
  // The linker writes each name once, so its place stands for it.
  std::unordered_map<uint32_t, std::optional<uint32_t>> known;
  std::vector<InlinedCopies> found;
  for_each_call(functions, [&](uint32_t index, uint32_t offset) {
    auto [place, fresh] = known.try_emplace(offset);
    if (fresh)
      if (auto name = pclntab_.name_at(offset))
        if (auto it = wanted.find(*name); it != wanted.end()) place->second = it->second;
    if (!place->second) return;
    const uint32_t name = *place->second;
    // Those of this function are the last.
    auto same = std::find_if(found.rbegin(), found.rend(), [&](const InlinedCopies& c) {
      return c.function != index || c.name == name;
    });
    if (same == found.rend() || same->function != index)
      found.push_back({name, index, 1});
    else
      same->count++;
  });
  return found;
}

std::vector<InlinedFunction> InlineTables::inlined(
    const std::vector<PclnFunction>& functions) const {
  struct Seen {
    InlinedFunction function;
    uint32_t last = 0;  // 1 + the function that the last call lies in
  };
  std::unordered_map<uint32_t, Seen> seen;  // by the name's place
  for_each_call(functions, [&](uint32_t index, uint32_t offset) {
    Seen& it = seen[offset];
    it.function.calls++;
    if (it.last != index + 1) it.function.functions++;
    it.last = index + 1;
  });
  std::vector<InlinedFunction> found;
  for (auto& [offset, it] : seen) {
    const auto name = pclntab_.name_at(offset);
    if (!name || name->empty()) continue;
    it.function.name = *name;
    found.push_back(it.function);
  }
  std::sort(found.begin(), found.end(),
            [](const InlinedFunction& a, const InlinedFunction& b) { return a.name < b.name; });
  return found;
}

}  // namespace gotap::go
