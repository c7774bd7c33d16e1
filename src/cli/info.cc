// `gotap --info`: what works on this machine, in short; `gotap doctor` says more.
#include <cstdio>
#include <string>

#include "cli/commands.h"
#include "cli/machine.h"

namespace gotap::cli {

int print_info() {
  std::printf("gotap %s\n", GOTAP_VERSION);
  auto kernel = bpf::linux_kernel();
  Findings findings = machine_findings(*kernel);
  findings.push_back(
      {"Programs", "Go", "1.15 to 1.27, stripped too; others by their tables, with a warning"});
  findings.push_back({"Programs", "C", "by symbol"});
  const std::string* part = nullptr;
  for (const Finding& it : findings) {
    if (!part || *part != it.part) std::printf("\n%s\n", it.part.c_str());
    part = &it.part;
    const std::string why = it.remedy.empty() ? "" : " (" + it.remedy + ")";
    std::printf("  %-24s %s%s\n", it.what.c_str(), it.answer.c_str(), why.c_str());
  }
  return 0;
}

}  // namespace gotap::cli
