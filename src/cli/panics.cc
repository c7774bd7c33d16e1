// `gotap panics`: each panic with its value and stack, and what became of it: recovered, by which
// deferred function, or the end of the program.
//
// Facts (runtime/panic.go): panics go through runtime.gopanic(e), runtime errors too;
// runtime.gorecover() gives what a deferred function recovers, or nil; runtime.fatalpanic is where
// panics end that nobody recovered. They have had these names and results since Go 1.15.
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/printf_text.h"
#include "cli/report.h"
#include "go/type_info.h"

namespace gotap::cli {

namespace {

constexpr const char *kPanic = "runtime.gopanic", *kRecover = "runtime.gorecover",
                     *kFatal = "runtime.fatalpanic";

// A stripped program has its functions, but not their signatures. Up to 1.25 gorecover is told
// where the arguments of the deferred call are.
void add_signatures(Traced& traced) {
  const go::Image& image = *traced.image;
  for (const char* name : {kPanic, kRecover})
    for (const uint32_t function : image.find(name)) {
      if (image.type_info().signature(function).ok()) return;
      const bool no_argument =
          name == kRecover && image.functions()[function].argument_bytes.value_or(8) < 8;
      traced.options.types.signatures.push_back(std::string(name) +
                                                (name == kPanic ? "(e interface{})"
                                                 : no_argument  ? "() interface{}"
                                                                : "(argp uintptr) interface{}"));
      break;
    }
}

std::string print_of(const Piece& piece) {
  return std::string("  printf(\"") + kLineHead + piece.format + "\", " + kLineHeadArguments +
         piece.arguments + ");\n";
}

}  // namespace

int show_panics(const Command& command) {
  auto traced = open_traced(command);
  if (!traced) return kFailed;
  for (const char* name : {kPanic, kRecover, kFatal}) {
    if (!traced->image->find(name).empty()) continue;
    print_error({traced->path + " has no function " + name, "gotap panics is for Go programs"});
    return kFailed;
  }
  add_signatures(*traced);
  Piece panic, recovered, fatal;
  panic.text("panic: ").value("%v", "args.0").value("%s", "ustack");
  recovered.text("recovered by ").value("%s", "caller").text("\n");
  fatal.text("not recovered: the program ends\n");
  const std::string script = traced->probe("uprobe", kPanic) + " {\n" + print_of(panic) + "}\n" +
                             traced->probe("uretprobe", kRecover) + " /retval != nil/ {\n" +
                             print_of(recovered) + "}\n" + traced->probe("uprobe", kFatal) +
                             " {\n" + print_of(fatal) + "}\n";
  return run_command(
      command, std::move(*traced), script + timers(command),
      [](const output::SinkOptions& options) { return std::make_unique<LimitedSink>(options, 0); });
}

}  // namespace gotap::cli
