// Descriptors: the runtime's type descriptors (abi.Type) one by one, as they stand in the file.
// Which there are and what they mean together is rtype.h's. Entry point: Descriptors::open().
//
// Facts: internal/abi/type.go and map*.go (runtime/type.go before 1.21), reflect/type.go; what
// differs between versions: type_layout() in go/versions.h. Every offset is untrusted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "elf/elf.h"
#include "go/types.h"
#include "go/versions.h"

namespace gotap::go {

/// abi.Kind.
enum class RuntimeKind : uint8_t {
  Invalid,
  Bool,
  Int,
  Int8,
  Int16,
  Int32,
  Int64,
  Uint,
  Uint8,
  Uint16,
  Uint32,
  Uint64,
  Uintptr,
  Float32,
  Float64,
  Complex64,
  Complex128,
  Array,
  Chan,
  Func,
  Interface,
  Map,
  Pointer,
  Slice,
  String,
  Struct,
  UnsafePointer,
};

/// Where a kind stands with other bits, it is these.
constexpr uint8_t kRuntimeKindMask = 31;

TypeKind kind_of(RuntimeKind kind);

/// The part that all descriptors have.
struct Descriptor {
  uint64_t address = 0;
  uint64_t size = 0;             ///< of the type's values
  uint64_t pointer_to_this = 0;  ///< descriptor of the pointer to it; 0: not known
  RuntimeKind kind = RuntimeKind::Invalid;
  uint8_t align = 1;
  bool named = false;
  bool uncommon = false;    ///< it has a package path and methods
  bool direct = false;      ///< an interface's data word is the value, not its address
  std::string_view string;  ///< as %T spells it
};

struct DescriptorField {
  std::string_view name, tag;
  bool exported = false, embedded = false;
  uint64_t type = 0, offset = 0;
};

/// Addresses of types; the parameters of a function or method without its receiver.
struct DescriptorFunc {
  std::vector<uint64_t> in, out;
  bool variadic = false;
};

struct DescriptorMethod {
  std::string_view name;
  uint64_t type = 0;  ///< of the function, without receiver; 0: the linker has dropped it
  uint64_t interface_entry = 0;  ///< takes an interface's data word
  uint64_t entry = 0;            ///< takes the receiver as declared
};

struct InterfaceMethod {
  std::string_view name, package;  ///< the package of a name that is not exported
  bool exported = false;
  uint64_t type = 0;
};

class Descriptors {
 public:
  /// `module` is the address of runtime.moduledata. Nothing: it makes no sense. `elf` must
  /// outlive it.
  static std::optional<Descriptors> open(const elf::Elf& elf, uint64_t module,
                                         const TypeLayout& layout);

  uint64_t begin() const { return types_; }
  uint64_t end() const { return etypes_; }

  /// Nothing: what stands at `address` is no descriptor.
  std::optional<Descriptor> at(uint64_t address) const;
  /// Of an array, channel, map (its values), pointer, slice.
  std::optional<uint64_t> element(const Descriptor& type) const;
  std::optional<uint64_t> key(const Descriptor& map) const;
  std::optional<uint64_t> length(const Descriptor& array) const;
  std::string_view channel_word(const Descriptor& channel) const;  ///< "chan", "<-chan", "chan<-"
  /// Nothing: damaged. The package is that of names that are not exported.
  std::optional<std::vector<DescriptorField>> fields(const Descriptor& type) const;
  std::optional<DescriptorFunc> function(const Descriptor& type) const;
  std::optional<std::vector<InterfaceMethod>> interface_methods(const Descriptor& type) const;
  std::optional<uint64_t> interface_method_count(const Descriptor& type) const;
  /// Import path of a named type, and of an unnamed one's unexported names; empty: it has none.
  std::string_view package(const Descriptor& type) const;
  std::optional<std::vector<DescriptorMethod>> methods(const Descriptor& type) const;

  /// Where a walk over all types begins: descriptors that the module itself names.
  std::vector<uint64_t> roots() const;
  /// Types that `type` names, in no order, some perhaps twice. False: something of it is damaged.
  bool references(const Descriptor& type, std::vector<uint64_t>* out) const;

 private:
  struct Name {
    std::string_view text, tag, package;
    bool exported = false, embedded = false;
  };
  struct Slice {
    uint64_t address = 0, count = 0;
  };
  std::optional<Name> name(uint64_t address) const;
  std::optional<Name> name_offset(uint64_t at) const;
  std::optional<uint64_t> type_offset(uint64_t at) const;
  uint64_t text_address(uint32_t offset) const;
  std::optional<uint32_t> u32(uint64_t address) const;
  std::optional<Slice> slice(uint64_t address, uint64_t item_size) const;
  uint64_t kind_size(const Descriptor& type) const;
  std::optional<uint64_t> whole_size(const Descriptor& type) const;
  void add_itab(uint64_t itab, std::vector<uint64_t>* out) const;

  const elf::Elf* elf_ = nullptr;
  TypeLayout layout_;
  uint64_t module_ = 0, types_ = 0, etypes_ = 0, text_ = 0, walked_ = 0;
  struct TextSection {
    uint64_t offset = 0, address = 0;
  };
  std::vector<TextSection> text_sections_;  // by offset; more than one or none
};

}  // namespace gotap::go
