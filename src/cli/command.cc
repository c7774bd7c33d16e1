#include "cli/command.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <map>

#include "base/path.h"
#include "base/text.h"
#include "cli/functions.h"
#include "cli/report.h"
#include "cli/targets.h"
#include "go/type_info.h"
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
    const go::TypeInfo& info = traced.image->type_info();
    auto signature = info.signature(function);
    if (!signature.ok()) return std::nullopt;
    size_t result = signature->results.size();
    while (result > 0 && info.types().at(signature->results[result - 1].type).name != "error")
      result--;
    if (result == 0) return std::nullopt;
    add("retval." + std::to_string(result - 1) + " != nil");
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
  std::sort(traced.functions.begin(), traced.functions.end());
  traced.functions.erase(std::unique(traced.functions.begin(), traced.functions.end()),
                         traced.functions.end());
  std::erase_if(traced.functions, [&](uint32_t function) {
    const std::string_view name = traced.name(function);
    // (Names of generic functions may hold the tags of a struct.)
    return name.find_first_of("\"\\") != std::string_view::npos || is_excluded(command, name);
  });
  if (traced.functions.empty() && !command.functions.empty())
    return Error{"--exclude leaves no function", ""};
  return traced;
}

// Whether returns of a function are seen, its own and those of functions that it leaves to by a
// jump.
bool returns_are_seen(const go::Image& image, const go::FunctionSites& sites, int jumps) {
  if (jumps == 0 || !plan::unseen_returns(sites).empty()) return false;
  return std::all_of(sites.tail_jumps.begin(), sites.tail_jumps.end(),
                     [&](const go::TailJump& jump) {
                       const auto to = image.function_at(jump.target);
                       return to && returns_are_seen(image, image.sites(*to), jumps - 1);
                     });
}

// Whether a function that is one of many has such a probe.
bool has_probe(const go::Image& image, uint32_t function, std::string_view kind) {
  constexpr int kJumps = 8;
  if (!image.functions()[function].is_go) return true;
  const go::FunctionSites sites = image.sites(function);
  return sites.entry && (kind != "uretprobe" || returns_are_seen(image, sites, kJumps));
}

bool mentions(const std::string& expression, const char* word) {
  return expression.find(word) != std::string::npos;
}

}  // namespace

std::string Traced::probe(const char* kind, std::string_view function) const {
  return std::string(kind) + ":\"" + path + "\":\"" + std::string(function) + "\"";
}

bool is_excluded(const Command& command, std::string_view function) {
  return std::any_of(command.excluded.begin(), command.excluded.end(),
                     [&](const std::string& pattern) { return glob_match(pattern, function); });
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

std::string write_clauses(
    const Command& command, const Traced& traced, const char* kind,
    const std::function<std::string(const std::string& probes, const std::string& when)>& write) {
  std::map<std::string, std::string> probes_of;  // by predicate
  size_t left_out = 0;
  const std::vector<uint32_t> functions = without_wrappers(traced);
  if (functions.size() < traced.functions.size() && !command.run.quiet)
    std::fprintf(stderr, "%s left out, as the calls are seen in the functions called\n",
                 count_of(traced.functions.size() - functions.size(), "wrapper").c_str());
  size_t without_probe = 0;
  for (const uint32_t function : functions) {
    // One that is named alone is refused by the plan, with the reason.
    if (functions.size() > 1 && !has_probe(*traced.image, function, kind)) {
      without_probe++;
      continue;
    }
    const auto when = predicate(command, traced, function);
    if (!when) {
      left_out++;
      continue;
    }
    std::string& probes = probes_of[*when];
    probes += (probes.empty() ? "" : ",\n") + traced.probe(kind, traced.name(function));
  }
  if (without_probe > 0 && (!command.run.quiet || probes_of.empty()))
    std::fprintf(stderr, "%s left out: cannot be probed (gotap list says why)\n",
                 count_of(without_probe, "function").c_str());
  if (left_out > 0 && (!command.run.quiet || probes_of.empty()))
    std::fprintf(stderr, "%s left out: no error among the results that are known\n",
                 count_of(left_out, "function").c_str());
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

int run_command(const Command& command, Traced traced, const std::string& script,
                const MakeSink& make_sink) {
  if (command.print_script) {
    std::fputs(script.c_str(), stdout);
    return 0;
  }
  if (command.ends_by_default && !command.run.quiet)
    std::fprintf(stderr, "ends after %s or by ^C (--for TIME for another time)\n",
                 count_of(command.milliseconds / 60000, "minute").c_str());
  traced.options.expression = script;
  return run_script(traced.options, make_sink);
}

}  // namespace gotap::cli
