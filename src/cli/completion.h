// What completes a command line: a shell's function, from `gotap completion SHELL`, asks gotap
// itself about the words typed so far, so that it knows the options of the program at hand.
//
// Entry points: complete(), split_line().
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/options.h"

namespace gotap::cli {

/// The command that the shells' functions call: `gotap __complete WORD...` with the words up to the
/// cursor, the last one perhaps empty; or `--line LINE`, the same as one text.
inline constexpr const char* kCompleteCommand = "__complete";

/// What a word can become. Of a candidate that ends in one of "/.=" more is to follow.
struct Candidate {
  std::string text;
  std::string doc;  ///< may be empty
};

struct Candidates {
  std::vector<Candidate> list;
  bool files = false;  ///< and the names of files, which the shell knows
};

/// Where the names come from that are not gotap's own.
struct CompletionSources {
  std::function<std::vector<Candidate>()> process_ids, process_names;
  /// Functions of the program that the command names.
  std::function<std::vector<std::string>(const Command&, const std::string& prefix)> functions;
};

/// What the last of `words` can become; the first one follows "gotap".
Candidates complete(const std::vector<std::string>& words, const CompletionSources& sources);

/// The words of a line, up to its end, as a shell takes them apart: quotes and backslashes are
/// gone, one that is open is closed there. The last is empty if a blank stands before the end.
std::vector<std::string> split_line(std::string_view line);

/// The script of the completion for "bash", "zsh" or "fish".
std::string completion_script(const std::string& shell);

}  // namespace gotap::cli
