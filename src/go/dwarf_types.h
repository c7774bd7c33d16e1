// DwarfTypes: signatures, types, globals and constants from the DWARF of a Go program, versions 4
// and 5. Only what is asked for is read: opening it looks at the units' headers alone. Entry
// point: DwarfTypes::open().
//
// Facts: cmd/internal/dwarf and cmd/link/internal/ld/dwarf.go (what Go writes), DWARF 4 and 5.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "elf/dwarf.h"
#include "elf/elf.h"
#include "go/type_info.h"

namespace gotap::go {

/// A part of a value, and where it is while one instruction runs.
struct LocatedPiece {
  enum class In : uint8_t { Register, Frame, Memory };
  In in = In::Register;
  uint16_t reg = 0;           ///< Register: its DWARF number: 0 RAX, 1 RDX, 2 RCX, 3 RBX, ...
  int64_t frame_offset = 0;   ///< Frame: from the address right above the return address
  uint64_t address = 0;       ///< Memory: in the file
  uint32_t value_offset = 0;  ///< of the part in the value
  uint32_t size = 0;          ///< bytes
  bool operator==(const LocatedPiece&) const = default;
};

/// Where a value is while the instructions at [begin, end) run.
struct LocatedValue {
  uint64_t begin = 0, end = 0;
  std::vector<LocatedPiece> pieces;  ///< by offset; what is not listed is nowhere, or not known
  /// The sizes of all its parts, those that are nowhere too; empty: it is not divided.
  std::vector<uint32_t> parts;
};

/// A parameter of a call that was inlined.
struct InlinedParameter {
  std::string name;
  TypeId type = kNoType;
  bool is_result = false;
  std::vector<LocatedValue> places;
};

struct InlinedCall {
  std::string function;
  std::vector<elf::AddressRange> code;
  std::vector<InlinedParameter> params;
};

/// A parameter or variable of the function, or of the innermost inlined call, that an instruction
/// belongs to.
struct LocalVariable {
  enum class State : uint8_t {
    Visible,    ///< its name means it at the line
    Later,      ///< it is declared on the line, or behind it
    Gone,       ///< nothing of it is left in this inlined copy
    Ambiguous,  ///< of several of this name in an inlined copy DWARF does not say which is meant
  };
  std::string name;       ///< as in the source
  TypeId type = kNoType;  ///< of what is in its places: of an escaped one, a pointer to it
  State state = State::Visible;
  bool escaped = false;       ///< it lives on the heap
  bool is_parameter = false;  ///< of the function itself, or a result
  bool is_result = false;
  bool in_memory = false;                ///< it has one place for all of its life
  std::vector<elf::AddressRange> scope;  ///< the code of its block; empty: all of the function
  std::vector<LocatedValue> places;
};

/// Of some source files, what the line tables say.
struct SourceRows {
  struct Row {
    uint64_t address = 0;
    uint32_t file = 0;  ///< index into `files`
    uint32_t line = 0;
    bool is_stmt = false;  ///< a statement begins here, by the compiler's word
  };
  std::vector<std::string> files;
  std::vector<Row> rows;
};

/// Whether a file is what `wanted` means: it is its path, or the end of it behind a slash.
bool is_source_file(std::string_view path, std::string_view wanted);

class DwarfTypes final : public TypeSource {
 public:
  /// Nothing: the file has no DWARF of Go's. `elf` must outlive it. Damage is found as it is
  /// met, and is then a warning and an unknown.
  static std::unique_ptr<DwarfTypes> open(const elf::Elf& elf, int minor);
  ~DwarfTypes() override;

  /// DWARF's omissions are made good where they are known: a hidden dictionary, a receiver without
  /// a name. Up to Go 1.21 parameters without names are missing in DWARF: if they are the last
  /// ones, one parameter of an unknown type stands for them; else, and wherever it is not sure
  /// what belongs where, it is an error.
  Result<Signature> signature(const Function& function, Types& types) const;
  /// Keys of the types of this name: full, or as %T spells it.
  std::vector<uint64_t> find_types(std::string_view name) const;
  /// DW_AT_go_runtime_type of the type at `key`; 0: none.
  uint64_t runtime_address(uint64_t key) const;
  /// From now on there are none: this is another build, whose descriptors lie elsewhere.
  void without_runtime_addresses();
  std::optional<Global> global(std::string_view name, Types& types) const;
  std::vector<std::string> global_names() const;
  /// Of the named type `type_name`, by value.
  std::vector<Constant> constants(std::string_view type_name) const;

  /// The inlined calls whose code the instruction at `pc` is, the outermost first. Unnamed
  /// parameters are not among theirs: DWARF leaves them out.
  std::vector<InlinedCall> inlined_calls(uint64_t pc, Types& types) const;
  /// Of a function that was inlined, without its parameters that have no names; nothing: no
  /// function of this name was.
  std::optional<Signature> inlined_signature(std::string_view name, Types& types) const;

  /// What has a name at the instruction at `pc`, which is of line `line`: each name once, as the
  /// language's scopes have it. A parameter or result is visible everywhere, a variable on the
  /// lines behind its declaration.
  std::vector<LocalVariable> locals(uint64_t pc, uint32_t line, Types& types) const;

  /// The rows of Go's files that is_source_file() finds.
  SourceRows source_rows(std::string_view wanted) const;

  GoType read_type(uint64_t key, Types& types) const override;
  std::vector<std::string> warnings() const;

 private:
  struct Impl;
  explicit DwarfTypes(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gotap::go
