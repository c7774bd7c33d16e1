// Positional parameters and settings. Witness: what bpftrace 0.27.1 printed for the same words.
#include <gtest/gtest.h>

#include "lang/parser.h"
#include "lang/settings.h"

namespace gotap::lang {
namespace {

// The dump of the statement's expression with these parameters, then what was said.
std::string parsed(const std::string& statement, const Parameters& parameters) {
  Parsed result = parse({"test", "BEGIN { " + statement + "; }"}, parameters);
  std::string text;
  if (!has_errors(result.diagnostics)) {
    text = ast::dump(result.script);
    size_t begin = text.find_first_not_of(" \n", text.find('{') + 1);
    text = text.substr(begin, text.find_last_not_of(" \n}") - begin + 1);
  }
  for (const Diagnostic& diagnostic : result.diagnostics) text += "|" + diagnostic.message;
  return text;
}

std::string spec(const std::string& probe, const Parameters& parameters) {
  Parsed result = parse({"test", probe + " { }"}, parameters);
  if (!result.diagnostics.empty()) return result.diagnostics[0].message;
  const ProbeSpec& made = result.script.clauses[0].probes[0];
  return to_string(made) + " " + made.text;
}

TEST(Parameters, NumbersAndTexts) {
  EXPECT_EQ(parsed("print($1)", {"5"}), parsed("print(5)", {}));
  EXPECT_EQ(parsed("print($1)", {"0x10"}), parsed("print(16)", {}));
  EXPECT_EQ(parsed("print($1)", {"010"}), parsed("print(8)", {}));
  EXPECT_EQ(parsed("print($1)", {"1e3"}), parsed("print(1000)", {}));
  EXPECT_EQ(parsed("print($1)", {"100ms"}), parsed("print(100000000)", {}));
  EXPECT_EQ(parsed("print($1)", {"-5"}), parsed("print(-5)", {}));
  EXPECT_EQ(parsed("print($1)", {"18446744073709551615"}),
            parsed("print(18446744073709551615)", {}));
  EXPECT_EQ(parsed("print($1)", {"99999999999999999999"}),
            parsed("print(\"99999999999999999999\")", {}));
  EXPECT_EQ(parsed("print($1)", {"1k"}), parsed("print(\"1k\")", {}));
  EXPECT_EQ(parsed("print($2)", {"1", "a b"}), parsed("print(\"a b\")", {}));
  EXPECT_EQ(parsed("print($#)", {"1", "a b"}), parsed("print(2)", {}));
  EXPECT_EQ(parsed("print($#)", {}), parsed("print(0)", {}));
}

TEST(Parameters, TheirTextInStr) {
  EXPECT_EQ(parsed("print(str($1))", {"0x10"}), parsed("print(\"0x10\")", {}));
  EXPECT_EQ(parsed("print(str($1))", {"-5"}), parsed("print(\"-5\")", {}));
  EXPECT_EQ(parsed("print(str($1 + 1))", {"abc"}), parsed("print(\"bc\")", {}));
  EXPECT_EQ(parsed("print(str(1 + $1))", {"abc"}), parsed("print(\"bc\")", {}));
  EXPECT_EQ(parsed("print(str($1 + 1))", {"-5"}), parsed("print(\"5\")", {}));
  EXPECT_EQ(parsed("print(str($1 + 1, 2))", {"abcd"}), parsed("print(\"bc\")", {}));
  EXPECT_EQ(parsed("print(str($1, 2))", {"abc"}), parsed("print(\"ab\")", {}));
  EXPECT_EQ(parsed("print(str($1, 9))", {"abc"}), parsed("print(\"abc\")", {}));
  EXPECT_EQ(parsed("print(str($#))", {"a", "b"}), parsed("print(\"2\")", {}));
  EXPECT_EQ(parsed("print(str($1 + 5))", {"abc"}),
            parsed("print(\"\")", {}) + "|the parameter is shorter than that: the text is empty");
  EXPECT_EQ(parsed("print(str($1, tid))", {"abc"}),
            "|the length of a parameter's text must be a number");
  EXPECT_EQ(parsed("print(str(arg0, $1))", {"3"}), parsed("print(str(arg0, 3))", {}));
}

TEST(Parameters, WhatIsNotGivenIsZeroOrEmpty) {
  EXPECT_EQ(parsed("print($1)", {}),
            parsed("print(0)", {}) + "|Positional parameter $1 is empty or not provided");
  EXPECT_EQ(parsed("print($1)", {""}),
            parsed("print(0)", {}) + "|Positional parameter $1 is empty or not provided");
  EXPECT_EQ(parsed("print(str($2))", {"a"}), parsed("print(\"\")", {}));
  EXPECT_EQ(
      parsed("print(str(arg0, $1))", {}),
      parsed("print(str(arg0, 0))", {}) + "|Positional parameter $1 is empty or not provided");
}

TEST(Parameters, BadOnes) {
  const std::string bad = "|parameters are $1, $2, ... and their number $#";
  EXPECT_EQ(parsed("print($0)", {"1"}), bad);
  EXPECT_EQ(parsed("print($1a)", {"1"}), bad);
  EXPECT_EQ(parsed("print($99999999999999999999999)", {"1"}), bad);
  EXPECT_NE(parsed("$1 = 3", {"1"}).find('|'), std::string::npos);
}

TEST(Parameters, InProbes) {
  EXPECT_EQ(spec("uprobe:$1:$2", {"./a", "main.f"}), "uprobe:\"./a\":\"main.f\" uprobe:./a:main.f");
  EXPECT_EQ(spec("uprobe:./call$1:m$2n", {"s", "ai"}),
            "uprobe:\"./calls\":\"main\" uprobe:./calls:main");
  EXPECT_EQ(spec("uprobe:./a:$1", {"main.(*T).Get"}),
            "uprobe:\"./a\":\"main.(*T).Get\" uprobe:./a:main.(*T).Get");
  EXPECT_EQ(spec("uprobe:./a:$1", {"main.f+0x10"}),
            "uprobe:\"./a\":\"main.f\"+16 uprobe:./a:main.f+0x10");
  EXPECT_EQ(spec("uprobe:./a:main.f+$1", {"16"}),
            "uprobe:\"./a\":\"main.f\"+16 uprobe:./a:main.f+16");
  EXPECT_EQ(spec("uprobe:./a:$1", {"0x401000"}), "uprobe:\"./a\":0x401000 uprobe:./a:0x401000");
  EXPECT_EQ(spec("interval:$1:$2", {"ms", "3"}), "interval:3000000ns interval:ms:3");
  EXPECT_EQ(spec("uprobe:./a:\"$1\"", {"x"}), "uprobe:\"./a\":\"$1\" uprobe:./a:\"$1\"");
  EXPECT_EQ(spec("uprobe:./a:main$2", {"x"}), "positional parameter $2 is empty or not provided");
  EXPECT_EQ(spec("uprobe:$0:main", {"x"}), "positional parameter $0 is empty or not provided");
  EXPECT_EQ(spec("interval:s:$1", {"x"}), "a number needs at least one digit");
}

TEST(Settings, AreCheckedAndNamed) {
  Settings settings;
  EXPECT_TRUE(set_setting(settings, "max_strlen", "4096").ok());
  EXPECT_EQ(settings.max_strlen, 4096u);
  for (const char* bad : {"", "0", "4097", "x", "12x", "-1", "99999999999999999999"}) {
    auto result = set_setting(settings, "max_strlen", bad);
    ASSERT_FALSE(result.ok()) << bad;
    EXPECT_EQ(result.error().message, "max_strlen must be a number from 1 to 4096");
  }
  EXPECT_EQ(settings.max_strlen, 4096u);
  EXPECT_TRUE(set_setting(settings, "print_maps_on_exit", "false").ok());
  EXPECT_FALSE(settings.print_maps_on_exit);
  EXPECT_TRUE(set_setting(settings, "str_trunc_trailer", "...").ok());
  EXPECT_EQ(settings.str_trunc_trailer, "...");
  EXPECT_TRUE(set_setting(settings, "log_size", "anything").ok());
  auto unknown = set_setting(settings, "max_strlenn", "5");
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().hint, "did you mean max_strlen?");
  EXPECT_EQ(find_variable("BPFTRACE_STRLEN"), find_setting("max_strlen"));
}

}  // namespace
}  // namespace gotap::lang
