// Rtypes: the runtime's own type descriptors, which every Go program carries, stripped or not:
// layouts of types, signatures of methods with their entry addresses. Entry point: Rtypes::open().
//
// Facts: internal/abi/type.go (runtime/type.go before 1.21), reflect/type.go,
// cmd/compile/internal/reflectdata; moduledata in runtime/symtab.go. Offsets that differ between
// versions stand in go/versions.cc.
//
// Of instances of generic types (main.List[int]) the descriptors name wrappers, which take no
// dictionary: they load its address and call the shared body (go.shape), with the dictionary first
// until 1.19, behind the receiver later. Of the bodies no descriptor speaks.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "elf/elf.h"
#include "go/pclntab.h"
#include "go/type_info.h"

namespace gotap::go {

class Rtypes final : public TypeSource {
 public:
  /// Nothing: its types cannot be found (an unknown Go version). The arguments must outlive it.
  static std::unique_ptr<Rtypes> open(const elf::Elf& elf, const Pclntab& pclntab, int minor);
  ~Rtypes() override;

  /// Of the method that begins at `entry`: its receiver, then the parameters, all without names.
  /// Nothing: no type descriptor speaks of it.
  std::optional<Signature> method(uint64_t entry, Types& types) const;
  /// Addresses of the descriptors of this name: with the full import path, or as %T spells it.
  std::vector<uint64_t> find_types(std::string_view name) const;
  /// Full names of the types that have names of their own, for proposals.
  std::vector<std::string> type_names() const;
  /// Of all descriptors, sorted.
  std::vector<uint64_t> addresses() const;
  /// The part of the file that has the descriptors, empty if it cannot be found, and its address.
  Bytes region() const;
  uint64_t begin() const;
  /// Whether a descriptor is at `address`.
  bool is_type(uint64_t address) const;

  /// `key` is a descriptor's address.
  GoType read_type(uint64_t key, Types& types) const override;
  std::vector<std::string> warnings() const;

 private:
  struct Impl;
  explicit Rtypes(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gotap::go
