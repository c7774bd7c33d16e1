// DwarfTypes::Impl: what its parts share: the types (dwarf_types.cc), the functions
// (dwarf_functions.cc), their signatures (dwarf_signature.cc, dwarf_completion.cc), inlined calls
// (dwarf_inlined.cc), what is found by name (dwarf_names.cc). Private to go/.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "elf/dwarf.h"
#include "go/descriptors.h"
#include "go/dwarf_types.h"

namespace gotap::go {

/// Attributes of Go's own.
enum GoDwarfAttribute : uint16_t {
  kGoKind = 0x2900,
  kGoKey = 0x2901,
  kGoElem = 0x2902,
  kGoEmbeddedField = 0x2903,
  kGoRuntimeType = 0x2904,
  kGoClosureOffset = 0x2907,
};

/// A parameter or a result as DWARF has it.
struct DwarfParameter {
  std::string_view name;
  uint64_t type = 0;  ///< key
  bool is_result = false;
  elf::DwarfDie die;  ///< that has its location
};

/// A function as DWARF has it.
struct DwarfFunction {
  std::string_view name;
  bool wrapper = false;
  std::vector<DwarfParameter> params;  ///< with the results, in order
  std::vector<Captured> captured;
};

/// The N of a name that the compiler made up, "~p3" with the prefix "~p"; nothing if it is none.
std::optional<uint32_t> number_in(std::string_view name, std::string_view prefix);

struct DwarfTypes::Impl {
  Impl(const elf::Elf& file, std::unique_ptr<elf::Dwarf> reader, int go_minor)
      : elf(file), dwarf(std::move(reader)), minor(go_minor) {}

  // Types
  bool no_runtime_addresses = false;
  GoType read_type(uint64_t key, Types& types, const TypeSource& source) const;
  uint64_t runtime_address(uint64_t key) const;
  /// What the type's name is in DWARF; empty if there is none.
  std::string_view type_name(uint64_t key) const;
  /// The key of the type that `die` says it has. Go's stand-ins for type parameters lead to
  /// what they stand for.
  uint64_t type_of(const elf::DwarfDie& die) const;
  std::vector<uint64_t> find_types(std::string_view name) const;

  // Functions
  std::optional<elf::DwarfDie> function_at(uint64_t entry) const;
  std::optional<elf::DwarfDie> function_around(uint64_t pc) const;
  /// Nothing: it is damaged.
  std::optional<DwarfFunction> read_function(const elf::DwarfDie& die, Types& types,
                                             const TypeSource& source) const;

  /// Of Go <= 1.21: what DWARF shows of a signature, completed. Nothing: it is not sure.
  std::optional<Signature> complete(const DwarfFunction& described, const Function& function,
                                    const Signature& visible, const std::string& receiver,
                                    Types& types, const TypeSource& source) const;

  // Variables and constants
  std::optional<Global> global(std::string_view name, Types& types, const TypeSource& source) const;
  std::vector<Constant> constants(std::string_view type_name) const;

  const elf::Elf& elf;
  const std::unique_ptr<elf::Dwarf> dwarf;
  const int minor;

  struct Names {
    std::unordered_multimap<std::string_view, uint64_t> types;
    std::unordered_multimap<std::string, uint64_t> short_types;
    std::map<std::string_view, uint64_t> variables;
    std::map<std::string_view, uint64_t> inlined;  // functions that were
    std::vector<uint64_t> constants;
  };
  /// Of all entries at the top of units; made when it is first asked for.
  const Names& names() const;

 private:
  struct Chain {  // a type's entry and the one that has its kind
    elf::DwarfDie first, last;
    RuntimeKind kind = RuntimeKind::Invalid;  // Invalid: it says none
  };
  struct CodeRange {
    uint64_t begin = 0, end = 0;
    size_t unit = 0;
  };
  struct Code {
    uint64_t begin = 0, end = 0, die = 0;
  };

  std::optional<Chain> follow(uint64_t key) const;
  void read_struct(const elf::DwarfDie& die, GoType* type, Types& types,
                   const TypeSource& source) const;
  void read_array(const elf::DwarfDie& die, GoType* type, Types& types,
                  const TypeSource& source) const;
  uint32_t align_of(uint64_t key, unsigned depth) const;
  uint64_t types_base() const;
  std::optional<uint64_t> variable_address(const elf::DwarfDie& die) const;
  const std::vector<Code>& functions_of(size_t unit) const;
  const Code* code_around(uint64_t pc) const;
  Parameter nameless_receiver(const std::string& type, Types& types,
                              const TypeSource& source) const;
  std::optional<Signature> checked(const DwarfFunction& described, const Function& function,
                                   Signature signature, bool by_places, Types& types) const;
  std::vector<LocatedPiece> home(const DwarfParameter& parameter, uint64_t entry, bool in_frame,
                                 uint64_t size) const;
  struct Homes {
    std::vector<std::vector<LocatedPiece>> params, results;
  };
  Homes homes(const DwarfFunction& described, uint64_t entry, const Signature& signature,
              const Placement& placement, const Types& types) const;
  void add_captured(const elf::DwarfDie& die, DwarfFunction* function, Types& types,
                    const TypeSource& source) const;

  mutable std::optional<Names> names_;
  mutable std::optional<uint64_t> types_base_;
  mutable std::unordered_map<uint64_t, uint32_t> aligns_;
  mutable std::optional<std::vector<CodeRange>> units_;
  mutable std::map<size_t, std::vector<Code>> functions_;
};

}  // namespace gotap::go
