// A signature that the user wrote, in Go's syntax:
//   main.(*Store).Put(ctx context.Context, key string, n ...int) (rev int64, err error)
// The function's name is as gotap lists it; types are found in the program, by full or short name.
// Entry point: parse_signature().
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "go/signature.h"
#include "go/type_info.h"

namespace gotap::go {

struct WrittenSignature {
  std::string function;
  Signature signature;
};

/// The function's name: what stands before the list of parameters.
std::string_view function_of(std::string_view text);

/// `types` are those of `info`; composed types that the program does not have are added to them.
/// `type_names` gives the names to be proposed for one that is not found. Errors: what is wrong
/// with the text, a type that is not found or whose name several types have.
Result<WrittenSignature> parse_signature(
    std::string_view text, const TypeInfo& info, Types& types,
    const std::function<std::vector<std::string>()>& type_names);

}  // namespace gotap::go
