// `gotap emit SCRIPT`: the plan as a plain bpftrace script.
#include "emit/emit.h"

#include <unistd.h>

#include <cstdio>

#include "base/fd.h"
#include "cli/commands.h"
#include "cli/compile.h"
#include "cli/report.h"

namespace gotap::cli {

namespace {

Result<std::vector<emit::Binary>> read_binaries(const std::vector<plan::Target>& targets) {
  std::vector<emit::Binary> binaries;
  for (const plan::Target& target : targets) {
    // The very file that was planned for; its path may name another by now.
    TRY(file, MappedFile::open("/proc/self/fd/" + std::to_string(target.image->fd())));
    TRY(binary, emit::read_binary(file.bytes()));
    binary.go_version = target.image->go_version();
    binaries.push_back(std::move(binary));
  }
  return binaries;
}

Result<void> write_script(const std::string& path, const std::string& text) {
  Error failed{"cannot write to " + (path.empty() ? "standard output" : path),
               path.empty() ? "" : "choose another file for -o"};
  TRY(fd, open_output(path, 0755));
  for (size_t done = 0; done < text.size();) {
    ssize_t n = ::write(fd.get(), text.data() + done, text.size() - done);
    if (n <= 0) return failed;
    done += static_cast<size_t>(n);
  }
  return {};
}

}  // namespace

int emit_script(const Options& options) {
  int exit_code = 0;
  std::optional<Planned> planned = plan_script(options, exit_code);
  if (!planned) return exit_code;
  auto binaries = read_binaries(planned->plan.targets);
  if (!binaries.ok()) {
    print_error(binaries.error());
    return kFailed;
  }
  bool old = options.dialect == "0.17";
  emit::Emitted emitted =
      emit::emit(planned->program, planned->plan, *binaries,
                 old ? emit::Dialect::V017 : emit::Dialect::V027, planned->settings);
  if (report(emitted.problems, planned->source)) return kFailed;
  for (const plan::Note& note : planned->plan.notes)
    if (!options.quiet) std::fprintf(stderr, "%s\n", note.text.c_str());
  for (const std::string& warning : planned->plan.warnings)
    std::fprintf(stderr, "WARNING: %s\n", warning.c_str());
  auto written = write_script(options.output, emitted.text);
  if (written.ok()) return 0;
  print_error(written.error());
  return kFailed;
}

}  // namespace gotap::cli
