// A function as `list` and `show` have it: its name, its signature, and what of it cannot be
// probed.
//
// Entry points: listed(), add_fields().
#pragma once

#include <cstdint>
#include <string>

#include "go/image.h"
#include "output/json_text.h"

namespace gotap::cli {

struct Listed {
  std::string name, signature, unknown;  ///< one of the last two is empty
  std::string no_uprobe, no_uretprobe;   ///< why; empty: it can be probed
  uint64_t address = 0;                  ///< in the file; 0: it has no code of its own
  uint32_t inlined = 0;                  ///< of one that has none: how many copies there are
};

/// Function `index` of the image.
Listed listed(const go::Image& image, uint32_t index);
Listed listed(const go::Image& image, const go::InlinedFunction& function);

/// Its fields of a record: "name" and what else is known of it, "address", "copies", "signature",
/// "signature_unknown", "no_uprobe" and "no_uretprobe".
void add_fields(output::JsonText& record, const Listed& row);

}  // namespace gotap::cli
