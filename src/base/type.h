// Type: what kind of value an expression, a map or an event field holds. The one vocabulary
// that all stages after the parser share.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gotap {

struct Type {
  enum class Kind : uint8_t {
    Void,      ///< no value: printf(), clear()
    Bool,      ///< comparisons, && || !; 8 bytes in memory, 0 or 1
    Int,       ///< `size` bytes wide, signed or not; always computed in 64 bits
    Pointer,   ///< user-space address of an Int of `elem_size` bytes; 8 bytes
    String,    ///< a StringLayout of capacity `capacity`
    Probe,     ///< the `probe` built-in: 8 bytes, spec index << 32 | function index (Plan)
    Func,      ///< the `func` built-in: 8 bytes, function index (Plan)
    Buffer,    ///< buf(): bytes, a StringLayout of capacity `capacity`
    Time,      ///< strftime(): 8 bytes, nanoseconds since boot; `detail` is the format's index
    Username,  ///< 8 bytes: a user id, shown as the user's name
    Errno,     ///< strerror(): 8 bytes, shown as the error's text
    Signal,    ///< signal_name(): 8 bytes, shown as the signal's text
    Wait,      ///< wait_name(): 8 bytes, target of the plan << 32 | a WaitCode
    Float,     ///< 8 bytes, the bits of a double or, where `size` is 4, of a float; shown only
    GoType,    ///< typeof(): 8 bytes, go_reference() of a type descriptor, or 0: nil
    GoError,   ///< an error of a Go program: a GoErrorLayout
    Stack,     ///< ustack, caller: a StackLayout of `capacity` addresses; `detail` is a StackMode
    GoWhole,   ///< a whole Go value, for %v: no bytes of its own; shown only
    Length,    ///< len(@m) in an event: no bytes of its own; `detail` is the map's index
    Tuple,     ///< `parts`, one behind the other
    // What `@m = count()` and its sisters make of a map:
    Count,
    Sum,
    Avg,
    Stats,
    Min,
    Max,
    Hist,
    Lhist,
  };
  Kind kind = Kind::Void;
  bool is_signed = false;  ///< Int, Sum, Avg, Min, Max; for Pointer: of the element
  uint8_t size = 8;        ///< Int: 1, 2, 4 or 8; Float: 4 or 8
  uint8_t elem_size = 0;   ///< Pointer: 1, 2, 4 or 8
  uint32_t capacity = 0;   ///< String, Buffer: data bytes, a multiple of 8; Stack: addresses
  /// Time, Length: an index; Stack: a StackMode. Int: 1 + the index of the constants that give its
  /// values names (TypedProgram::constants), or 0.
  uint32_t detail = 0;
  std::vector<Type> parts{};  ///< Tuple

  bool operator==(const Type&) const = default;
  bool is_number() const {
    return kind == Kind::Int || kind == Kind::Bool || kind == Kind::Pointer;
  }
  bool is_aggregate() const { return kind >= Kind::Count; }
  /// Whether a value is a StringLayout.
  bool has_bytes() const { return kind == Kind::String || kind == Kind::Buffer; }
  /// Whether a value is more than one word, and so is made in memory.
  bool in_memory() const {
    return has_bytes() || kind == Kind::Tuple || kind == Kind::GoError || kind == Kind::Stack;
  }
  /// Whether a value of an aggregation can be read as a number.
  bool counts() const { return is_aggregate() && kind != Kind::Hist && kind != Kind::Lhist; }

  static Type integer(uint8_t bytes, bool is_signed) { return {Kind::Int, is_signed, bytes}; }
  static Type u64() { return integer(8, false); }
  static Type i64() { return integer(8, true); }
  static Type string(uint32_t bytes) { return {Kind::String, false, 8, 0, (bytes + 7) / 8 * 8}; }
  static Type buffer(uint32_t bytes) { return {Kind::Buffer, false, 8, 0, (bytes + 7) / 8 * 8}; }
  static Type of(Kind kind) { return {kind}; }

  /// As a user of the language would write it: `uint64`, `uint8 *`, `string[16]`, `count_t`.
  std::string name() const;
  /// Bytes a value takes in memory (event field, map key, map value, variable).
  uint32_t memory_size() const;
  /// Where part `index` of a Tuple begins.
  uint32_t part_offset(size_t index) const;
};

/// How a string lies in memory. Data beyond `length` is zero wherever two strings may be
/// compared (map keys, variables, map values); in event records it is unspecified.
struct StringLayout {
  static constexpr uint32_t kLength = 0;  ///< u32: data bytes that count
  static constexpr uint32_t kState = 4;   ///< u32: a StringState
  static constexpr uint32_t kData = 8;    ///< capacity bytes
};
/// A type descriptor's address in the file of the plan's target `target`, in one number.
constexpr uint64_t go_reference(uint32_t target, uint64_t address) {
  return uint64_t{target} << 48 | address;
}

/// How an error lies in memory: a chain of nodes, as far as its text needs them. All bytes that
/// say nothing are zero, so that equal errors are equal keys.
struct GoErrorLayout {
  static constexpr uint32_t kNodes = 4;
  // One node:
  static constexpr uint32_t kType = 0;    ///< u64: go_reference() of its type; 0: no node
  static constexpr uint32_t kNumber = 8;  ///< u64: see State
  static constexpr uint32_t kState = 16;  ///< u64: a State
  static constexpr uint32_t kOp = 24;     ///< StringLayout of kOpBytes: of a path error
  static constexpr uint32_t kOpBytes = 24;
  static constexpr uint32_t kText = 56;  ///< StringLayout of kTextBytes
  static constexpr uint32_t kTextBytes = 256;
  static constexpr uint32_t kNodeSize = kText + 8 + kTextBytes;
  static constexpr uint32_t kSize = kNodes * kNodeSize;
  enum class State : uint64_t {
    None,        ///< the error is nil, or a form whose text is not known: shown by its type
    Text,        ///< kText is the text
    Number,      ///< kNumber is its errno
    Path,        ///< kOp (if bit 0 of kNumber is set), kText (bit 1), the text of the next node
    Join,        ///< the texts of the nodes behind it, by lines; kNumber says how many there are
    Unreadable,  ///< its memory could not be read
  };
};

/// What a goroutine does or waits for, in one number: wait_name() has its text.
struct WaitCode {
  static constexpr uint32_t kRunning = 0;
  static constexpr uint32_t kRunnable = 1;    ///< it could run, but others do
  static constexpr uint32_t kForeign = 2;     ///< in C, or in a system call that is not known
  static constexpr uint32_t kReason = 0x100;  ///< + a waitReason of its runtime (go/wait_reasons.h)
  static constexpr uint32_t kSyscall = 0x1000;  ///< + the number of the system call that it is in
};

/// How a stack is shown.
enum class StackMode : uint32_t {
  Frames,  ///< a line a frame
  Perf,    ///< a line a frame with its address, as perf script has it
  Raw,     ///< a line an address
  Caller,  ///< the second frame alone, in one line
};

/// How a stack lies in memory. All bytes that say nothing are zero, so that equal stacks are equal
/// keys.
struct StackLayout {
  static constexpr uint32_t kCount = 0;       ///< u32: addresses that count
  static constexpr uint32_t kState = 4;       ///< u32: a StackState, with kAtCall where that holds
  static constexpr uint32_t kSite = 8;        ///< u32: function of the plan that names the site
  static constexpr uint32_t kFunction = 12;   ///< u32: function of the plan that is traced
  static constexpr uint32_t kCreated = 16;    ///< u64: address behind the go statement, or 0
  static constexpr uint32_t kAddresses = 24;  ///< u64 each: the hit's, then return addresses
  /// Bit of kState: a call of kFunction begins or returns at the first address.
  static constexpr uint32_t kAtCall = 1u << 8;
};

enum class StackState : uint32_t {
  Whole = 0,    ///< up to where the goroutine or thread began
  Cut = 1,      ///< as many frames as were asked for; there may be more
  Damaged = 2,  ///< what follows could not be read, or is no frame
};

enum class StringState : uint32_t {
  Whole = 0,
  Cut = 1,          ///< longer than its capacity: shown with `..` after it
  NotReadable = 2,  ///< the memory could not be read: shown as <not readable>
};

}  // namespace gotap
