// `gotap man`: the manual's pages, from the rows that the help is printed from.
// Entry points: man_page, print_man.
// Facts: man(7), man-pages(7).
#include <algorithm>
#include <cstdio>
#include <fstream>

#include "cli/commands.h"
#include "cli/pages.h"
#include "cli/report.h"
#include "lang/builtins.h"
#include "lang/settings.h"

namespace gotap::cli {

namespace {

// Text as roff has it: nothing in it is a request or an escape, hyphens are those of a shell.
std::string plain(std::string_view text) {
  std::string out;
  if (!text.empty() && (text[0] == '.' || text[0] == '\'')) out = "\\&";
  for (const char c : text)
    out += c == '\\'   ? std::string("\\e")
           : c == '-'  ? std::string("\\-")
           : c == '^'  ? std::string("\\(ha")
           : c == '~'  ? std::string("\\(ti")
           : c == '`'  ? std::string("\\(ga")
           : c == '\'' ? std::string("\\(aq")
                       : std::string(1, c);
  return out;
}

std::string bold(std::string_view text) { return "\\fB" + plain(text) + "\\fR"; }

std::string heading(const char* name) { return std::string(".SH ") + name + "\n"; }

std::string entry(const std::string& tag, std::string_view text) {
  return ".TP\n" + tag + "\n" + plain(text) + "\n";
}

std::string example_lines(const std::vector<std::string>& lines) {
  std::string text = ".nf\n";
  for (const std::string& line : lines) text += plain(line) + "\n";
  return text + ".fi\n";
}

std::string option_tag(const OptionRow& row) {
  std::string tag;
  for (const std::string& name : row.names) tag += (tag.empty() ? "" : ", ") + bold(name);
  if (!row.argument.empty()) tag += (tag.empty() ? "\\fI" : " \\fI") + plain(row.argument) + "\\fR";
  return tag;
}

std::string options_section(const CommandPage& page) {
  std::string text = heading("OPTIONS");
  for (const bool named : {false, true})
    for (const OptionRow& row : page.options)
      if (row.names.empty() != named) text += entry(option_tag(row), row.doc);
  return text;
}

std::string page_name(const CommandPage& page) {
  return page.name.empty() ? "gotap" : "gotap-" + page.name;
}

std::string commands_section() {
  std::string text = heading("COMMANDS");
  for (const CommandPage& page : command_pages())
    if (!page.name.empty()) text += entry(bold(page_name(page)) + "(1)", page.doc);
  return text;
}

std::string language_sections() {
  std::string text = heading("BUILT-INS");
  for (const lang::BuiltinRow& row : lang::builtin_rows()) text += entry(bold(row.usage), row.doc);
  text += heading("ENVIRONMENT");
  for (const lang::SettingRow& row : lang::setting_rows())
    if (row.set) text += entry(bold(row.variable), row.doc);
  return text;
}

// Of what runs a script; the others end with 0, 1 and 2 alike.
std::string exit_section() {
  return heading("EXIT STATUS") + entry("2", "the command line is wrong") +
         entry("1", "gotap failed, and said why") +
         entry("0",
               "all went well; else what exit(N) says in the script, or the exit code of the "
               "command that was started (128 and the signal that ended it)");
}

std::string see_also(const CommandPage& page) {
  std::string text = heading("SEE ALSO");
  std::string before;
  for (const CommandPage& other : command_pages()) {
    if (other.name == page.name) continue;
    text += before + ".BR " + plain(page_name(other)) + " (1)";
    before = ",\n";
  }
  return text + "\n";
}

}  // namespace

std::string man_file(const CommandPage& page) { return page_name(page) + ".1"; }

std::string man_page(const CommandPage& page) {
  std::string title = page_name(page);
  std::transform(title.begin(), title.end(), title.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  std::string text = ".\\\" Written by `gotap man`, from the rows of its options.\n.TH " +
                     plain(title) + " 1 \"\" \"gotap " GOTAP_VERSION "\"\n";
  text += heading("NAME") + plain(page_name(page)) + " \\- " + plain(page.doc) + "\n";
  text += heading("SYNOPSIS") + example_lines(page.usage);
  if (!page.more.empty()) text += heading("DESCRIPTION") + plain(page.more) + "\n";
  if (page.name.empty()) text += commands_section();
  text += options_section(page);
  if (page.name.empty()) text += language_sections();
  text += exit_section();
  text += heading("EXAMPLES") + example_lines(page.examples);
  return text + see_also(page);
}

int print_man(const Command& command) {
  if (command.run.output.empty()) {
    std::fputs(man_page(*find_page(command.words[0])).c_str(), stdout);
    return 0;
  }
  for (const CommandPage& page : command_pages()) {
    const std::string path = command.run.output + "/" + man_file(page);
    std::ofstream file(path);
    file << man_page(page);
    file.close();
    if (file) continue;
    print_error({"cannot write " + path, "choose another folder for -o"});
    return kFailed;
  }
  return 0;
}

}  // namespace gotap::cli
