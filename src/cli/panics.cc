// `gotap panics`: each panic with its value and stack, and what became of it: recovered, by which
// deferred function, or the end of the program.
//
// Facts (runtime/panic.go): panics go through runtime.gopanic(e), runtime errors too;
// runtime.gorecover() is what recover() calls; runtime.fatalpanic is where
// panics end that nobody recovered. They have had these names since Go 1.15. Programs call
// recover() without a panic, too (encoding/json for each value): of gorecover the one instruction
// is probed that runs only if there is something to recover.
#include <optional>

#include "cli/command.h"
#include "cli/commands.h"
#include "cli/printf_text.h"
#include "cli/report.h"
#include "go/goroutine_ends.h"
#include "go/recovery.h"
#include "go/type_info.h"
#include "output/fields.h"

namespace gotap::cli {

namespace {

constexpr const char *kPanic = "runtime.gopanic", *kRecover = "runtime.gorecover",
                     *kFatal = go::kFatalPanic;

// A stripped program has its functions, but not their signatures.
void add_signature(Traced& traced) {
  const go::Image& image = *traced.image;
  for (const uint32_t function : image.find(kPanic))
    if (image.type_info().signature(function).ok()) return;
  traced.options.types.signatures.push_back(std::string(kPanic) + "(e interface{})");
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

// The probe of the instruction that runs when a panic is recovered; nothing: it is not known.
std::optional<std::string> recovery(const Traced& traced) {
  for (const uint32_t function : traced.image->find(kRecover))
    if (const auto site = go::recovery_site(*traced.image, function))
      return traced.probe("uprobe", kRecover) + "+" +
             std::to_string(*site - traced.image->functions()[function].entry);
  return std::nullopt;
}

// The clauses. With --limit they end when it is known what became of the last panic.
std::string clauses(const Command& command, const Traced& traced, const std::string& recovered) {
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
         recovered + when(shown) + " {\n" + print.recovered() + ends + "}\n" +
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
  const auto recovered = recovery(*traced);
  if (!recovered) {
    print_error({"the code of " + std::string(kRecover) + " in " + traced->path +
                     " is not as Go 1.15 to 1.27 have it",
                 "gotap trace " + std::string(kPanic) + " --stack shows panics alone"});
    return kFailed;
  }
  add_signature(*traced);
  const std::string script = clauses(command, *traced, *recovered);
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
