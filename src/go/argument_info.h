// ArgumentInfo: what the compiler wrote down of a function's arguments so that tracebacks can print
// them: the offset and size of their first ten scalars. A signature that somebody gave is held
// against it. Entry points: argument_info(), expected_argument_info().
//
// Facts: EmitArgInfo in cmd/compile/internal/ssagen/ssa.go, internal/abi/type.go (TraceArgs*), the
// same in 1.19 to 1.27; FUNCDATA_ArgInfo is there since 1.17.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "go/signature.h"

namespace gotap::go {

constexpr int kArgumentInfoMinor = 19;      ///< the first version whose encoding was looked at
constexpr uint32_t kArgumentInfoTable = 5;  ///< FUNCDATA_ArgInfo

/// The bytes of the table that begins in `bytes`, with its end mark; nothing: it has no end.
std::optional<std::vector<uint8_t>> argument_info(Bytes bytes);

/// What the compiler would have written for a function `name` of this signature. Nothing where
/// that is not known: the place of some argument is not.
std::optional<std::vector<uint8_t>> expected_argument_info(const Types& types,
                                                           const Signature& signature, Abi abi,
                                                           std::string_view name);

/// `8 bytes, {8 bytes, 8 bytes}`: the scalars of the arguments, as a user can compare them.
std::string describe_argument_info(const std::vector<uint8_t>& info);

}  // namespace gotap::go
