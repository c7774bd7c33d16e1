// The command line. Parsed once, by CLI11, into plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "go/image.h"
#include "output/writer.h"
#include "trace/containers.h"
#include "trace/mode.h"

namespace gotap::cli {

struct Options {
  std::string file;                     ///< script file, "-" for standard input
  std::string expression;               ///< -e
  std::vector<std::string> parameters;  ///< $1, $2, ... of the script
  go::TypeSources types;                ///< --debug-binary, --signature
  std::vector<std::string> settings;    ///< --set: NAME=VALUE
  std::vector<int> pids;                ///< -p, each once
  trace::ContainerName container;       ///< --container, --pod
  std::vector<int> inside;              ///< its processes, by find_container()
  uint32_t cgroup_level = 0;            ///< of its cgroup, by find_container()
  std::string command;                  ///< -c
  bool list = false;                    ///< -l
  std::string pattern;                  ///< -l's pattern
  std::string output;                   ///< -o
  bool json = false;                    ///< -f json
  bool folded = false;                  ///< -f folded
  output::Buffering buffering = output::Buffering::Gathered;  ///< -B
  bool unsafe = false;                                        ///< --unsafe
  bool quiet = false;                                         ///< -q
  bool no_warnings = false;                                   ///< --no-warnings
  bool verbose = false;                                       ///< -v
  bool dry_run = false;                                       ///< --dry-run
  bool info = false;                                          ///< --info
  std::string dump;                                           ///< --dump=ast|types|plan|bpf
  std::string dialect;  ///< of `gotap emit`, --for: 0.17 or 0.27

  /// --max-overhead: percent of the traced processes' CPU time that the probes may take; 0: any.
  double max_overhead = 0;
  /// --attach
  trace::AttachWay attach = trace::AttachWay::Auto;
};

/// `gotap trace` and its like: see `gotap --help`.
struct Command {
  enum class Kind : uint8_t {
    None,
    Trace,
    Latency,
    Count,
    Waits,
    Graph,
    Log,
    Panics,
    List,
    Show,
    Doctor,
    Emit,
    Completion,
    Man,
    Complete,  ///< for the shells' completions
  };
  Kind kind = Kind::None;
  Options run;                         ///< of the script that it writes: -p, -o, -f ...
  std::string process_name;            ///< -n
  std::string exe;                     ///< --exe
  std::vector<std::string> words;      ///< behind --: the program to start and its arguments;
                                       ///< of `completion` and `man` their argument
  std::vector<std::string> functions;  ///< as the user names them
  std::vector<std::string> excluded;   ///< --exclude: patterns
  std::string filter, by, slower;      ///< expressions of the script; "10ms"; log: --when
  std::string line, log_text;          ///< log: FILE:LINE and 'TEXT'
  bool errors = false;                 ///< --errors
  bool enter = false;                  ///< --enter
  bool stack = false;                  ///< --stack
  bool share = false;                  ///< --share
  uint64_t milliseconds = 0;           ///< --for; 0: until ^C
  bool ends_by_default = false;        ///< --for was not given
  uint64_t interval = 0;               ///< --interval, in milliseconds; 0: at the end only
  uint32_t limit = 0;                  ///< --limit: lines, or rows; 0: all
  std::optional<uint32_t> depth;       ///< graph, --depth
  uint32_t rate = 100;                 ///< graph, --rate: trees a second
  bool sum = false;                    ///< graph, --sum
  bool panics = false;                 ///< --panics
  bool print_script = false;           ///< --print-script
};

/// "trace"; of Kind::None and Kind::Complete nothing.
const char* command_name(Command::Kind kind);

/// Whether a program is named: by -p, -n, --exe, --container, --pod or behind --.
bool has_target(const Command& command);

/// What the command line asks for.
struct CommandLine {
  Options options;
  Command command;
  /// Set: nothing to run, print `text` and end with this code (--help, usage errors).
  std::optional<int> exit_code;
  std::string text;
};

/// Never fails otherwise than by a usage error: exit code 2 and the message in `text`.
CommandLine parse_command_line(int argc, const char* const* argv);

}  // namespace gotap::cli
