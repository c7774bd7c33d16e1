#include "cli/command.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdio>
#include <map>

#include "base/path.h"
#include "base/text.h"
#include "cli/functions.h"
#include "cli/report.h"
#include "cli/targets.h"
#include "cli/user_text.h"
#include "go/type_info.h"
#include "output/json.h"
#include "plan/plan.h"
#include "trace/process.h"

namespace gotap::cli {

namespace {

std::string exe_of(int pid) {
  std::string path = link_target("/proc/" + std::to_string(pid) + "/exe");
  if (path.ends_with(trace::kDeleted))
    path.resize(path.size() - std::string_view(trace::kDeleted).size());
  return path;
}

// All processes but ourselves.
std::vector<int> all_processes() {
  std::vector<int> pids;
  DIR* folder = ::opendir("/proc");
  if (!folder) return pids;
  while (const dirent* entry = ::readdir(folder)) {
    const std::string text = entry->d_name;
    int pid = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
    if (error == std::errc() && end == text.data() + text.size() && pid != ::getpid())
      pids.push_back(pid);
  }
  ::closedir(folder);
  std::sort(pids.begin(), pids.end());
  return pids;
}

// Those whose program file has this name.
std::vector<int> processes_called(const std::string& name, std::vector<int> among) {
  std::erase_if(among, [&](int pid) {
    const std::string exe = exe_of(pid);
    return exe.substr(exe.rfind('/') + 1) != name;
  });
  return among;
}

// The Go program that a container runs; -n says which, if there are several. Shells and the like
// beside it are not meant.
Result<std::string> find_contained(const Command& command, const std::vector<int>& inside) {
  std::map<std::string, bool> programs;  // by path: is it Go?
  const bool any = command.process_name.empty();
  for (const int pid : any ? inside : processes_called(command.process_name, inside)) {
    const std::string path = exe_of(pid);
    if (path.empty() || programs.count(path)) continue;
    const auto image = go::Image::open("/proc/" + std::to_string(pid) + "/exe", {});
    programs[path] = image.ok() && (*image)->is_go();
  }
  if (programs.empty())
    return Error{"the container runs no program called " + escape_controls(command.process_name),
                 ""};
  std::vector<std::string> meant;
  std::string list;
  for (const auto& [path, is_go] : programs)
    if (is_go || programs.size() == 1) {
      meant.push_back(path);
      list += (list.empty() ? "" : ", ") + escape_controls(path);
    }
  if (meant.size() == 1) return meant[0];
  if (meant.empty()) return Error{"the container runs no Go program", "name another: -n NAME"};
  return Error{"the container runs several Go programs: " + list, "say which: -n NAME"};
}

// The program that is meant; `options` gets the processes.
Result<std::string> find_program(const Command& command, Options& options) {
  if (!command.exe.empty()) return command.exe;
  if (!command.words.empty()) {
    const std::string& word = command.words[0];
    if (word.find('/') != std::string::npos) return word;
    if (auto found = find_in_path(word)) return *found;
    return Error{"no program " + word + " in PATH", ""};
  }
  if (!options.inside.empty()) return find_contained(command, options.inside);
  if (!command.process_name.empty()) {
    options.pids = processes_called(command.process_name, all_processes());
    if (options.pids.empty())
      return Error{"no process runs a program called " + command.process_name,
                   "name one by its process id: -p PID"};
    std::map<std::string, int> files;  // each with one of the processes that run it
    for (const int pid : options.pids) files.try_emplace(exe_of(pid), pid);
    if (files.size() > 1) {
      std::string list = "say which, by a process or by --exe FILE:";
      for (const auto& [file, pid] : files)
        list += "\n  -p " + std::to_string(pid) + "  " + escape_controls(file);
      return Error{count_of(files.size(), "program") + " called " +
                       escape_controls(command.process_name) + " run here",
                   list};
    }
  }
  std::string path = exe_of(options.pids[0]);
  if (path.empty())
    return Error{
        "there is no process " + std::to_string(options.pids[0]) + ", or it may not be looked at",
        "ps lists the processes; gotap needs root"};
  return path;
}

// For Options::command, which is taken apart as a shell would.
std::string quoted(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text += text.empty() ? "'" : " '";
    for (char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    text += "'";
  }
  return text;
}

// What a call must be to count. Nothing: the function returns no error, or that is not known.
std::optional<std::string> predicate(const Command& command, const Traced& traced,
                                     uint32_t function) {
  std::string text;
  auto add = [&](const std::string& condition) {
    text += (text.empty() ? "" : " && ") + condition;
  };
  if (!command.filter.empty()) add("(" + command.filter + ")");
  if (!command.slower.empty()) add("duration > " + command.slower);
  if (command.errors) {
    const auto result = error_result(*traced.image, function);
    if (!result) return std::nullopt;
    add("retval." + std::to_string(*result) + " != nil");
  }
  return text.empty() ? text : "/" + text + "/ ";
}

// Without the wrappers that lead to another of the functions: each call would count twice.
std::vector<uint32_t> without_wrappers(const Traced& traced) {
  std::vector<uint32_t> kept = traced.functions;
  if (kept.size() < 2) return kept;
  std::erase_if(kept, [&](uint32_t function) {
    const std::vector<uint32_t> leads_to = traced.image->wrapped_by(function);
    return std::any_of(leads_to.begin(), leads_to.end(), [&](uint32_t other) {
      return other != function &&
             std::binary_search(traced.functions.begin(), traced.functions.end(), other);
    });
  });
  return kept;
}

// Whether the word stands alone there: in a script `retval` is the first result's register, and of
// several results nothing that one could want.
bool has_bare_retval(std::string_view expression) {
  constexpr std::string_view kWord = "retval";
  const auto is_part = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.';
  };
  for (size_t at = 0; (at = expression.find(kWord, at)) != std::string_view::npos;
       at += kWord.size()) {
    const size_t behind = at + kWord.size();
    if ((at == 0 || !is_part(expression[at - 1])) &&
        (behind == expression.size() || !is_part(expression[behind])))
      return true;
  }
  return false;
}

// An error, if --by is about the result of a function that has several.
Result<void> check_by(const Command& command, const Traced& traced) {
  if (!has_bare_retval(command.by)) return {};
  for (const uint32_t function : traced.functions) {
    const auto signature = traced.image->type_info().signature(function);
    if (!signature.ok() || signature->results.size() < 2) continue;
    return Error{"--by " + command.by + ": " + std::string(traced.name(function)) + " has " +
                     std::to_string(signature->results.size()) + " results",
                 "say which: retval.0, retval.1 ..., or by its name"};
  }
  return {};
}

Result<Traced> find_traced(const Command& command) {
  Traced traced;
  traced.options = command.run;
  TRY(path, find_program(command, traced.options));
  if (path.find_first_of("\"\\") != std::string::npos)
    return Error{"the path of the program has a quote or a backslash: " + path, "use a link to it"};
  if (!command.words.empty()) traced.options.command = quoted(command.words);
  std::string note;  // said when the script's run opens the program
  TRY(target, open_target(path, traced.options, note));
  traced.path = path;
  traced.image = target.image;
  for (const std::string& name : command.functions) {
    TRY(found, find_functions(*traced.image, name));
    traced.functions.insert(traced.functions.end(), found.begin(), found.end());
  }
  if (!command.functions.empty() && command.kind != Command::Kind::Graph && !command.run.quiet)
    for (const std::string& name : command.excluded)
      if (std::none_of(traced.functions.begin(), traced.functions.end(),
                       [&](uint32_t function) { return is_meant(name, traced.name(function)); }))
        std::fprintf(stderr, "--exclude %s: none of the functions is meant by that\n",
                     escape_controls(name).c_str());
  leave_each_once(*traced.image, command.excluded, traced.functions);
  std::erase_if(traced.functions, [&](uint32_t function) {
    // (Names of generic functions may hold the tags of a struct.)
    return traced.name(function).find_first_of("\"\\") != std::string_view::npos;
  });
  if (traced.functions.empty() && !command.functions.empty())
    return Error{"--exclude leaves no function", ""};
  TRY_DO(check_by(command, traced));
  return traced;
}

// Whether returns of a function are seen, its own and those of functions that it leaves to by a
// jump; `reached` gets these.
bool returns_are_seen(const go::Image& image, const go::FunctionSites& sites, int jumps,
                      std::vector<uint32_t>& reached) {
  if (jumps == 0 || !plan::unseen_returns(sites).empty()) return false;
  for (const go::TailJump& jump : sites.tail_jumps) {
    const auto to = image.function_at(jump.target);
    if (!to || image.functions()[*to].entry != jump.target) return false;
    if (std::find(reached.begin(), reached.end(), *to) != reached.end()) continue;
    reached.push_back(*to);
    if (!returns_are_seen(image, image.sites(*to), jumps - 1, reached)) return false;
  }
  return true;
}

// Why a function that is one of many has no such probe; empty: it has one. `jumpers`: how many of
// those that have one leave by a jump to a function; the plan has room for two.
std::string without_probe(const go::Image& image, uint32_t function, std::string_view kind,
                          std::map<uint32_t, int>& jumpers) {
  constexpr int kJumps = 8, kRoom = 2;
  if (!image.functions()[function].is_go) return "";
  const go::FunctionSites sites = image.sites(function);
  if (!sites.entry) return sites.entry_refused;
  if (kind != "uretprobe") return "";
  std::vector<uint32_t> reached;
  if (!returns_are_seen(image, sites, kJumps, reached)) {
    const std::string why = plan::unseen_returns(sites);
    return why.empty() ? "it leaves to a function whose returns are not seen" : why;
  }
  for (const uint32_t to : reached)
    if (jumpers[to] == kRoom)
      return "it leaves by a jump to a function that two others of these jump to";
  for (const uint32_t to : reached) jumpers[to]++;
  return "";
}

// Functions that are left out, a few of them by name.
class LeftOut {
 public:
  void add(std::string_view function, const std::string& why) {
    constexpr size_t kNamed = 3;
    if (count_++ < kNamed)
      named_ += "\n  " + escape_controls(function) + (why.empty() ? "" : ": " + why);
    else
      more_++;
  }
  void say(const char* why) const {
    if (count_ == 0) return;
    std::string text = count_of(count_, "function") + " left out: " + why + named_;
    if (more_) text += "\n  and " + std::to_string(more_) + " more (gotap list shows all)";
    std::fprintf(stderr, "%s\n", text.c_str());
  }

 private:
  size_t count_ = 0, more_ = 0;
  std::string named_;
};

// Whether --filter and --by can be asked of these calls; if not that has been said.
bool check_expressions(const Command& command, const Traced& traced,
                       const std::vector<ChosenCalls>& chosen, const char* kind) {
  if (chosen.empty() || (command.filter.empty() && command.by.empty())) return true;
  std::string probes;
  for (const ChosenCalls& calls : chosen)
    probes += (probes.empty() ? "" : ",\n") + traced.probe(kind, traced.name(calls.function));
  const bool filter_is_good =
      command.filter.empty() ||
      check_user_expression(traced, "--filter", command.filter, probes + " /(", ")/ { exit(); }");
  const bool by_is_good =
      command.by.empty() ||
      check_user_expression(traced, "--by", command.by, probes + " { @[", "] = count(); }");
  return filter_is_good && by_is_good;
}

bool mentions(const std::string& expression, const char* word) {
  return expression.find(word) != std::string::npos;
}

}  // namespace

std::string Traced::probe(const char* kind, std::string_view function) const {
  return std::string(kind) + ":\"" + path + "\":\"" + std::string(function) + "\"";
}

std::optional<Traced> open_traced(const Command& command) {
  auto traced = find_traced(command);
  if (traced.ok()) return std::move(*traced);
  print_error(traced.error());
  return std::nullopt;
}

bool needs_return(const Command& command) {
  return command.errors || !command.slower.empty() || mentions(command.filter, "retval") ||
         mentions(command.filter, "duration") || mentions(command.by, "retval") ||
         mentions(command.by, "duration");
}

std::optional<size_t> error_result(const go::Image& image, uint32_t function) {
  const go::TypeInfo& info = image.type_info();
  const auto signature = info.signature(function);
  if (!signature.ok()) return std::nullopt;
  for (size_t result = signature->results.size(); result > 0; result--)
    if (info.types().at(signature->results[result - 1].type).name == "error") return result - 1;
  return std::nullopt;
}

std::vector<ChosenCalls> choose_calls(const Command& command, const Traced& traced,
                                      const char* kind) {
  std::vector<ChosenCalls> chosen;
  std::map<uint32_t, int> jumpers;
  LeftOut without_errors, not_known, not_probed;
  const bool by_outcome = command.share || command.panics;
  const std::vector<uint32_t> functions = without_wrappers(traced);
  if (functions.size() < traced.functions.size() && !command.run.quiet)
    std::fprintf(stderr, "%s left out, as the calls are seen in the functions called\n",
                 count_of(traced.functions.size() - functions.size(), "wrapper").c_str());
  for (const uint32_t function : functions) {
    // One that is named alone is refused by the plan, with the reason.
    if (functions.size() > 1 || by_outcome) {
      const std::string why = without_probe(*traced.image, function, kind, jumpers);
      if (!why.empty()) {
        not_probed.add(traced.name(function), why);
        continue;
      }
    }
    if (auto when = predicate(command, traced, function))
      chosen.push_back({function, std::move(*when)});
    else if (traced.image->type_info().signature(function).ok())
      without_errors.add(traced.name(function), "");
    else
      not_known.add(traced.name(function), "");
  }
  if (!command.run.quiet || chosen.empty()) {
    not_probed.say(by_outcome && std::string_view(kind) == "uretprobe"
                       ? "cannot be probed (gotap trace --panics shows calls that never return)"
                       : "cannot be probed");
    without_errors.say("no error among the results");
    not_known.say(
        "it is not known what they return (--debug-binary FILE, or --signature 'FUNCTION(...) "
        "error')");
  }
  if (!check_expressions(command, traced, chosen, kind)) chosen.clear();
  return chosen;
}

std::string write_clauses(
    const Command& command, const Traced& traced, const char* kind,
    const std::function<std::string(const std::string& probes, const std::string& when)>& write) {
  std::map<std::string, std::string> probes_of;  // by predicate
  for (const ChosenCalls& calls : choose_calls(command, traced, kind)) {
    std::string& probes = probes_of[calls.when];
    probes += (probes.empty() ? "" : ",\n") + traced.probe(kind, traced.name(calls.function));
  }
  std::string script;
  for (const auto& [when, probes] : probes_of) script += write(probes, when);
  return script;
}

std::string timers(const Command& command, const std::string& prints) {
  std::string script;
  const auto add = [&](uint64_t milliseconds, const std::string& body) {
    if (milliseconds)
      script += "interval:ms:" + std::to_string(milliseconds) + " { " + body + " }\n";
  };
  add(command.interval, prints);
  add(command.milliseconds, "exit();");
  return script;
}

std::string json_head(const Command& command, const std::string& fields) {
  constexpr int kFormat = 1;  // of docs/JSON.md: changes when a reader of the old would be misled
  return std::string("{\"type\": \"gotap\", \"data\": {\"format\": ") + std::to_string(kFormat) +
         ", \"version\": \"" GOTAP_VERSION "\", \"command\": \"" + command_name(command.kind) +
         "\"" + fields + "}}\n";
}

int run_command(const Command& command, Traced traced, const std::string& script,
                const MakeSink& make_sink, bool makes_json) {
  if (command.print_script) {
    for (const std::string& signature : traced.options.types.signatures)
      std::printf("// gotap --signature '%s'\n", signature.c_str());
    std::fputs(script.c_str(), stdout);
    return 0;
  }
  if (command.ends_by_default && !command.run.quiet)
    std::fprintf(stderr, "ends after %s or by ^C (--for TIME for another time)\n",
                 count_of(command.milliseconds / 60000, "minute").c_str());
  traced.options.expression = script;
  const MakeSink make_json = [&](const output::SinkOptions& options) {
    return std::make_unique<output::JsonSink>(options, json_head(command));
  };
  return run_script(traced.options, command.run.json && !makes_json ? make_json : make_sink);
}

}  // namespace gotap::cli
