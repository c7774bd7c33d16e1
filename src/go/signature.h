// Signature: what a Go function takes and gives, and where its values are at a call's begin and
// end. Facts: src/cmd/compile/abi-internal.md; which versions do what: go/versions.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "go/image.h"
#include "go/types.h"

namespace gotap::go {

struct Parameter {
  std::string name;  ///< empty or "_": it has none
  TypeId type = kNoType;
};

/// A variable that a closure carries, at a place in its context (RDX at the entry).
struct Captured {
  std::string name;
  TypeId type = kNoType;
  uint64_t offset = 0;        ///< in the context
  bool by_reference = false;  ///< the context holds its address
};

/// The hidden first argument of instances of generic functions.
enum class Dictionary : uint8_t { None, First, AfterReceiver };

struct Signature {
  enum class Source : uint8_t { Dwarf, Runtime, User, DebugBinary };
  Source source = Source::Dwarf;
  bool has_receiver = false;  ///< it is params[0]
  bool variadic = false;      ///< the last parameter is a slice, written `...T`
  Dictionary dictionary = Dictionary::None;
  /// Parameters without a name are missing, so that nothing is known of the others' numbers: of a
  /// function that is inlined everywhere.
  bool named_only = false;
  std::vector<Parameter> params, results;
  std::vector<Captured> captured;
};

/// A scalar part of a value that is not with the whole on the stack.
struct Piece {
  enum class In : uint8_t {
    IntRegister,    ///< `number` 0..8: RAX RBX RCX RDI RSI R8-R11
    FloatRegister,  ///< `number` 0..14: X0..X14
    AnyRegister,    ///< where a call was inlined: `number` is its offset in struct pt_regs
    Stack,          ///< where a call was inlined: at SP + stack_offset
  };
  In in = In::IntRegister;
  uint8_t number = 0;
  uint32_t offset = 0;  ///< in the value
  uint32_t size = 0;    ///< bytes; above them a register holds garbage
  int32_t stack_offset = 0;
  bool operator==(const Piece&) const = default;
};

/// Where one value is. Known, but neither on the stack nor in pieces: a value of no size.
struct ValueLocation {
  bool known = true;  ///< false: its type, or that of a value before it, is not known well enough
  bool on_stack = false;
  int32_t stack_offset = 0;   ///< from SP at post or at RET ([SP] is the return address)
  std::vector<Piece> pieces;  ///< by offset
  /// Why a part that no piece has cannot be had, as it is shown; empty: all have one.
  std::string missing;
  bool operator==(const ValueLocation&) const = default;
};

/// All values of a call: arguments at its begin (DESIGN rule 1: "post"), results at a RET.
struct Placement {
  std::vector<ValueLocation> params, results;  ///< parallel to the Signature's
  /// Of arguments and results on the stack, from SP + 8. Nothing: some place is not known.
  std::optional<uint32_t> stack_bytes;
  /// Behind them, where the callee may put the arguments it got in registers. Together they are
  /// what the pclntab says is the size of the function's arguments.
  uint32_t spill_bytes = 0;
};

/// Go's rules. `abi` is the function's own (assembly is GoStack everywhere). Of a C function
/// nothing is known.
Placement place(const Types& types, const Signature& signature, Abi abi);

/// `I0:8@0` is integer register 0, 8 bytes at offset 0 of the value, `F1:4@8` a float register,
/// `A40:8@0` the register at 40 in struct pt_regs, `[16]:8@0` a part at SP + 16;
/// `S16`: at SP + 16; `-`: of no size; `?`: not known. `+` joins the parts of a value.
std::string dump(const ValueLocation& location);

/// `(*main.T).Put(t *main.T, key string) (int, error)`; the stage's printer.
std::string to_string(const Types& types, const Signature& signature, std::string_view function);

}  // namespace gotap::go
