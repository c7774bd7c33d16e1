// What the commands of functions (trace, latency, count, list) have in common: their options, the
// program and the functions they are about, the script they write.
//
// Entry points: open_traced(), choose_calls(), write_clauses(), run_command().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/options.h"
#include "go/image.h"

namespace gotap::cli {

/// The program a command is about, and its functions.
struct Traced {
  std::string path;  ///< as the script names it
  std::shared_ptr<const go::Image> image;
  std::vector<uint32_t> functions;  ///< by index, sorted, each once
  Options options;                  ///< of the script's run

  std::string_view name(uint32_t function) const { return image->functions()[function].name; }
  /// `uretprobe:"/usr/bin/app":"main.f"`, for the script.
  std::string probe(const char* kind, std::string_view function) const;
};

/// Finds the program by -p, -n, --exe or the command behind --, and its functions. Nothing: there
/// is none, there are several that differ, a function has no or several meanings; that has been
/// said.
std::optional<Traced> open_traced(const Command& command);

/// A function that is probed, and the predicate (`/.../ `, or nothing) that --filter, --slower and
/// --errors ask of its calls.
struct ChosenCalls {
  uint32_t function = 0;
  std::string when;
};

/// The functions that get probes of this kind. Of several those are left out, and said with the
/// reason, that cannot be probed, wrappers that lead to another of them and, with --errors,
/// functions that return none. Empty: none is left, or --filter or --by is wrong, which has been
/// said.
std::vector<ChosenCalls> choose_calls(const Command& command, const Traced& traced,
                                      const char* kind);

/// The number, counted from 0, of the last result of type error; nothing: the function returns no
/// error, or that is not known.
std::optional<size_t> error_result(const go::Image& image, uint32_t function);

/// The clauses of the script for choose_calls(): `write` makes one of some probes, as the script
/// names them, and of their predicate. Empty: no function is left.
std::string write_clauses(
    const Command& command, const Traced& traced, const char* kind,
    const std::function<std::string(const std::string& probes, const std::string& when)>& write);

/// Whether --filter, --slower, --errors or --by need what is known at the return only.
bool needs_return(const Command& command);

/// `interval:ms:30000 { exit(); }` for --for; for --interval the same with `prints` in it.
std::string timers(const Command& command, const std::string& prints = {});

/// The first record under -f json (docs/JSON.md): the format's version and the command. `fields`:
/// more of it, as `, "floor_ns": 2310`.
std::string json_head(const Command& command, const std::string& fields = {});

/// Runs the script, or prints it for --print-script. `make_sink` is for text; under -f json it is
/// asked only if `makes_json`, else the records are those of scripts behind json_head().
int run_command(const Command& command, Traced traced, const std::string& script,
                const MakeSink& make_sink, bool makes_json = false);

}  // namespace gotap::cli
