// TypeInfo: all that is known of a binary's Go types and signatures, wherever it was read from:
// the facade over dwarf_types, rtype, the user's own signatures and a debug binary. Lazy: a type,
// a signature is read when it is asked for. Entry point: Image::type_info().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "go/signature.h"
#include "go/types.h"

namespace gotap::go {

/// A package variable.
struct Global {
  uint64_t address = 0;  ///< in the file; a process adds its load bias
  TypeId type = kNoType;
};

/// A constant of a named integer type.
struct Constant {
  std::string name;  ///< "main.Red"
  int64_t value = 0;
};

/// An instruction with which the code of a line begins.
struct LinePoint {
  uint64_t address = 0;
  uint32_t line = 0;
};

/// A parameter or variable at an instruction.
struct Local {
  std::string name;
  TypeId type = kNoType;
  ValueLocation place;   ///< of the value; if it escaped, of the pointer to it
  bool escaped = false;  ///< it lives on the heap
  std::string unknown;   ///< not empty: why the value is not known there, as it is printed
};

class TypeInfo {
 public:
  virtual ~TypeInfo() = default;

  virtual const Types& types() const = 0;
  /// Of function `index` of Image::functions(). Error: why it is not known, as it is printed:
  /// "signature unknown: stripped".
  virtual Result<Signature> signature(uint32_t index) const = 0;
  /// The ABI of that function's arguments.
  virtual Abi abi(uint32_t index) const = 0;
  virtual std::string_view function_name(uint32_t index) const = 0;
  /// Of the program's Go, 24 for go1.24.4.
  virtual int minor() const = 0;

  /// The number of a function without a place in Image::functions(), as it is inlined everywhere:
  /// one behind those, for signature(), abi() and function_name().
  virtual uint32_t inlined_function(std::string_view name) const = 0;
  /// Where a parameter of `function` is where a call of it begins that was inlined. Error: why that
  /// is not known, as it is printed.
  virtual Result<ValueLocation> inlined_place(const InlinedCallSite& call, uint32_t function,
                                              const Parameter& parameter) const = 0;

  /// The variable or parameter that `name` means at an instruction of `function`. Error: there is
  /// none, with the nearest names, or none is known (stripped).
  virtual Result<Local> local(uint32_t function, const LinePoint& point,
                              std::string_view name) const = 0;
  /// All that have names there, with their types; their places are not looked for.
  virtual std::vector<Local> locals(const LinePoint& point) const = 0;

  /// Types by name: with the full import path, or as %T spells it, which several may share.
  virtual std::vector<TypeId> find_types(std::string_view name) const = 0;
  /// The type whose descriptor is at `address` in the file.
  virtual std::optional<TypeId> type_at(uint64_t address) const = 0;
  /// Where the file has descriptors, sorted: of the types that interfaces can hold, and others.
  virtual std::vector<uint64_t> descriptors() const { return {}; }
  /// Of its descriptor; 0: not known. Also for a type that DWARF has described.
  virtual uint64_t runtime_address(TypeId type) const = 0;

  /// Error: not known, with the nearest names; or why there are none (stripped).
  virtual Result<Global> global(std::string_view name) const = 0;
  /// By value; empty where nothing is known of any.
  virtual std::vector<Constant> constants(TypeId type) const = 0;

  /// Said once each: damaged DWARF, types that could not be read.
  virtual std::vector<std::string> warnings() const = 0;
};

}  // namespace gotap::go
