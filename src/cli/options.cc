// The only file that includes CLI11.
#include "cli/options.h"

#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <set>
#include <string>

#include "base/text.h"
#include "cli/command.h"
#include "cli/completion.h"
#include "cli/pages.h"
#include "lang/lexer.h"

namespace gotap::cli {

namespace {

// What CLI11 fills in and parse_command_line() takes apart.
struct Raw {
  std::string format = "text", buffering;
  bool version = false, warnings = false;
};

// What a person writes for a time: "500ms", "30s", "1.5m", as milliseconds.
const CLI::Validator kTime(
    [](std::string& text) {
      const std::pair<std::string_view, double> units[] = {
          {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}};
      const size_t end = std::min(text.find_first_not_of("0123456789."), text.size());
      const std::string digits = text.substr(0, end);
      char* rest = nullptr;
      const double number = std::strtod(digits.c_str(), &rest);
      for (const auto& [name, factor] : units) {
        const double time = number * factor;
        if (text.substr(end) != name || end == 0 || *rest != 0) continue;
        if (time > 1e15 || (time > 0 && time < 1)) break;
        text = std::to_string(std::llround(time));
        return std::string();
      }
      return text + " is no time: 500ms, 30s, 1.5m";
    },
    "TIME");

std::string no_process_id(const std::string& text) {
  int pid = 0;
  auto end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, pid);
  bool good = error == std::errc() && stop == end && pid > 0;
  return good ? std::string() : text + " is no process id";
}

void add_attach(CLI::App& app, Options& options) {
  app.add_option(
         "--attach", options.attach,
         "attach as this kernel can, by uprobe_multi links, or by one uprobe_events event a "
         "clause")
      ->option_text("auto|multi|event")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, trace::AttachWay>{{"auto", trace::AttachWay::Auto},
                                                  {"multi", trace::AttachWay::Multi},
                                                  {"event", trace::AttachWay::Event}}));
}

void add_type_sources(CLI::App& app, Options& options) {
  app.add_option("--debug-binary", options.types.debug_binary,
                 "take types from this build of the same program, which is not stripped")
      ->option_text("FILE");
  app.add_option("--signature", options.types.signatures,
                 "a function of the program as Go declares it: "
                 "'main.(*Store).Put(key string) error'; repeatable")
      ->option_text("'FUNCTION'")
      ->allow_extra_args(false);
}

void add_container(CLI::App& app, trace::ContainerName& name) {
  app.add_option("--container", name.container,
                 "the processes of this container, through all its starts")
      ->option_text("ID");
  app.add_option("--pod", name.pod, "the processes of this Kubernetes pod of the node")
      ->option_text("NAMESPACE/NAME");
}

void add_options(CLI::App& app, Options& options, Raw& raw) {
  app.set_help_flag("-h,--help", "print this page");
  app.add_flag("-V,--version", raw.version, "print the version");
  app.add_flag("--info", options.info, "print what gotap can do on this machine");
  // The script's file and its parameters: as positionals CLI11 would take words like [a,b] apart.
  app.allow_extras();
  app.add_option("-e", options.expression, "run this program")->option_text("'PROGRAM'");
  app.add_option("-p", options.pids, "only this process; end when it ends; repeatable")
      ->option_text("PID")
      ->allow_extra_args(false)
      ->check(no_process_id);
  add_container(app, options.container);
  app.add_option("-c", options.command, "start this command, traced; end when it ends")
      ->option_text("COMMAND");
  app.add_option("-l", options.pattern, "list the probes that match")->option_text("PATTERN");
  app.add_option("-f", raw.format,
                 "the output's format; json: one object a line; folded: maps of counts by stack as "
                 "flame graph tools read them")
      ->option_text("text|json|folded")
      ->check(CLI::IsMember({"text", "json", "folded"}));
  app.add_option("-o", options.output, "write the output to this file")->option_text("FILE");
  app.add_option("-B", raw.buffering,
                 "when to write the output: at once, after each line, when much has gathered")
      ->option_text("none|line|full")
      ->check(CLI::IsMember({"none", "line", "full"}));
  app.add_flag("-q", options.quiet, "no messages, only the script's output");
  app.add_flag("--no-warnings", options.no_warnings, "no warnings about the script");
  app.add_flag("-k", raw.warnings, "for bpftrace's sake: what could not be read is always said");
  app.add_flag("--unsafe", options.unsafe, "let the script run commands with system()");
  app.add_flag("-v", options.verbose, "say more about what is attached where");
  add_attach(app, options);
  app.add_flag("--dry-run", options.dry_run, "do everything but attach");
  add_type_sources(app, options);
  app.add_option("--set", options.settings,
                 "a setting, as in a script's config block: value_depth=3; it decides over the "
                 "script; repeatable")
      ->option_text("NAME=VALUE")
      ->allow_extra_args(false);
  app.add_option("--dump", options.dump, "print a stage and end")
      ->option_text("ast|types|plan|bpf")
      ->check(CLI::IsMember({"ast", "types", "plan", "bpf"}));
}

CommandLine usage_error(const std::string& message) {
  return {{}, {}, 2, "gotap: " + message + "\ntry: gotap --help\n"};
}

struct CommandRow {
  const char* name;
  Command::Kind kind;
  const char* doc;
  const char* examples;
  const char* more;  ///< paragraphs for the help
};

constexpr CommandRow kCommands[] = {
    {"trace", Command::Kind::Trace, "a line a call, as it returns: arguments, results, duration",
     "  gotap trace -p 1234 'main.(*Store).Put'\n"
     "  gotap trace -n server '*.(*Store).*' --slower 10ms --limit 20\n"
     "  gotap trace --exe ./server Put --errors --filter 'args.key != \"\"'\n",
     "A line has the time, the goroutine, the function with its arguments, the results and the "
     "duration. Of structs, and of those that pointers lead to, the first fields are shown. What "
     "cannot be known prints as <reason>. Only some calls: --errors, --slower, --filter; these are "
     "decided in the kernel, so that other calls cost little. --panics shows the calls that a "
     "panic or runtime.Goexit ended, and how long after their beginning that was; to find them "
     "gotap follows each beginning and return."},
    {"latency", Command::Kind::Latency, "how long calls take: percentiles and a histogram",
     "  gotap latency -p 1234 'main.(*Store).Put' --for 10s\n"
     "  gotap latency -n server Put --by 'args.key[:6]'\n"
     "  gotap latency Put Get --errors -- ./server -port 8080\n",
     "Durations are summed up in the kernel, of each function apart, with --by of each value of an "
     "expression and with --stack of each stack, 2048 of them at most. They contain the cost of "
     "the probes: what a call that does nothing seems to take is measured first and printed as the "
     "floor; durations below three times that are shown as < floor."},
    {"count", Command::Kind::Count, "how often functions are called",
     "  gotap count -p 1234 main: --for 10s\n"
     "  gotap count -n server 'net/http.*' --exclude '*.func*' --limit 20\n"
     "  gotap count -p 1234 store: --panics\n",
     "Calls are counted in the kernel, of thousands of functions if need be. It is the cheapest "
     "look at a program: one probe at each entry, none at returns unless --errors, --slower or an "
     "expression needs them. With --by ustack -f folded the output is what flame graph tools "
     "read. With --panics only functions are shown of which a panic or runtime.Goexit ended calls: "
     "how many of how many."},
    {"waits", Command::Kind::Waits, "where the time in calls goes: running, blocked, runnable",
     "  gotap waits -p 1234 'main.(*Store).Put' --for 10s\n"
     "  gotap waits -n server handle --slower 100ms --interval 1s\n"
     "  gotap waits Commit --errors -- ./server -port 8080\n",
     "Of the time from a call to its return: how much its goroutine waited, for what, in the words "
     "of the Go runtime (chan receive, select, sync.Mutex.Lock, IO wait: the network, sleep, GC "
     "assist wait), was in which system call, or was runnable while others ran. The parts add up "
     "to the whole. What goroutines do that the call starts is not in it, calls within calls are "
     "part of the outermost. Running is the rest: while the kernel runs other threads, in system "
     "calls that do not tell the runtime and in page faults, too. Waits that no call of the "
     "functions is in cost a hit of a probe, and no more."},
    {"graph", Command::Kind::Graph, "the calls below a function as a tree, with times",
     "  gotap graph -p 1234 'main.(*Server).handle' --slower 100ms\n"
     "  gotap graph -n server handle 'shop/store:' --depth 2 --errors\n"
     "  gotap graph -p 1234 Commit --sum --for 10s\n",
     "What a call of the first function calls, and what that calls, of each how long it took, and "
     "how long without the calls below it. Followed are the functions that are called directly and "
     "their closures, --depth levels of them, but not the runtime's own; and those named behind "
     "the "
     "first, by whatever way they are called. With --slower, --errors or --panics only the trees "
     "that are so are shown, whole. What a panic ended has no time. Goroutines that the calls "
     "start are not part of the tree. Of many calls --rate a second are followed."},
    {"log", Command::Kind::Log, "a line when a line of source runs, with its variables",
     "  gotap log -p 1234 checkout.go:142 'cart {cart.ID} has {len(cart.Items)} items'\n"
     "  gotap log -n server store/put.go:57 '{key}: {err}' --when 'err != nil'\n"
     "  gotap log fetch.go:31 'attempt {n} of {url}' --limit 20 -- ./crawler\n",
     "The printf one wishes to have compiled in. Every copy of the line is seen, inlined ones "
     "included. A variable that is not known at that instruction prints as <reason>; of a stripped "
     "program --debug-binary has the variables."},
    {"panics", Command::Kind::Panics, "each panic: value, stack, and who recovered",
     "  gotap panics -p 1234\n"
     "  gotap panics -n server --for 0s --limit 20 -o panics.log\n"
     "  gotap panics -- ./server -port 8080\n",
     "Runtime errors such as nil pointers are panics, too, and read as Go prints them. Each is "
     "shown with its value and the stack it comes from; a second line says which deferred function "
     "recovered, or that none did and the program ends."},
    {"list", Command::Kind::List, "the functions of a program and their signatures",
     "  gotap list --exe ./server main:\n"
     "  gotap list -p 1234 '*.(*Store).*'\n"
     "  gotap list -n etcd Put\n",
     "Without a function all of them are listed, behind them those that exist only as inlined "
     "copies. What cannot be probed is said behind them, with the reason. Only the program's file "
     "is read."},
    {"show", Command::Kind::Show, "one function: signature, registers, what is probed, callers",
     "  gotap show --exe ./server 'main.(*Store).Put'\n"
     "  gotap show -p 1234 Put\n"
     "  gotap show -n consul -f json 'fsm.(*FSM).Apply'\n",
     "A page a function: what it takes and gives, in which registers and where on the stack, the "
     "instructions that are probed for it, its inlined copies, its callers."},
    {"doctor", Command::Kind::Doctor, "what works here and on a program, and what it costs",
     "  gotap doctor\n"
     "  gotap doctor 1234\n"
     "  gotap doctor -f json --exe ./server\n",
     "Tries what the kernel can do, measures what a hit of a probe costs, and looks at the "
     "program: "
     "its Go version and types, debuggers and other tracers, seccomp, memory. What is missing is "
     "said with the way to get it. The exit code is 0 when tracing will work, else 1."},
    {"emit", Command::Kind::Emit, "a script and its probes as a script for bpftrace",
     "  gotap emit -o latency.bt -e 'uretprobe:./app:main.f { @ns = hist(duration); }'\n"
     "  gotap emit --for 0.17 script.bt\n"
     "  gotap emit script.bt | ssh host 'cat > script.bt'\n",
     "Every entry and every return is spelt out, for machines where only bpftrace is installed. It "
     "needs the program's file and no privilege."},
    {"completion", Command::Kind::Completion, "completion for a shell",
     "  source <(gotap completion bash)                       # in ~/.bashrc\n"
     "  gotap completion zsh > /usr/share/zsh/site-functions/_gotap\n"
     "  gotap completion fish > ~/.config/fish/completions/gotap.fish\n",
     "Completes commands, options, processes and the functions of the program that is named on the "
     "line before them."},
    {"man", Command::Kind::Man, "the manual's pages",
     "  gotap man trace | man -l -\n"
     "  gotap man | man -l -\n"
     "  gotap man -o /usr/local/share/man/man1\n",
     "Without a command it is the page of gotap itself."},
};

// What CLI11 fills in and parse_command() takes apart.
struct RawCommand {
  std::string format = "text", target;
};

bool of_functions(Command::Kind kind) {
  return kind == Command::Kind::Trace || kind == Command::Kind::Latency ||
         kind == Command::Kind::Count || kind == Command::Kind::Waits ||
         kind == Command::Kind::Graph || kind == Command::Kind::List || kind == Command::Kind::Show;
}

// Those that write a script and run it.
bool runs_script(Command::Kind kind) {
  return kind == Command::Kind::Trace || kind == Command::Kind::Latency ||
         kind == Command::Kind::Count || kind == Command::Kind::Waits ||
         kind == Command::Kind::Graph || kind == Command::Kind::Log ||
         kind == Command::Kind::Panics;
}

void add_emit_options(CLI::App& app, Options& options) {
  options.dialect = "0.27";
  app.add_option("FILE", options.file, "script file, - for standard input");
  app.add_option("-e", options.expression, "this program instead")->option_text("'PROGRAM'");
  app.add_option("-o", options.output, "write it to this file")->option_text("FILE");
  app.add_flag("-q", options.quiet, "no messages, only the script");
  app.add_option("--for", options.dialect, "bpftrace's version: from 0.23 on, or Debian 12's")
      ->option_text("0.27|0.17")
      ->check(CLI::IsMember({"0.17", "0.27"}));
}

// The program that is meant, and its types.
void add_target_options(CLI::App& app, const CommandRow& row, Command& command, RawCommand& raw) {
  Options& run = command.run;
  app.add_option("-p", run.pids, "this process; repeatable")
      ->option_text("PID")
      ->allow_extra_args(false)
      ->check(no_process_id);
  app.add_option("-n", command.process_name, "the processes that run a program of this name")
      ->option_text("NAME");
  app.add_option("--exe", command.exe, "every process that runs this file")->option_text("FILE");
  add_container(app, run.container);
  if (of_functions(row.kind) && row.kind != Command::Kind::Show)
    app.add_option("--exclude", command.excluded,
                   "not these functions, which are named in the same ways; repeatable")
        ->option_text("PATTERN")
        ->allow_extra_args(false);
  add_type_sources(app, run);
  std::string format = "the output's format; json: one object a line";
  if (row.kind == Command::Kind::Graph)
    format +=
        "; folded, with --sum: microseconds by stack, without those of the calls below, as flame "
        "graph tools read them";
  const bool has_stacks = row.kind == Command::Kind::Count || row.kind == Command::Kind::Graph;
  app.add_option("-f", raw.format, format)
      ->option_text(has_stacks ? "text|json|folded" : "text|json")
      ->check(CLI::IsMember({"text", "json", "folded"}));
}

// What `gotap log` is about.
void add_line(CLI::App& app, Command& command) {
  app.add_option("LINE", command.line,
                 "FILE:LINE of the source; of the file's path the end is enough")
      ->option_text("FILE:LINE");
  app.add_option("TEXT", command.log_text,
                 "what is printed: {name}, {name.field}, {len(name)}, {pkg.Var} stand for values, "
                 "{{ and }} for braces");
  app.add_option("--when", command.filter, "only when this is true: 'n > 3 && key != \"\"'")
      ->option_text("EXPRESSION");
  app.add_flag("--stack", command.stack, "with the stack that it comes from");
}

// Commands to which a call that never returned is nothing.
bool is_of_durations(Command::Kind kind) {
  return kind == Command::Kind::Latency || kind == Command::Kind::Waits;
}

void add_choice_of_calls(CLI::App& app, const CommandRow& row, Command& command) {
  app.add_option("--filter", command.filter, "only calls of which this is true: 'args.n > 3'")
      ->option_text("EXPRESSION");
  app.add_option("--slower", command.slower, "only calls that take longer: 10ms, 500us, 1s")
      ->option_text("TIME")
      ->check([](const std::string& text) {
        const lang::Number time = lang::parse_number(text);
        if (time.error.empty() && time.is_duration) return std::string();
        return text + " is no time such as 10ms" +
               (time.error.empty() ? ": ns, us, ms, s, m, h or d says of what" : ": " + time.error);
      });
  app.add_flag("--errors", command.errors, "only calls whose error is not nil");
  app.add_flag("--panics", command.panics, "only calls that a panic or Goexit ended");
  // Of calls with a duration: asked for, it is refused with a word of what shows it.
  if (is_of_durations(row.kind)) app.get_option("--panics")->group("");
}

void add_graph_options(CLI::App& app, Command& command) {
  app.add_option("--depth", command.depth,
                 "so many levels of calls; 3, or as many as have 200 functions in all")
      ->option_text("N");
  app.add_flag("--sum", command.sum, "the sum of all the trees at the end, not each");
  app.add_option("--rate", command.rate, "follow so many calls a second; 100 unless said otherwise")
      ->option_text("N");
  app.add_option("--limit", command.limit, "end after so many trees")->option_text("N");
}

// For how long, where to.
void add_run_options(CLI::App& app, Command& command) {
  Options& run = command.run;
  app.add_option("--for", command.milliseconds,
                 "end after this time: 30s, 5m; 10m unless said otherwise, 0s: only by ^C (a "
                 "program that is started is traced to its end)")
      ->option_text("TIME")
      ->transform(kTime);
  app.add_option("-o", run.output, "write the output to this file")->option_text("FILE");
  app.add_flag("-q", run.quiet, "no messages, only the output");
  add_attach(app, run);
  app.add_option("--max-overhead", run.max_overhead,
                 "end when the probes take more than so many percent of the program's CPU time, as "
                 "measured; 3 unless said otherwise, 0: no limit (as of a program that is started)")
      ->option_text("PERCENT")
      ->check(CLI::NonNegativeNumber);
  app.add_flag("--print-script", command.print_script, "print the script that does it, and end");
}

void add_command_options(CLI::App& app, const CommandRow& row, Command& command, RawCommand& raw) {
  app.set_help_flag("-h,--help", "print this page");
  switch (row.kind) {
    case Command::Kind::Emit: return add_emit_options(app, command.run);
    case Command::Kind::Completion:
      app.add_option("SHELL", raw.target, "the shell")->option_text("bash|zsh|fish");
      return;
    case Command::Kind::Man:
      app.add_option("COMMAND", raw.target, "the page of this command");
      app.add_option("-o", command.run.output, "write all pages into this folder")
          ->option_text("FOLDER");
      return;
    default: break;
  }
  if (row.kind == Command::Kind::Doctor)
    app.add_option("TARGET", raw.target,
                   "a process id, the name of a program that runs, or its file");
  else if (row.kind == Command::Kind::Log)
    add_line(app, command);
  else if (of_functions(row.kind))
    app.add_option(
        "FUNCTION", command.functions,
        "by its name, the end of its name, a pattern (main.*) or the package (net/http:)");
  add_target_options(app, row, command, raw);
  if (runs_script(row.kind) && of_functions(row.kind)) add_choice_of_calls(app, row, command);
  if (runs_script(row.kind)) add_run_options(app, command);
  if (row.kind == Command::Kind::Latency || row.kind == Command::Kind::Count)
    app.add_option("--by", command.by, "for each value of this: 'args.key'")
        ->option_text("EXPRESSION");
  if (row.kind == Command::Kind::Latency || row.kind == Command::Kind::Count ||
      row.kind == Command::Kind::Waits)
    app.add_option("--interval", command.interval,
                   "show it every so often, too: 1s; on a terminal in place of the last")
        ->option_text("TIME")
        ->transform(kTime);
  if (row.kind == Command::Kind::Waits)
    app.add_option("--limit", command.limit, "so many functions, those of the most time")
        ->option_text("N");
  if (row.kind == Command::Kind::Count)
    app.add_option("--limit", command.limit, "so many rows, the most frequent")->option_text("N");
  if (row.kind == Command::Kind::Graph) add_graph_options(app, command);
  if (row.kind == Command::Kind::Trace)
    app.add_flag("--enter", command.enter, "a line when a call begins, too");
  if (row.kind == Command::Kind::Trace || row.kind == Command::Kind::Count ||
      row.kind == Command::Kind::Latency)
    app.add_flag("--stack", command.stack, "with the stack that it comes from");
  if (row.kind == Command::Kind::Count)
    app.add_flag("--share", command.share,
                 "what part of the calls returned an error, and what part a panic (or "
                 "runtime.Goexit) ended");
  if (row.kind == Command::Kind::Trace || row.kind == Command::Kind::Log)
    app.add_option("--limit", command.limit, "end after so many lines")->option_text("N");
  if (row.kind == Command::Kind::Panics)
    app.add_option("--limit", command.limit,
                   "end after so many panics, when it is known what became of the last")
        ->option_text("N");
}

int count_targets(const Command& command) {
  const trace::ContainerName& container = command.run.container;
  const int programs = !command.run.pids.empty() + !command.process_name.empty() +
                       !command.exe.empty() + !command.words.empty();
  const int containers = !container.container.empty() + !container.pod.empty();
  // -n and --exe say which program of the container.
  if (containers == 1 && programs == 1 && command.run.pids.empty() && command.words.empty())
    return 1;
  return programs + containers;
}

// A program without its option: a process id, a path, a name.
bool take_target(const std::string& word, Command& command) {
  if (word.find_first_not_of("0123456789") == std::string::npos) {
    if (!no_process_id(word).empty()) return false;
    command.run.pids.push_back(std::atoi(word.c_str()));
  } else if (word.find('/') != std::string::npos) {
    command.exe = word;
  } else {
    command.process_name = word;
  }
  return true;
}

// What is wrong with a command line that could be parsed; empty: nothing.
std::string problem_of(const CommandRow& row, Command& command, const RawCommand& raw) {
  if (row.kind == Command::Kind::Emit)
    return command.run.expression.empty() == command.run.file.empty()
               ? "give a script file or -e 'PROGRAM'"
               : "";
  if (row.kind == Command::Kind::Completion) {
    command.words = {raw.target};
    const bool known = raw.target == "bash" || raw.target == "zsh" || raw.target == "fish";
    return known ? "" : "name a shell: bash, zsh or fish";
  }
  if (row.kind == Command::Kind::Man) {
    command.words = {raw.target};
    return find_page(raw.target) ? "" : "there is no command " + raw.target;
  }
  if (!raw.target.empty() && (has_target(command) || !take_target(raw.target, command)))
    return "name one program";
  const int targets = count_targets(command);
  if (row.kind == Command::Kind::Doctor && targets < 2) return "";
  if (targets != 1)
    return "name one program: -p PID, -n NAME, --exe FILE, --container ID, --pod NAMESPACE/NAME or "
           "-- COMMAND";
  if (row.kind == Command::Kind::Log && (command.line.empty() || command.log_text.empty()))
    return "give a line and a text, as in checkout.go:142 'cart {cart.ID}'";
  if (command.enter && needs_return(command))
    return "--enter shows calls as they begin, when it is not known how they end: leave it out, or "
           "what is asked of the end";
  if (command.panics && is_of_durations(row.kind))
    return "a call that a panic ended never returned, so it has no duration: gotap trace --panics "
           "shows each, gotap graph --panics what it called";
  if (command.functions.empty() && of_functions(row.kind) && row.kind != Command::Kind::List)
    return "name a function (gotap list shows them)";
  return "";
}

// What -f folded cannot show; empty: nothing.
std::string folded_problem(const CommandRow& row, const Command& command) {
  if (row.kind == Command::Kind::Graph)
    return command.sum ? "" : "-f folded shows the sum of all trees: --sum";
  if (row.kind != Command::Kind::Count)
    return "-f folded is of gotap count FUNCTION --stack (calls by stack), gotap graph FUNCTION "
           "--sum (microseconds by stack), and of scripts";
  if (command.by.find("ustack") == std::string::npos && !command.stack)
    return "-f folded shows counts by stack: --stack, or --by ustack";
  if (command.interval || command.limit)
    return "-f folded shows all stacks at the end: it goes with neither --interval nor --limit";
  return "";
}

CommandPage page_of(const CommandRow& row);

// `gotap trace ...` and its like: a command line of its own.
CommandLine parse_command(const CommandRow& row, int argc, const char* const* argv) {
  CommandLine line;
  Command& command = line.command;
  command.kind = row.kind;
  RawCommand raw;
  // What stands behind -- belongs to the program that is started.
  int own = 1;
  while (own < argc && std::string_view(argv[own]) != "--") own++;
  for (int i = own + 1; i < argc; i++) command.words.push_back(argv[i]);
  CLI::App app(row.doc, std::string("gotap ") + row.name);
  add_command_options(app, row, command, raw);
  const auto wrong = [&](const std::string& message) {
    return CommandLine{{},
                       {},
                       2,
                       std::string("gotap: ") + row.name + ": " + message + "\ntry: gotap " +
                           row.name + " --help\n"};
  };
  try {
    app.parse(own, argv);
  } catch (const CLI::CallForHelp&) {
    return {{}, {}, 0, help_page(page_of(row))};
  } catch (const CLI::ParseError& error) {
    return wrong(error.what());
  }
  command.run.json = raw.format == "json";
  // A trace that was forgotten ends.
  constexpr uint64_t kDefaultFor = 600000;
  if (runs_script(row.kind) && app.count("--for") == 0 && command.words.empty()) {
    command.milliseconds = kDefaultFor;
    command.ends_by_default = true;
  }
  constexpr double kDefaultOverhead = 3;
  if (runs_script(row.kind) && app.count("--max-overhead") == 0 && command.words.empty())
    command.run.max_overhead = kDefaultOverhead;
  command.run.folded = raw.format == "folded";
  std::string problem = problem_of(row, command, raw);
  if (problem.empty() && command.run.folded) problem = folded_problem(row, command);
  return problem.empty() ? std::move(line) : wrong(problem);
}

std::vector<OptionRow> rows_of(const CLI::App& app) {
  std::vector<OptionRow> rows;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;  // understood, but refused
    OptionRow row{
        {}, option->get_option_text(), option->get_description(), option->get_expected_max() > 1};
    for (const std::string& name : option->get_snames()) row.names.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) row.names.push_back("--" + name);
    if (row.names.empty() && row.argument.empty()) row.argument = option->get_name();
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size() - 1);
    std::string_view line = text.substr(0, end);
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    lines.emplace_back(line);
    text.remove_prefix(end + 1);
  }
  return lines;
}

CommandPage page_of(const CommandRow& row) {
  CommandPage page{row.name, row.doc, {}, row.more ? row.more : "", {}, lines_of(row.examples)};
  Command command;
  RawCommand raw;
  CLI::App app;
  add_command_options(app, row, command, raw);
  page.options = rows_of(app);
  const std::string gotap = std::string("gotap ") + row.name;
  switch (row.kind) {
    case Command::Kind::Doctor: page.usage = {gotap + " [OPTION...] [TARGET]"}; break;
    case Command::Kind::Emit:
      page.usage = {gotap + " [OPTION...] FILE", gotap + " [OPTION...] -e 'PROGRAM'"};
      break;
    case Command::Kind::Completion: page.usage = {gotap + " bash|zsh|fish"}; break;
    case Command::Kind::Man: page.usage = {gotap + " [-o FOLDER] [COMMAND]"}; break;
    default: {
      const std::string functions = row.kind == Command::Kind::List     ? " [FUNCTION...]"
                                    : row.kind == Command::Kind::Log    ? " FILE:LINE TEXT"
                                    : row.kind == Command::Kind::Panics ? ""
                                                                        : " FUNCTION...";
      page.usage = {gotap + " -p PID | -n NAME | --exe FILE [OPTION...]" + functions};
      if (runs_script(row.kind))
        page.usage.push_back(gotap + " [OPTION...]" + functions + " -- COMMAND [ARGUMENT...]");
    }
  }
  return page;
}

CommandPage page_of_scripts() {
  CommandPage page;
  page.doc = "trace running Go programs";
  page.usage = {"gotap COMMAND ...", "gotap [OPTION...] FILE [PARAMETER...]",
                "gotap [OPTION...] -e 'PROGRAM' [PARAMETER...]",
                "gotap -l 'uprobe:PROGRAM:PATTERN'"};
  page.more =
      "What most need is a command. Without one gotap runs a script in bpftrace's language, from a "
      "file or from -e; $1 is its first parameter.";
  page.examples = {
      "gotap -e 'uprobe:./app:main.handle { @calls = count(); }'",
      "gotap -p 1234 -e 'uretprobe:./app:main.f { @usecs = hist(duration / 1000); }'",
      "gotap -c './app 7' -e 'uretprobe:./app:main.name { printf(\"%s\\n\", retval); }'"};
  Options options;
  Raw raw;
  CLI::App app;
  add_options(app, options, raw);
  page.options = rows_of(app);
  return page;
}

bool is_file(const char* path) {
  struct stat st;
  return ::stat(path, &st) == 0 && !S_ISDIR(st.st_mode);
}

}  // namespace

const std::vector<CommandPage>& command_pages() {
  static const std::vector<CommandPage> pages = [] {
    std::vector<CommandPage> all{page_of_scripts()};
    for (const CommandRow& row : kCommands) all.push_back(page_of(row));
    return all;
  }();
  return pages;
}

const char* command_name(Command::Kind kind) {
  for (const CommandRow& row : kCommands)
    if (row.kind == kind) return row.name;
  return "";
}

bool has_target(const Command& command) { return count_targets(command) > 0; }

CommandLine parse_command_line(int argc, const char* const* argv) {
  CommandLine line;
  Options& options = line.options;
  if (argc < 2) return {{}, {}, 2, first_page()};
  // Alone it is a script of that name, if there is one.
  for (const CommandRow& row : kCommands)
    if (std::string_view(argv[1]) == row.name && (argc > 2 || !is_file(argv[1])))
      return parse_command(row, argc - 1, argv + 1);
  // For the shells' completions, and not in the help.
  if (std::string_view(argv[1]) == kCompleteCommand) {
    line.command.kind = Command::Kind::Complete;
    line.command.words.assign(argv + 2, argv + argc);
    return line;
  }
  if (std::string_view(argv[1]) == "help" && !is_file(argv[1])) {
    if (argc == 2) return {{}, {}, 0, first_page()};
    if (const CommandPage* page = find_page(argv[2])) return {{}, {}, 0, help_page(*page)};
  }
  CLI::App app("", "gotap");
  Raw raw;
  add_options(app, options, raw);
  try {  // CLI11 speaks by exceptions; none leaves this function
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return {{}, {}, 0, help_page(page_of_scripts())};
  } catch (const CLI::ParseError& error) {
    return usage_error(error.what());
  }
  if (raw.version) return {{}, {}, 0, "gotap " GOTAP_VERSION "\n"};
  options.json = raw.format == "json";
  options.folded = raw.format == "folded";
  options.buffering = raw.buffering == "none"   ? output::Buffering::None
                      : raw.buffering == "line" ? output::Buffering::Line
                      : raw.buffering == "full" ? output::Buffering::Full
                                                : output::Buffering::Gathered;
  options.list = app.count("-l") > 0;
  std::vector<std::string> words = app.remaining();
  const auto mark = std::find(words.begin(), words.end(), "--");
  for (auto word = words.begin(); word != mark; word++)
    if (word->size() > 1 && word->front() == '-')
      return usage_error("unknown option " + *word + " (behind -- it is a parameter)");
  if (mark != words.end()) words.erase(mark);
  if ((options.list || options.info) && !words.empty())
    return usage_error("nothing else is expected: " + words[0]);
  if (options.list || options.info) return line;
  if (raw.warnings && options.no_warnings) return usage_error("give -k or --no-warnings, not both");
  if (app.count("-e") == 0) {
    if (words.empty()) return usage_error("no script: give a file or -e 'PROGRAM'");
    options.file = words[0];
    if (words[0].find_first_of("./") == std::string::npos && !is_file(words[0].c_str())) {
      std::vector<std::string_view> commands;
      for (const CommandRow& row : kCommands) commands.push_back(row.name);
      const auto nearest = nearest_names(words[0], commands, 1);
      if (!nearest.empty())
        return usage_error("there is no command " + words[0] + ": did you mean " + nearest[0] +
                           "?");
    }
    words.erase(words.begin());
  }
  for (const std::string& word : words)
    if (word.starts_with("--"))
      return usage_error("parameters of a script are $1, $2, ...: named ones (" + word +
                         ") are not supported");
  options.parameters = std::move(words);
  if (app.count("-c") > 0 && options.command.empty())
    return usage_error("-c: the command is empty");
  if (!options.pids.empty() && !options.command.empty())
    return usage_error("give -p or -c, not both");
  const bool processes = !options.pids.empty() || !options.command.empty();
  if (!options.container.container.empty() + !options.container.pod.empty() + processes > 1)
    return usage_error("give one of -p, -c, --container and --pod");
  // Each process once, in the order given.
  std::set<int> seen;
  std::erase_if(options.pids, [&](int pid) { return !seen.insert(pid).second; });
  return line;
}

}  // namespace gotap::cli
