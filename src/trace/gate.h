// Gate: the last look before attaching. What is about to be probed must be what was planned:
// in the opened file, and in the memory of the traced process.
//
// Facts: DESIGN rule 12; proc(5): maps, mem, status (TracerPid). A breakpoint in the middle
// of an instruction kills the program or silently changes what it does.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "plan/plan.h"

namespace gotap::trace {

/// Every site's bytes are in its file now. `fds` is parallel to Plan::targets.
Result<void> check_files(const plan::Plan& plan, const std::vector<int>& fds);

/// What check_process found to say although attaching is safe.
struct ProcessCheck {
  std::vector<std::string> warnings;
};

/// The process `pid` runs these very files, nobody debugs it, and the bytes at every site in
/// its memory are the file's. Errors name the difference, the debugger or the breakpoint.
Result<ProcessCheck> check_process(const plan::Plan& plan, const std::vector<int>& fds, int pid);

/// "main.swap at 0x4a1234": a site as the user knows it.
std::string site_name(const plan::Plan& plan, const plan::Site& site);

}  // namespace gotap::trace
