// A script run: compiled, loaded, attached, followed to its end.
#include <fcntl.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/compile.h"
#include "cli/report.h"
#include "output/text.h"
#include "trace/session.h"

namespace gotap::cli {

namespace {

/// -o's file, or standard output.
Result<Fd> open_output(const Options& options) {
  if (options.output.empty()) return Fd(::dup(STDOUT_FILENO));
  Fd fd(::open(options.output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd) return Error{"cannot write to " + options.output, "choose another file for -o"};
  return fd;
}

Result<int> trace(const Options& options, Compiled& compiled) {
  TRY(output, open_output(options));
  output::TextSink sink({output.get(), STDERR_FILENO, options.quiet});
  auto kernel = bpf::linux_kernel();
  trace::SessionOptions session_options;
  session_options.pids = options.pids;
  std::optional<trace::Child> child;
  if (!options.command.empty()) {
    TRY(spawned, trace::Child::spawn(options.command));
    child.emplace(std::move(spawned));
    session_options.child = &*child;
  }
  if (options.verbose) sink.message(plan::dump(compiled.plan));
  TRY(session, trace::Session::start(*kernel, compiled.object, compiled.plan, session_options));
  return session.run(sink);
}

}  // namespace

int run_script(const Options& options) {
  int exit_code = 0;
  std::optional<Compiled> compiled = compile(options, exit_code);
  if (!compiled) return exit_code;
  auto result = trace(options, *compiled);
  if (!result.ok()) {
    print_error(result.error());
    return kFailed;
  }
  return *result;
}

}  // namespace gotap::cli
