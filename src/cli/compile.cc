#include "cli/compile.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>

#include "base/fd.h"
#include "base/text.h"
#include "cli/environment.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/targets.h"
#include "codegen/codegen.h"
#include "lang/parser.h"

namespace gotap::cli {

namespace {

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

/// Prints a stage if --dump asks for it.
template <typename Text>
bool dump_stage(const Options& options, const char* stage, Text&& text, int& exit_code) {
  if (options.dump != stage) return false;
  std::fputs(text().c_str(), stdout);
  exit_code = 0;
  return true;
}

}  // namespace

std::optional<lang::TargetFacts> facts_of(const lang::ProbeSpec& probe,
                                          const std::vector<plan::Target>& targets) {
  for (const plan::Target& target : targets) {
    if (target.path != probe.path) continue;
    const go::Image& image = *target.image;
    std::vector<uint32_t> named;
    // Of a cgo program the functions themselves decide.
    if (image.is_go() && !probe.function.empty()) {
      named = plan::match_functions(probe, image);
      if (named.empty() && !image.inlined_copies({probe.function}).empty())
        named.push_back(image.type_info().inlined_function(probe.function));
      auto is_go = [&](uint32_t index) {
        return index >= image.functions().size() || image.functions()[index].is_go;
      };
      if (!named.empty() && std::none_of(named.begin(), named.end(), is_go))
        return lang::TargetFacts{};
    }
    std::vector<go::LinePoint> lines;
    if (image.is_go() && !probe.file.empty())
      for (const go::LineSite& site : image.line_sites(probe.file, probe.line).sites) {
        named.push_back(site.function);
        lines.push_back({site.address, probe.line});
      }
    std::string no_goid;
    if (image.is_go() && image.goid_offset() == 0)
      no_goid = "is of a Go version of which it is not known where goroutines keep their ids";
    else if (image.abi() == go::Abi::GoStack && image.tls_offset() == 0)
      no_goid = "is a shared library: where it finds its goroutine is decided when it is loaded";
    return lang::TargetFacts{image.is_go(),
                             image.abi(),
                             image.go_version(),
                             std::move(no_goid),
                             image.is_go() ? &image.type_info() : nullptr,
                             std::move(named),
                             std::move(lines)};
  }
  return std::nullopt;
}

std::vector<plan::Target> open_targets(const lang::ast::Script& script, const Options& options,
                                       std::vector<lang::Diagnostic>& diagnostics,
                                       std::vector<std::string>& notes) {
  std::vector<plan::Target> targets;
  std::set<std::string> tried;
  for (const auto& clause : script.clauses)
    for (const lang::ProbeSpec& probe : clause.probes) {
      bool has_program =
          probe.kind == lang::ProbeKind::Uprobe || probe.kind == lang::ProbeKind::Uretprobe;
      if (!has_program || !tried.insert(probe.path).second) continue;
      // Which of two programs the user's types are of would be a guess.
      if (options.types.is_given() && tried.size() > 1)
        diagnostics.push_back(
            error_at(probe.location,
                     "--debug-binary and --signature speak of one program, and this is another",
                     "trace them one by one"));
      std::string note;
      auto target = open_target(probe.path, options, note);
      if (!note.empty()) notes.push_back(std::move(note));
      if (target.ok())
        targets.push_back(std::move(target.value()));
      else
        diagnostics.push_back(
            error_at(probe.location, target.error().message, target.error().hint));
    }
  return targets;
}

namespace {
// What was found damaged when types were read.
std::vector<std::string> type_warnings(const std::vector<plan::Target>& targets) {
  std::vector<std::string> all;
  for (const plan::Target& target : targets)
    for (const std::string& warning : target.image->type_info().warnings())
      all.push_back(target.path + ": " + warning);
  return all;
}
}  // namespace

std::optional<Planned> plan_script(const Options& options, int& exit_code) {
  exit_code = kFailed;
  Environment environment = read_environment(environ);
  if (auto added = add_settings(environment, options.settings); !added.ok()) {
    print_error(added.error());
    return std::nullopt;
  }
  if (!options.no_warnings)
    for (const std::string& warning : environment.warnings)
      std::fprintf(stderr, "WARNING: %s\n", warning.c_str());
  auto read = read_script(options);
  if (!read.ok()) {
    print_error(read.error());
    return std::nullopt;
  }
  const lang::Source& source = *read;
  auto dumped = [&](const char* stage, auto&& text) {
    return dump_stage(options, stage, text, exit_code);
  };
  auto report = [&](std::vector<lang::Diagnostic> diagnostics) {
    if (options.no_warnings)
      std::erase_if(diagnostics, [](const lang::Diagnostic& diagnostic) {
        return diagnostic.severity == lang::Diagnostic::Severity::Warning;
      });
    return cli::report(diagnostics, source);
  };
  lang::Parsed parsed = lang::parse(source, options.parameters);
  if (report(parsed.diagnostics)) return std::nullopt;
  if (dumped("ast", [&] { return lang::ast::dump(parsed.script); })) return std::nullopt;

  std::vector<lang::Diagnostic> diagnostics;
  std::vector<std::string> notes;
  std::vector<plan::Target> targets = open_targets(parsed.script, options, diagnostics, notes);
  // From here on the binaries are fixed; the checker goes on without those that failed, so
  // that all that is wrong is said in one run.
  lang::Checked checked = lang::check(
      parsed.script, [&](const lang::ProbeSpec& probe) { return facts_of(probe, targets); },
      {environment.settings, environment.given, options.unsafe});
  diagnostics.insert(diagnostics.end(), checked.diagnostics.begin(), checked.diagnostics.end());
  if (report(diagnostics)) {
    // It may be why a name is not known.
    if (!options.no_warnings)
      for (const std::string& warning : type_warnings(targets))
        std::fprintf(stderr, "WARNING: %s\n", warning.c_str());
    return std::nullopt;
  }
  if (dumped("types", [&] { return lang::dump(checked.program); })) return std::nullopt;

  plan::Planned planned = [&] {
    const Stage stage("finding the sites of the probes");
    return plan::make_plan(checked.program, targets);
  }();
  diagnostics.clear();
  for (const plan::Problem& problem : planned.problems)
    diagnostics.push_back(error_at(problem.location, problem.message, problem.hint));
  if (report(diagnostics)) return std::nullopt;
  auto& warnings = planned.plan.warnings;
  warnings.insert(warnings.begin(), notes.begin(), notes.end());
  for (const plan::Target& target : targets)
    if (!target.image->version_warning().empty())
      warnings.push_back(target.path + ": " + target.image->version_warning());
  for (std::string& warning : type_warnings(targets)) warnings.push_back(std::move(warning));
  if (options.no_warnings) warnings.clear();
  const lang::Settings& settings = checked.settings;
  if (settings.max_probes && planned.plan.probe_count > settings.max_probes) {
    print_error({"the script has " + std::to_string(planned.plan.probe_count) +
                     " probes, BPFTRACE_MAX_PROBES allows " + std::to_string(settings.max_probes),
                 "probe less, or raise BPFTRACE_MAX_PROBES"});
    return std::nullopt;
  }
  if (dumped("plan", [&] { return plan::dump(planned.plan); })) return std::nullopt;

  return Planned{std::move(read.value()), std::move(checked.program), std::move(targets),
                 std::move(planned.plan), settings};
}

std::optional<Compiled> compile(const Options& options, const ChooseCode& choose, int& exit_code) {
  std::optional<Planned> planned = plan_script(options, exit_code);
  if (!planned) return std::nullopt;
  exit_code = kFailed;
  codegen::Options code{.by_event = options.attach == trace::AttachWay::Event};
  if (options.dump.empty() && !options.dry_run) {
    auto chosen = choose(planned->plan);
    if (!chosen.ok()) {
      print_error(chosen.error());
      return std::nullopt;
    }
    code = *chosen;
  }
  auto object = codegen::generate(planned->program, planned->plan, code);
  if (!object.ok()) {
    print_error(object.error());
    return std::nullopt;
  }
  auto text = [&] { return bpf::dump(*object); };
  if (dump_stage(options, "bpf", text, exit_code)) return std::nullopt;
  if (options.dry_run) {
    std::fputs(plan::dump(planned->plan).c_str(), stdout);
    if (options.verbose) std::fputs(bpf::dump(*object).c_str(), stdout);
    exit_code = 0;
    return std::nullopt;
  }
  return Compiled{std::move(planned->plan), std::move(*object), planned->settings};
}

}  // namespace gotap::cli
