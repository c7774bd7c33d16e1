// Lines of `gotap trace`, plain, coloured, in a narrow terminal and nested.
#include "output/trace_lines.h"

#include <gtest/gtest.h>

#include <string>

#include "output/format.h"
#include "output/pointers.h"

namespace gotap::output {
namespace {

const std::string kTime = "2026-11-29T12:24:27.123456+00:00";
const std::string kPut =
    kTime + " goroutine 18 main.(*Store).Put(key=\"a(b) c  d\", n=3) = <nil>  0.112ms";

std::string line(TraceStyle style, const std::string& text) {
  style.functions = {"main.(*Store)", "main.(*Store).Put", "main.f"};
  return TraceSink(SinkOptions{}, std::move(style)).shown(text);
}

std::string without_colours(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); i++) {
    if (text[i] != '\033')
      out += text[i];
    else
      i = text.find('m', i);
  }
  return out;
}

TEST(TraceLines, PlainIsAsItCame) {
  EXPECT_EQ(line({}, kPut), kPut);
  EXPECT_EQ(line({}, "something else"), "something else");
  EXPECT_EQ(line({}, kTime + " goroutine 18 main.other(x)  1ms"),
            kTime + " goroutine 18 main.other(x)  1ms");
}

TEST(TraceLines, ColoursChangeNothingElse) {
  TraceStyle style;
  style.colour = true;
  const std::string text = line(style, kPut);
  EXPECT_EQ(without_colours(text), kPut);
  EXPECT_NE(text.find("\033[1mmain.(*Store).Put\033[0m("), std::string::npos) << text;
  EXPECT_NE(text.find("\033[33m  0.112ms\033[0m"), std::string::npos) << text;
}

TEST(TraceLines, ANarrowTerminalHasNoRoomForThePathOfAPackage) {
  const std::string path = "example.com/shop/", name = "store.(*Map[int,example.com/a.B]).Put";
  const auto shown = [&](size_t width) {
    TraceStyle style;
    style.functions = {path + name};
    style.width = width;
    return TraceSink(SinkOptions{}, std::move(style))
        .shown(kTime + " goroutine 18 " + path + name + "(key=\"a\") = <nil>  0.112ms");
  };
  EXPECT_EQ(shown(100), "12:24:27.123456 goroutine 18 " + name + "(key=\"a\") = <nil>  0.112ms");
  EXPECT_EQ(shown(118),
            "12:24:27.123456 goroutine 18 " + path + name + "(key=\"a\") = <nil>  0.112ms");
}

TEST(TraceLines, ANarrowTerminalKeepsWhatMattersMost) {
  TraceStyle style;
  style.width = 80;
  EXPECT_EQ(line(style, kPut),
            "12:24:27.123456 goroutine 18 main.(*Store).Put(key=\"a(b) c  d.. = <nil>  0.112ms");
  EXPECT_EQ(line(style, kPut).size(), 80u);
  style.colour = true;
  EXPECT_EQ(without_colours(line(style, kPut)).size(), 80u);
  // A wide one has room for all.
  style.colour = false;
  style.width = 120;
  EXPECT_EQ(line(style, kPut), kPut);
  // In one too narrow for anything the line is longer than it.
  style.width = 10;
  EXPECT_NE(line(style, kPut).find(".."), std::string::npos);
  EXPECT_TRUE(line(style, kPut).ends_with("  0.112ms"));
  // An error is worth more than what led to it.
  style.width = 80;
  EXPECT_EQ(
      line(style, kTime + " goroutine 1 main.f(name=\"a long one\", more=\"and longer\") = open "
                          "/a/file: no such file  1.000ms"),
      "12:24:27.123456 goroutine 1 main.f(name=\"a l.. = open /a/file: no suc..  1.000ms");
  // Letters stay whole.
  style.width = 80;
  std::string text = kTime + " goroutine 1 main.f(s=\"";
  for (int i = 0; i < 60; i++) text += "ä";
  const std::string cut = line(style, text + "\")  1.000ms");
  EXPECT_EQ(cut.find("\xc3."), std::string::npos);
  EXPECT_TRUE(cut.ends_with("ä..  1.000ms")) << cut;
}

TEST(TraceLines, CallsWithinCallsAreIndented) {
  TraceStyle style;
  style.nested = true;
  style.functions = {"main.f", "main.g"};
  TraceSink sink(SinkOptions{}, style);
  const auto show = [&](const std::string& goroutine, const std::string& rest) {
    const std::string before = kTime + " goroutine " + goroutine + " ";
    return sink.shown(before + rest).substr(before.size());
  };
  EXPECT_EQ(show("1", "> main.f(1)"), "> main.f(1)");
  EXPECT_EQ(show("1", "> main.g(2)"), "  > main.g(2)");
  EXPECT_EQ(show("2", "> main.g(3)"), "> main.g(3)");
  EXPECT_EQ(show("1", "> main.g(4)"), "    > main.g(4)");
  EXPECT_EQ(show("1", "< main.g(4)  1ms"), "    < main.g(4)  1ms");
  // A panic ended main.g(2): main.f returns.
  EXPECT_EQ(show("1", "< main.f(1)  1ms"), "< main.f(1)  1ms");
  EXPECT_EQ(show("2", "< main.g(3)  1ms"), "< main.g(3)  1ms");
  // One that began before.
  EXPECT_EQ(show("1", "< main.g(9)  1ms"), "< main.g(9)  1ms");
}

TEST(TraceLines, AStackIsIndentedAsItsLine) {
  TraceStyle style;
  style.nested = true;
  style.functions = {"main.f", "main.g"};
  TraceSink sink(SinkOptions{}, style);
  const std::string stack = "\n    main.g+4 (main.go:7)\n    main.f+9 (main.go:3)\n";
  sink.shown(kTime + " goroutine 1 > main.f(1)");
  EXPECT_EQ(sink.shown_below(stack), stack);
  EXPECT_EQ(sink.shown_below("\n"), "\n");
  EXPECT_EQ(sink.shown_below(""), "");
  sink.shown(kTime + " goroutine 1 > main.g(2)");
  EXPECT_EQ(sink.shown_below(stack), "\n      main.g+4 (main.go:7)\n      main.f+9 (main.go:3)\n");
  // In a terminal it is cut.
  style.nested = false;
  style.width = 20;
  TraceSink narrow(SinkOptions{}, style);
  narrow.shown(kTime + " goroutine 1 main.f(1)  1ms");
  EXPECT_EQ(narrow.shown_below(stack), "\n    main.g+4 (main..\n    main.f+9 (main..\n");
}

// A pointer by what it leads to, nil, or why it is not known; an address where nothing is behind
// it.
TEST(Pointers, ShowWhatIsBehindThem) {
  const auto literal = [](std::string text) { return FormatPiece{.literal = std::move(text)}; };
  const FormatPiece text{.conversion = 's'}, number{.conversion = 'd'}, hex{.conversion = 'x'};
  const auto line = [&](const Value& pointer, const Value& first, const Value& second) {
    Format format{"",
                  {literal("f(a=0x"), hex, literal("&Set[struct {}]{N:"), number, literal(" S:\""),
                   text, literal("\" ...}, b=0x"), hex, literal(", c=0x"), hex, literal("&T{N:"),
                   number, literal("}) = "), text}};
    std::vector<Value> values{pointer,
                              first,
                              second,
                              {uint64_t{0}},
                              {uint64_t{0xc0de}},
                              {int64_t{5}},
                              {std::string("0x")}};
    settle_pointers(format, values);
    std::string out;
    append_printf(out, format, values, Untrusted::Raw);
    return out;
  };
  EXPECT_EQ(line({uint64_t{0xc000}}, {int64_t{-3}}, {std::string("b} \"&x{")}),
            "f(a=&Set[struct {}]{N:-3 S:\"b} \"&x{\" ...}, b=0x0, c=&T{N:5}) = 0x");
  EXPECT_EQ(line({uint64_t{0}}, {Unknown{"nil pointer"}}, {Unknown{"nil pointer"}}),
            "f(a=nil, b=0x0, c=&T{N:5}) = 0x");
  EXPECT_EQ(line({Unknown{"not kept"}}, {Unknown{"not kept"}}, {std::string("x")}),
            "f(a=<not kept>, b=0x0, c=&T{N:5}) = 0x");
}

}  // namespace
}  // namespace gotap::output
