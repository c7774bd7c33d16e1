// `gotap graph`: the calls that a function makes, and those that these make, as a tree with times.
//
// What lies below it is read from the code: the functions that are called directly, level by level,
// and their closures. What is called through an interface or a variable is not seen there, and can
// be named beside the function. While a call of the root runs, a record of each beginning and
// return below it goes to output/graph.h, which puts them together and shows the trees that are
// asked for.
//
// Facts: runtime/panic.go: recovery(gp) runs when a panic has been recovered, whose frames are gone
// then, of Go 1.15 to 1.27; where goroutines end, go/goroutine_ends.h.
#include "output/graph.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/functions.h"
#include "cli/printf_text.h"
#include "cli/report.h"
#include "cli/user_text.h"
#include "go/goroutine_ends.h"
#include "lang/lexer.h"

namespace gotap::cli {

namespace {

constexpr size_t kMostBelow = 200;  // functions that are followed unless --depth asks for more
constexpr size_t kMostNamed = 1000;

// The runtime's own, which would be most of every tree and cost the most.
bool is_beneath_notice(std::string_view name) {
  for (const std::string_view prefix : {"runtime.", "runtime/", "internal/", "sync/atomic."})
    if (name.starts_with(prefix)) return true;
  if (is_made_by_compiler(name)) return true;
  return name.find(".gowrap") != std::string_view::npos;  // runs on a goroutine of its own
}

// The functions that one calls or jumps to directly.
std::set<uint32_t> called_by(const go::Image& image, uint32_t function) {
  std::set<uint32_t> found;
  const go::Function& from = image.functions()[function];
  const auto code = image.bytes_at(from.entry, from.end - from.entry);
  const auto boundaries = image.boundaries(function);
  if (!code || !boundaries) return found;
  for (const uint64_t at : *boundaries) {
    const auto target = direct_target(*code, at - from.entry, from.entry);
    const auto to = target ? image.function_at(*target) : std::nullopt;
    if (to && *to != function && image.functions()[*to].entry == *target) found.insert(*to);
  }
  return found;
}

class Below {
 public:
  Below(const Command& command, const Traced& traced) : command_(command), traced_(traced) {
    for (uint32_t i = 0; i < traced.image->functions().size(); i++)
      if (const std::string_view name = traced.name(i);
          name.find(".func") != name.npos || name.find(".deferwrap") != name.npos)
        closures_.emplace(name.substr(0, name.rfind('.')), i);
  }

  /// The level behind this one, without what was there before.
  std::set<uint32_t> next(const std::set<uint32_t>& level) {
    std::set<uint32_t> found;
    for (const uint32_t function : level) {
      seen_.insert(function);
      std::set<uint32_t> called = called_by(*traced_.image, function);
      const auto [first, last] = closures_.equal_range(traced_.name(function));
      for (auto it = first; it != last; it++) called.insert(it->second);
      found.insert(called.begin(), called.end());
    }
    std::erase_if(found, [&](uint32_t function) {
      return seen_.count(function) || is_beneath_notice(traced_.name(function)) ||
             matches_any(command_.excluded, traced_.name(function)) ||
             !traced_.image->functions()[function].is_go;
    });
    return found;
  }

 private:
  const Command& command_;
  const Traced& traced_;
  std::multimap<std::string_view, uint32_t> closures_;  // by the function they stand in
  std::set<uint32_t> seen_;
};

// What is followed below the root, the functions that were named beside it included. Nothing: too
// much, which has been said.
std::optional<std::vector<uint32_t>> functions_below(const Command& command, const Traced& traced,
                                                     uint32_t root) {
  constexpr uint32_t kDepth = 3;
  std::set<uint32_t> all(traced.functions.begin(), traced.functions.end());
  std::set<uint32_t> level = all;  // what is below those that were named is followed, too
  all.insert(root);
  Below below(command, traced);
  const uint32_t depth = command.depth ? *command.depth : kDepth;
  for (uint32_t i = 0; i < depth && !level.empty(); i++) {
    level = below.next(level);
    const size_t size = all.size() + level.size();
    if (!command.depth && size > kMostBelow) {
      if (!command.run.quiet)
        std::fprintf(stderr,
                     "followed to a depth of %u, as there are %zu more functions below that "
                     "(--depth %u)\n",
                     i, level.size(), i + 1);
      break;
    }
    all.insert(level.begin(), level.end());
  }
  if (all.size() > kMostNamed) {
    print_error({count_of(all.size(), "function") +
                     " are too many to follow: " + std::to_string(kMostNamed) + " are possible",
                 "a lesser --depth, or --exclude"});
    return std::nullopt;
  }
  all.erase(root);
  return std::vector<uint32_t>(all.begin(), all.end());
}

class GraphScript {
 public:
  GraphScript(const Command& command, const Traced& traced) : command_(command), traced_(traced) {}

  std::string text(uint32_t root, const std::vector<uint32_t>& below) {
    const std::string filter = command_.filter.empty() ? "" : "(" + command_.filter + ") && ";
    script_ = traced_.probe("uprobe", traced_.name(root)) +
              " {\n"
              "  @calls = count();\n"
              "  if (@in[pid, goid] == 0 || depth <= @in[pid, goid]) {\n"
              "    if (" +
              filter + "@second < " + std::to_string(command_.rate) +
              ") {\n"
              "      @second += 1;\n"
              "      @in[pid, goid] = depth;\n"
              "    } else {\n"
              "      delete(@in, (pid, goid));\n"
              "    }\n"
              "  }\n"
              "  if (@in[pid, goid]) {\n"
              "    @followed = count();\n"
              "  " +
              kNextRecord + "    printf(\"root %s %d %d %d %d %s\\n\", " + kLineHeadArguments +
              ", pid, depth, @number[pid, goid], func);\n  }\n}\n";
    clauses("uprobe", below,
            std::string(kNextRecord) +
                "  printf(\"begin %d %d %d %d %s\\n\", pid, goid, depth, @number[pid, goid], "
                "func);\n");
    returns(below, "");
    returns({root}, "  if (depth == @in[pid, goid]) {\n" + kForget + "  }\n");
    if (!traced_.image->find("runtime.recovery").empty())
      script_ += traced_.probe("uprobe", "runtime.recovery") +
                 " /@in[pid, goid(arg0)]/ {\n"
                 "  @number[pid, goid(arg0)] += 1;\n"
                 "  printf(\"recovered %d %d %d\\n\", pid, goid(arg0), @number[pid, goid(arg0)]);\n"
                 "}\n";
    for (const char* end : go::kGoroutineEnds) ends_at(end);
    ends_at(go::kFatalPanic);
    return script_ + "interval:s:1 { @second = 0; }\n";
  }

 private:
  const std::string kForget = "  delete(@in, (pid, goid));\n  delete(@number, (pid, goid));\n";

  void ends_at(const char* function) {
    if (traced_.image->find(function).empty()) return;
    script_ +=
        traced_.probe("uprobe", function) + " /@in[pid, goid]/ {\n" + std::string(kNextRecord) +
        "  printf(\"ended %d %d %d\\n\", pid, goid, @number[pid, goid]);\n" + kForget + "}\n";
  }

  void clauses(const char* kind, const std::vector<uint32_t>& functions, const std::string& body) {
    std::string probes;
    for (const uint32_t function : functions)
      probes += (probes.empty() ? "" : ",\n") + traced_.probe(kind, traced_.name(function));
    if (!probes.empty()) script_ += probes + " /@in[pid, goid]/ {\n" + body + "}\n";
  }

  // Errors are at different places of the results.
  void returns(const std::vector<uint32_t>& functions, const std::string& more) {
    std::map<std::optional<size_t>, std::vector<uint32_t>> by_error;
    for (const uint32_t function : functions)
      by_error[error_result(*traced_.image, function)].push_back(function);
    for (const auto& [result, all] : by_error) {
      const std::string error = result ? ", retval." + std::to_string(*result) : "";
      clauses("uretprobe", all,
              std::string(kNextRecord) + "  printf(\"end %d %d %d %d %s %d" +
                  (result ? " %s" : "") +
                  "\\n\", pid, goid, depth, @number[pid, goid], func, duration" + error + ");\n" +
                  more);
    }
  }

  const Command& command_;
  const Traced& traced_;
  std::string script_;
};

}  // namespace

int graph_calls(const Command& command) {
  auto traced = open_traced(command);
  if (!traced) return kFailed;
  // The first function is the root; that it is known has been seen.
  auto roots = find_functions(*traced->image, command.functions[0]);
  if (!roots.ok()) return kFailed;
  std::erase_if(*roots, [&](uint32_t it) {
    return !std::binary_search(traced->functions.begin(), traced->functions.end(), it);
  });
  if (roots->empty()) {
    print_error({"--exclude leaves no function", ""});
    return kFailed;
  }
  if (roots->size() != 1) {
    print_error({count_of(roots->size(), "function") + " match, and graph is about one",
                 "name it first, and behind it what else is to be followed below it"});
    return kFailed;
  }
  const uint32_t root = roots->front();
  // It is asked when the root begins.
  if (!command.filter.empty() &&
      !check_user_expression(*traced, "--filter", command.filter,
                             traced->probe("uprobe", traced->name(root)) + " /(", ")/ { exit(); }"))
    return kFailed;
  const auto below = functions_below(command, *traced, root);
  if (!below) return kFailed;
  // What of a call is asked for is decided at the end of its tree.
  Command plain = command;
  plain.filter.clear();
  plain.slower.clear();
  plain.errors = false;
  traced->functions = *below;
  traced->functions.push_back(root);
  std::sort(traced->functions.begin(), traced->functions.end());
  std::vector<uint32_t> followed;
  bool has_root = false;
  for (const ChosenCalls& calls : choose_calls(plain, *traced, "uretprobe")) {
    if (calls.function == root)
      has_root = true;
    else
      followed.push_back(calls.function);
  }
  if (!has_root) {
    print_error({std::string(traced->name(root)) + " cannot be followed", "gotap show says why"});
    return kFailed;
  }
  if (followed.empty() && !command.run.quiet)
    std::fputs(
        "no function below it is followed: what it calls through interfaces and variables can be "
        "named behind it\n",
        stderr);
  output::GraphStyle style;
  style.root = traced->name(root);
  style.slower_ns = lang::parse_number(command.slower).value;
  style.errors = command.errors;
  style.panics = command.panics;
  style.sum = command.sum;
  style.limit = command.limit;
  style.filtered = !command.filter.empty();
  style.folded = command.run.folded;
  traced->options.folded = false;  // not the script's maps are meant
  const std::string script = GraphScript(command, *traced).text(root, followed);
  return run_command(
      command, std::move(*traced), script + timers(command),
      [&](const output::SinkOptions& options) -> std::unique_ptr<output::Sink> {
        if (command.run.json)
          return std::make_unique<output::GraphJsonSink>(options, style, json_head(command));
        return std::make_unique<output::GraphSink>(options, style);
      },
      true);
}

}  // namespace gotap::cli
