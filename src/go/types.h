// Types: the Go types of one binary, each read when it is first asked for. Where they are read
// from (DWARF, the runtime's own type data, a signature the user wrote) is hidden behind a
// TypeSource. Entry point: Types::at().
//
// A type is a node; other types name it by its TypeId, so that recursive types need no care.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace gotap::go {

using TypeId = uint32_t;  ///< of a type in a Types
constexpr TypeId kNoType = 0;
constexpr TypeId kByteType = 1;  ///< uint8, which every Types has: of a string's bytes

constexpr uint64_t kWord = 8;  ///< bytes of a word, as of a pointer

/// The first offset from `offset` on that is a multiple of `align`; of 0, as a damaged file has it,
/// `offset` itself.
constexpr uint64_t align_up(uint64_t offset, uint64_t align) {
  return align ? (offset + align - 1) / align * align : offset;
}

enum class TypeKind : uint8_t {
  Unknown,  ///< named, but nothing more is known of it
  Bool,
  Int,   ///< int, int8 ... int64
  Uint,  ///< uint, uint8 ... uint64, uintptr
  Float,
  Complex,
  String,
  Slice,
  Array,
  Struct,
  Pointer,
  UnsafePointer,
  Func,
  Interface,
  Map,
  Chan,
};

struct TypeField {
  std::string name;  ///< of an embedded field, the name of its type without package and `*`
  uint64_t offset = 0;
  TypeId type = kNoType;
  bool embedded = false;
};

struct GoType {
  TypeKind kind = TypeKind::Unknown;
  /// With full import paths, as DWARF spells it: "*net/http.Request", "[]uint8", "error",
  /// "map[string]main.T", "main.List[int]".
  std::string name;
  uint64_t size = 0;              ///< bytes
  uint32_t align = 1;             ///< bytes
  TypeId elem = kNoType;          ///< Slice, Array, Pointer, Map (of its values), Chan
  TypeId key = kNoType;           ///< Map
  uint64_t length = 0;            ///< Array
  bool has_methods = true;        ///< Interface: its first word is an itab; false: a type (`any`)
  std::vector<TypeField> fields;  ///< Struct, by offset; blank ones (`_`) too
  /// Of its type descriptor (abi.Type) in the file; 0: not known, or there is none.
  uint64_t runtime_address = 0;
};

class Types;

/// Where types are read from.
class TypeSource {
 public:
  virtual ~TypeSource() = default;
  /// Reads the type at `key` (a DIE's offset, a descriptor's address). Types it names it takes
  /// from types.reference(). What cannot be read is of kind Unknown, and the source says so once.
  virtual GoType read_type(uint64_t key, Types& types) const = 0;
};

class Types {
 public:
  Types();
  Types(const Types&) = delete;
  Types& operator=(const Types&) = delete;

  /// The type, read now if it was not yet. The reference stays good. Of an id that is not there,
  /// an Unknown type.
  const GoType& at(TypeId id) const;
  /// The id of what `source` has at `key`; it is not read yet.
  TypeId reference(const TypeSource& source, uint64_t key);
  /// Adds a type that is made up.
  TypeId add(GoType type);
  size_t size() const { return nodes_.size(); }

 private:
  struct Node {
    GoType type;
    const TypeSource* source = nullptr;  ///< not read yet
    uint64_t key = 0;
  };
  mutable std::deque<Node> nodes_;
  std::map<std::pair<const TypeSource*, uint64_t>, TypeId> known_;
};

/// As Go's %T spells it: the package's last name only: "*http.Request".
std::string short_name(const std::string& full_name);

/// One line, the stage's printer: `main.T struct{a int @0; b *main.T @8} 16`.
std::string dump(const Types& types, TypeId id);

}  // namespace gotap::go
