// Functions as a person names them, found in a program.
//
// Entry points: find_functions(), find_all_functions(), complete_function(), direct_target().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "go/image.h"

namespace gotap::cli {

/// The functions, by index, that `name` means: the one of exactly this name; all that match a
/// pattern (`main.*`); all of a package (`net/http:` or `pkg:net/http`); or the one whose name ends
/// so, behind a dot or a slash (`(*Store).Put`, `Put`). Of a package or a pattern that means
/// nothing the path may be left out (`http:`, `http.(*Server).*`). Errors: it is the end of several
/// (they are listed), or of none (the nearest names).
Result<std::vector<uint32_t>> find_functions(const go::Image& image, const std::string& name);

/// The functions without code of their own (Image::only_inlined()) that `name` means, in the same
/// ways; of those whose name ends so, all.
std::vector<go::InlinedFunction> find_only_inlined(const go::Image& image, const std::string& name);

/// Whether it is a function of a type (its hash, the methods of a type without a name) or of cgo.
/// (go.etcd.io/bbolt.Open is none.)
bool is_made_by_compiler(std::string_view name);

/// The package of a function by its name, as names have it: "net/http" of
/// "net/http.(*Server).Serve". Empty: it is in none, as the compiler made it for a type.
std::string_view package_part(std::string_view function);

/// Whether `name` means the function, in the ways of find_functions(), but that an end may be that
/// of several.
bool is_meant(const std::string& name, std::string_view function);

/// Whether one of the names means the function: those of --exclude.
bool matches_any(const std::vector<std::string>& names, std::string_view function);

/// Sorts the functions, and leaves each once, those out that are `excluded`.
void leave_each_once(const go::Image& image, const std::vector<std::string>& excluded,
                     std::vector<uint32_t>& functions);

/// Functions of both kinds.
struct FoundFunctions {
  std::vector<uint32_t> functions;  ///< by index, sorted, each once
  std::vector<go::InlinedFunction> only_inlined;
};

/// What all of the names mean, all functions if there is none, but for those that are `excluded`.
/// Error: a name means nothing or, unless `all_of_an_end`, is the end of several that have code.
Result<FoundFunctions> find_all_functions(const go::Image& image,
                                          const std::vector<std::string>& names,
                                          const std::vector<std::string>& excluded,
                                          bool all_of_an_end = false);

/// Bytes of a direct call or jump as direct_target() knows it: call rel32, jmp rel32.
constexpr uint64_t kDirectBytes = 5;

/// Where the bytes at `offset` of the code at `entry` call or jump to, if they are such an
/// instruction; whether one begins there is another question (Image::boundaries()).
inline std::optional<uint64_t> direct_target(Bytes code, uint64_t offset, uint64_t entry) {
  if (offset + kDirectBytes > code.size()) return std::nullopt;
  if (const uint8_t opcode = code[offset]; opcode != 0xe8 && opcode != 0xe9) return std::nullopt;
  const auto distance = static_cast<int32_t>(code.u32(offset + 1).value_or(0));
  return entry + offset + kDirectBytes + static_cast<uint64_t>(static_cast<int64_t>(distance));
}

/// What `prefix` can become: whole names; where none begins so, ends of names that mean one
/// function. Of more than a hundred those are told apart by the next part of their names alone,
/// which ends in "/" or ".". Sorted.
std::vector<std::string> complete_function(const go::Image& image, const std::string& prefix);
std::vector<std::string> complete_function(const std::vector<std::string_view>& names,
                                           const std::string& prefix);

}  // namespace gotap::cli
