// Entry point: linux_run_counts.
// Facts: bpf(2), BPF_ENABLE_STATS: counted while its descriptor is open; bpf_prog_info in
// include/uapi/linux/bpf.h.
#include "bpf/run_counts.h"

#include <bpf/bpf.h>

#include "base/fd.h"
#include "bpf/linux_errors.h"

namespace gotap::bpf {

namespace {

class LinuxRunCounts : public RunCounts {
 public:
  explicit LinuxRunCounts(Fd counting) : counting_(std::move(counting)) {}
  Result<Runs> of(int program_fd) override {
    bpf_prog_info info{};
    uint32_t size = sizeof info;
    if (int result = bpf_obj_get_info_by_fd(program_fd, &info, &size); result < 0)
      return kernel_error("read how often a program ran", -result);
    return Runs{info.run_cnt, info.run_time_ns};
  }

 private:
  Fd counting_;
};

}  // namespace

Result<std::unique_ptr<RunCounts>> linux_run_counts() {
  const int fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
  if (fd < 0) return kernel_error("count how often programs run", -fd);
  return std::unique_ptr<RunCounts>(std::make_unique<LinuxRunCounts>(Fd(fd)));
}

}  // namespace gotap::bpf
