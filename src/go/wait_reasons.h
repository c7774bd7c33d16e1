// What goroutines wait for, in the words of the program's own runtime. Entry point:
// find_wait_reasons().
//
// Facts: runtime.waitReasonStrings (runtime/runtime2.go), an array of strings indexed by the
// waitReason that gopark() is given. Reasons come and go between versions, and so change their
// numbers; the first three, "", "GC assist marking" and "IO wait", are the same in Go 1.15 to 1.27.
#pragma once

#include <string>
#include <vector>

#include "elf/elf.h"

namespace gotap::go {

/// The texts, by waitReason; stripped programs have them too. There may be more than the runtime
/// has reasons, if other texts follow the array. Empty: there is no such array.
std::vector<std::string> find_wait_reasons(const elf::Elf& elf);

}  // namespace gotap::go
