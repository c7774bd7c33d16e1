#include "cli/run.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <set>

#include "base/text.h"
#include "cli/options.h"
#include "cli/targets.h"
#include "codegen/codegen.h"
#include "lang/check.h"
#include "lang/parser.h"
#include "output/text.h"
#include "trace/session.h"

namespace gotap::cli {

namespace {

constexpr int kFailed = 1;

void print_error(const Error& error) {
  std::fprintf(stderr, "ERROR: %s\n", error.message.c_str());
  if (!error.hint.empty()) std::fprintf(stderr, "HINT: %s\n", error.hint.c_str());
}

lang::Diagnostic error_at(const lang::Location& location, std::string message, std::string hint) {
  return {lang::Diagnostic::Severity::Error, location, std::move(message), std::move(hint)};
}

/// Prints what was found wrong with the script; true if any of it forbids going on.
bool report(const std::vector<lang::Diagnostic>& diagnostics, const lang::Source& source) {
  std::fputs(lang::render(diagnostics, source).c_str(), stderr);
  return lang::has_errors(diagnostics);
}

Result<lang::Source> read_script(const Options& options) {
  if (options.file.empty()) return lang::Source{"stdin", options.expression};
  if (options.file == "-" || options.file == "/dev/stdin")
    return lang::Source{"stdin", {std::istreambuf_iterator<char>(std::cin), {}}};
  struct stat st;
  if (::stat(options.file.c_str(), &st) == 0 && S_ISFIFO(st.st_mode)) {  // as of <(command)
    std::ifstream pipe(options.file);
    return lang::Source{options.file, {std::istreambuf_iterator<char>(pipe), {}}};
  }
  auto file = MappedFile::open(options.file);
  if (!file.ok()) return file.error();
  Bytes bytes = file->bytes();
  return lang::Source{options.file, {bytes.begin(), bytes.end()}};
}

/// Every binary the script names, opened once; those that cannot be are diagnostics.
std::vector<plan::Target> open_targets(const lang::ast::Script& script,
                                       std::vector<lang::Diagnostic>& diagnostics) {
  std::vector<plan::Target> targets;
  std::set<std::string> tried;
  for (const auto& clause : script.clauses)
    for (const lang::ProbeSpec& probe : clause.probes) {
      bool has_program =
          probe.kind == lang::ProbeKind::Uprobe || probe.kind == lang::ProbeKind::Uretprobe;
      if (!has_program || !tried.insert(probe.path).second) continue;
      auto target = open_target(probe.path);
      if (target.ok())
        targets.push_back(std::move(target.value()));
      else
        diagnostics.push_back(
            error_at(probe.location, target.error().message, target.error().hint));
    }
  return targets;
}

/// What the checker must know of the functions a probe names.
std::optional<lang::TargetFacts> facts_of(const lang::ProbeSpec& probe,
                                          const std::vector<plan::Target>& targets) {
  for (const plan::Target& target : targets) {
    if (target.path != probe.path) continue;
    const go::Image& image = *target.image;
    // Of a cgo program the functions themselves decide.
    if (image.is_go() && !probe.function.empty()) {
      std::vector<uint32_t> named = plan::match_functions(probe, image);
      auto is_go = [&](uint32_t index) { return image.functions()[index].is_go; };
      if (!named.empty() && std::none_of(named.begin(), named.end(), is_go))
        return lang::TargetFacts{};
    }
    return lang::TargetFacts{image.is_go(), image.abi(), image.go_version()};
  }
  return std::nullopt;
}

uint32_t number_from_environment(const char* name, uint32_t otherwise, uint32_t most) {
  const char* text = std::getenv(name);
  if (!text) return otherwise;
  char* end = nullptr;
  unsigned long value = std::strtoul(text, &end, 10);
  if (end == text || *end || value == 0 || value > most) {
    std::fprintf(stderr, "WARNING: %s=%s ignored: not a number from 1 to %u\n", name,
                 escape_controls(text).c_str(), most);
    return otherwise;
  }
  return value;
}

lang::CheckOptions check_options() {
  lang::CheckOptions options;
  options.max_strlen = number_from_environment("BPFTRACE_MAX_STRLEN", options.max_strlen, 4096);
  options.max_map_keys =
      number_from_environment("BPFTRACE_MAX_MAP_KEYS", options.max_map_keys, 1'000'000);
  return options;
}

/// A script that made it through all the pure stages.
struct Compiled {
  plan::Plan plan;
  bpf::BpfObject object;
};

/// The pure stages. Nothing: what was wrong, or the dumped stage, has been printed, and
/// `exit_code` says which.
std::optional<Compiled> compile(const Options& options, const lang::Source& source,
                                int& exit_code) {
  exit_code = kFailed;
  auto dumped = [&](const char* stage, auto&& text) {
    if (options.dump != stage) return false;
    std::fputs(text().c_str(), stdout);
    exit_code = 0;
    return true;
  };
  lang::Parsed parsed = lang::parse(source);
  if (report(parsed.diagnostics, source)) return std::nullopt;
  if (dumped("ast", [&] { return lang::ast::dump(parsed.script); })) return std::nullopt;

  std::vector<lang::Diagnostic> diagnostics;
  std::vector<plan::Target> targets = open_targets(parsed.script, diagnostics);
  // From here on the binaries are fixed; the checker goes on without those that failed, so
  // that all that is wrong is said in one run.
  lang::Checked checked = lang::check(
      parsed.script, [&](const lang::ProbeSpec& probe) { return facts_of(probe, targets); },
      check_options());
  diagnostics.insert(diagnostics.end(), checked.diagnostics.begin(), checked.diagnostics.end());
  if (report(diagnostics, source)) return std::nullopt;
  if (dumped("types", [&] { return lang::dump(checked.program); })) return std::nullopt;

  plan::Planned planned = plan::make_plan(checked.program, targets);
  diagnostics.clear();
  for (const plan::Problem& problem : planned.problems)
    diagnostics.push_back(error_at(problem.location, problem.message, problem.hint));
  if (report(diagnostics, source)) return std::nullopt;
  for (const plan::Target& target : targets)
    if (!target.image->version_warning().empty())
      planned.plan.warnings.push_back(target.path + ": " + target.image->version_warning());
  if (dumped("plan", [&] { return plan::dump(planned.plan); })) return std::nullopt;

  auto object = codegen::generate(checked.program, planned.plan);
  if (!object.ok()) {
    print_error(object.error());
    return std::nullopt;
  }
  if (dumped("bpf", [&] { return bpf::dump(*object); })) return std::nullopt;
  if (options.dry_run) {
    std::fputs(plan::dump(planned.plan).c_str(), stdout);
    if (options.verbose) std::fputs(bpf::dump(*object).c_str(), stdout);
    exit_code = 0;
    return std::nullopt;
  }
  return Compiled{std::move(planned.plan), std::move(*object)};
}

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
  session_options.pid = options.pid;
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

int list(const Options& options) {
  std::string pattern = options.pattern.empty() ? "uprobe:*" : options.pattern;
  lang::Source source{"stdin", pattern + " { }"};
  lang::Parsed parsed = lang::parse(source);
  if (report(parsed.diagnostics, source)) return kFailed;
  std::vector<lang::Diagnostic> diagnostics;
  std::vector<plan::Target> targets = open_targets(parsed.script, diagnostics);
  if (report(diagnostics, source)) return kFailed;
  bool any = false;
  for (const auto& clause : parsed.script.clauses)
    for (const lang::ProbeSpec& probe : clause.probes)
      for (const plan::Target& target : targets) {
        if (target.path != probe.path) continue;
        const char* kind = probe.kind == lang::ProbeKind::Uretprobe ? "uretprobe" : "uprobe";
        for (uint32_t index : plan::match_functions(probe, *target.image)) {
          std::string name(target.image->functions()[index].name);
          std::printf("%s:%s:%s\n", kind, target.path.c_str(), name.c_str());
          any = true;
        }
      }
  if (!any) std::fprintf(stderr, "no probe matches %s\n", pattern.c_str());
  return any ? 0 : kFailed;
}

}  // namespace

int run(int argc, const char* const* argv) {
  CommandLine line = parse_command_line(argc, argv);
  if (line.exit_code) {
    std::fputs(line.text.c_str(), *line.exit_code ? stderr : stdout);
    return *line.exit_code;
  }
  const Options& options = line.options;
  if (options.list) return list(options);
  auto source = read_script(options);
  if (!source.ok()) {
    print_error(source.error());
    return kFailed;
  }
  int exit_code = 0;
  std::optional<Compiled> compiled = compile(options, *source, exit_code);
  if (!compiled) return exit_code;
  auto result = trace(options, *compiled);
  if (!result.ok()) {
    print_error(result.error());
    return kFailed;
  }
  return *result;
}

}  // namespace gotap::cli
