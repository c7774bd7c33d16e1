// Memory: where a program keeps its values, decided while generating. Small things go to the
// 512-byte BPF stack, large ones (strings) to a scratch slot that the program claims when it
// starts. Freed in the reverse order of allocation. Entry points: Memory::allocate(), Scope.
#pragma once

#include <algorithm>
#include <cstdint>

#include "bpf/insn.h"

namespace gotap::codegen {

/// `offset` bytes from what `base` points to.
struct Place {
  bpf::Reg base = bpf::R10;
  int32_t offset = 0;
  Place operator+(int32_t bytes) const { return {base, offset + bytes}; }
};

class Memory {
 public:
  static constexpr uint32_t kStackSize = 512;
  static constexpr uint32_t kLargestOnStack = 64;
  static constexpr uint32_t kScratchLimit = 16000;  ///< two slots must fit into 32 KiB

  /// `bytes` of memory, 8-aligned, with undefined contents.
  Place allocate(uint32_t bytes) {
    bytes = (bytes + 7) / 8 * 8;
    if (bytes <= kLargestOnStack && stack_ + bytes <= kStackSize) {
      stack_ += bytes;
      return {bpf::R10, -static_cast<int32_t>(stack_)};
    }
    scratch_ += bytes;
    scratch_peak_ = std::max(scratch_peak_, scratch_);
    return {bpf::R9, static_cast<int32_t>(scratch_ - bytes)};
  }
  /// The same, never in scratch memory: for what is used before a slot is claimed.
  Place allocate_on_stack(uint32_t bytes) {
    stack_ += (bytes + 7) / 8 * 8;
    overflow_ |= stack_ > kStackSize;
    return {bpf::R10, -static_cast<int32_t>(stack_)};
  }

  /// Bytes of scratch memory the program needs; 0: no slot.
  uint32_t scratch_peak() const { return scratch_peak_; }
  bool overflow() const { return overflow_ || scratch_peak_ > kScratchLimit; }

  /// Frees what was allocated since it was made.
  class Scope {
   public:
    explicit Scope(Memory& memory)
        : memory_(memory), stack_(memory.stack_), scratch_(memory.scratch_) {}
    ~Scope() {
      memory_.stack_ = stack_;
      memory_.scratch_ = scratch_;
    }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Memory& memory_;
    uint32_t stack_, scratch_;
  };

 private:
  uint32_t stack_ = 0, scratch_ = 0, scratch_peak_ = 0;
  bool overflow_ = false;
};

}  // namespace gotap::codegen
