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
#include "output/fields.h"

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

// A line, or with -f json a record of fields for output::FieldsSink.
class PanicPrint {
 public:
  explicit PanicPrint(const Command& command) : command_(command) {}

  std::string panic() const {
    return command_.run.json
               ? record(
                     field("panic", "value", "%v", "args.0").text("\tstack=").value("%s", "ustack"))
               : line(Piece().text("panic: ").value("%v", "args.0").value("%s", "ustack"));
  }
  std::string recovered() const {
    return command_.run.json ? record(field("recovered", "by", "%s", "caller"))
                             : line(Piece().text("recovered by ").value("%s", "caller").text("\n"));
  }
  std::string not_recovered() const {
    return command_.run.json ? record(Piece().text("\tevent=not recovered"))
                             : line(Piece().text("not recovered: the program ends\n"));
  }

 private:
  static Piece field(const char* event, const char* name, const char* conversion,
                     const char* expression) {
    return Piece()
        .text(std::string("\tevent=") + event + "\t" + name + "=")
        .value(conversion, expression);
  }
  static std::string print(const char* head, const Piece& piece) {
    return std::string("  printf(\"") + head + piece.format + "\", " + kLineHeadArguments +
           piece.arguments + ");\n";
  }
  static std::string line(const Piece& piece) { return print(kLineHead, piece); }
  static std::string record(Piece piece) {
    return print("time=%s\\tgoroutine=%d", piece.text("\n"));
  }

  const Command& command_;
};

// The clauses. With --limit they end when it is known what became of the last panic.
std::string clauses(const Command& command, const Traced& traced) {
  const PanicPrint print(command);
  const std::string most = std::to_string(command.limit),
                    left = command.limit ? "@lines < " + most : "",
                    shown = command.limit ? "(" + left + " || @last[pid, goid])" : "",
                    counted = command.limit ? "  @lines = count();\n  if (@lines >= " + most +
                                                  ") { @last[pid, goid] = 1; }\n"
                                            : "",
                    ends = command.limit ? "  if (@last[pid, goid]) { exit(); }\n" : "";
  const auto when = [](const std::string& condition) {
    return condition.empty() ? "" : " /" + condition + "/";
  };
  return traced.probe("uprobe", kPanic) + when(left) + " {\n" + print.panic() + counted + "}\n" +
         traced.probe("uretprobe", kRecover) + " /retval != nil" +
         (shown.empty() ? "" : " && " + shown) + "/ {\n" + print.recovered() + ends + "}\n" +
         traced.probe("uprobe", kFatal) + when(shown) + " {\n" + print.not_recovered() + ends +
         "}\n" + (command.limit ? "END { clear(@last); }\n" : "");
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
  const std::string script = clauses(command, *traced);
  return run_command(
      command, std::move(*traced), script + timers(command),
      [&](const output::SinkOptions& options) -> std::unique_ptr<output::Sink> {
        if (command.run.json)
          return std::make_unique<output::FieldsSink>(options, json_head(command), "panic", 0);
        return std::make_unique<LimitedSink>(options, 0);
      },
      true);
}

}  // namespace gotap::cli
