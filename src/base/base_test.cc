// Tests of what every room stands on: bounds-checked bytes, Fd, Result, text, types.
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/result.h"
#include "base/text.h"
#include "base/type.h"

namespace gotap {
namespace {

TEST(Bytes, ReadsOnlyInside) {
  const uint8_t data[] = {1, 2, 3, 4, 'a', 'b', 0, 'c'};
  Bytes bytes(data, sizeof data);
  EXPECT_EQ(bytes.u32(0), 0x04030201u);
  EXPECT_EQ(bytes.u32(4), 0x63006261u);
  EXPECT_EQ(bytes.u32(5), std::nullopt);
  EXPECT_EQ(bytes.u64(1), std::nullopt);
  EXPECT_EQ(bytes.u8(UINT64_MAX), std::nullopt);
  EXPECT_EQ(bytes.cstr(4), "ab");
  EXPECT_EQ(bytes.cstr(7), std::nullopt);  // no NUL behind it
  EXPECT_FALSE(bytes.sub(4, UINT64_MAX));
  EXPECT_EQ(bytes.sub(8, 0)->size(), 0u);
  EXPECT_TRUE(bytes.from(9).empty());
}

TEST(Glob, StarOfAReceiverIsLiteral) {
  struct {
    const char *pattern, *text;
    bool matches;
  } table[] = {
      {"main.*", "main.swap", true},
      {"main.*", "domain.swap", false},
      {"*swap", "main.swap", true},
      {"main.(*T).M", "main.(*T).M", true},
      {"main.(*T).M", "main.(*LongT).M", false},
      {"main.(*T).*", "main.(*T).Apply", true},
      {"*.(*FSM).Apply", "github.com/x/fsm.(*FSM).Apply", true},
      {"*", "", true},
      {"", "", true},
      {"a*b*c", "aXbXbXc", true},
      {"a*b*c", "aXbXbX", false},
  };
  for (auto& row : table) EXPECT_EQ(glob_match(row.pattern, row.text), row.matches) << row.pattern;
  EXPECT_FALSE(has_wildcard("main.(*T).M"));
  EXPECT_TRUE(has_wildcard("main.(*T).*"));
}

TEST(NearestNames, BestFirst) {
  std::vector<std::string_view> names = {"main.swap", "main.main", "main.swop", "os.Exit",
                                         "github.com/x/fsm.(*FSM).Apply"};
  EXPECT_EQ(nearest_names("main.swpa", names, 3),
            (std::vector<std::string>{"main.swap", "main.swop", "main.main"}));
  EXPECT_EQ(nearest_names("Apply", names, 1)[0], "github.com/x/fsm.(*FSM).Apply");
  EXPECT_TRUE(nearest_names("zzz", names, 3).empty());
  EXPECT_EQ(edit_distance("ab", "ba", 5), 1u);
  EXPECT_EQ(edit_distance("kitten", "sitting", 9), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting", 2), 3u);
}

TEST(EscapeControls, TerminalSafe) {
  EXPECT_EQ(escape_controls("a\x1b[31mb\n"), "a\\x1b[31mb\\n");
  EXPECT_EQ(escape_controls("caf\xc3\xa9"), "caf\xc3\xa9");
  EXPECT_EQ(escape_controls("\xff\xc3"), "\\xff\\xc3");
  EXPECT_EQ(escape_controls("\xc2\x9b"), "\\xc2\\x9b");  // CSI in one character
}

TEST(Type, NamesAndSizes) {
  EXPECT_EQ(Type::u64().name(), "uint64");
  EXPECT_EQ(Type::integer(2, true).name(), "int16");
  EXPECT_EQ(Type::string(5).name(), "string[8]");
  EXPECT_EQ(Type::string(5).memory_size(), 16u);
}

Result<int> half(int n) {
  if (n % 2) return Error{"odd", ""};
  return n / 2;
}
Result<int> quarter(int n) {
  TRY(h, half(n));
  return half(h);
}

TEST(Result, TryPassesErrorsUp) {
  EXPECT_EQ(quarter(12).value(), 3);
  EXPECT_EQ(quarter(6).error().message, "odd");
}

TEST(MappedFile, SaysWhatIsWrong) {
  EXPECT_EQ(MappedFile::open("/nonexistent/x").error().message, "no such file: /nonexistent/x");
  EXPECT_EQ(MappedFile::open("/").error().message, "/ is not a regular file");
  EXPECT_EQ(MappedFile::open("/dev/null").error().message, "/dev/null is not a regular file");
  auto self = MappedFile::open("/proc/self/exe");
  ASSERT_TRUE(self.ok());
  EXPECT_EQ(self->bytes().u32(0), 0x464c457fu);
}

}  // namespace
}  // namespace gotap
