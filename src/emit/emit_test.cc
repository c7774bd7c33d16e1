// Scripts and what is emitted for them, without any binary: tests/support makes up the plan.
#include "emit/emit.h"

#include <gtest/gtest.h>

#include "support/script_compiler.h"

namespace gotap::emit {
namespace {

using testing::compile_script;

/// The emitted script behind its header and `config`.
std::string body(const std::string& text) {
  size_t at = text.find("*/\n\n");
  if (at == std::string::npos) return text;
  at += 4;
  if (text.compare(at, 6, "config") == 0) at = text.find("}\n\n", at) + 3;
  return text.substr(at);
}

Emitted emitted(const std::string& script, Dialect dialect = Dialect::V027) {
  auto compiled = compile_script(script);
  if (!compiled.ok()) return {"does not compile: " + compiled.error().message, {}};
  compiled->plan.targets.push_back({"./app", nullptr});
  Binary binary;
  binary.go_version = "1.24.4";
  return emit(compiled->program, compiled->plan, {binary}, dialect, compiled->settings);
}

struct Row {
  const char* name;
  const char* script;
  const char* text;
};

// Of `uprobe:go:f { ... }` only what stands in the braces is of interest.
class Statements : public ::testing::TestWithParam<Row> {};

TEST_P(Statements, AreWrittenSo) {
  Emitted got = emitted(std::string("uprobe:go:f { ") + GetParam().script + " }");
  ASSERT_TRUE(got.problems.empty()) << got.problems[0].message;
  EXPECT_EQ(body(got.text),
            std::string("// f\nuprobe:./app:0x1000\n{\n") + GetParam().text + "}\n\n");
}

INSTANTIATE_TEST_SUITE_P(
    Emit, Statements,
    ::testing::Values(
        Row{"Arguments", "printf(\"%d %d\\n\", arg0, arg8);",
            "  printf(\"%d %d\\n\", reg(\"ax\"), reg(\"r11\"));\n"},
        Row{"StackArguments", "@ = sarg1;", "  @ = *(uint64 *)(reg(\"sp\") + 16);\n"},
        Row{"ExactStrings", "printf(\"%s\", str(arg0, arg1));",
            "  printf(\"%s\", str(reg(\"ax\"), reg(\"bx\") + 1));\n"},
        Row{"ExactStringsOfKnownLength", "printf(\"%s\", str(arg0, 5));",
            "  printf(\"%s\", str(reg(\"ax\"), 6));\n"},
        Row{"Goid", "@[goid] = count();",
            "  $g = reg(\"r14\");\n  $goid = *(uint64 *)($g + 152);\n  @[$goid] = count();\n"},
        Row{"Names", "@[func] = count(); printf(\"%5s|%s\\n\", func, probe);",
            "  @[\"f\"] = count();\n  printf(\"    f|uprobe:go:f\\n\");\n"},
        Row{"KeysOfOneType", "@[1, \"a\"] = 5; @[arg0, \"b\"] = 6;",
            "  @[(uint64)1, \"a\"] = (int64)5;\n  @[reg(\"ax\"), \"b\"] = (int64)6;\n"},
        Row{"UnsignedDivision", "@ = hist(arg0 / 1000);", "  @ = hist(reg(\"ax\") / 1000);\n"},
        Row{"SignedDivision", "@ = hist((arg0 - arg1) / 1000);",
            "  $n = (int64)reg(\"ax\") - (int64)reg(\"bx\");\n"
            "  $n_2 = (int64)((uint64)($n < 0 ? -$n : $n) / (uint64)1000);\n"
            "  @ = hist($n < 0 ? -$n_2 : $n_2);\n"},
        Row{"SignedShift", "@ = (int64)arg0 >> 2;",
            "  $n = (int64)reg(\"ax\");\n  @ = $n < 0 ? ~(~$n >> 2) : ($n >> 2);\n"},
        Row{"ElseIf", "if (arg0 == 1) { @ = 1; } else if (arg0 == 2) { @ = 2; } else { @ = 3; }",
            "  if (reg(\"ax\") == 1) {\n    @ = (int64)1;\n"
            "  } else if (reg(\"ax\") == 2) {\n    @ = (int64)2;\n"
            "  } else {\n    @ = (int64)3;\n  }\n"},
        Row{"ElseWithADivision",
            "if (arg0 == 1) { @ = 1; } else if ((int64)arg0 / 2 == 2) { @ = 2; }",
            "  if (reg(\"ax\") == 1) {\n    @ = (int64)1;\n  } else {\n"
            "    $n_3 = (int64)reg(\"ax\");\n"
            "    $n_4 = (int64)((uint64)($n_3 < 0 ? -$n_3 : $n_3) / (uint64)2);\n"
            "    if (($n_3 < 0 ? -$n_4 : $n_4) == 2) {\n      @ = (int64)2;\n    }\n  }\n"},
        Row{"VariablesOfBlocks", "if (arg0) { $x = 1; @ = $x; } else { $x = arg1; @b = $x; }",
            "  if (reg(\"ax\")) {\n    $x = (int64)1;\n    @ = $x;\n  } else {\n"
            "    $x_2 = reg(\"bx\");\n    @b = $x_2;\n  }\n"},
        Row{"VariablesNamedLikeOurs", "$g = 5; @ = $g;", "  $g_2 = (int64)5;\n  @ = $g_2;\n"},
        Row{"Delete", "@[1, 2] = 3; @s = 1; delete(@[1, 2]); delete(@s);",
            "  @[(int64)1, (int64)2] = (int64)3;\n  @s = (int64)1;\n"
            "  _ = delete(@, ((int64)1, (int64)2));\n  _ = delete(@s);\n"},
        Row{"WideNumbers", "printf(\"%d %5u%%\\n\", nsecs, elapsed);",
            "  printf(\"%lld %5llu%%\\n\", nsecs, elapsed);\n"},
        Row{"NumbersAsText", "printf(\"%s %s\\n\", tid, tid == 5);",
            "  printf(\"%llu %s\\n\", tid, ((uint64)tid == 5) ? \"true\" : \"false\");\n"},
        Row{"Memory", "@ = *(int8 *)arg0; @b = ((uint32 *)arg1)[2];",
            "  @ = (int64)*(int8 *)reg(\"ax\");\n"
            "  @b = (uint64)*(uint32 *)((uint64)(uint32 *)reg(\"bx\") + 8);\n"},
        Row{"Aggregations",
            "@l = lhist(arg0, 0, 100, 10); @m = max((int32)arg0); @h = hist(arg0, 3);",
            "  @l = lhist(reg(\"ax\"), 0, 100, 10);\n  @m = max((int64)(int32)reg(\"ax\"));\n"
            "  @h = hist(reg(\"ax\"), 3);\n"},
        Row{"LargeNumbers", "@ = 0xffffffffffffffff; @b = arg0 == 0xfffffffffffffffe;",
            "  @ = 18446744073709551615;\n"
            "  @b = reg(\"ax\") == 18446744073709551614;\n"}),
    [](const auto& info) { return std::string(info.param.name); });

struct Whole {
  const char* name;
  const char* script;
  Dialect dialect;
  const char* text;
};

class Scripts : public ::testing::TestWithParam<Whole> {};

TEST_P(Scripts, AreWrittenSo) {
  Emitted got = emitted(GetParam().script, GetParam().dialect);
  ASSERT_TRUE(got.problems.empty()) << got.problems[0].message;
  EXPECT_EQ(body(got.text), GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    Emit, Scripts,
    ::testing::Values(
        Whole{"StackCheckBranch", "uprobe:gocheck:f { @ = count(); }", Dialect::V027,
              "// f\nuprobe:./app:0x1000\n{\n"
              "  if ((reg(\"flags\") & 65) != 0) { return; }  // the stack grows, then it starts "
              "over\n  @ = count();\n}\n\n"},
        Whole{"Duration", "uretprobe:go15:f { @ = hist(duration); }", Dialect::V027,
              "// f\nuprobe:./app:0x1000\n{\n  $g = reg(\"cx\");\n"
              "  $goid = *(uint64 *)($g + 152);\n  $goroutine = $goid == 0 ? $g : $goid;\n"
              "  $k = (int64)*(uint64 *)($g + 8) - (int64)reg(\"sp\");\n"
              "  @gotap_calls[pid, $goroutine, (uint64)0, $k] = nsecs;\n}\n\n"
              "// f\nuprobe:./app:0x1000\n{\n  $now = nsecs;\n"
              "  $fs = (int64)curtask->thread.fsbase;\n  $g = *uptr((uint64 *)($fs - 8));\n"
              "  $goid = *uptr((uint64 *)($g + 152));\n"
              "  $goroutine = $goid == 0 ? $g : $goid;\n"
              "  $k = (int64)*uptr((uint64 *)($g + 8)) - (int64)reg(\"sp\");\n"
              "  $start = @gotap_calls[pid, $goroutine, (uint64)0, $k];\n"
              "  _ = delete(@gotap_calls, (pid, $goroutine, (uint64)0, $k));\n"
              "  if ($start != 0) {\n"
              "    $duration = (uint64)((int64)$now - (int64)$start);\n"
              "    @ = hist($duration);\n  }\n}\n\n"
              "END\n{\n  clear(@gotap_calls);\n}\n\n"},
        Whole{"C", "uprobe:c:f { @ = arg5; } uretprobe:c:f { @ = retval; }", Dialect::V027,
              "// f\nuprobe:./app:0x1000\n{\n  @ = reg(\"r9\");\n}\n\n"
              "// f\nuretprobe:./app:0x1000\n{\n  @ = reg(\"ax\");\n}\n\n"},
        Whole{
            "Timers",
            "BEGIN { printf(\"%s\\n\", probe); } interval:s:2 /@x > 3/ { @x--; @ = *(uint8 *)@x; }",
            Dialect::V027,
            "BEGIN\n{\n  printf(\"BEGIN\\n\");\n}\n\n"
            "interval:s:2\n{\n  if (@x > 3) {\n    @x--;\n"
            "    @ = (uint64)*uptr((uint8 *)@x);\n  }\n}\n\n"},
        // 0.17: one BEGIN, types of maps before their use, no bool, lengths without the NUL.
        Whole{"OldPercent", "BEGIN { printf(\"%d%%\\n\", 50); }", Dialect::V017,
              "BEGIN\n{\n  printf(\"%d%s\\n\", 50, \"%\");\n}\n\n"},
        Whole{"OldMaps",
              "uprobe:go:f { @d = nsecs - @start[tid, comm]; @start[tid, comm] = nsecs; "
              "delete(@start[tid, comm]); print(@d == 1); @s = str(arg0, 4); }",
              Dialect::V017,
              "BEGIN\n{\n  @start[(uint64)0, \"\"] = (uint64)0;\n"
              "  delete(@start[(uint64)0, \"\"]);\n}\n\n"
              "// f\nuprobe:./app:0x1000\n{\n"
              "  @d = (int64)nsecs - (int64)@start[(uint64)tid, comm];\n"
              "  @start[(uint64)tid, comm] = nsecs;\n"
              "  delete(@start[(uint64)tid, comm]);\n"
              "  printf(\"%s\\n\", (@d == 1) ? \"true\" : \"false\");\n"
              "  @s = str(reg(\"ax\"), 4);\n}\n\n"}),
    [](const auto& info) { return std::string(info.param.name); });

struct Refused {
  const char* name;
  const char* script;
  Dialect dialect;
  uint32_t column;
  const char* message;
};

class Refusals : public ::testing::TestWithParam<Refused> {};

TEST_P(Refusals, NameTheConstructAndItsPlace) {
  Emitted got = emitted(GetParam().script, GetParam().dialect);
  ASSERT_EQ(got.problems.size(), 1u) << got.text;
  EXPECT_EQ(got.problems[0].message, GetParam().message);
  EXPECT_EQ(got.problems[0].location.column, GetParam().column);
}

INSTANTIATE_TEST_SUITE_P(
    Emit, Refusals,
    ::testing::Values(
        Refused{"StarWidth", "uprobe:go:f { printf(\"%*d\", 3, 4); }", Dialect::V027, 15,
                "bpftrace has no * for a width"},
        Refused{"EarlyReturn", "uprobe:go:f { if (arg0) { return; } } uprobe:go:f { @ = 1; }",
                Dialect::V027, 27,
                "return would end the other blocks of this probe too: bpftrace runs them as one"},
        Refused{"EarlyExit", "BEGIN { exit(); } BEGIN { @ = 1; }", Dialect::V027, 9,
                "exit() would end the other blocks of this probe too: bpftrace runs them as one"},
        Refused{"ExitCode", "BEGIN { exit(3); }", Dialect::V017, 9,
                "bpftrace 0.17 has no exit code of a script"},
        Refused{"HistBits", "uprobe:go:f { @ = hist(arg0, 2); }", Dialect::V017, 15,
                "bpftrace 0.17 has no hist() with bits"},
        Refused{"PrintEntry", "uprobe:go:f { @[1] = count(); print(@[1]); }", Dialect::V017, 31,
                "bpftrace 0.17 prints no single entry of such a map"},
        Refused{"LongName",
                "uprobe:go:\"a123456789b123456789c123456789d123456789e123456789f123456789g123\" "
                "{ @[func] = count(); }",
                Dialect::V017, 82,
                "strings in a script of bpftrace 0.17 end at 63 bytes, too few for "
                "a123456789b123456789c123456789d123456789e123456789f123456789g123"},
        Refused{"StepWhileDividing", "uprobe:go:f { $i = 1; @ = ($i++ - 5) / 2; }", Dialect::V027,
                27,
                "bpftrace divides and shifts unsigned numbers only, and this statement changes "
                "something while it computes a signed one"}),
    [](const auto& info) { return std::string(info.param.name); });

/// `@ = arg0` with a Go value in arg0's place.
Emitted emitted_go(const Type& type, const go::Access& access) {
  auto compiled = compile_script("uprobe:go:f { @ = arg0; }");
  if (!compiled.ok()) return {"does not compile: " + compiled.error().message, {}};
  compiled->plan.targets.push_back({"./app", nullptr});
  lang::Clause& clause = compiled->program.clauses.at(0);
  lang::Expr& value = *clause.body.at(0).value;
  value.kind = lang::Expr::Kind::GoValue;
  value.type = type;
  clause.go_values.emplace_back();
  compiled->plan.layouts.push_back({0, 0, {access}});
  compiled->plan.programs.at(0).shape.actions.at(0).layout = 0;
  return emit(compiled->program, compiled->plan, {Binary{}}, Dialect::V027, compiled->settings);
}

// A number in one place is that place; all else has no words.
TEST(GoValues, AreTheirWordOrRefused) {
  using In = go::Word::In;
  auto text = [](go::Word word, const Type& type) {
    go::Access access;
    access.words = {word};
    Emitted got = emitted_go(type, access);
    if (!got.problems.empty()) return got.problems[0].message + " | " + got.problems[0].hint;
    const std::string block = body(got.text);
    const size_t at = block.find("@ = ");
    return block.substr(at, block.find('\n', at) - at);
  };
  EXPECT_EQ(text({In::Register, 8, false, 0}, Type::u64()), "@ = reg(\"ax\");");
  EXPECT_EQ(text({In::Register, 4, true, 1}, Type::integer(4, true)), "@ = (int32)reg(\"bx\");");
  EXPECT_EQ(text({In::Stack, 2, false, 24}, Type::integer(2, false)),
            "@ = *(uint16 *)(reg(\"sp\") + 24);");
  const std::string refused =
      "bpftrace has no words for Go values | the words they are made of are arg0, reg(\"bx\"), "
      "*(reg(\"ax\")+8)";
  EXPECT_EQ(text({In::Base, 8, false, 0}, Type::u64()), refused);
  EXPECT_EQ(text({In::Register, 8, false, 0}, Type::string(8)), refused);
}

TEST(Header, SaysWhichFileHowToRunAndWhatIsMissing) {
  std::string text = emitted("uretprobe:go:f { @ = hist(duration); }").text;
  for (const char* part :
       {"#!/usr/bin/env -S bpftrace --unsafe\n/*\n", "ONLY FOR THESE VERY FILES", "  ./app\n",
        "Go 1.24.4, build id none", "cksum prints: 0 0", "2 probes", "by a panic",
        "config = {\n  max_strlen = 1025;\n  max_map_keys = 4096;\n}\n"})
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
}

TEST(Settings, GoWithTheScript) {
  const char* script =
      "config = { max_cat_bytes = 5; perf_rb_pages = 8; print_maps_on_exit = false; "
      "str_trunc_trailer = \"\\\"\"; } BEGIN { @ = 1; }";
  std::string text = emitted(script).text;
  EXPECT_NE(text.find("  max_map_keys = 4096;\n  max_cat_bytes = 5;\n  perf_rb_pages = 8;\n"
                      "  print_maps_on_exit = false;\n  str_trunc_trailer = \"\\\"\";\n}\n"),
            std::string::npos)
      << text;
  text = emitted(script, Dialect::V017).text;
  for (const char* part : {"BPFTRACE_CAT_BYTES_MAX=5 BPFTRACE_PERF_RB_PAGES=8 bpftrace",
                           "print_maps_on_exit", "here they all are"})
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  EXPECT_EQ(emitted("BEGIN { @ = 1; }", Dialect::V017).text.find("print_maps_on_exit"),
            std::string::npos);
}

TEST(Cksum, IsPosix) {
  // As `printf 123456789 | cksum` and `cksum < /dev/null` print them.
  const uint8_t digits[] = {'1', '2', '3', '4', '5', '6', '7', '8', '9'};
  EXPECT_EQ(posix_cksum(Bytes(digits, sizeof digits)), 930766865u);
  EXPECT_EQ(posix_cksum(Bytes()), 4294967295u);
}

TEST(Place, NeverMeansAnotherInstruction) {
  Binary stripped;
  auto at = place(stripped, 0x401010, 0x1010, true);
  ASSERT_TRUE(at);
  EXPECT_EQ(at->number, 0x1010u);
  EXPECT_TRUE(at->needs_unsafe);

  Binary with_symbols;
  with_symbols.symbols = {{"f", 0x401000, 0x40}};
  at = place(with_symbols, 0x401010, 0x1010, true);
  ASSERT_TRUE(at);
  EXPECT_EQ(at->number, 0x401010u);
  EXPECT_FALSE(at->needs_unsafe);
  // A bpftrace without a disassembler: at the start by address, inside by offset.
  EXPECT_EQ(place(with_symbols, 0x401000, 0x1000, false)->number, 0x401000u);
  EXPECT_EQ(place(with_symbols, 0x401010, 0x1010, false)->number, 0x1010u);

  // A symbol's name leads elsewhere: by offset.
  Binary twice = with_symbols;
  twice.symbols.push_back({"f", 0x402000, 0x40});
  EXPECT_EQ(place(twice, 0x401010, 0x1010, true)->number, 0x1010u);
  // And the offset is another symbol's address: no way.
  twice.symbols.push_back({"data", 0x1000, 0x100});
  EXPECT_FALSE(place(twice, 0x401010, 0x1010, true));
}

}  // namespace
}  // namespace gotap::emit
