// Entry points: complete, split_line, complete_words.
#include "cli/completion.h"

#include <dirent.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <set>

#include "base/path.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/functions.h"
#include "cli/pages.h"
#include "cli/targets.h"

namespace gotap::cli {

namespace {

const OptionRow* find_option(const CommandPage& page, const std::string& name) {
  for (const OptionRow& row : page.options)
    if (std::find(row.names.begin(), row.names.end(), name) != row.names.end()) return &row;
  return nullptr;
}

// What was typed before the word at the cursor, as far as it matters.
struct Typed {
  Command command;                     ///< the program that is named
  const OptionRow* pending = nullptr;  ///< the option whose argument the word is
  bool behind_dashes = false;          ///< the word belongs to the program that is started
  size_t words = 0;                    ///< not options, nor their arguments
};

void take_argument(const std::string& option, const std::string& value, Command& command) {
  if (option == "-p") command.run.pids.push_back(std::atoi(value.c_str()));
  if (option == "-n") command.process_name = value;
  if (option == "--exe") command.exe = value;
  if (option == "--container") command.run.container.container = value;
  if (option == "--pod") command.run.container.pod = value;
}

Typed read_typed(const CommandPage& page, const std::vector<std::string>& words, size_t from) {
  Typed typed;
  for (size_t i = from; i + 1 < words.size(); i++) {
    const std::string& word = words[i];
    if (typed.behind_dashes) continue;
    if (typed.pending) {
      take_argument(words[i - 1], word, typed.command);
      typed.pending = nullptr;
    } else if (word == "--") {
      typed.behind_dashes = true;
    } else if (word.size() > 1 && word[0] == '-') {
      const size_t equals = word.find('=');
      const std::string name = word.substr(0, equals);
      const OptionRow* row = find_option(page, name);
      if (row && !row->argument.empty() && equals == std::string::npos) typed.pending = row;
      if (equals != std::string::npos) take_argument(name, word.substr(equals + 1), typed.command);
    } else {
      typed.words++;
    }
  }
  return typed;
}

class Completion {
 public:
  Completion(const CommandPage& page, const Typed& typed, const CompletionSources& sources)
      : page_(page), typed_(typed), sources_(sources) {}

  Candidates of(const std::string& word) {
    const size_t equals = word.find('=');
    if (typed_.behind_dashes) {
      out_.files = true;
    } else if (typed_.pending) {
      add_values(typed_.pending->argument, word, "");
    } else if (word.starts_with("--") && equals != std::string::npos) {
      const OptionRow* row = find_option(page_, word.substr(0, equals));
      if (row) add_values(row->argument, word.substr(equals + 1), word.substr(0, equals + 1));
    } else if (word.starts_with("-")) {
      for (const OptionRow& row : page_.options)
        for (const std::string& name : row.names) add(name, row.doc, word, "");
    } else {
      add_words(word);
    }
    return std::move(out_);
  }

 private:
  void add(const std::string& text, const std::string& doc, const std::string& word,
           const std::string& before) {
    if (text.starts_with(word)) out_.list.push_back({before + text, doc});
  }
  void add_all(const std::vector<Candidate>& all, const std::string& word,
               const std::string& before) {
    for (const Candidate& it : all) add(it.text, it.doc, word, before);
  }

  // The argument's name says what it may be; `before`: what the word begins with ("--exe=").
  void add_values(const std::string& argument, const std::string& word, const std::string& before) {
    if (argument.find('|') != std::string::npos) {
      for (size_t at = 0; at <= argument.size();) {
        const size_t end = std::min(argument.find('|', at), argument.size());
        add(argument.substr(at, end - at), "", word, before);
        at = end + 1;
      }
    } else if (argument == "PID") {
      add_all(sources_.process_ids(), word, before);
    } else if (argument == "NAME") {
      add_all(sources_.process_names(), word, before);
    } else if (argument == "FILE" || argument == "FOLDER" || argument == "COMMAND") {
      out_.files = true;
    } else if (argument == "FUNCTION" || argument == "PATTERN") {
      if (!has_target(typed_.command)) return;
      for (const std::string& name : sources_.functions(typed_.command, word))
        out_.list.push_back({before + name, ""});
    }
  }

  // What stands at its place.
  void add_words(const std::string& word) {
    if (page_.name.empty()) {
      if (typed_.words == 0)
        for (const CommandPage& page : command_pages())
          if (!page.name.empty()) add(page.name, page.doc, word, "");
      out_.files = true;
      return;
    }
    for (const OptionRow& row : page_.options) {
      if (!row.names.empty() || (typed_.words > 0 && row.argument != "FUNCTION")) continue;
      if (row.argument == "COMMAND") {
        for (const CommandPage& page : command_pages())
          if (!page.name.empty()) add(page.name, page.doc, word, "");
      } else if (row.argument == "TARGET") {
        add_values("PID", word, "");
        add_values("NAME", word, "");
        add_values("FILE", word, "");
      } else {
        add_values(row.argument, word, "");
      }
    }
  }

  const CommandPage& page_;
  const Typed& typed_;
  const CompletionSources& sources_;
  Candidates out_;
};

// Processes with a file that may be read, by id.
std::vector<Candidate> processes_here() {
  std::vector<Candidate> all;
  DIR* folder = ::opendir("/proc");
  if (!folder) return all;
  while (const dirent* entry = ::readdir(folder)) {
    const std::string pid = entry->d_name;
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string exe = link_target("/proc/" + pid + "/exe");
    if (!exe.empty()) all.push_back({pid, exe.substr(exe.rfind('/') + 1)});
  }
  ::closedir(folder);
  return all;
}

std::vector<Candidate> names_here() {
  std::set<std::string> names;
  for (const Candidate& process : processes_here()) names.insert(process.doc);
  std::vector<Candidate> all;
  all.reserve(names.size());
  for (const std::string& name : names) all.push_back({name, ""});
  return all;
}

std::vector<std::string> functions_of(const Command& command, const std::string& prefix) {
  Command named = command;
  if (!find_container(named.run).ok()) return {};
  const auto traced = open_traced(named);
  return traced ? complete_function(*traced->image, prefix) : std::vector<std::string>();
}

}  // namespace

Candidates complete(const std::vector<std::string>& words, const CompletionSources& sources) {
  if (words.empty()) return {};
  const CommandPage* page = words.size() > 1 ? find_page(words[0]) : nullptr;
  const bool command = page && !page->name.empty();
  if (!command) page = find_page("");
  const Typed typed = read_typed(*page, words, command ? 1 : 0);
  return Completion(*page, typed, sources).of(words.back());
}

std::vector<std::string> split_line(std::string_view line) {
  std::vector<std::string> words(1);
  bool begun = false;
  char quote = 0;
  for (size_t i = 0; i < line.size(); i++) {
    const char c = line[i];
    if (quote) {
      if (c == quote)
        quote = 0;
      else if (c == '\\' && quote == '"' && i + 1 < line.size() &&
               std::string_view("\"\\$`").find(line[i + 1]) != std::string_view::npos)
        words.back() += line[++i];
      else
        words.back() += c;
    } else if (c == '\'' || c == '"') {
      quote = c;
      begun = true;
    } else if (c == ' ' || c == '\t') {
      if (begun) words.emplace_back();
      begun = false;
    } else {
      if (c != '\\')
        words.back() += c;
      else if (i + 1 < line.size())
        words.back() += line[++i];
      begun = true;
    }
  }
  return words;
}

int complete_words(const Command& command) {
  std::vector<std::string> words = command.words;
  if (words.size() == 2 && words[0] == "--line") {
    words = split_line(words[1]);
    words.erase(words.begin());  // gotap itself
  }
  const Candidates candidates = complete(words, {processes_here, names_here, functions_of});
  for (const Candidate& it : candidates.list)
    std::puts((escape_controls(it.text) + (it.doc.empty() ? "" : "\t" + escape_controls(it.doc)))
                  .c_str());
  if (candidates.files) std::puts(":files");
  return 0;
}

}  // namespace gotap::cli
