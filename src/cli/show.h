// What `gotap show` knows of a function: the page (show.cc) and the record (show_json.cc) are made
// of it.
//
// Entry points: shown_function(), shown_inlined(), show_record().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "go/image.h"
#include "go/type_info.h"

namespace gotap::cli {

/// A parameter or result: how a script names it, where it is.
struct ShownValue {
  std::string script, type;
  go::TypeId id = go::kNoType;
  go::ValueLocation place;
};

/// An instruction of the function.
struct ShownInstruction {
  uint64_t address = 0;
  std::string kind;  ///< "entry", "RET", "jump"; empty: of the stack check before the entry
  std::string text;  ///< as an assembler has it
  std::string cost;  ///< "emulated" or "single-stepped"; empty: it cannot be decoded
  std::string more;  ///< what else there is to say
};

using Counted = std::pair<std::string_view, size_t>;  ///< a function, and how often

struct ShownFunction {
  const go::Image* image = nullptr;
  std::optional<uint32_t> index;  ///< nothing: it has no code of its own, as it is inlined
  std::string_view name;
  Result<go::Signature> signature = Error{};
  std::vector<ShownValue> arguments, results;  ///< empty if the signature is not known
  go::FunctionSites sites;
  std::vector<ShownInstruction> instructions;  ///< those that are probed, and the stack check
  std::vector<Counted> copies;                 ///< inlined ones of it, by the function they lie in
  std::vector<Counted> callers;                ///< by direct calls and jumps, by name

  /// Null: it has no code of its own.
  const go::Function* function() const { return index ? &image->functions()[*index] : nullptr; }
};

ShownFunction shown_function(const go::Image& image, uint32_t index);
/// One of Image::only_inlined(), of which there are copies alone.
ShownFunction shown_inlined(const go::Image& image, std::string_view name);

/// "RAX", "XMM0".
std::string register_of(const go::Piece& piece);

/// What the part at `offset` of a value is: " data" of a string, ".Header.Key data" of a struct
/// with it; nothing for a value that is one word.
std::string part_name(const go::Types& types, go::TypeId id, uint64_t offset);

/// The record of the function: docs/JSON.md.
std::string show_record(const ShownFunction& shown);

}  // namespace gotap::cli
