// The help and the manual: whole, readable, and the pages in man/ are those of the rows.
#include "cli/pages.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "cli/options.h"

namespace gotap::cli {
namespace {

std::vector<std::string> lines_in(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string contents(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(FirstPage, IsAScreenful) {
  const auto lines = lines_in(first_page());
  EXPECT_LE(lines.size(), 24u);
  for (const std::string& line : lines) EXPECT_LE(line.size(), 80u) << line;
  for (const CommandPage& page : command_pages()) {
    const bool once = page.name == "emit" || page.name == "completion" || page.name == "man";
    const bool shown = first_page().find("  gotap " + page.name + " ") != std::string::npos;
    EXPECT_EQ(shown, !once && !page.name.empty()) << page.name;
  }
  const char* const argv[] = {"gotap"};
  EXPECT_EQ(parse_command_line(1, argv).text, first_page());
}

TEST(HelpPage, HasAllAndThreeExamples) {
  for (const CommandPage& page : command_pages()) {
    const std::string text = help_page(page);
    EXPECT_EQ(page.examples.size(), 3u) << page.name;
    EXPECT_FALSE(page.more.empty()) << page.name;
    for (const std::string& example : page.examples)
      EXPECT_TRUE(example.find("gotap") != std::string::npos &&
                  text.find("  " + example + "\n") != std::string::npos)
          << example;
    for (const OptionRow& row : page.options) {
      EXPECT_FALSE(row.doc.empty()) << page.name << " " << row.argument;
      for (const std::string& name : row.names)
        EXPECT_NE(text.find(name), std::string::npos) << name;
    }
    // The language's built-ins stand as they do.
    if (page.name.empty()) continue;
    for (const std::string& line : lines_in(text)) EXPECT_LE(line.size(), 80u) << line;
  }
}

TEST(HelpPage, IsWhatHelpPrints) {
  for (const CommandPage& page : command_pages()) {
    if (page.name.empty()) continue;
    const char* const argv[] = {"gotap", page.name.c_str(), "--help"};
    const CommandLine line = parse_command_line(3, argv);
    EXPECT_EQ(line.exit_code, 0);
    EXPECT_EQ(line.text, help_page(page));
  }
}

// Options of the same name mean the same, and are said in the same words.
TEST(HelpPage, CommandsAgree) {
  const CommandPage* trace = find_page("trace");
  ASSERT_TRUE(trace);
  for (const char* other : {"latency", "count", "waits", "list", "show", "doctor"})
    for (const OptionRow& row : find_page(other)->options)
      for (const OptionRow& same : trace->options)
        // What is limited differs.
        if (!row.names.empty() && row.names == same.names && row.names[0] != "--limit") {
          EXPECT_EQ(row.doc, same.doc) << other << " " << row.names[0];
          if (row.names[0] == "-f") continue;  // counts have a format of their own
          EXPECT_EQ(row.argument, same.argument) << other << " " << row.names[0];
        }
}

TEST(ManPage, ThoseInTheFolderAreTheRows) {
  const std::filesystem::path folder = std::filesystem::path(GOTAP_SOURCE_DIR) / "man";
  size_t files = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder))
    files += file.path().extension() == ".1";
  EXPECT_EQ(files, command_pages().size());
  for (const CommandPage& page : command_pages())
    EXPECT_EQ(contents(folder / man_file(page)), man_page(page))
        << man_file(page) << " is old: ./dev man writes it";
}

TEST(ManPage, NothingInItIsARequestOfItsOwn) {
  const char* const kRequests[] = {".SH ", ".TP", ".TH ", ".nf", ".fi", ".BR ", ".\\\""};
  for (const CommandPage& page : command_pages())
    for (const std::string& line : lines_in(man_page(page))) {
      if (line.empty() || (line[0] != '.' && line[0] != '\'')) continue;
      const bool known =
          std::any_of(std::begin(kRequests), std::end(kRequests),
                      [&](const char* request) { return line.starts_with(request); });
      EXPECT_TRUE(known) << line;
    }
}

TEST(ParseCommandLine, WhatIsWrongNamesTheCommand) {
  const std::vector<std::vector<const char*>> bad{
      {"gotap", "trace"},
      {"gotap", "count", "--exe", "a"},
      {"gotap", "completion"},
      {"gotap", "completion", "csh"},
      {"gotap", "man", "nothing"},
      {"gotap", "emit"},
      {"gotap", "doctor", "a", "b"},
      {"gotap", "log", "-f", "folded", "--exe", "a", "a.go:1", "x"},
      {"gotap", "graph", "-f", "folded", "--exe", "a", "f"},
      {"gotap", "count", "-f", "folded", "--exe", "a", "f"},
      {"gotap", "count", "-f", "folded", "--by", "ustack", "--limit", "3", "--exe", "a", "f"}};
  for (const auto& words : bad) {
    const CommandLine line = parse_command_line(static_cast<int>(words.size()), words.data());
    EXPECT_EQ(line.exit_code, 2);
    EXPECT_NE(line.text.find(std::string("try: gotap ") + words[1] + " --help"), std::string::npos)
        << line.text;
  }
}

TEST(ParseCommandLine, PanicsOfCallsWithADurationNameWhatShowsThem) {
  for (const char* name : {"latency", "waits"}) {
    const char* const argv[] = {"gotap", name, "--panics", "--exe", "a", "f"};
    const CommandLine line = parse_command_line(6, argv);
    EXPECT_EQ(line.exit_code, 2);
    EXPECT_NE(line.text.find("gotap trace --panics"), std::string::npos) << line.text;
  }
  for (const CommandPage& page : command_pages()) {
    const bool has = std::any_of(
        page.options.begin(), page.options.end(),
        [](const OptionRow& row) { return row.names == std::vector<std::string>{"--panics"}; });
    EXPECT_EQ(has, page.name == "trace" || page.name == "count" || page.name == "graph")
        << page.name;
  }
}

TEST(ParseCommandLine, ATargetByItsWord) {
  const auto parsed = [](const char* word) {
    const char* const argv[] = {"gotap", "doctor", word};
    return parse_command_line(3, argv).command;
  };
  EXPECT_EQ(parsed("12").run.pids, std::vector<int>{12});
  EXPECT_EQ(parsed("etcd").process_name, "etcd");
  EXPECT_EQ(parsed("./etcd").exe, "./etcd");
}

}  // namespace
}  // namespace gotap::cli
