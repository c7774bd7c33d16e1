// Entry points: first_page, help_page.
#include <algorithm>

#include "base/text.h"
#include "cli/pages.h"
#include "lang/builtins.h"
#include "lang/settings.h"

namespace gotap::cli {

namespace {

constexpr size_t kWidth = 80;

// "  LEFT      RIGHT", what stands on the right from `column` on.
std::string help_line(const std::string& left, std::string_view right, size_t column) {
  std::string line = "  " + left;
  // What is too long has a line of its own.
  if (line.size() >= column)
    line += "\n" + std::string(column, ' ');
  else
    line.resize(column, ' ');
  return line + wrapped(right, column, kWidth);
}

std::string left_of(const OptionRow& row) {
  std::string text;
  for (const std::string& name : row.names) text += (text.empty() ? "" : ",") + name;
  if (!row.argument.empty()) text += (text.empty() ? "" : " ") + row.argument;
  return text;
}

std::string options_text(const CommandPage& page) {
  std::string text = "\nOPTIONS\n";
  for (const OptionRow& row : page.options)
    if (row.names.empty()) text += help_line(left_of(row), row.doc, 26);
  for (const OptionRow& row : page.options)
    if (!row.names.empty()) text += help_line(left_of(row), row.doc, 26);
  return text;
}

std::string commands_text() {
  std::string text;
  for (const CommandPage& page : command_pages())
    if (!page.name.empty()) text += help_line(page.name, page.doc, 14);
  return text;
}

std::string language_text() {
  std::string text = "\nBUILT-INS\n";
  for (const lang::BuiltinRow& row : lang::builtin_rows())
    text += help_line(row.usage, row.doc, 32);
  text += "\nENVIRONMENT\n";
  for (const lang::SettingRow& row : lang::setting_rows())
    if (row.set) text += help_line(std::string(row.variable), row.doc, 32);
  return text + "  bpftrace's other variables are accepted and have no effect, which is said.\n";
}

}  // namespace

const CommandPage* find_page(const std::string& name) {
  const std::vector<CommandPage>& pages = command_pages();
  const auto found = std::find_if(pages.begin(), pages.end(),
                                  [&](const CommandPage& it) { return it.name == name; });
  return found == pages.end() ? nullptr : &*found;
}

std::string first_page() {
  std::string text = "gotap watches Go programs while they run.\n\n";
  for (const CommandPage& page : command_pages()) {
    // Not what one needs once only; --help has these, too.
    if (page.name.empty() || page.name == "emit" || page.name == "completion" || page.name == "man")
      continue;
    text += help_line("gotap " + page.name, page.doc, 20);
  }
  return text +
         "\nTo begin with, as root:\n"
         "  gotap doctor PID\n"
         "  gotap list -p PID main:\n"
         "  gotap trace -p PID 'main.(*Store).Put' --slower 10ms\n"
         "\n"
         "A function is its name, the end of it (Put), a pattern ('*.(*Store).*') or a\n"
         "package (net/http:). The program goes on unharmed; ^C ends a trace.\n"
         "\n"
         "gotap COMMAND --help has examples; gotap --help is about scripts.\n";
}

std::string help_page(const CommandPage& page) {
  const bool scripts = page.name.empty();
  std::string text = "gotap" + (scripts ? "" : " " + page.name) + " - " + page.doc + "\n\n";
  for (const std::string& line : page.usage) text += "  " + line + "\n";
  if (!page.more.empty()) text += "\n" + wrapped(page.more, 0, kWidth);
  if (scripts) text += "\nCOMMANDS, each with --help\n" + commands_text();
  text += options_text(page);
  if (scripts) text += language_text();
  text += "\nEXAMPLES\n";
  for (const std::string& line : page.examples) text += "  " + line + "\n";
  return text;
}

}  // namespace gotap::cli
