// The only file that includes CLI11.
#include "cli/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <string>

#include "lang/builtins.h"
#include "lang/settings.h"

namespace gotap::cli {

namespace {

constexpr const char* kIntro =
    "gotap - trace running Go programs\n"
    "\n"
    "  gotap [OPTION...] FILE [PARAMETER...]           run a script; $1 is its first parameter\n"
    "  gotap [OPTION...] -e 'PROGRAM' [PARAMETER...]   run a one-liner\n"
    "  gotap -l 'uprobe:PROGRAM:PATTERN'               list what can be probed\n"
    "  gotap emit FILE                                 print it as a script for bpftrace\n"
    "\n"
    "  gotap trace|latency|count|log|list|show -p PID FUNCTION...   what most need, without a "
    "script; "
    "each "
    "has --help\n";

constexpr const char* kExamples =
    "\nEXAMPLES\n"
    "  gotap -e 'uprobe:./app:main.handle { @calls = count(); }'\n"
    "  gotap -p 1234 -e 'uretprobe:./app:main.handle { @usecs = hist(duration / 1000); }'\n"
    "  gotap -c './app 7' -e 'uretprobe:./app:main.name { printf(\"%s\\n\", "
    "str(reg(\"ax\"), reg(\"bx\"))); }'\n";

// What CLI11 fills in and parse_command_line() takes apart.
struct Raw {
  std::string format = "text", buffering;
  bool version = false, warnings = false;
};

// What a person writes for a time: "500ms", "30s", "10m".
const CLI::AsNumberWithUnit kTime(std::map<std::string, uint64_t>{{"ms", 1},
                                                                  {"s", 1000},
                                                                  {"m", 60000}},
                                  CLI::AsNumberWithUnit::UNIT_REQUIRED, "TIME");

std::string no_process_id(const std::string& text) {
  int pid = 0;
  auto end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, pid);
  bool good = error == std::errc() && stop == end && pid > 0;
  return good ? std::string() : text + " is no process id";
}

void add_attach(CLI::App& app, Options& options) {
  app.add_option("--attach", options.attach,
                 "attach by uprobe_multi links (multi), by one uprobe_events event a clause "
                 "(event), or as this kernel can (auto)")
      ->option_text("HOW")
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
  app.add_option("-c", options.command, "start this command, traced; end when it ends")
      ->option_text("COMMAND");
  app.add_option("-l", options.pattern, "list the probes that match")->option_text("PATTERN");
  app.add_option("-f", raw.format, "the output's format: text or json (one object a line)")
      ->option_text("FORMAT")
      ->check(CLI::IsMember({"text", "json"}));
  app.add_option("-o", options.output, "write the output to this file")->option_text("FILE");
  app.add_option("-B", raw.buffering, "when to write the output: none, line (at once) or full")
      ->option_text("MODE")
      ->check(CLI::IsMember({"none", "line", "full"}));
  app.add_flag("-q", options.quiet, "no messages, only the script's output");
  app.add_flag("--no-warnings", options.no_warnings, "no warnings about the script");
  app.add_flag("-k", raw.warnings, "for bpftrace's sake: what could not be read is always said");
  app.add_flag("--unsafe", options.unsafe, "let the script run commands with system()");
  app.add_flag("-v", options.verbose, "say more about what is attached where");
  add_attach(app, options);
  app.add_flag("--dry-run", options.dry_run, "do everything but attach");
  add_type_sources(app, options);
  app.add_option("--dump", options.dump, "print a stage and end: ast, types, plan or bpf")
      ->option_text("STAGE")
      ->check(CLI::IsMember({"ast", "types", "plan", "bpf"}));
}

CommandLine usage_error(const std::string& message) {
  return {{}, {}, 2, "gotap: " + message + "\ntry: gotap --help\n"};
}

std::string help_line(const std::string& left, const std::string& right, size_t column) {
  std::string line = "  " + left;
  line.resize(std::max(line.size() + 1, column), ' ');
  return line + right + "\n";
}

// The -h page; its options are those that add_options() knows, its built-ins the language's rows.
std::string help_page() {
  CLI::App app("", "gotap");
  Options options;
  Raw raw;
  add_options(app, options, raw);
  std::string page = kIntro;
  page += "\nOPTIONS\n";
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) continue;
    std::string name = option->get_name(false, true);
    std::string text = option->get_option_text();
    page += help_line(name + (text.empty() ? "" : " " + text), option->get_description(), 20);
  }
  page += "\nBUILT-INS\n";
  for (const lang::BuiltinRow& row : lang::builtin_rows())
    page += help_line(row.usage, row.doc, 32);
  page += "\nENVIRONMENT\n";
  for (const lang::SettingRow& row : lang::setting_rows())
    if (row.set) page += help_line(std::string(row.variable), std::string(row.doc), 32);
  page += "  bpftrace's other variables are accepted and have no effect, which is said.\n";
  return page + kExamples;
}

// `gotap emit FILE`: a command line of its own.
CommandLine parse_emit(int argc, const char* const* argv) {
  CommandLine line;
  Options& options = line.options;
  options.emit = true;
  options.dialect = "0.27";
  CLI::App app("print a script, and the probes gotap would place for it, as a script for bpftrace",
               "gotap emit");
  app.set_help_flag("-h,--help", "print this page");
  app.add_option("file", options.file, "script file, - for standard input")->option_text("FILE");
  app.add_option("-e", options.expression, "this program instead")->option_text("'PROGRAM'");
  app.add_option("-o", options.output, "write it to this file")->option_text("FILE");
  app.add_flag("-q", options.quiet, "no messages, only the script");
  app.add_option("--for", options.dialect, "0.27 (from 0.23 on) or 0.17 (Debian 12)")
      ->option_text("VERSION")
      ->check(CLI::IsMember({"0.17", "0.27"}));
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return {{}, {}, 0, app.help()};
  } catch (const CLI::ParseError& error) {
    return usage_error(std::string("emit: ") + error.what());
  }
  if ((app.count("-e") > 0) == !options.file.empty())
    return usage_error("emit: give a script file or -e 'PROGRAM'");
  return line;
}

struct CommandRow {
  const char* name;
  Command::Kind kind;
  const char* doc;
  const char* examples;
};

constexpr CommandRow kCommands[] = {
    {"trace", Command::Kind::Trace,
     "a line for each call as it returns: arguments, results, duration",
     "  gotap trace -p 1234 'main.(*Store).Put'\n"
     "  gotap trace -n server '*.(*Store).*' --slower 10ms --limit 20\n"
     "  gotap trace --exe ./server Put --errors --filter 'args.key != \"\"'\n"},
    {"latency", Command::Kind::Latency, "how long calls take: percentiles and a histogram",
     "  gotap latency -p 1234 'main.(*Store).Put' --for 10s\n"
     "  gotap latency -n server Put --by 'args.key[:6]'\n"
     "  gotap latency Put Get --errors -- ./server -port 8080\n"},
    {"count", Command::Kind::Count, "how often functions are called",
     "  gotap count -p 1234 main: --for 10s\n"
     "  gotap count -n server 'net/http.*' --exclude '*.func*'\n"
     "  gotap count -p 1234 Put --by 'typeof(retval)'\n"},
    {"log", Command::Kind::Log, "a line each time that a line of source runs, with its variables",
     "  gotap log -p 1234 checkout.go:142 'cart {cart.ID} has {len(cart.Items)} items'\n"
     "  gotap log -n server store/put.go:57 '{key}: {err}' --when 'err != nil'\n"
     "  gotap log fetch.go:31 'attempt {n} of {url}' --limit 20 -- ./crawler\n"},
    {"list", Command::Kind::List, "the functions of a program and their signatures",
     "  gotap list --exe ./server main:\n"
     "  gotap list -p 1234 '*.(*Store).*'\n"
     "  gotap list -n etcd Put\n"},
    {"show", Command::Kind::Show,
     "one function: signature, registers and stack, what is probed, copies, callers",
     "  gotap show --exe ./server 'main.(*Store).Put'\n"
     "  gotap show -p 1234 Put\n"
     "  gotap show -n consul 'fsm.(*FSM).Apply'\n"},
};

// What the commands of functions are about.
void add_functions(CLI::App& app, Command& command) {
  app.add_option("FUNCTION", command.functions,
                 "by its name, the end of its name, a pattern (main.*) or the package (net/http:)");
  app.add_option("--exclude", command.excluded, "not the functions that match; repeatable")
      ->option_text("PATTERN")
      ->allow_extra_args(false);
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
}

void add_choice_of_calls(CLI::App& app, Command& command) {
  app.add_option("--filter", command.filter, "only calls of which this is true: 'args.n > 3'")
      ->option_text("EXPRESSION");
  app.add_option("--slower", command.slower, "only calls that take longer: 10ms, 500us, 1s")
      ->option_text("TIME")
      ->check([](const std::string& text) {
        const size_t digits = text.find_first_not_of("0123456789");
        const std::string unit = digits == std::string::npos ? "" : text.substr(digits);
        const bool good =
            digits > 0 && (unit == "ns" || unit == "us" || unit == "ms" || unit == "s");
        return good ? std::string() : text + " is no time such as 10ms";
      });
  app.add_flag("--errors", command.errors, "only calls whose error is not nil");
}

// `gotap trace ...` and its like: a command line of its own.
CommandLine parse_command(const CommandRow& row, int argc, const char* const* argv) {
  CommandLine line;
  Command& command = line.command;
  Options& run = command.run;
  command.kind = row.kind;
  std::string format = "text";
  const bool traces = row.kind != Command::Kind::List && row.kind != Command::Kind::Show;
  // What stands behind -- belongs to the program that is started.
  int own = 1;
  while (own < argc && std::string_view(argv[own]) != "--") own++;
  for (int i = own + 1; i < argc; i++) command.words.push_back(argv[i]);
  CLI::App app(row.doc, std::string("gotap ") + row.name);
  app.set_help_flag("-h,--help", "print this page");
  const bool logs = row.kind == Command::Kind::Log;
  if (logs)
    add_line(app, command);
  else
    add_functions(app, command);
  app.add_option("-p", run.pids, "this process; repeatable")
      ->option_text("PID")
      ->allow_extra_args(false)
      ->check(no_process_id);
  app.add_option("-n", command.process_name, "the processes that run a program of this name")
      ->option_text("NAME");
  app.add_option("--exe", command.exe, "every process that runs this file")->option_text("FILE");
  add_type_sources(app, run);
  if (row.kind != Command::Kind::Show)
    app.add_option("-f", format, "the output's format: text or json")
        ->option_text("FORMAT")
        ->check(CLI::IsMember({"text", "json"}));
  if (traces && !logs) add_choice_of_calls(app, command);
  if (traces) {
    app.add_option("--for", command.milliseconds,
                   "end after this time: 30s, 5m; 10m unless said otherwise, 0s: only by ^C (a "
                   "program that is started is traced to its end)")
        ->option_text("TIME")
        ->transform(kTime);
    app.add_option("-o", run.output, "write the output to this file")->option_text("FILE");
    app.add_flag("-q", run.quiet, "no messages, only the output");
    add_attach(app, run);
    app.add_flag("--print-script", command.print_script, "print the script that does it, and end");
  }
  if (row.kind == Command::Kind::Latency || row.kind == Command::Kind::Count) {
    app.add_option("--by", command.by, "for each value of this: 'args.key'")
        ->option_text("EXPRESSION");
    app.add_option("--interval", command.interval, "print every so often, too: 1s")
        ->option_text("TIME")
        ->transform(kTime);
  }
  if (row.kind == Command::Kind::Trace)
    app.add_flag("--enter", command.enter, "a line when a call begins, too");
  if (row.kind == Command::Kind::Trace || logs)
    app.add_option("--limit", command.limit, "end after so many lines")->option_text("N");
  app.footer(std::string("EXAMPLES\n") + row.examples);
  try {
    app.parse(own, argv);
  } catch (const CLI::CallForHelp&) {
    return {{}, {}, 0, app.help()};
  } catch (const CLI::ParseError& error) {
    return usage_error(std::string(row.name) + ": " + error.what());
  }
  run.json = format == "json";
  // A trace that was forgotten ends.
  constexpr uint64_t kDefaultFor = 600000;
  if (traces && app.count("--for") == 0 && command.words.empty()) {
    command.milliseconds = kDefaultFor;
    command.ends_by_default = true;
  }
  const int targets = !run.pids.empty() + !command.process_name.empty() + !command.exe.empty() +
                      !command.words.empty();
  if (targets != 1)
    return usage_error(std::string(row.name) +
                       ": name one program: -p PID, -n NAME, --exe FILE or -- COMMAND");
  if (logs && (command.line.empty() || app.count("TEXT") == 0))
    return usage_error("log: give a line and a text, as in checkout.go:142 'cart {cart.ID}'");
  if (command.functions.empty() && !logs && row.kind != Command::Kind::List)
    return usage_error(std::string(row.name) + ": name a function (gotap list shows them)");
  return line;
}

}  // namespace

CommandLine parse_command_line(int argc, const char* const* argv) {
  CommandLine line;
  Options& options = line.options;
  if (argc < 2) return {{}, {}, 2, help_page()};
  // Alone it is a script of that name.
  if (argc > 2 && std::string_view(argv[1]) == "emit") return parse_emit(argc - 1, argv + 1);
  for (const CommandRow& row : kCommands)
    if (argc > 2 && std::string_view(argv[1]) == row.name)
      return parse_command(row, argc - 1, argv + 1);
  CLI::App app("", "gotap");
  Raw raw;
  add_options(app, options, raw);
  try {  // CLI11 speaks by exceptions; none leaves this function
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return {{}, {}, 0, help_page()};
  } catch (const CLI::ParseError& error) {
    return usage_error(error.what());
  }
  if (raw.version) return {{}, {}, 0, "gotap " GOTAP_VERSION "\n"};
  options.json = raw.format == "json";
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
  // Each process once, in the order given.
  std::set<int> seen;
  std::erase_if(options.pids, [&](int pid) { return !seen.insert(pid).second; });
  return line;
}

}  // namespace gotap::cli
