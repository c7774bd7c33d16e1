// What a word can become: of the commands' own rows, of processes and functions made up for the
// test.
#include "cli/completion.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "cli/functions.h"

namespace gotap::cli {
namespace {

using Words = std::vector<std::string>;

CompletionSources sources() {
  return {[] {
            return std::vector<Candidate>{{"12", "etcd"}, {"13", "bash"}, {"240", "etcd"}};
          },
          [] {
            return std::vector<Candidate>{{"bash", ""}, {"etcd", ""}};
          },
          [](const Command& command, const std::string& prefix) {
            std::string program = command.exe + command.process_name;
            for (int pid : command.run.pids) program += std::to_string(pid);
            return Words{program + ":" + prefix};
          }};
}

Words texts(const Candidates& found) {
  Words all;
  for (const Candidate& it : found.list) all.push_back(it.text);
  return all;
}

Words completed(const Words& words) { return texts(complete(words, sources())); }

bool has(const Words& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

TEST(Complete, CommandsAndFiles) {
  EXPECT_EQ(completed({"tra"}), Words{"trace"});
  EXPECT_TRUE(complete({"tra"}, sources()).files);
  EXPECT_TRUE(has(completed({""}), "doctor"));
  // Behind a script it is a parameter of it.
  EXPECT_TRUE(completed({"script.bt", "tra"}).empty());
  EXPECT_TRUE(complete({}, sources()).list.empty());
}

TEST(Complete, OptionsOfTheCommand) {
  EXPECT_EQ(completed({"trace", "--en"}), Words{"--enter"});
  EXPECT_TRUE(completed({"count", "--en"}).empty());
  EXPECT_TRUE(has(completed({"-"}), "-e"));
  EXPECT_TRUE(has(completed({"trace", "Put", "-"}), "--filter"));
}

TEST(Complete, ArgumentsOfOptions) {
  EXPECT_EQ(completed({"trace", "-f", ""}), (Words{"text", "json"}));
  EXPECT_EQ(completed({"count", "-f", ""}), (Words{"text", "json", "folded"}));
  EXPECT_EQ(completed({"graph", "-f", ""}), (Words{"text", "json", "folded"}));
  EXPECT_EQ(completed({"trace", "--attach", "m"}), Words{"multi"});
  EXPECT_EQ(completed({"trace", "--attach=m"}), Words{"--attach=multi"});
  EXPECT_EQ(completed({"trace", "-p", "1"}), (Words{"12", "13"}));
  EXPECT_EQ(completed({"-p", "2"}), Words{"240"});
  EXPECT_EQ(completed({"count", "-n", "e"}), Words{"etcd"});
  EXPECT_TRUE(completed({"trace", "--slower", ""}).empty());
  const Candidates file = complete({"list", "--exe", "./s"}, sources());
  EXPECT_TRUE(file.files && file.list.empty());
  EXPECT_TRUE(complete({"emit", "-o", ""}, sources()).files);
}

TEST(Complete, FunctionsOfTheProgramNamedBefore) {
  EXPECT_EQ(completed({"trace", "-p", "12", "main."}), Words{"12:main."});
  EXPECT_EQ(completed({"count", "--exe", "./a", "Put", "G"}), Words{"./a:G"});
  EXPECT_EQ(completed({"count", "--exe=./a", "G"}), Words{"./a:G"});
  EXPECT_EQ(completed({"list", "-n", "etcd", "--exclude", "x"}), Words{"etcd:x"});
  EXPECT_EQ(completed({"show", "-f", "json", "-n", "etcd", "x"}), Words{"etcd:x"});
  EXPECT_TRUE(completed({"trace", "main."}).empty());
}

TEST(Complete, OtherPlaces) {
  EXPECT_EQ(completed({"completion", "z"}), Words{"zsh"});
  EXPECT_EQ(completed({"man", "tr"}), Words{"trace"});
  EXPECT_EQ(completed({"man", "trace", "tr"}), Words{});
  const Candidates target = complete({"doctor", "1"}, sources());
  EXPECT_EQ(texts(target), (Words{"12", "13"}));
  EXPECT_TRUE(target.files);
  // Behind -- it is another program's line.
  const Candidates other = complete({"trace", "Put", "--", "./app", "-"}, sources());
  EXPECT_TRUE(other.files && other.list.empty());
}

TEST(SplitLine, AsAShellDoes) {
  EXPECT_EQ(split_line("gotap trace -p 12"), (Words{"gotap", "trace", "-p", "12"}));
  EXPECT_EQ(split_line("gotap  trace "), (Words{"gotap", "trace", ""}));
  EXPECT_EQ(split_line(R"(a main.\(\*Store\).P)"), (Words{"a", "main.(*Store).P"}));
  EXPECT_EQ(split_line("a 'main.(*St"), (Words{"a", "main.(*St"}));
  EXPECT_EQ(split_line(R"(a "b \"c\\" 'd e'"f" )"), (Words{"a", "b \"c\\", "d ef", ""}));
  EXPECT_EQ(split_line("a ''"), (Words{"a", ""}));
  EXPECT_EQ(split_line("a \\"), (Words{"a", ""}));
  EXPECT_EQ(split_line(""), (Words{""}));
}

TEST(CompleteFunction, WholeNamesThenEnds) {
  const std::vector<std::string_view> names{"main.(*Store).Get", "main.(*Store).Put",
                                            "main.main",         "net/http.(*Server).Serve",
                                            "net/http.Serve",    "other.Put"};
  EXPECT_EQ(complete_function(names, "main.(*"), (Words{"main.(*Store).Get", "main.(*Store).Put"}));
  EXPECT_EQ(complete_function(names, "(*Sto"), (Words{"(*Store).Get", "(*Store).Put"}));
  EXPECT_EQ(complete_function(names, "http.S"), (Words{"http.Serve"}));
  // Two functions end so: no one of them is meant.
  EXPECT_EQ(complete_function(names, "Pu"), Words{});
  EXPECT_EQ(complete_function(names, "nothing"), Words{});
  EXPECT_EQ(complete_function(names, "").size(), names.size());
}

TEST(CompleteFunction, OfManyTheNextPart) {
  std::vector<std::string> owned;
  for (int i = 0; i < 80; i++) {
    owned.push_back("example.com/a/b.F" + std::to_string(i));
    owned.push_back("example.com/a/c/d.(*T).F" + std::to_string(i));
  }
  owned.push_back("main.main");
  const std::vector<std::string_view> names(owned.begin(), owned.end());
  EXPECT_EQ(complete_function(names, ""), (Words{"example.", "main.main"}));
  // What all of them have is not asked about.
  EXPECT_EQ(complete_function(names, "ex"), (Words{"example.com/a/b.", "example.com/a/c/"}));
  EXPECT_EQ(complete_function(names, "example.com/a/b.").size(), 80u);
}

TEST(CompletionScripts, AskGotap) {
  for (const char* shell : {"bash", "zsh", "fish"})
    EXPECT_NE(completion_script(shell).find(kCompleteCommand), std::string::npos) << shell;
}

TEST(Functions, ThePackageIsPartOfTheName) {
  const std::pair<const char*, const char*> rows[] = {
      {"main.main", "main"},
      {"net/http.(*Server).Serve", "net/http"},
      {"go.etcd.io/etcd/server/mvcc.init.func2.deferwrap1", "go.etcd.io/etcd/server/mvcc"},
      {"go.uber.org/zap.init.New[go.shape.*uint8].func4", "go.uber.org/zap"},
      {"sigs.k8s.io/yaml/goyaml%2ev2.init", "sigs.k8s.io/yaml/goyaml%2ev2"},
      {"sync/atomic.(*Pointer[net/http.response]).Load", "sync/atomic"},
      {"slices.Sort[a.b/c.T]", "slices"},
      {"type:.eq.[5]net/http.http2chunk", ""},
      {"type..hash.net/http.connectMethodKey", ""},
      {"go:(*struct { net/http.Flusher }).Flush", ""},
      {"go.(*struct { net/http.Flusher }).Flush", ""},
      {"go.buildid", ""},
      {"_cgo_topofstack", ""},
      {"memcpy", ""}};
  for (const auto& [name, package] : rows) EXPECT_EQ(package_part(name), package) << name;
}

}  // namespace
}  // namespace gotap::cli
