// How a note of the plan begins that says what became of a uretprobe: for those who write scripts.
#pragma once

namespace gotap::plan {

/// "uretprobe on Go: 5 RET sites of main.f"
inline constexpr const char* kReturnsNote = "uretprobe on Go: ";

}  // namespace gotap::plan
