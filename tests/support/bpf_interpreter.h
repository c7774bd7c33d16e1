// Test support: a second engine for BpfObject. Runs the generated programs in user space against
// made-up memory, registers and clocks, and checks every access: a read or write outside the
// stack, a map's value, a ring record or the context, a read of stack bytes never written, a
// leaked ring record, an unknown instruction or helper stops the program with an error.
// Entry points: BpfInterpreter::run(), FakeProcess.
//
// Facts: Documentation/bpf/standardization/instruction-set.rst; the helpers' descriptions in
// include/uapi/linux/bpf.h.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "bpf/object.h"

namespace gotap::testing {

/// What a program sees of the traced process and the machine at one hit.
struct FakeProcess {
  std::array<uint64_t, 21> regs{};           ///< struct pt_regs
  std::map<uint64_t, uint8_t> user, kernel;  ///< memory, byte by byte; what is absent faults
  uint64_t tgid = 100, tid = 101, uid = 1000, gid = 1001, cookie = 0;
  uint64_t ktime_ns = 1'000'000, boot_ns = 2'000'000, task = 0xffff888000000000;
  uint64_t ktime_step = 0;  ///< how far a look at the clock moves it
  uint32_t cpu = 0;
  std::vector<uint64_t> cgroups;  ///< from the top down to its own
  std::string comm = "fake";

  void set_reg(uint16_t pt_regs_offset, uint64_t value) { regs[pt_regs_offset / 8] = value; }
  void put(uint64_t address, const void* data, size_t size);
  void put_u64(uint64_t address, uint64_t value) { put(address, &value, 8); }
  void put_string(uint64_t address, const std::string& text, bool with_nul = true);
};

class BpfInterpreter {
 public:
  using Buffer = std::vector<uint8_t>;
  static constexpr uint32_t kCpus = 2;

  explicit BpfInterpreter(const bpf::BpfObject& object);

  /// Runs one program to its end. The error says what it did that it must not do.
  Result<void> run(const bpf::Program& program, FakeProcess& process);

  /// Submitted ring records, in order.
  std::vector<Buffer> records;
  /// Further records fail once this many were reserved.
  size_t ring_capacity = SIZE_MAX;
  /// Instructions run so far.
  uint64_t steps = 0;
  /// Called before each atomic compare-and-exchange: another CPU's interference.
  std::vector<uint64_t> race_values;

  /// The value of `key` in a map (on `cpu` where per CPU); nothing if missing.
  std::optional<Buffer> lookup(uint32_t map, const Buffer& key, uint32_t cpu = 0) const;
  void update(uint32_t map, const Buffer& key, const Buffer& value);
  size_t entries(uint32_t map) const { return maps_[map].elements.size(); }
  std::vector<Buffer> keys(uint32_t map) const;
  bpf::Globals globals() const;
  void set_globals(const bpf::Globals& globals);
  /// Updates lost because user map `index` was full.
  uint64_t map_full(uint32_t index) const;

 private:
  /// A stretch of memory the program may touch.
  struct Region {
    std::string name;
    uint8_t* data = nullptr;
    size_t size = 0;
    bool writable = true;
    std::vector<bool>* initialised = nullptr;  ///< the stack: which bytes were written
  };
  struct Map {
    std::map<Buffer, std::shared_ptr<Buffer>> elements;  ///< all CPUs' values in a row
  };
  struct Frame;

  static constexpr uint64_t kRegionSize = uint64_t{1} << 32;

  uint64_t add_region(Region region);
  uint8_t* access(uint64_t address, size_t size, bool write, const char* what);
  void fail(const std::string& message);
  void step(const bpf::Program& program);
  void alu(const bpf::Insn& insn, bool wide);
  void load_imm64(const bpf::Insn& low, const bpf::Insn& high);
  void memory(const bpf::Insn& insn);
  void atomic(const bpf::Insn& insn);
  bool condition(const bpf::Insn& insn) const;
  void call(int32_t helper);
  uint64_t probe_read(const std::map<uint64_t, uint8_t>& memory, bool user);
  uint64_t probe_read_str();
  uint64_t map_lookup_elem();
  uint64_t map_update_elem();
  uint64_t map_delete_elem();
  uint64_t ringbuf_reserve();
  uint64_t ringbuf_output();
  uint64_t ringbuf_submit(bool keep);
  std::optional<uint32_t> map_argument(uint64_t value);
  std::optional<Buffer> read_bytes(uint64_t address, size_t size, const char* what);
  bool is_array(uint32_t map) const;
  bool per_cpu(uint32_t map) const;
  uint32_t stride(uint32_t map) const;
  std::shared_ptr<Buffer> new_element(uint32_t map) const;
  uint64_t element_address(uint32_t map, const std::shared_ptr<Buffer>& element);

  const bpf::BpfObject& object_;
  std::vector<Map> maps_;
  // One run:
  FakeProcess* process_ = nullptr;
  std::array<uint64_t, 11> regs_{};
  std::vector<Region> regions_;
  std::vector<std::shared_ptr<Buffer>> alive_;  ///< deleted elements stay until the run's end
  std::set<uint64_t> reserved_;                 ///< ring records neither submitted nor discarded
  std::vector<std::shared_ptr<Buffer>> ring_;
  size_t reserved_count_ = 0;
  size_t pc_ = 0;
  std::string error_;
};

}  // namespace gotap::testing
