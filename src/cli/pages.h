// What can be written on gotap's command line, as rows: from these the help, the man pages and the
// shells' completions are printed, so that none of them says what the others do not.
//
// Entry points: command_pages(), first_page(), help_page(), man_page().
#pragma once

#include <string>
#include <vector>

namespace gotap::cli {

struct OptionRow {
  std::vector<std::string> names;  ///< "-h", "--help"; empty: a word at its place, not an option
  std::string argument;            ///< FILE, PID, FUNCTION; `text|json`: one of these; empty: none
  std::string doc;
  bool repeatable = false;
};

struct CommandPage {
  std::string name;                ///< "trace"; empty: gotap itself, with a script
  std::string doc;                 ///< one line
  std::vector<std::string> usage;  ///< whole command lines
  std::string more;                ///< paragraphs, separated by empty lines; may be empty
  std::vector<OptionRow> options;
  std::vector<std::string> examples;  ///< whole command lines
};

/// gotap itself, then each command, in the order of the help.
const std::vector<CommandPage>& command_pages();

/// Nullptr: there is no such command.
const CommandPage* find_page(const std::string& name);

/// What `gotap` alone says: a screenful for those who are new.
std::string first_page();

/// --help; of gotap itself with the language's built-ins and the environment.
std::string help_page(const CommandPage& page);

/// The same as a page of section 1 for man(1).
std::string man_page(const CommandPage& page);

/// "gotap-trace.1".
std::string man_file(const CommandPage& page);

}  // namespace gotap::cli
