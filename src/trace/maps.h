// The script's maps in the kernel: reading, clearing and zeroing them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "bpf/kernel.h"
#include "bpf/object.h"
#include "output/value.h"
#include "plan/plan.h"
#include "trace/names.h"

namespace gotap::trace {

class Maps {
 public:
  /// `fds` is parallel to BpfObject::maps (-1: not created); all arguments must outlive this.
  Maps(bpf::Kernel& kernel, const bpf::BpfObject& object, const plan::Plan& plan,
       const std::vector<int>& fds, uint32_t cpus, std::string cut_mark = "..")
      : kernel_(kernel),
        object_(object),
        names_(plan, object, std::move(cut_mark)),
        fds_(fds),
        cpus_(cpus) {}

  const Names& names() const { return names_; }
  /// How many entries user map `index` has now.
  Result<uint64_t> length(uint32_t index) const;

  /// User map `index` as it stands now. Entries that come and go meanwhile may be missing.
  Result<output::MapDump> dump(uint32_t index) const;
  /// The one entry whose keys are in `record` (a PrintMapValue event).
  Result<output::MapEntry> entry(const bpf::EventLayout& layout, Bytes record) const;
  /// Deletes every entry.
  Result<void> clear(uint32_t index);
  /// Sets every value to zero, keeping the keys.
  Result<void> zero(uint32_t index);

  /// Every key of kernel map `map` (an index into BpfObject::maps), each once.
  Result<std::vector<std::vector<uint8_t>>> keys(uint32_t map) const;
  /// The value of `key` (all CPUs'); nothing if it is gone.
  Result<std::optional<std::vector<uint8_t>>> value(uint32_t map,
                                                    const std::vector<uint8_t>& key) const;

 private:
  Result<const bpf::UserMap*> user_map(uint32_t index) const;
  uint32_t copies(uint32_t map) const;
  /// What the kernel hands out for one key: every copy, each rounded up to 8 bytes.
  uint64_t value_bytes(uint32_t map) const;
  Result<void> write_zeros(uint32_t index) const;
  bool shows_empty(uint32_t index) const;

  bpf::Kernel& kernel_;
  const bpf::BpfObject& object_;
  const Names names_;
  const std::vector<int>& fds_;
  uint32_t cpus_;
  /// Maps that are arrays, by index: whether their element counts as there while it is empty,
  /// since the last clear() (no) or zero() (yes).
  std::map<uint32_t, bool> emptied_;
};

}  // namespace gotap::trace
