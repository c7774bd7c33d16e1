// Copies: what a program copies of a whole Go value when a probe is hit, and how it lies in the
// record. The room `go` says what to copy, the programs do, user space reads it.
//
// A copy is a log of chunks: stretches of the process's memory, each read once, at the hit. A chunk
// has a type, the type has slots: places where it leads on to other memory, which become chunks
// behind it. Nothing in it is trusted: user space takes the chunks for the memory that they are
// copies of and finds its own way through them by the Go types, so that what was not copied is
// missing, never wrong.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace gotap {

/// How much of a value is copied and shown.
struct ValueLimits {
  uint32_t depth = 5;         ///< pointers, slices, maps and interfaces inside of each other
  uint32_t elements = 16;     ///< of a slice, an array, a map
  uint32_t bytes = 128;       ///< of a string
  uint32_t size = 4096;       ///< bytes of all chunks of an event
  bool show_secrets = false;  ///< what looks like a password is shown
};

/// How many elements stand where a slot points to. The pointer is the slot's first word.
enum class CopyCount : uint8_t {
  One,
  Length,        ///< the second word: of a string, a slice
  IfZero,        ///< one if the second word is 0, else none
  Mask,          ///< the second word + 1
  Log2Before7,   ///< 2 to the power of the byte 7 bytes before the pointer
  Log2Before15,  ///< 2 to the power of one less than the byte 15 bytes before the pointer
  Itab,          ///< an interface: the first word is an itab, the second points to one value of the
                 ///< type that it names
  Type,          ///< the same, the first word being the type
};

/// As the programs read it, from a map.
struct CopySlot {
  uint32_t offset = 0;  ///< in the type
  uint16_t width = 8;   ///< bytes of the slot itself
  CopyCount count = CopyCount::One;
  uint8_t deeper = 1;  ///< what it adds to the depth
  uint32_t limit = 1;  ///< elements that are copied at most
  uint32_t type = 0;   ///< of the elements
  bool operator==(const CopySlot&) const = default;
};
static_assert(sizeof(CopySlot) == 16);

struct CopyType {
  uint32_t size = 1;              ///< bytes of one
  uint32_t first = 0, count = 0;  ///< its slots
  uint32_t unused = 0;
  bool operator==(const CopyType&) const = default;
};
static_assert(sizeof(CopyType) == 16);

struct CopyTable {
  static constexpr uint32_t kBytes = 0;  ///< the type of bytes, which lead nowhere
  std::vector<CopyType> types{{}};
  std::vector<CopySlot> slots;
  /// go_reference() of a dynamic type to the type of what an interface's data word points to.
  std::vector<std::pair<uint64_t, uint32_t>> dynamic;
  bool empty() const { return types.size() == 1; }
};

/// The log, offsets from its begin.
struct CopyLog {
  static constexpr uint32_t kBias = 0;  ///< u64: what the loader added to the file's addresses
  static constexpr uint32_t kHeader = 8;
  /// Bytes of a chunk at most: a map's bucket of the largest keys and values has 2072.
  static constexpr uint32_t kMostOfChunk = 2304;
  // A chunk, each at a multiple of 8:
  static constexpr uint32_t kAddress = 0;  ///< u64; 0: it was in registers
  static constexpr uint32_t kParent = 8;   ///< u64: address of the chunk that leads here
  static constexpr uint32_t kBytes = 16;   ///< u32: of data
  static constexpr uint32_t kType = 20;    ///< u32
  static constexpr uint32_t kDepth = 24;   ///< u32
  static constexpr uint32_t kState = 28;   ///< u32: 1: the memory could not be read
  static constexpr uint32_t kData = 32;
  /// A root, a u64 in the record: offset of its chunk in the low half, above it an UnknownReason.
  static constexpr uint32_t kReasonShift = 32;
};

}  // namespace gotap
