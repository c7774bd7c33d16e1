// Walk: the way along a path, from a value to what it leads to. Entry points: Walk's constructor,
// step(), finish(), private to go/; is_direct() and error_forms() for those who read values too.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "go/access.h"

namespace gotap::go {

/// A scalar of a value that is not in memory.
struct LoosePart {
  uint64_t offset = 0;  ///< in the value it belongs to, whole
  Word word;
  std::string unknown;  ///< not empty: it cannot be had ("in XMM3")
};

/// The value that the walk has come to.
struct Place {
  enum class In : uint8_t {
    Parts,  ///< in `parts`, of which it begins at `offset`
    Stack,  ///< at SP + offset
    Base,   ///< at the base address + offset
  };
  In in = In::Parts;
  int64_t offset = 0;
  std::vector<LoosePart> parts;
  TypeId type = kNoType;
  std::string missing = "place unknown";  ///< why what is not in `parts` cannot be had
};

class Walk {
 public:
  Walk(const TypeInfo& info, Access& access, Place start)
      : info_(info), types_(info.types()), access_(access), place_(std::move(start)) {
    access_.type = place_.type;
  }

  /// Goes on by one step.
  std::optional<PathError> step(const PathStep& step);
  /// Takes what is asked for of the value at the end.
  std::optional<PathError> finish(Aspect aspect, const std::vector<std::string>& error_texts);

 private:
  const GoType& type() const { return types_.at(place_.type); }
  std::optional<PathError> unknown_target();
  std::optional<PathError> field(const std::string& name);
  std::optional<PathError> index(const PathStep& step);
  std::optional<PathError> index_array(const PathStep& step);
  std::optional<PathError> slice(const PathStep& step);
  std::optional<PathError> slice_array(const PathStep& step);
  std::optional<PathError> assertion(const std::string& name);
  std::optional<PathError> deref();
  std::optional<PathError> value();
  std::optional<PathError> length(bool capacity);
  std::optional<PathError> first_word();
  std::optional<PathError> whole();

  /// The scalar at `offset` of the value at hand. Where it cannot be had the access is unknown.
  Word part(uint64_t offset, uint64_t size, bool is_signed = false);
  /// Goes to what a pointer of the value at hand points to.
  void follow(Word pointer, TypeId to);
  /// Makes the place one behind the base address.
  void to_base();
  void take(std::initializer_list<uint64_t> offsets);

  const TypeInfo& info_;
  const Types& types_;
  Access& access_;
  Place place_;
  bool sliced_ = false;
};

/// One way down to a promoted field: fields, each of the struct that the one before it is or
/// points to.
using FieldPath = std::vector<const TypeField*>;

/// The fields called `name` of a struct, at the least depth at which there are any: more than one
/// is ambiguous (Go's "Selectors").
std::vector<FieldPath> find_field(const Types& types, TypeId struct_type, const std::string& name);

/// "Key, Value and Lease", at most a dozen.
std::string field_names(const Types& types, const GoType& type);

/// Whether an interface holds values of this type in its data word itself; else it points to them.
bool is_direct(const Types& types, TypeId type, int minor);

/// How the texts of the errors that the program knows are had.
std::vector<ErrorForm> error_forms(const TypeInfo& info, const std::vector<std::string>& texts);

/// Error: the program has no OpenTelemetry.
Result<ContextForms> context_forms(const TypeInfo& info);

}  // namespace gotap::go
